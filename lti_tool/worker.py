"""The worker process: runs queued jobs and the schedule (APScheduler, in-memory, in a process of its own).

Every scheduled slot is claimed by one unique row in job_run, so several workers never run it twice.
Never started inside web workers.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from types import FrameType
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.jobs import Job, abandon, claim_next, claim_slot, finish, registry
from course_sync.models import JobRun, SyncRun
from lti_tool.operations import SYNC_ALL, abandon_syncs, enqueue_all_syncs
from lti_tool.services import EXTENSION, Services

log = logging.getLogger(__name__)

RUNNERS = 2
"""Jobs at a time in one worker; each sync makes up to four calls in parallel itself."""
POLL_SECONDS = 1
SLOT_CHECK_SECONDS = 20
CLOCK_WATCH_SECONDS = 1
"""The demo promises a sync within 5 s of a change of its day."""
MISSED_AFTER = timedelta(hours=6)
"""The demo's calendar moves by whole days; a last sync older than this was before such a move."""

_under_way: dict[int, dict[str, Any]] = {}
"""Jobs this process is running: id -> arguments."""
_claiming = threading.Lock()
"""Held from the claim of a job to its entry above, so that a worker that stops overlooks none."""


def run_worker(app: Flask, *, grace_seconds: float) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP. Jobs under way have the grace to end; then they are abandoned.

    An abandoned job may still be running in a thread when this returns: the process must end then.
    """
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 30}
    )
    asked, stop = _stop_on_signal(), threading.Event()
    for number in range(RUNNERS):
        trigger = IntervalTrigger(seconds=POLL_SECONDS)
        scheduler.add_job(run_queued, trigger, [app, stop], id=f"runner-{number}")
    scheduler.add_job(run_due_slots, IntervalTrigger(seconds=SLOT_CHECK_SECONDS), [app], id="slots")
    if services_of(app).settings.demo_clock:
        watch = ClockWatch(app)
        scheduler.add_job(watch.look, IntervalTrigger(seconds=CLOCK_WATCH_SECONDS), id="demo-clock")
    # A runner that is busy is looked for again each second; that is the plan, not a warning.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler.start()
    log.info("worker started")
    while not asked():
        time.sleep(0.1)
    stop.set()
    scheduler.shutdown(wait=False)
    abandon_after(app, grace_seconds)


def abandon_after(app: Flask, grace_seconds: float) -> int:
    """Wait for the jobs under way here, then record those that have not ended as failed; their number."""
    deadline = time.monotonic() + grace_seconds
    while _list_under_way() and time.monotonic() < deadline:
        time.sleep(0.05)
    left = _list_under_way()
    if not left:
        return 0
    with app.app_context():
        courses = {values["context_id"] for values in left.values() if "context_id" in values}
        abandon_syncs(courses, _real_now(app))
        abandoned = abandon(list(left), why="the worker was stopped", now=_real_now(app))
        db.session.remove()
    return abandoned


def run_queued(app: Flask, stop: threading.Event | None = None) -> int:
    """Run every queued job that can be claimed, until told to stop; returns how many ran."""
    ran = 0
    with app.app_context():
        while (claimed := _claim(lambda: claim_next(_real_now(app)), stop)) is not None:
            run_claimed(app, claimed)
            ran += 1
    return ran


def run_due_slots(app: Flask) -> int:
    """Claim and run each scheduled job whose current slot nobody has claimed; returns how many ran."""
    ran = 0
    with app.app_context():
        for entry in registry().values():
            minutes = minutes_between(app, entry)
            if minutes is None:
                continue
            now = _real_now(app)
            claimed = _claim(partial(claim_slot, entry.name, slot_of(now, minutes), now))
            if claimed is not None:
                run_claimed(app, claimed)
                ran += 1
    return ran


def run_claimed(app: Flask, claimed: JobRun) -> None:
    """Run one claimed job and record how it ended. A job that fails is logged and never stops the worker."""
    job_id, name, arguments = claimed.id, claimed.name, _arguments_of(claimed)
    error: str | None = None
    try:
        registry()[name].run(**arguments)
    except Exception as problem:
        db.session.rollback()
        error = f"{type(problem).__name__}: {problem}"
        log.exception("job failed", extra={"job": name})
    try:
        finish(claimed, error=error, now=_real_now(app))
        db.session.remove()
    finally:
        _under_way.pop(job_id, None)


def _claim(claim: Callable[[], JobRun | None], stop: threading.Event | None = None) -> JobRun | None:
    with _claiming:
        claimed = None if stop and stop.is_set() else claim()
        if claimed is not None:
            _under_way[claimed.id] = _arguments_of(claimed)
        return claimed


def _list_under_way() -> dict[int, dict[str, Any]]:
    with _claiming:
        return dict(_under_way)


def _arguments_of(claimed: JobRun) -> dict[str, Any]:
    return dict(claimed.arguments or {})


def minutes_between(app: Flask, entry: Job) -> int | None:
    """Minutes between two runs of a scheduled job; None = only when queued. Sync follows its setting."""
    if entry.name == SYNC_ALL:
        return services_of(app).settings.sync_minutes
    return entry.every_minutes


def slot_of(now: datetime, minutes: int) -> str:
    """Start of the slot `now` lies in, the same for all workers whatever second they look."""
    epoch_minutes = int(now.timestamp() // 60)
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=epoch_minutes % minutes)
    return start.isoformat()


class ClockWatch:
    """Queues a sync of every course when the demo's calendar was moved on."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._offset = None if _has_missed_a_day(app) else _offset(app)

    def look(self) -> bool:
        """Compare the calendar with the last look; True where a sync was queued."""
        offset = _offset(self._app)
        # The demo LMS re-anchors its clock by fractions of a minute when it starts; only a moved day matters.
        if self._offset is not None and abs(offset - self._offset) < timedelta(minutes=5):
            return False
        self._offset = offset
        with self._app.app_context():
            abandon_syncs(None, _real_now(self._app))  # they read a day that is over
            enqueue_all_syncs(trigger="clock")
            db.session.remove()
        return True


def _real_now(app: Flask) -> datetime:
    return services_of(app).clock.real_now()


def _has_missed_a_day(app: Flask) -> bool:
    """Whether the calendar was moved on after the last sync, and before anybody watched it."""
    with app.app_context():
        synced_to = db.session.scalars(select(func.max(SyncRun.as_of))).one()
        db.session.remove()
    return synced_to is not None and services_of(app).clock.now() - synced_to > MISSED_AFTER


def _stop_on_signal() -> Callable[[], bool]:
    """Whether a signal came. A plain list: a lock taken inside a handler could wait for itself."""
    asked: list[int] = []

    def request_stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is None or (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):  # nohup
            continue
        signal.signal(number, request_stop)
    return lambda: bool(asked)


def _offset(app: Flask) -> timedelta:
    clock = services_of(app).clock
    return clock.now() - clock.real_now()


def services_of(app: Flask) -> Services:
    """The services of an application outside a context."""
    services: Services = app.extensions[EXTENSION]
    return services
