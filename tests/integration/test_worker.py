"""The worker's steps without its schedule: slots claimed once, failures stop nobody, the clock watched."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event, Thread, Timer

import pytest
from flask import Flask
from sqlalchemy import select, update

from course_sync import jobs
from course_sync.database import db
from course_sync.errors import SyncBusy
from course_sync.job_rows import claim_next
from course_sync.jobs import enqueue
from course_sync.models import Context, Freshness, JobRun, Organisation, Platform, SyncRun
from course_sync.sync_runs import begin_run
from lti_tool.schedule import ClockWatch, queue_due_slots, queue_rested, services_of, slot_of
from lti_tool.worker import give_back_after, keep_alive, run_queued

ADDRESS = "http://127.0.0.1:9"


@pytest.fixture
def clock_file(tmp_path: Path) -> Path:
    path = tmp_path / "clock.json"
    path.write_text(json.dumps({"offset_seconds": 0}), encoding="utf-8")
    return path


@pytest.fixture
def settings_environ(settings_environ: dict[str, str], clock_file: Path) -> dict[str, str]:
    return settings_environ | {"EMENTOR_DEMO_CLOCK": str(clock_file)}


@pytest.fixture
def course(app: Flask, now: datetime) -> Iterator[int]:
    """A course whose platform offers neither a roster nor an API."""
    with app.app_context():
        organisation = Organisation(name="College", created_at=now)
        platform = Platform(
            organisation=organisation,
            name="LMS",
            issuer=ADDRESS,
            client_id="abc",
            auth_login_url=ADDRESS,
            auth_token_url=ADDRESS,
            jwks_url=ADDRESS,
            created_at=now,
        )
        context = Context(organisation=organisation, platform=platform, external_id="7", title="Course")
        db.session.add(context)
        db.session.commit()
        yield context.id


def _states(name: str) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(JobRun.state).where(JobRun.name == name).order_by(JobRun.id)))


def test_a_queued_sync_runs_once_and_is_recorded(app: Flask, course: int, now: datetime) -> None:
    assert enqueue("sync_context", {"context_id": course, "trigger": "person"}, f"sync:{course}", now)
    assert run_queued(app) == 1
    assert run_queued(app) == 0
    assert _states("sync_context") == ["done"]


def test_a_job_that_fails_is_recorded_and_the_next_one_runs(app: Flask, course: int, now: datetime) -> None:
    enqueue("sync_context", {"context_id": course + 1000}, "sync:unknown", now)
    enqueue("sync_context", {"context_id": course}, f"sync:{course}", now + timedelta(seconds=1))
    assert run_queued(app) == 2
    assert _states("sync_context") == ["failed", "done"]


def test_a_slot_is_run_by_one_of_many_workers(app: Flask, course: int) -> None:
    together, queued, ran = Barrier(4), [], []

    def work() -> None:
        together.wait()
        queued.append(queue_due_slots(app))
        ran.append(run_queued(app))

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = set(db.session.scalars(select(JobRun.name)))
    assert {"sync_all", "purge_door"} <= names
    assert sum(queued) == len(names - {"sync_context"})
    assert sum(ran) == len(names)
    assert queue_due_slots(app) == run_queued(app) == 0


def test_a_course_whose_host_has_rested_is_queued_once(app: Flask, course: int, now: datetime) -> None:
    failure = {"kind": "roster", "source": "lti", "code": "circuit_open", "detail": ""}
    times = {"started_at": now, "beat_at": now, "finished_at": now, "as_of": now}
    run = SyncRun(context_id=course, trigger="schedule", state="failed", errors=[failure], **times)
    met = Freshness(context_id=course, kind="roster", source="lti", error_code="circuit_open")
    db.session.add_all([run, met])
    db.session.commit()
    assert [queue_rested(app), queue_rested(app)] == [1, 0]
    assert run_queued(app) == 1
    assert queue_rested(app) == 0, "its second try is over"


@pytest.mark.parametrize(("minute", "start"), [(0, 0), (29, 0), (30, 30), (59, 30)])
def test_slots_start_on_the_same_minute_for_every_worker(minute: int, start: int) -> None:
    looked_at = datetime(2026, 11, 21, 18, minute, 17, 5, tzinfo=UTC)
    assert slot_of(looked_at, 30) == datetime(2026, 11, 21, 18, start, tzinfo=UTC).isoformat()


@pytest.fixture
def move_clock(clock_file: Path) -> Callable[[int], None]:
    def move(seconds: int) -> None:
        clock_file.write_text(json.dumps({"offset_seconds": seconds}), encoding="utf-8")

    return move


def test_a_moved_calendar_queues_every_course_once(
    app: Flask, course: int, move_clock: Callable[[int], None]
) -> None:
    watch = ClockWatch(app)
    assert not watch.look()
    move_clock(7 * 86_400)
    assert watch.look()
    assert not watch.look()
    assert _states("sync_context") == ["queued"]


def test_a_moved_calendar_stops_the_sync_of_the_day_before(
    app: Flask, course: int, now: datetime, move_clock: Callable[[int], None]
) -> None:
    watch = ClockWatch(app)
    keeper = begin_run(course, trigger="schedule", as_of=now, real_now=services_of(app).clock.real_now)
    move_clock(86_400)
    assert watch.look()
    with pytest.raises(SyncBusy):
        keeper.beat(force=True)


def test_a_clock_that_only_resumed_queues_nothing(
    app: Flask, course: int, move_clock: Callable[[int], None]
) -> None:
    watch = ClockWatch(app)
    move_clock(-30)
    assert not watch.look()
    assert _states("sync_context") == []


def test_a_calendar_moved_before_anybody_watched_is_noticed(
    app: Flask, course: int, now: datetime, move_clock: Callable[[int], None]
) -> None:
    """Between the first sync and the worker's start."""
    clock = services_of(app).clock
    run = {"started_at": now, "beat_at": now, "trigger": "cli", "state": "done", "errors": []}
    db.session.add(SyncRun(context_id=course, as_of=clock.now(), **run))
    db.session.commit()
    assert not ClockWatch(app).look()
    move_clock(86_400)
    watch = ClockWatch(app)
    assert watch.look()
    assert not watch.look()
    assert _states("sync_context") == ["queued"]


@pytest.fixture
def slow_job(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """A job `slow` that ends when the event is set."""
    monkeypatch.setattr(jobs, "_registry", {})
    may_end = Event()

    @jobs.job("slow")
    def slow(context_id: int) -> None:
        may_end.wait(20)

    yield may_end
    may_end.set()


def _start(app: Flask, stop: Event | None = None, running: int = 1) -> Thread:
    runner = Thread(target=run_queued, args=(app, stop))
    runner.start()
    deadline = time.monotonic() + 10
    while _states("slow").count("running") < running and time.monotonic() < deadline:
        time.sleep(0.01)
    return runner


def test_a_worker_that_stops_gives_its_unfinished_jobs_back(
    app: Flask, course: int, now: datetime, slow_job: Event
) -> None:
    """The job waits again at once, its course may be synced again, others run on."""
    keepers = [
        begin_run(context, trigger="schedule", as_of=now, real_now=services_of(app).clock.real_now)
        for context in (course, _another_course(course))
    ]
    enqueue("slow", {"context_id": course}, "1", now)
    runner = _start(app)
    assert give_back_after(app, 0.1) == 1
    assert _states("slow") == ["queued"]
    with pytest.raises(SyncBusy):
        keepers[0].beat(force=True)
    keepers[1].beat(force=True)
    slow_job.set()
    runner.join(10)
    assert run_queued(app) in (0, 1)  # the one that was stopped may have come to it first
    assert _states("slow") == ["done"]


def test_what_a_killed_worker_left_is_run_by_the_next(app: Flask, course: int, slow_job: Event) -> None:
    """The living one shows signs of life meanwhile."""
    long_ago = services_of(app).clock.real_now() - timedelta(hours=1)
    enqueue("slow", {"context_id": course}, "1", long_ago)
    claim_next(long_ago)
    enqueue("slow", {"context_id": course}, "2", long_ago)
    runner = _start(app, running=2)
    db.session.execute(update(JobRun).values(beat_at=long_ago))
    db.session.commit()
    assert keep_alive(app) == 1
    assert _states("slow") == ["queued", "running"]
    slow_job.set()
    runner.join(10)
    run_queued(app)
    assert _states("slow") == ["done", "done"]


def test_a_worker_that_stops_lets_a_short_job_end_and_starts_no_other(
    app: Flask, course: int, now: datetime, slow_job: Event
) -> None:
    for key in ("1", "2"):
        enqueue("slow", {"context_id": course}, key, now)
    stop = Event()
    runner = _start(app, stop)
    stop.set()
    Timer(0.2, slow_job.set).start()
    assert give_back_after(app, 10) == 0
    runner.join(10)
    assert _states("slow") == ["done", "queued"]


def _another_course(course: int) -> int:
    first = db.session.get_one(Context, course)
    second = Context(
        organisation_id=first.organisation_id, platform_id=first.platform_id, external_id="8", title="Other"
    )
    db.session.add(second)
    db.session.commit()
    return second.id
