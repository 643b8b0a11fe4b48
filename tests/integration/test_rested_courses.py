"""Courses that met a host at rest: tried once more after it, a few at a time, by the host's own clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.errors import PlatformUnreachable
from course_sync.host_model import HostHealth
from course_sync.models import PENDING, Context, Freshness, SyncRun
from course_sync.rested import AFTER_REST, AT_ONCE, SPREAD, list_rested
from course_sync.run_gate import RESTING
from tests.harness.sync_world import SyncWorld, small_course

HOST = "https://moodle.example:443"
REST = timedelta(minutes=1)


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    """A course that was read, whose host rests for a minute when the next scheduled sync comes."""
    world = small_course(SyncWorld())
    world.sync(trigger="schedule")
    rest(world)
    assert {row.code for row in world.sync(trigger="schedule").errors} == {RESTING}
    return world


def rest(world: SyncWorld) -> None:
    set_rest(world, REST)


def set_rest(world: SyncWorld, length: timedelta | None) -> None:
    host = db.session.get_one(HostHealth, HOST)
    host.open_until = None if length is None else world.real + length
    db.session.commit()


def add_courses(world: SyncWorld, number: int) -> None:
    """More courses of the platform, which met the same rest."""
    known = db.session.get_one(Context, world.context_id)
    for external_id in range(100, 100 + number):
        course = Context(
            organisation_id=known.organisation_id,
            platform_id=known.platform_id,
            external_id=str(external_id),
            memberships_url=known.memberships_url,
        )
        db.session.add(course)
        db.session.flush()
        add_run(course.id, world, trigger="schedule")
    db.session.commit()


def add_run(context_id: int, world: SyncWorld, *, trigger: str, state: str = "failed") -> None:
    failure = {"kind": "roster", "source": "lti", "code": RESTING, "detail": ""}
    times = {"started_at": world.real, "beat_at": world.real, "as_of": world.now}
    ended = {} if state == "running" else {"finished_at": world.real, "errors": [failure]}
    db.session.add(
        SyncRun(context_id=context_id, trigger=trigger, state=state, origin=HOST, **times, **ended)
    )
    if state != "running":
        cell = Freshness(context_id=context_id, kind="roster", source="lti", error_code=RESTING)
        db.session.add(cell)


def test_a_course_is_tried_again_soon_after_the_rest_and_not_before(world: SyncWorld) -> None:
    assert list_rested(world.real + REST - timedelta(seconds=1)) == []
    world.later(seconds=(REST + SPREAD).total_seconds())
    assert list_rested(world.real) == [world.context_id]
    assert world.sync(trigger=AFTER_REST).state == "done"
    assert list_rested(world.real) == []


def test_it_comes_by_chance_a_little_after_the_end_of_the_rest(world: SyncWorld) -> None:
    seconds = range(int(SPREAD.total_seconds()) + 1)
    ready = [bool(list_rested(world.real + REST + timedelta(seconds=second))) for second in seconds]
    assert ready == sorted(ready), "once ready, it stays so"
    assert ready[-1]


def test_a_second_try_that_meets_a_rest_again_waits_for_the_schedule(world: SyncWorld) -> None:
    world.later(minutes=2)
    rest(world)
    assert {row.code for row in world.sync(trigger=AFTER_REST).errors} == {RESTING}
    set_rest(world, None)
    assert list_rested(world.real) == []
    rest(world)
    world.sync(trigger="schedule")
    set_rest(world, None)
    assert list_rested(world.real) == [world.context_id], "the schedule gives it another"


def test_of_many_courses_one_tries_a_host_and_a_few_follow_when_it_answers(world: SyncWorld) -> None:
    add_courses(world, 6)
    assert len(list_rested(world.later(minutes=2).real)) == 1
    set_rest(world, None)
    assert len(list_rested(world.real)) == AT_ONCE
    for context_id in list_rested(world.real):
        add_run(context_id, world, trigger=AFTER_REST, state="running")
    db.session.commit()
    assert list_rested(world.real) == [], "those that are being read are counted"


def test_only_what_met_a_rest_is_tried_again(world: SyncWorld) -> None:
    set_rest(world, None)
    world.moodle.failing["core_enrol_get_enrolled_users"] = PlatformUnreachable()
    world.sync(trigger="schedule")
    assert list_rested(world.real) == [], "another failure has its own time"


def test_a_platform_that_is_stopped_is_left_alone(world: SyncWorld) -> None:
    set_rest(world, None)
    db.session.get_one(Context, world.context_id).platform.status = PENDING
    db.session.commit()
    assert list_rested(world.real) == []
