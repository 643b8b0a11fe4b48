"""The worker process: queues what is due and runs what is queued. Never started inside web workers.

By default APScheduler (in memory, in this process) looks at the rows of `job_run`; with
EMENTOR_JOBS=procrastinate its worker takes the jobs instead (procrastinate_worker). The jobs are the same.
Either is imported only where it runs.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from flask import Flask

from course_sync.database import db
from course_sync.job_rows import Claim, beat, claim_next, finish, give_back, requeue_dead
from course_sync.jobs import registry
from lti_tool.config import PROCRASTINATE
from lti_tool.operations import abandon_syncs
from lti_tool.schedule import ClockWatch, queue_due_slots, queue_rested, real_now, services_of

log = logging.getLogger(__name__)

RUNNERS = 2
"""Jobs at a time in one worker; each sync makes up to four calls in parallel itself."""
POLL_SECONDS = 1.0
SLOT_CHECK_SECONDS = 20.0
BEAT_SECONDS = 15.0
"""Signs of life of the jobs under way; many fit into job_rows.DEAD_AFTER."""
CLOCK_WATCH_SECONDS = 1.0
"""The demo promises a sync within 5 s of a change of its day."""

_under_way: dict[int, Claim] = {}
"""Jobs this process is running."""
_claiming = threading.Lock()
"""Held from the claim of a job to its entry above, so that a worker that stops overlooks none."""


def run_worker(app: Flask, *, grace_seconds: float) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP. Jobs under way have the grace to end; then they are given back.

    A job that was given back may still be running in a thread when this returns: the process must end then.
    """
    asked = _stop_on_signal()
    if services_of(app).settings.jobs == PROCRASTINATE:
        from lti_tool.procrastinate_worker import run_procrastinate

        run_procrastinate(app, asked, runners=RUNNERS, grace_seconds=grace_seconds)
    else:
        _run_rows(app, asked, grace_seconds)


def _run_rows(app: Flask, asked: Callable[[], bool], grace_seconds: float) -> None:
    from apscheduler.schedulers.background import BackgroundScheduler
    from apscheduler.triggers.interval import IntervalTrigger

    scheduler = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 30}
    )
    stop = threading.Event()
    for number in range(RUNNERS):
        trigger = IntervalTrigger(seconds=POLL_SECONDS)
        scheduler.add_job(run_queued, trigger, [app, stop], id=f"runner-{number}")
    scheduler.add_job(queue_due_slots, IntervalTrigger(seconds=SLOT_CHECK_SECONDS), [app], id="slots")
    scheduler.add_job(queue_rested, IntervalTrigger(seconds=SLOT_CHECK_SECONDS), [app], id="rested")
    scheduler.add_job(keep_alive, IntervalTrigger(seconds=BEAT_SECONDS), [app], id="beat")
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
    give_back_after(app, grace_seconds)
    scheduler.shutdown(wait=False)


def give_back_after(app: Flask, grace_seconds: float) -> int:
    """Wait for the jobs under way here, then queue those that have not ended again; their number."""
    deadline = time.monotonic() + grace_seconds
    while _list_under_way() and time.monotonic() < deadline:
        time.sleep(0.05)
    left = _list_under_way()
    if not left:
        return 0
    with app.app_context():
        abandon_syncs({course for claim in left if (course := _course_of(claim))}, real_now(app))
        given = give_back(left, real_now(app))
        db.session.remove()
    return given


def keep_alive(app: Flask) -> int:
    """Show signs of life, and queue again what killed workers were running; how many jobs these were."""
    with app.app_context():
        if mine := _list_under_way():
            beat(mine, real_now(app))
        found = requeue_dead(real_now(app))
        db.session.remove()
    return found


def run_queued(app: Flask, stop: threading.Event | None = None) -> int:
    """Run every queued job that can be claimed, until told to stop; returns how many ran."""
    ran = 0
    with app.app_context():
        while (claimed := _claim(app, stop)) is not None:
            run_claimed(app, claimed)
            ran += 1
    return ran


def run_claimed(app: Flask, claimed: Claim) -> None:
    """Run one claimed job and record how it ended. A job that fails is logged and never stops the worker."""
    error: str | None = None
    try:
        registry()[claimed.name].run(**claimed.arguments)
    except Exception as problem:
        db.session.rollback()
        error = f"{type(problem).__name__}: {problem}"
        log.exception("job failed", extra={"job": claimed.name})
    try:
        finish(claimed, error=error, now=real_now(app))
        db.session.remove()
    finally:
        _under_way.pop(claimed.job_id, None)


def _claim(app: Flask, stop: threading.Event | None) -> Claim | None:
    with _claiming:
        claimed = None if stop and stop.is_set() else claim_next(real_now(app))
        if claimed is not None:
            _under_way[claimed.job_id] = claimed
        return claimed


def _list_under_way() -> list[Claim]:
    with _claiming:
        return list(_under_way.values())


def _course_of(claim: Claim) -> int | None:
    return claim.arguments.get("context_id")


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
