"""`ementor worker` as a process, with two jobs of a test and short times, forked from one that is warm.

`note` writes a number once, however often it runs; `tick` is due each second. Both write down each beginning.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy import text

from course_sync import job_rows, jobs
from course_sync.database import db
from lti_tool import cli, schedule, worker

DEAD_AFTER = timedelta(seconds=4)
"""Longer than a busy machine leaves a living process without its turn."""
WORK_SECONDS = 0.1
TABLES = (
    "CREATE TABLE effect (number integer PRIMARY KEY)",
    "CREATE TABLE beginning (name text, number integer, process integer)",
)


def note(number: int) -> None:
    """The effect of a job, which may be repeated."""
    _begin("note", number)
    time.sleep(WORK_SECONDS)
    db.session.execute(text("INSERT INTO effect VALUES (:n) ON CONFLICT DO NOTHING"), {"n": number})
    db.session.commit()


def tick() -> None:
    """A scheduled job."""
    _begin("tick", 0)


def _begin(name: str, number: int) -> None:
    row = {"name": name, "number": number, "process": os.getpid()}
    db.session.execute(text("INSERT INTO beginning VALUES (:name, :number, :process)"), row)
    db.session.commit()


def _each_second(now: datetime, _minutes: int) -> str:
    return now.replace(microsecond=0).isoformat()


def _shorten(module: Any, **times: Any) -> None:
    for name, value in times.items():
        assert hasattr(module, name), name
        setattr(module, name, value)


def start(environ: dict[str, str], log: Path) -> BaseProcess:
    """A worker of its own; what it says is added to the log."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "lti_tool.procrastinate_worker"])
    process = context.Process(target=_run, args=(environ, str(log)), daemon=True)
    process.start()
    return process


def _run(environ: dict[str, str], log: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environ)
    jobs._registry.clear()
    jobs.job("note")(note)
    jobs.job("tick", every_minutes=1)(tick)
    _shorten(schedule, slot_of=_each_second)
    _shorten(job_rows, DEAD_AFTER=DEAD_AFTER)
    _shorten(worker, POLL_SECONDS=0.1, SLOT_CHECK_SECONDS=0.2, BEAT_SECONDS=0.3)
    if environ["EMENTOR_JOBS"] == "procrastinate":
        from lti_tool import procrastinate_worker

        quick = {"DEAD_AFTER": DEAD_AFTER, "BEAT_SECONDS": 0.3, "TICK_SECONDS": 0.2, "POLL_SECONDS": 0.3}
        _shorten(procrastinate_worker, **quick)
    cli.main(["worker", "--grace", "5"])
