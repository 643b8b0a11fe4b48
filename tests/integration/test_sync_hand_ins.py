"""Lists of hand-ins that are silent about people: what was handed in stays handed in."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.harness.sync_world import START, SyncWorld, small_course, unix

ROSTER = "core_enrol_get_enrolled_users"
LEARNERS = range(147, 157)


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    """Ten learners of whom nine have handed in, read whole an hour ago."""
    world = small_course(SyncWorld(), learners=10)
    for user in LEARNERS[:9]:
        world.moodle.submissions[user, 6] = ("submitted", unix(START))
    assert world.sync().state == "done"
    return world.later(hours=1)


def states(world: SyncWorld) -> list[str | None]:
    cells = [world.progress(user, 76) for user in LEARNERS]
    return [cell.submission if cell else None for cell in cells]


def test_a_service_user_who_may_not_see_the_groups_undoes_no_hand_in(world: SyncWorld) -> None:
    before = states(world)
    world.moodle.failing[ROSTER] = []
    world.moodle.submissions = {}
    report = world.sync()
    assert states(world) == before == ["submitted"] * 9 + ["none"]
    assert ("submissions", "submissions_incomplete") in {(row.kind, row.code) for row in report.errors}
    assert world.freshness("submissions").error_code == "submissions_incomplete"
    assert world.freshness("submissions").as_of == START


def test_many_hand_ins_gone_at_once_are_not_believed(world: SyncWorld) -> None:
    for user in LEARNERS[:4]:
        del world.moodle.submissions[user, 6]
    report = world.sync()
    assert states(world) == ["submitted"] * 9 + ["none"]
    (problem,) = [row for row in report.errors if row.kind == "submissions"]
    assert "4 of 9" in problem.detail


def test_one_hand_in_gone_is_believed(world: SyncWorld) -> None:
    del world.moodle.submissions[147, 6]
    assert world.sync().state == "done"
    assert states(world)[0] == "none"


def test_what_is_listed_is_kept_even_from_a_list_that_is_silent_about_others(world: SyncWorld) -> None:
    world.moodle.failing[ROSTER] = []
    world.moodle.submissions = {(156, 6): ("submitted", unix(START))}
    world.sync()
    assert states(world) == ["submitted"] * 10


def test_a_first_sync_without_a_believed_roster_blames_nobody(app_context: Flask) -> None:
    world = small_course(SyncWorld(), learners=10)
    world.moodle.failing[ROSTER] = []
    world.moodle.submissions = {(147, 6): ("submitted", unix(START))}
    world.sync()
    assert states(world) == ["submitted"] + [None] * 9


def test_a_course_that_was_reset_is_believed_in_the_end(world: SyncWorld) -> None:
    world.moodle.submissions = {}
    world.sync()
    assert "submitted" in states(world)
    world.later(days=9).sync()
    assert set(states(world)) == {"none"}
    assert world.freshness("submissions").error_code is None
