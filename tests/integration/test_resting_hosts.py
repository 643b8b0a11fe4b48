"""What all syncs share about a host: left alone when it is down, tried once, and asked within bounds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync import calls
from course_sync.database import db
from course_sync.errors import PlatformUnreachable
from course_sync.host_model import HostHealth
from course_sync.host_watch import FIRST_REST, LONGEST_REST, NO_BOUNDS, Budget, HostLink, rest_after
from course_sync.models import Context, SyncRun
from course_sync.run_gate import FAILURES_TO_REST, RunGate
from course_sync.sync import sync_roster
from course_sync.sync_runs import Pulse, begin_run
from tests.harness.sync_world import SyncWorld, small_course

ROSTER = "core_enrol_get_enrolled_users"
HOST = "https://moodle.example:443"


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    """A course that was read whole an hour ago."""
    world = small_course(SyncWorld())
    assert world.sync(trigger="schedule").state == "done"
    return world.later(hours=1)


def host() -> HostHealth:
    """What everybody knows of the host."""
    db.session.expire_all()
    return db.session.get_one(HostHealth, HOST)


def go_down(world: SyncWorld) -> None:
    world.moodle.failing[ROSTER] = world.moodle.failing["nrps"] = PlatformUnreachable()


def fail_until_it_rests(world: SyncWorld) -> None:
    """Scheduled syncs of a site that is down, until nobody asks it any more."""
    go_down(world)
    for _number in range(FAILURES_TO_REST):
        if host().open_until is not None:
            return
        assert world.sync(trigger="schedule").state == "failed"


def test_a_site_that_is_down_is_left_alone_and_nothing_is_lost(world: SyncWorld) -> None:
    known = world.statuses()
    fail_until_it_rests(world)
    assert host().failures >= FAILURES_TO_REST
    world.moodle.calls.clear()

    report = world.sync(trigger="schedule")

    assert (report.state, report.requests, world.moodle.calls) == ("failed", 0, [])
    assert {problem.code for problem in report.errors} == {"circuit_open"}
    run = db.session.scalars(select(SyncRun).order_by(SyncRun.id.desc())).first()
    assert run is not None
    assert (run.state, run.requests, run.errors[0]["code"]) == ("failed", 0, "circuit_open")
    assert world.statuses() == known
    assert world.freshness("grades").error_code == "circuit_open"
    assert world.freshness("grades").as_of == world.now - timedelta(hours=1)


def test_it_is_tried_again_after_its_rest_and_the_next_run_repairs(world: SyncWorld) -> None:
    fail_until_it_rests(world)
    world.moodle.failing.clear()
    world.later(minutes=2)
    assert world.sync(trigger="schedule").state == "done"
    assert (host().failures, host().pauses, host().open_until) == (0, 0, None)
    assert world.freshness("grades").error_code is None


def test_a_trial_that_fails_is_one_call_and_makes_the_rest_longer(world: SyncWorld) -> None:
    fail_until_it_rests(world)
    for pauses in (2, 3):
        world.later(minutes=16)
        world.moodle.calls.clear()
        before = world.client.request_count
        assert world.sync(trigger="schedule").state == "failed"
        assert world.client.request_count - before <= 1
        assert host().pauses == pauses
        until = host().open_until
        assert until is not None
        assert until - world.real > FIRST_REST


def test_a_person_need_not_wait_for_the_rest_to_end(world: SyncWorld) -> None:
    fail_until_it_rests(world)
    world.moodle.failing.clear()
    assert world.sync(trigger="person").state == "done"
    assert world.sync(trigger="schedule").state == "done"


def gate_of(world: SyncWorld, *, insist: bool = False) -> RunGate:
    """The gate of one more run that begins now."""
    gate = RunGate(4)
    pulse = Pulse(lambda: world.real, lambda: 0.0)
    HostLink(gate, [HOST], NO_BOUNDS, run_id=0, pulse=pulse).begin(insist=insist)
    return gate


def test_only_one_of_those_who_come_after_the_rest_tries(world: SyncWorld) -> None:
    fail_until_it_rests(world)
    world.later(minutes=2)
    first, second, insisting = gate_of(world), gate_of(world), gate_of(world, insist=True)
    first.enter(HOST)
    insisting.enter(HOST)
    with pytest.raises(PlatformUnreachable) as caught:
        second.enter(HOST)
    assert caught.value.code == "circuit_open"
    world.later(minutes=3)
    gate_of(world).enter(HOST)  # who tried died over it


def test_a_launch_whose_roster_is_answered_wakes_the_host(world: SyncWorld) -> None:
    fail_until_it_rests(world)
    world.moodle.failing.clear()
    sync_roster(world.context_id, now=world.now, services=world.services)
    assert (host().failures, host().open_until) == (0, None)


def test_a_host_that_asks_for_an_hour_gets_it(world: SyncWorld) -> None:
    error = PlatformUnreachable("busy", code="http_429")
    error.retry_after_seconds = 3600
    world.moodle.failing[ROSTER] = world.moodle.failing["nrps"] = error
    world.sync(trigger="schedule")
    assert host().open_until == world.real + timedelta(hours=1)
    world.moodle.failing.clear()
    assert world.later(minutes=30).sync(trigger="schedule").requests == 0
    assert world.later(minutes=31).sync(trigger="schedule").state == "done"


def test_rests_grow_and_stay_shorter_than_the_time_between_two_syncs() -> None:
    for pauses, longest in ((1, FIRST_REST), (2, 2 * FIRST_REST), (9, LONGEST_REST), (10**6, LONGEST_REST)):
        assert longest * 0.7 < rest_after(pauses) <= longest


def test_requests_of_a_minute_are_shared_by_all_and_the_rest_waits(
    world: SyncWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_WAIT_SECONDS", 0.02)
    world.budget = Budget(per_minute=6)
    most: list[int] = []

    began = world.real

    def look_and_let_time_pass() -> bool:
        row = host()
        most.append(row.minute_requests if row.minute_at and row.minute_at >= began else 0)
        world.real += timedelta(seconds=2)
        return False

    report = world.sync(wants_to_stop=look_and_let_time_pass)
    assert report.state == "done"
    assert report.requests > 6
    assert world.real - began >= timedelta(minutes=1)
    assert max(most) <= 6 + 4  # those that were under way when the minute was full


def test_runs_at_one_host_share_its_places(world: SyncWorld) -> None:
    """Three runs and five places: two, two and one."""
    given: list[int] = []

    class Asked(RunGate):
        def renew(self, places: int, allowance: int | None) -> None:
            given.append(places)

    runs = [
        begin_run(
            second_course(world, str(number)),
            trigger="schedule",
            as_of=world.now,
            real_now=lambda: world.real,
            origin=HOST,
        )
        for number in (101, 102, 103)
    ]
    for run in runs:
        link = HostLink(Asked(4), [HOST], Budget(at_a_time=5), run.run_id, run.pulse)
        link.begin(insist=False)
    assert given == [2, 2, 1]


def second_course(world: SyncWorld, external_id: str) -> int:
    """Another course of the same platform."""
    known = db.session.get_one(Context, world.context_id)
    course = Context(
        organisation_id=known.organisation_id, platform_id=known.platform_id, external_id=external_id
    )
    db.session.add(course)
    db.session.commit()
    return course.id
