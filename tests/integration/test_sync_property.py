"""Random histories of a platform and its faults: a good pull mirrors it, a bad one loses nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from course_sync.database import Base, db
from course_sync.errors import PlatformRefused, PlatformUnreachable
from course_sync.models import Activity, Membership, Person, Progress
from tests.harness.fake_moodle import FakeMoodle, Module, User
from tests.harness.sync_world import SyncWorld, unix

LEARNERS = range(200, 206)
CALLS = (
    "nrps",
    "core_enrol_get_enrolled_users",
    "core_course_get_contents",
    "mod_assign_get_assignments",
    "mod_assign_get_submissions",
    "gradereport_user_get_grade_items",
    "core_completion_get_activities_completion_status",
)
FAULTS = (
    PlatformUnreachable("no answer in time", code="timeout"),
    PlatformRefused("Access denied", code="accessdenied"),
    [],
    {"exception": "x", "errorcode": "nopermissions", "message": "no"},
    "nonsense",
)

happenings = st.one_of(
    st.tuples(st.just("visit"), st.sampled_from(LEARNERS)),
    st.tuples(st.just("complete"), st.sampled_from(LEARNERS), st.sampled_from((1, 2, 3))),
    st.tuples(st.just("submit"), st.sampled_from(LEARNERS), st.sampled_from(("draft", "submitted"))),
    st.tuples(st.just("grade"), st.sampled_from(LEARNERS), st.integers(0, 100)),
    st.tuples(st.just("enrol"), st.sampled_from(LEARNERS)),
    st.tuples(st.just("unenrol"), st.sampled_from(LEARNERS)),
    st.tuples(st.just("suspend"), st.sampled_from(LEARNERS)),
    st.tuples(st.just("rename"), st.sampled_from(LEARNERS)),
)
faults = st.dictionaries(st.sampled_from(CALLS), st.sampled_from(FAULTS), max_size=3)
steps = st.lists(st.tuples(st.lists(happenings, max_size=4), faults), min_size=1, max_size=5)


def happen(world: SyncWorld, what: tuple[Any, ...]) -> None:
    """One thing that happens on the platform."""
    moodle, moment = world.moodle, unix(world.now) - 3600
    user = moodle.users.get(what[1])
    if what[0] == "enrol":
        moodle.users.setdefault(what[1], User(what[1]))
        return
    if user is None:
        return
    if what[0] == "visit":
        user.last_access = moment
    elif what[0] == "complete":
        moodle.completions[what[1], 71] = (what[2], moment, None)
        user.last_access = moment
    elif what[0] == "submit":
        moodle.submissions[what[1], 6] = (what[2], moment)
    elif what[0] == "grade":
        moodle.grades[what[1], 76] = (float(what[2]), moment)
    elif what[0] == "suspend":
        user.suspended = not user.suspended
    elif what[0] == "rename":
        user.last += "x"
    elif what[0] == "unenrol" and len(moodle.users) > 10:
        # One at a time: that many may leave at once is tried elsewhere.
        del moodle.users[what[1]]


def known(world: SyncWorld) -> dict[str, Any]:
    """Everything the database knows that a failure might destroy."""
    db.session.expire_all()
    rows = db.session.execute(
        select(Person.external_id, Membership).join(Person, Person.id == Membership.person_id)
    )
    members = {key: (row.status, row.person.name, row.last_access_at, row.standing) for key, row in rows}
    cells = db.session.execute(
        select(Person.external_id, Activity.external_id, Progress)
        .join(Membership, Membership.id == Progress.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .join(Activity, Activity.id == Progress.activity_id)
    )
    progress = {(row[0], row[1]): (row[2].completion, row[2].submission, row[2].score_ratio) for row in cells}
    return {"members": members, "progress": progress}


def check_mirror(world: SyncWorld) -> None:
    """The database says of every active learner what the platform says."""
    moodle = world.moodle
    state = known(world)
    for user in moodle.users.values():
        status, name, access, standing = state["members"][str(user.user_id)]
        assert status == ("suspended" if user.suspended else "active")
        assert name == f"{user.first} {user.last}"
        assert (unix(access) if access else 0) == user.last_access
        assert standing == ("learner" if user.role == "student" else "staff")
        if status != "active" or standing != "learner":
            continue
        page = state["progress"].get((str(user.user_id), "71"), (None, None, None))
        work = state["progress"].get((str(user.user_id), "76"), (None, None, None))
        code = moodle.completions.get((user.user_id, 71), (0, 0, None))[0]
        assert page[0] == {0: "incomplete", 1: "complete", 2: "passed", 3: "failed"}[code]
        assert work[1] == moodle.submissions.get((user.user_id, 6), ("none", 0))[0]
        grade = moodle.grades.get((user.user_id, 76))
        assert work[2] == (grade[0] / 100 if grade else None)
    for external_id, row in state["members"].items():
        if int(external_id) not in moodle.users:
            assert row[0] == "left"


def check_nothing_lost(before: dict[str, Any], after: dict[str, Any], moodle: FakeMoodle) -> None:
    """Nobody who is still there has left, and no known value became unknown."""
    for key, row in before["members"].items():
        now = after["members"][key]
        assert now[1]
        if int(key) in moodle.users and row[0] != "left":
            assert now[0] != "left"
        # Who left and is enrolled again starts anew on the platform, without a visit.
        if row[2] is not None and row[0] != "left":
            assert now[2] is not None
    for cell, values in before["progress"].items():
        for old, new in zip(values, after["progress"][cell], strict=True):
            assert old is None or new is not None


def new_world() -> SyncWorld:
    """An empty database and a course of thirteen."""
    for table in reversed(Base.metadata.sorted_tables):
        db.session.execute(delete(table))
    db.session.commit()
    world = SyncWorld()
    world.moodle.add(User(144, "editingteacher"), *(User(number) for number in range(300, 306)))
    world.moodle.add(*(User(number) for number in LEARNERS))
    world.moodle.modules = [
        Module(71, "page", 36),
        Module(76, "assign", 6, due=unix(world.now + timedelta(days=99))),
    ]
    return world


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@given(history=steps)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_good_pulls_mirror_and_bad_ones_lose_nothing(app_context: Flask, history: list[Any]) -> None:
    world = new_world()
    assert world.sync().state == "done"
    for happened, failing in history:
        world.later(hours=2)
        for what in happened:
            happen(world, what)
        before = known(world)
        world.moodle.failing = dict(failing)
        report = world.sync()
        if report.state == "done":
            check_mirror(world)
        else:
            assert report.errors
        check_nothing_lost(before, known(world), world.moodle)
    world.moodle.failing = {}
    # A day later: what staff changed for silent learners arrives with the rotating readings.
    world.later(days=7)
    assert world.sync().state == "done"
    check_mirror(world)
    world.later(hours=1)
    assert world.sync().rows_changed == 0
