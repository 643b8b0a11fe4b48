"""What others do for a learner is no visit: grades, team-mates' hand-ins, anything after the last visit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync.database import db
from course_sync.models import ActiveDay
from tests.harness.sync_world import START, SyncWorld, small_course, unix

VISITED = START - timedelta(days=21)
LATER = START - timedelta(days=2)
EARLIER = START - timedelta(days=30)


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    world = small_course(SyncWorld())
    for user in world.moodle.users.values():
        user.last_access = unix(VISITED)
    return world


def days(world: SyncWorld, user_id: int) -> dict[str, str]:
    rows = db.session.scalars(select(ActiveDay).filter_by(membership_id=world.member(user_id).id))
    return {row.day.isoformat(): row.evidence for row in rows}


def only_visit() -> dict[str, str]:
    return {VISITED.date().isoformat(): "visit"}


def test_a_grade_given_after_the_last_visit_is_no_visit(world: SyncWorld) -> None:
    world.moodle.completions[147, 71] = (2, unix(LATER), None)
    world.moodle.completions[148, 71] = (1, unix(LATER), None)
    world.moodle.completions[149, 71] = (2, unix(EARLIER), None)
    world.sync()
    assert [days(world, user) for user in (147, 148, 149)] == [only_visit()] * 3


def test_a_hand_in_after_the_last_visit_is_kept_but_is_no_visit(world: SyncWorld) -> None:
    world.moodle.submissions[147, 6] = ("submitted", unix(LATER))
    world.moodle.users[148].last_access = 0
    world.moodle.submissions[148, 6] = ("submitted", unix(LATER))
    world.sync()
    cells = [world.progress(user, 76) for user in (147, 148)]
    assert [cell and cell.submitted_at for cell in cells] == [LATER, LATER]
    assert (days(world, 147), days(world, 148)) == (only_visit(), {})


def test_work_dated_before_a_look_that_told_of_no_visit_stays_no_visit(world: SyncWorld) -> None:
    """Also once the learner is back: what somebody else handed in would hide how long they were away."""
    world.moodle.submissions[147, 6] = ("submitted", unix(LATER))
    world.now = START.replace(hour=22, minute=30)
    world.sync()
    back = world.now + timedelta(days=1)
    world.moodle.users[147].last_access = unix(back)
    world.moodle.users[148].last_access = unix(back)
    world.moodle.submissions[148, 6] = ("submitted", unix(back - timedelta(hours=1)))
    world.now = back
    world.sync()
    assert days(world, 147) == only_visit() | {back.date().isoformat(): "visit"}
    assert days(world, 148) == only_visit() | {back.date().isoformat(): "visit"}


def test_work_of_a_day_that_nobody_looked_at_is_a_trace(world: SyncWorld) -> None:
    world.sync()
    handed_in, back = START + timedelta(days=2), START + timedelta(days=5)
    world.moodle.users[147].last_access = unix(back)
    world.moodle.submissions[147, 6] = ("submitted", unix(handed_in))
    world.now = back
    world.sync()
    found = {handed_in.date().isoformat(): "submission", back.date().isoformat(): "visit"}
    assert days(world, 147) == only_visit() | found


def test_where_no_visit_is_known_a_hand_in_is_a_trace(world: SyncWorld) -> None:
    world.moodle.failing["core_enrol_get_enrolled_users"] = {"errorcode": "nopermissions", "exception": "x"}
    world.moodle.submissions[147, 6] = ("submitted", unix(LATER))
    world.sync()
    assert world.member(147).access_as_of is None
    assert days(world, 147) == {LATER.date().isoformat(): "submission"}


def test_only_the_member_who_handed_in_for_the_team_was_there(world: SyncWorld) -> None:
    for user in (147, 148):
        world.moodle.users[user].groups = (11,)
        world.moodle.completions[user, 76] = (1, unix(EARLIER), None)
    world.moodle.group_submissions[11, 6] = ("submitted", unix(EARLIER))
    world.moodle.submissions[148, 6] = ("submitted", unix(EARLIER))
    world.sync()
    assert days(world, 147) == only_visit()
    assert days(world, 148) == only_visit() | {EARLIER.date().isoformat(): "submission"}
