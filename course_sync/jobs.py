"""Jobs: plain functions by name, and the rows that say which are to run. Whoever claims a row runs it, alone.

Claims are single statements, so that they hold between processes on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, delete, exists, inspect, or_, select, update
from sqlalchemy.orm import aliased

from course_sync.bulk import insert_new
from course_sync.database import db
from course_sync.errors import CourseSyncError
from course_sync.models import JobRun

F = TypeVar("F", bound=Callable[..., Any])

DEAD_AFTER = timedelta(minutes=5)
"""A job that runs longer may be queued again, because its worker may have been killed. Should it be alive,
no harm is done: jobs may be repeated, and a sync keeps a second one of its course away by itself."""
KEPT_FOR = timedelta(days=7)
"""Claimed slots may be forgotten once no worker can ask for them again."""

_ERROR_LENGTH = 2000
_AGAIN = "#again"
"""Ending of the slot that repeats a key which is running."""


class JobError(CourseSyncError):
    """A job is registered twice or asked for with arguments that are not JSON."""


@dataclass(frozen=True)
class Job:
    """A function the worker can run; `every_minutes` None = only when it is queued."""

    name: str
    run: Callable[..., Any]
    every_minutes: int | None


_registry: dict[str, Job] = {}


def job(name: str, every_minutes: int | None = None) -> Callable[[F], F]:
    """Register a function that takes JSON values by keyword. Raises JobError for a name taken by another."""

    def register(function: F) -> F:
        known = _registry.get(name)
        if known and (known.run.__module__, known.run.__qualname__) != (
            function.__module__,
            function.__qualname__,
        ):
            raise JobError(f"two jobs are called {name}")
        _registry[name] = Job(name, function, every_minutes)
        return function

    return register


def registry() -> Mapping[str, Job]:
    """All registered jobs by name."""
    return MappingProxyType(_registry)


def enqueue(name: str, arguments: dict[str, Any], key: str, now: datetime, *, again: bool = False) -> bool:
    """Queue a job unless the same key is queued or running already; then False. Commits.

    With `again`, a running one does not count: the job runs once more after it. For news that a run which
    has started may have missed.
    """
    try:
        json.dumps(arguments)
    except TypeError as problem:
        raise JobError(f"the arguments of {name} are not JSON: {problem}") from None
    _bury_dead(now)
    slots = (key, key + _AGAIN)
    rows = db.session.execute(
        select(JobRun.slot, JobRun.state).where(JobRun.name == name, JobRun.slot.in_(slots))
    )
    states: dict[str, str] = {row.slot: row.state for row in rows}
    busy = [slot for slot in slots if states.get(slot) == "running"]
    if "queued" in states.values() or (busy and not again):
        db.session.commit()
        return False
    free = next(slot for slot in slots if slot not in busy)
    queued = _queue(name, free, arguments, now)
    db.session.commit()
    return queued


def _queue(name: str, slot: str, arguments: dict[str, Any], now: datetime) -> bool:
    """Put one slot into the queue, new or used before; False if another process was first."""
    row = {"name": name, "slot": slot, "arguments": arguments, "state": "queued", "queued_at": now}
    if insert_new(JobRun, [row]):
        return True
    ended = (JobRun.name == name, JobRun.slot == slot, JobRun.state.in_(("done", "failed")))
    fresh = {"started_at": None, "finished_at": None, "error": None}
    return bool(_change(update(JobRun).where(*ended).values(row | fresh)))


def claim_slot(name: str, slot: str, now: datetime) -> JobRun | None:
    """Claim one slot of a scheduled job; None if another worker has it. Commits."""
    row = {
        "name": name,
        "slot": slot,
        "arguments": {},
        "state": "running",
        "queued_at": now,
        "started_at": now,
    }
    claimed = insert_new(JobRun, [row])
    db.session.commit()
    if not claimed:
        return None
    return db.session.scalars(select(JobRun).where(JobRun.name == name, JobRun.slot == slot)).one()


def claim_next(now: datetime) -> JobRun | None:
    """Claim the job that has waited longest; None when nothing can start. Commits."""
    waiting = (
        select(JobRun.id)
        .where(JobRun.state == "queued", ~_twin_is_running())
        .order_by(JobRun.queued_at, JobRun.id)
        .limit(1)
    )
    while (job_id := db.session.scalars(waiting).one_or_none()) is not None:
        mine = update(JobRun).where(JobRun.id == job_id, JobRun.state == "queued", ~_twin_is_running())
        claimed = _change(mine.values(state="running", started_at=now))
        db.session.commit()
        if claimed:
            return db.session.get(JobRun, job_id, populate_existing=True)
    db.session.rollback()
    return None


def finish(job_run: JobRun, error: str | None = None, *, now: datetime) -> None:
    """Record how a claimed job ended, and forget claims that are too old. Commits."""
    # The identity survives a rollback or a closed session inside the job; attributes may not.
    (job_id,) = inspect(job_run).identity or (None,)
    ended = {
        "state": "failed" if error else "done",
        "finished_at": now,
        "error": error[:_ERROR_LENGTH] if error else None,
    }
    _change(update(JobRun).where(JobRun.id == job_id, JobRun.state == "running").values(ended))
    db.session.execute(
        delete(JobRun).where(JobRun.state.in_(("done", "failed")), JobRun.queued_at < now - KEPT_FOR),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()


def abandon(job_ids: Collection[int] | None, *, why: str, now: datetime) -> int:
    """Record running jobs as failed: these, or all where nobody else can be running any (None). Commits."""
    running = update(JobRun).where(JobRun.state == "running")
    if job_ids is not None:
        running = running.where(JobRun.id.in_(job_ids))
    abandoned = _change(running.values(state="failed", finished_at=now, error=why))
    db.session.commit()
    return abandoned


def _twin_is_running() -> Any:
    """A key and its repetition never run at the same time."""
    twin = aliased(JobRun)
    same = or_(JobRun.slot == twin.slot + _AGAIN, twin.slot == JobRun.slot + _AGAIN)
    return exists().where(twin.name == JobRun.name, twin.state == "running", same)


def _bury_dead(now: datetime) -> None:
    dead = (JobRun.state == "running", JobRun.started_at < now - DEAD_AFTER)
    _change(update(JobRun).where(*dead).values(state="failed", finished_at=now, error="the worker stopped"))


def _change(statement: Any) -> int:
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount
