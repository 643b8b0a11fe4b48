"""One run of the sync: visible, alone, taken over when dead, resumed after a kill, cheap if all is still."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from course_sync import pull_learners
from course_sync.database import db
from course_sync.errors import SyncBusy
from course_sync.models import Membership, Person, Progress, SyncRun
from course_sync.sync import UnknownContext
from course_sync.sync_runs import RUN_LIMIT, STEPS
from tests.harness.sync_world import SyncWorld, small_course

COMPLETION = "core_completion_get_activities_completion_status"


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    return small_course(SyncWorld())


def test_progress_is_visible_while_it_runs(world: SyncWorld) -> None:
    seen: list[tuple[int, int]] = []
    world.sync(on_progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _total in seen] == sorted(done for done, _total in seen)
    run = db.session.scalars(select(SyncRun)).one()
    assert seen[-1] == (run.steps_total, run.steps_total)
    assert (run.state, run.steps_done) == ("done", run.steps_total)
    assert run.requests > 0
    assert run.finished_at is not None


def test_one_run_at_a_time_and_a_dead_one_is_taken_over(world: SyncWorld) -> None:
    inner: list[str] = []

    def try_again(_done: int, _total: int) -> None:
        if not inner:
            try:
                world.sync()
            except SyncBusy:
                inner.append("busy")

    world.sync(on_progress=try_again)
    assert inner == ["busy"]
    db.session.execute(update(SyncRun).values(state="running", finished_at=None))
    db.session.commit()
    world.later(seconds=60)
    with pytest.raises(SyncBusy):
        world.sync()
    world.later(seconds=70)
    assert world.sync().state == "done"
    assert sorted(db.session.scalars(select(SyncRun.state))) == ["done", "failed"]


def test_a_run_that_was_taken_over_stops(world: SyncWorld) -> None:
    def take_over(_done: int, _total: int) -> None:
        db.session.execute(update(SyncRun).values(state="failed"))
        db.session.commit()
        world.real += timedelta(seconds=10)

    with pytest.raises(SyncBusy):
        world.sync(on_progress=take_over)
    assert db.session.scalars(select(SyncRun.state)).one() == "failed"


def test_a_killed_run_goes_on_where_it_stopped(world: SyncWorld) -> None:
    small_course(world, learners=60)

    class Killed(BaseException):
        pass

    def kill(done: int, _total: int) -> None:
        if done > 40:
            raise Killed

    with pytest.raises(Killed):
        world.sync(on_progress=kill)
    assert db.session.scalars(select(SyncRun.state)).one() == "failed"
    read = db.session.scalar(select(func.count()).where(Membership.progress_as_of.is_not(None)))
    assert read is not None
    assert 0 < read < 60
    world.later(hours=1)
    assert world.sync().learners_read == 60 - read


def test_unknown_context_is_an_error(app_context: Flask) -> None:
    world = SyncWorld()
    world.context_id = 999
    with pytest.raises(UnknownContext):
        world.sync()


def test_two_thousand_learners_cost_little_when_nothing_moved(world: SyncWorld) -> None:
    small_course(world, learners=2000)
    world.moodle.page_size = 5000
    world.sync()
    assert db.session.scalar(select(func.count()).select_from(Person)) == 2002
    report = world.later(hours=1).sync()
    assert (report.rows_changed, report.learners_read) == (0, 0)
    assert report.requests <= 12
    assert db.session.scalar(select(func.count()).select_from(Progress)) == 2000 * 3


def test_a_run_names_the_step_it_is_at(world: SyncWorld) -> None:
    seen: list[str] = []
    world.sync(on_progress=lambda _done, _total: seen.append(db.session.scalars(select(SyncRun.step)).one()))
    steps = ["roster", "structure", "submissions", "grades", "posts", "completion"]
    assert list(dict.fromkeys(seen)) == steps
    assert set(STEPS) >= set(seen)


def test_a_run_that_lasts_too_long_stops_and_the_next_one_goes_on(
    world: SyncWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_learners, "LEARNERS_PER_COMMIT", 1)

    def pass_time(_done: int, _total: int) -> None:
        """Half an hour passes with the first learner; those already asked for still arrive."""
        if db.session.scalars(select(SyncRun.step)).one() == "completion":
            world.real += RUN_LIMIT

    report = world.sync(on_progress=pass_time)
    assert report.state == "partial"
    assert {problem.code for problem in report.errors} == {"run_too_long"}
    assert 0 < report.learners_read < 6
    assert world.freshness("submissions").error_code is None
    assert world.freshness("completion").error_code == "run_too_long"
    again = world.later(minutes=10).sync()
    assert (again.state, again.learners_read) == ("done", 6 - report.learners_read)
