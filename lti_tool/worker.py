"""The worker process: runs queued jobs and the schedule (APScheduler, in-memory, in a process of its own).

Every scheduled slot is claimed by one unique row in job_run, so several workers never run it twice.
Never started inside web workers.
"""

from __future__ import annotations

import logging
import signal
import threading
from datetime import datetime, timedelta
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger
from flask import Flask

from course_sync.database import db
from course_sync.jobs import Job, claim_next, claim_slot, finish, registry
from course_sync.models import JobRun
from lti_tool.operations import SYNC_ALL, enqueue_all_syncs
from lti_tool.services import EXTENSION, Services

log = logging.getLogger(__name__)

RUNNERS = 2
"""Jobs at a time in one worker; each sync makes up to four calls in parallel itself."""
POLL_SECONDS = 1
SLOT_CHECK_SECONDS = 20
CLOCK_WATCH_SECONDS = 2
"""The demo promises a sync within 5 s of a change of its day."""


def run_worker(app: Flask) -> None:
    """Run until SIGINT or SIGTERM; the job under way is finished first."""
    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 30}
    )
    for number in range(RUNNERS):
        scheduler.add_job(run_queued, IntervalTrigger(seconds=POLL_SECONDS), [app], id=f"runner-{number}")
    scheduler.add_job(run_due_slots, IntervalTrigger(seconds=SLOT_CHECK_SECONDS), [app], id="slots")
    if services_of(app).settings.demo_clock:
        watch = ClockWatch(app)
        scheduler.add_job(watch.look, IntervalTrigger(seconds=CLOCK_WATCH_SECONDS), id="demo-clock")
    # A runner that is busy is looked for again each second; that is the plan, not a warning.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    stop = _stop_on_signal()
    scheduler.start()
    log.info("worker started")
    stop.wait()
    scheduler.shutdown(wait=True)


def run_queued(app: Flask) -> int:
    """Run every queued job that can be claimed; returns how many ran."""
    ran = 0
    with app.app_context():
        while (claimed := claim_next(_real_now(app))) is not None:
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
            claimed = claim_slot(entry.name, slot_of(now, minutes), now)
            if claimed is not None:
                run_claimed(app, claimed)
                ran += 1
    return ran


def run_claimed(app: Flask, claimed: JobRun) -> None:
    """Run one claimed job and record how it ended. A job that fails is logged and never stops the worker."""
    name, arguments = claimed.name, dict(claimed.arguments or {})
    error: str | None = None
    try:
        registry()[name].run(**arguments)
    except Exception as problem:
        db.session.rollback()
        error = f"{type(problem).__name__}: {problem}"
        log.exception("job failed", extra={"job": name})
    finish(claimed, error=error, now=_real_now(app))
    db.session.remove()


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
        self._offset = _offset(app)

    def look(self) -> bool:
        """Compare the calendar with the last look; True where a sync was queued."""
        offset = _offset(self._app)
        # The demo LMS re-anchors its clock by fractions of a minute when it starts; only a moved day matters.
        if abs(offset - self._offset) < timedelta(minutes=5):
            return False
        self._offset = offset
        with self._app.app_context():
            enqueue_all_syncs(trigger="clock")
            db.session.remove()
        return True


def _real_now(app: Flask) -> datetime:
    return services_of(app).clock.real_now()


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, request_stop)
    signal.signal(signal.SIGTERM, request_stop)
    return stop


def _offset(app: Flask) -> timedelta:
    clock = services_of(app).clock
    return clock.now() - clock.real_now()


def services_of(app: Flask) -> Services:
    """The services of an application outside a context."""
    services: Services = app.extensions[EXTENSION]
    return services
