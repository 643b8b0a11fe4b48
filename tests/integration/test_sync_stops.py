"""A sync that is asked to stop, and one whose clock is set: what was read is kept, nobody else is let in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync import pull_learners
from course_sync.database import db
from course_sync.errors import SyncBusy
from course_sync.models import Freshness, Membership, SyncRun
from course_sync.sync_runs import WATCH_SECONDS, ask_to_cancel
from tests.harness.sync_world import SyncWorld, small_course


@pytest.fixture
def world(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> SyncWorld:
    monkeypatch.setattr(pull_learners, "LEARNERS_PER_COMMIT", 1)
    return small_course(SyncWorld(), learners=12)


def learners_read() -> int:
    statement = select(func.count()).where(Membership.progress_as_of.is_not(None))
    return db.session.scalars(statement).one()


def step() -> str:
    return db.session.scalars(select(SyncRun.step).order_by(SyncRun.id.desc())).first() or ""


def at_first_learner(world: SyncWorld, act: Callable[[], None]) -> Callable[[int, int], None]:
    """Act once, when learners are being read one by one; a second passes with each step."""
    acted: list[int] = []

    def hear(_done: int, _total: int) -> None:
        world.real += timedelta(seconds=1)
        if not acted and step() == "completion" and learners_read():
            acted.append(1)
            act()

    return hear


def test_a_cancelled_run_stops_between_two_calls_and_keeps_what_it_read(world: SyncWorld) -> None:
    report = world.sync(at_first_learner(world, lambda: _cancel(world)))
    run = db.session.scalars(select(SyncRun)).one()
    assert (report.state, run.state) == ("cancelled", "cancelled")
    assert run.finished_at is not None
    assert 0 < report.learners_read == learners_read() == run.learners_read < 12
    assert world.freshness("grades").error_code is None
    assert world.freshness("completion").error_code == "cancelled"
    again = world.later(minutes=1).sync()
    assert (again.state, again.learners_read) == ("done", 12 - report.learners_read)
    assert db.session.scalars(select(Freshness.id).where(Freshness.error_code.is_not(None))).all() == []


def _cancel(world: SyncWorld) -> None:
    assert ask_to_cancel(world.context_id, world.real)


def test_who_follows_a_run_may_stop_it(world: SyncWorld) -> None:
    wishes: list[bool] = []
    follow = at_first_learner(world, lambda: wishes.append(True))
    report = world.sync(follow, wants_to_stop=lambda: bool(wishes))
    assert report.state == "cancelled"
    assert 0 < report.learners_read < 12


def test_a_run_stopped_before_its_first_call_asks_nothing_and_loses_nobody(world: SyncWorld) -> None:
    world.sync()
    known = world.statuses()
    world.later(hours=1).moodle.calls.clear()
    report = world.sync(wants_to_stop=lambda: True)
    assert (report.state, report.requests, report.kinds_read) == ("cancelled", 0, 0)
    assert world.moodle.calls == []
    assert world.statuses() == known
    assert world.freshness("roster", "lti").error_code == "cancelled"
    assert world.later(hours=1).sync().state == "done"


def test_nothing_runs_and_nothing_is_stopped(world: SyncWorld) -> None:
    assert not ask_to_cancel(world.context_id, world.real)
    world.sync()
    assert not ask_to_cancel(world.context_id, world.real)
    assert db.session.scalars(select(SyncRun.state)).one() == "done"


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_set_during_a_run_neither_ends_it_nor_lets_another_in(
    world: SyncWorld, hours: int
) -> None:
    """Back: it would be silent for three hours. Forward: it would seem dead, and to have lasted too long."""
    others: list[str] = []

    def set_clock() -> None:
        world.clock_is_wrong_by = timedelta(hours=hours)

    def look() -> bool:
        """After the clock was set, others try; the run beats while they watch."""
        if world.clock_is_wrong_by and len(others) < 3:
            others.append("")
            try:
                world.sync()
            except SyncBusy:
                others[-1] = "busy"
        return False

    def watch(seconds: float) -> None:
        """Others watch a run that looks dead; meanwhile it shows a sign of life."""
        assert seconds == WATCH_SECONDS
        run = db.session.scalars(select(SyncRun).where(SyncRun.state == "running")).one()
        run.beat_at = world.real + world.clock_is_wrong_by
        db.session.commit()

    world.slept = _Watch(watch)  # type: ignore[assignment]
    report = world.sync(at_first_learner(world, set_clock), wants_to_stop=look)
    assert (report.state, report.learners_read) == ("done", 12)
    assert others == ["busy"] * 3
    world.clock_is_wrong_by = timedelta()
    assert world.later(hours=1).sync().state == "done"


class _Watch(list[float]):
    """What happens while somebody sleeps."""

    def __init__(self, happen: Callable[[float], None]) -> None:
        super().__init__()
        self._happen = happen

    def append(self, seconds: float) -> None:
        self._happen(seconds)


def test_a_run_beats_again_soon_after_the_clock_was_set_back(world: SyncWorld) -> None:
    beats: list[timedelta] = []

    def hear(_done: int, _total: int) -> None:
        world.real += timedelta(seconds=2)
        if step() == "completion":
            world.clock_is_wrong_by = timedelta(hours=-5)
            beats.append(db.session.scalars(select(SyncRun.beat_at)).one() - world.real)

    world.sync(hear)
    assert min(beats) < timedelta(hours=-4)


def test_a_run_of_the_future_that_is_dead_is_taken_over(world: SyncWorld) -> None:
    """Its worker was killed, and then the clock was set back."""
    world.sync()
    run = db.session.scalars(select(SyncRun)).one()
    run.state, run.finished_at, run.beat_at = "running", None, world.real + timedelta(hours=9)
    db.session.commit()
    assert world.later(minutes=5).sync().state == "done"
    assert world.slept == [WATCH_SECONDS]
    ended = db.session.scalars(select(SyncRun).order_by(SyncRun.id)).first()
    assert ended is not None
    assert (ended.state, ended.errors[0]["code"]) == ("failed", "cut_off")
