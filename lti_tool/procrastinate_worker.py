"""Procrastinate's worker around the registered jobs: runs them, and again those that killed workers left.

The slots are queued as under APScheduler. Imported only where EMENTOR_JOBS=procrastinate.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status
from procrastinate.worker import Worker

from course_sync.database import db
from course_sync.job_rows import DEAD_AFTER, KEPT_FOR, MAX_ATTEMPTS, requeue_dead
from course_sync.jobs import registry
from lti_tool.logs import adopt_logger
from lti_tool.operations import abandon_syncs
from lti_tool.procrastinate_queue import ProcrastinateQueue, conninfo, take_over_rows
from lti_tool.schedule import ClockWatch, queue_due_slots, queue_rested, real_now, services_of

log = logging.getLogger(__name__)

BEAT_SECONDS = 15.0
TICK_SECONDS = 20.0
"""How often slots are queued and what killed workers left is looked for."""
CLOCK_WATCH_SECONDS = 1.0
POLL_SECONDS = 5.0
"""New jobs are announced; this is for those that were given back."""
RESTART_SECONDS = 5.0
_AT_ONCE = datetime.fromtimestamp(0, UTC)
_RESCUE = "SELECT pg_advisory_xact_lock(hashtext('procrastinate_rescue'))"
"""One worker at a time lists what was left and queues it: it could have been begun anew in between."""
_MISTRUST = """UPDATE procrastinate_workers SET last_heartbeat = now()
    WHERE last_heartbeat > now() + make_interval(secs => %s)"""
"""After the database's clock was set back a killed worker would seem alive until that hour comes again."""


class Runner:
    """What procrastinate calls: each job by its name, in a thread, within the application."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._under_way: dict[int, Job] = {}

    def make_app(self) -> App:
        """Procrastinate's application with every registered job."""
        jobs = App(connector=PsycopgConnector(conninfo=conninfo(self._app)))
        for name in registry():
            jobs.task(name=name, pass_context=True)(self._task(name))
        return jobs

    def list_under_way(self) -> list[Job]:
        """Jobs this process is running."""
        with self._lock:
            return list(self._under_way.values())

    def _task(self, name: str) -> Callable[..., None]:
        def run(context: JobContext, **arguments: Any) -> None:
            job_id = context.job.id or 0
            with self._lock:
                self._under_way[job_id] = context.job
            try:
                self._run(name, arguments)
            finally:
                with self._lock:
                    del self._under_way[job_id]

        return run

    def _run(self, name: str, arguments: dict[str, Any]) -> None:
        with self._app.app_context():
            try:
                registry()[name].run(**arguments)
            finally:
                db.session.remove()


def run_procrastinate(app: Flask, asked: Callable[[], bool], *, runners: int, grace_seconds: float) -> None:
    """Run until asked to stop; jobs that do not end within the grace are queued again.

    Threads of these may still be running when this returns: the process must end then.
    """
    for name in ("procrastinate", "psycopg.pool"):
        adopt_logger(name, logging.WARNING)
    # The loop of Windows that is the default there cannot watch PostgreSQL's sockets.
    loop = asyncio.SelectorEventLoop()
    if loop.run_until_complete(_run(app, asked, runners, grace_seconds)):
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


async def _run(app: Flask, asked: Callable[[], bool], runners: int, grace_seconds: float) -> bool:
    """Whether every job has ended."""
    runner = Runner(app)
    jobs = runner.make_app()
    await jobs.open_async()
    side = [asyncio.create_task(task) for task in _side_tasks(app, jobs)]
    log.info("worker started")
    worker = _make_worker(jobs, runners)
    running = asyncio.create_task(worker.run())
    while not asked():
        await asyncio.sleep(0.1)
        if running.done():  # only an error ends it: the database was away
            log.error("procrastinate's worker stopped and is started again", exc_info=running.exception())
            await asyncio.sleep(RESTART_SECONDS)
            worker = _make_worker(jobs, runners)
            running = asyncio.create_task(worker.run())
    for task in side:
        task.cancel()
    await asyncio.gather(*side, return_exceptions=True)
    worker.stop()
    return await _end(app, jobs, worker, running, runner, grace_seconds)


def _make_worker(jobs: App, runners: int) -> Worker:
    return Worker(
        jobs,
        name="ementor",
        concurrency=runners,
        install_signal_handlers=False,
        delete_jobs="successful",
        fetch_job_polling_interval=POLL_SECONDS,
        update_heartbeat_interval=BEAT_SECONDS,
        stalled_worker_timeout=DEAD_AFTER.total_seconds(),
    )


def _side_tasks(app: Flask, jobs: App) -> list[Any]:
    async def tick() -> None:
        queued = await asyncio.to_thread(_queue_and_take_over, app)
        await rescue(jobs)
        if queued:
            hours = int(KEPT_FOR.total_seconds() // 3600)
            await jobs.job_manager.delete_old_jobs(nb_hours=hours, include_failed=True)

    tasks = [_every(TICK_SECONDS, tick)]
    if services_of(app).settings.demo_clock:
        watch = ClockWatch(app)

        async def look() -> None:
            await asyncio.to_thread(watch.look)

        tasks.append(_every(CLOCK_WATCH_SECONDS, look))
    return tasks


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("the worker could not look for work")
        await asyncio.sleep(seconds)


def _queue_and_take_over(app: Flask) -> int:
    queued = queue_due_slots(app)
    queue_rested(app)
    with app.app_context():
        now = real_now(app)
        requeue_dead(now)
        take_over_rows(ProcrastinateQueue(), now)
        db.session.remove()
    return queued


async def rescue(jobs: App) -> int:
    """Queue again what workers without a sign of life were running, or give up on it; how many jobs."""
    manager, found = jobs.job_manager, 0
    async with jobs.connector.pool.connection() as connection:  # type: ignore[attr-defined]
        await connection.execute(_RESCUE)
        await connection.execute(_MISTRUST, (DEAD_AFTER.total_seconds(),))
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER.total_seconds()):
            if job.attempts + 1 >= MAX_ATTEMPTS:
                await manager.finish_job(job, Status.FAILED, delete_job=False)
            else:
                await _give_back(jobs, job)
            found += 1
    return found


async def _give_back(jobs: App, job: Job) -> None:
    try:
        await jobs.job_manager.retry_job(job, retry_at=_AT_ONCE)
    except UniqueViolation:  # its repetition waits already
        await jobs.job_manager.finish_job(job, Status.FAILED, delete_job=False)


async def _end(
    app: Flask, jobs: App, worker: Worker, running: asyncio.Task[None], runner: Runner, grace_seconds: float
) -> bool:
    """Wait for the jobs under way, with signs of life; then give back those that have not ended, if any."""
    deadline = time.monotonic() + grace_seconds
    while not running.done() and (left := deadline - time.monotonic()) > 0:
        if worker.worker_id is not None:
            await jobs.job_manager.update_heartbeat(worker.worker_id)
        await asyncio.wait({running}, timeout=min(left, BEAT_SECONDS))
    if running.done():
        await jobs.close_async()
        return True
    left_over = runner.list_under_way()
    await asyncio.to_thread(_abandon, app, left_over)
    for job in left_over:
        await _give_back(jobs, job)
    return False


def _abandon(app: Flask, left_over: list[Job]) -> None:
    named = (job.task_kwargs.get("context_id") for job in left_over)
    courses = {course for course in named if isinstance(course, int)}
    with app.app_context():
        abandon_syncs(courses, real_now(app))
        db.session.remove()
