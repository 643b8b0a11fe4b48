"""A course too large to read all grades in each run: what is asked for, and that nothing is missed by it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync import pull_work, reading_plan
from course_sync.database import db
from course_sync.errors import PlatformRefused
from course_sync.models import Membership
from tests.harness.fake_changes import Post
from tests.harness.fake_moodle import User
from tests.harness.sync_world import START, SyncWorld, small_course, unix

GRADES = "gradereport_user_get_grade_items"
REFUSAL = PlatformRefused("Access control exception", code="accessexception")


def course_in_groups(learners: int, group_size: int) -> SyncWorld:
    """Learners 1000, 1001, … in groups 1, 2, …; the LTI roster comes in one page."""
    world = small_course(SyncWorld(), learners=0)
    world.moodle.page_size = 10_000
    visit = unix(START - timedelta(days=1))
    people = (
        User(1000 + index, groups=(1 + index // group_size,), last_access=visit) for index in range(learners)
    )
    world.moodle.add(*people)
    return world


@pytest.fixture(autouse=True)
def large_from_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What more than 400 learners cost, with few."""
    monkeypatch.setattr(pull_work, "WHOLE_COURSE_LEARNERS", 10)


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    """Twelve learners in groups of four, read whole at START."""
    world = course_in_groups(12, 4)
    assert world.sync().state == "done"
    assert sorted(call["groupid"] for call in world.moodle.called(GRADES)) == [1, 2, 3]
    world.moodle.calls.clear()
    return world


def score(world: SyncWorld, user_id: int, cmid: int = 76) -> float | None:
    known = world.progress(user_id, cmid)
    return known.score_ratio if known else None


def test_what_an_unchanged_day_and_an_ordinary_one_cost(app_context: Flask) -> None:
    world = course_in_groups(60, 10)
    first = world.sync()
    assert (first.state, first.learners_read) == ("done", 60)
    assert len(world.moodle.called(GRADES)) == 6

    unchanged = world.later(hours=12).sync()
    assert (unchanged.requests, unchanged.rows_changed) == (11, 0)

    world.later(hours=12)
    moment = unix(world.now - timedelta(hours=1))
    for user_id in range(1000, 1060, 5):
        world.moodle.users[user_id].last_access = moment
    world.moodle.attempts[1005, 16] = world.moodle.attempts[1010, 16] = ("finished", moment)
    world.moodle.grades[1010, 74] = (50.0, moment)
    world.moodle.discussions[12, 5] = [Post(1005, moment)]
    changed = world.sync()
    assert changed.learners_read == 12
    # Three for each who came; only the attempt that shows in no grade was looked for, until it was found.
    looked = len(world.moodle.called("mod_quiz_get_user_attempts"))
    assert 1 <= looked <= 11
    assert changed.requests == 10 + 3 * 12 + looked
    for user_id in (1005, 1010):
        tried = world.progress(user_id, 74)
        assert tried is not None
        assert (tried.submission, unix(tried.submitted_at or START)) == ("submitted", moment)


def test_who_is_graded_without_coming_is_read_alone(world: SyncWorld) -> None:
    world.later(hours=5)
    world.moodle.grades[1007, 76] = (80.0, unix(world.now - timedelta(hours=1)))
    world.sync()
    assert score(world, 1007) == 0.8
    assert [call["userid"] for call in world.moodle.called(GRADES)] == [1007]
    world.moodle.calls.clear()
    world.later(hours=5).sync()
    assert world.moodle.called(GRADES) == []


def test_a_group_that_is_graded_is_one_call(world: SyncWorld) -> None:
    world.later(hours=5)
    for user_id in range(1004, 1008):
        world.moodle.grades[user_id, 76] = (70.0, unix(world.now - timedelta(hours=1)))
    world.sync()
    assert {score(world, user_id) for user_id in range(1004, 1008)} == {0.7}
    assert [call.get("groupid") for call in world.moodle.called(GRADES)] == [2]


@pytest.mark.parametrize(
    "silent", [("mod_assign_get_grades",), ("core_course_get_updates_since",), ("both",)]
)
def test_where_moodle_does_not_tell_who_was_graded(world: SyncWorld, silent: tuple[str, ...]) -> None:
    functions = ("mod_assign_get_grades", "core_course_get_updates_since") if silent == ("both",) else silent
    for function in functions:
        world.moodle.failing[function] = REFUSAL
    world.later(hours=25)
    world.moodle.grades[1007, 76] = (80.0, unix(world.now - timedelta(hours=1)))
    report = world.sync()
    assert score(world, 1007) == 0.8
    assert (report.state, report.errors) == ("done", ())
    asked = world.moodle.called(GRADES)
    by_group = "mod_assign_get_grades" in functions
    assert len(asked) == (3 if by_group else 1)
    world.moodle.calls.clear()
    world.later(hours=2).sync()
    assert world.moodle.called(GRADES) == [], "not again on the same day"


def test_a_quiz_that_somebody_marked_is_read_by_group(world: SyncWorld) -> None:
    world.later(hours=25)
    world.moodle.grades[1007, 74] = (40.0, unix(world.now - timedelta(hours=1)))
    world.sync()
    assert score(world, 1007, 74) == 0.4


def test_a_quiz_that_somebody_marked_is_read_in_that_run_though_all_grades_are_of_the_same_day(
    world: SyncWorld,
) -> None:
    world.later(hours=5)
    world.moodle.grades[1007, 74] = (40.0, unix(world.now - timedelta(hours=1)))
    world.sync()
    assert score(world, 1007, 74) == 0.4
    assert sorted(call["groupid"] for call in world.moodle.called(GRADES)) == [1, 2, 3]
    world.moodle.calls.clear()
    world.later(hours=5).sync()
    assert world.moodle.called(GRADES) == []


def test_everybody_is_not_asked_alone_for_one_mark(world: SyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without groups, where one answer would be too large, grades have their turn."""
    monkeypatch.setattr(pull_work, "MAX_SINGLE_GRADES", 11)
    monkeypatch.setattr(reading_plan, "LARGEST_ANSWER_LEARNERS", 11)
    for user in world.moodle.users.values():
        user.groups = ()
    world.later(hours=5)
    world.moodle.grades[1007, 74] = (40.0, unix(world.now - timedelta(hours=1)))
    world.sync()
    assert world.moodle.called(GRADES) == []


def test_without_the_list_of_changes_grades_are_not_called_fresh_for_longer_than_they_are(
    world: SyncWorld,
) -> None:
    """The change happens while grades cannot be read; it is found by the run that can."""
    world.later(hours=5)
    world.moodle.grades[1007, 76] = (80.0, unix(world.now - timedelta(hours=1)))
    world.moodle.failing[GRADES] = REFUSAL
    assert world.sync().state == "partial"
    assert world.freshness("grades").as_of == START
    del world.moodle.failing[GRADES]
    assert world.later(hours=5).sync().state == "done"
    assert score(world, 1007) == 0.8


def test_nobodys_grades_grow_older_than_seven_days(world: SyncWorld) -> None:
    """An override in the gradebook is told by no list of changes."""
    world.moodle.grades[1003, 76] = (90.0, unix(START - timedelta(days=90)))
    for _day in range(7):
        world.later(days=1).sync()
        oldest = world_oldest(world)
        assert world.now - oldest <= timedelta(days=7)
    assert score(world, 1003) == 0.9


def world_oldest(world: SyncWorld) -> datetime:
    db.session.expire_all()
    read_at = db.session.scalars(
        select(Membership.grades_as_of).where(Membership.standing == "learner")
    ).all()
    known = [moment for moment in read_at if moment is not None]
    assert len(known) == 12
    return min(known)
