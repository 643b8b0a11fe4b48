"""Jobs as rows of `job_run`: queued, claimed by one worker, kept alive, finished, or run again by another.

Claims are single statements, so that they hold between processes on SQLite and on PostgreSQL. A worker that
is killed shows no more signs of life; what it was running is queued again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, exists, false, func, or_, select, update
from sqlalchemy.orm import aliased

from course_sync.bulk import insert_new
from course_sync.database import db
from course_sync.models import JobRun

DEAD_AFTER = timedelta(minutes=3)
"""A running job without a sign of life for so long is run by another worker. Longer than a sync's own limit
(sync_runs.DEAD_AFTER): the next run must be able to take its course over."""
MAX_ATTEMPTS = 5
"""A job that was cut off so often is taken for the reason, and recorded as failed."""
KEPT_FOR = timedelta(days=7)
"""Slots may be forgotten once no worker can ask for them again."""

_ERROR_LENGTH = 2000
_AGAIN = "#again"
"""Ending of the slot that repeats a key which is running."""


@dataclass(frozen=True)
class Claim:
    """One job that one worker runs. `queued_at` and `attempt` tell it from other claims of the same row."""

    job_id: int
    queued_at: datetime
    attempt: int
    name: str
    arguments: dict[str, Any]

    def is_this(self) -> ColumnElement[bool]:
        """Condition: the row is still running for this claim."""
        same = (JobRun.queued_at == self.queued_at) & (JobRun.attempts == self.attempt)
        return (JobRun.id == self.job_id) & (JobRun.state == "running") & same


class RowQueue:
    """Queues jobs as rows; see jobs.JobQueue."""

    def put(self, name: str, arguments: dict[str, Any], key: str, now: datetime, *, again: bool) -> bool:
        """A row for the key, or for its repetition while the key is running."""
        slots = (key, key + _AGAIN)
        rows = db.session.execute(
            select(JobRun.slot, JobRun.state).where(JobRun.name == name, JobRun.slot.in_(slots))
        )
        states: dict[str, str] = {row.slot: row.state for row in rows}
        busy = [slot for slot in slots if states.get(slot) == "running"]
        if "queued" in states.values() or (busy and not again):
            return False
        free = next(slot for slot in slots if slot not in busy)
        return _queue(name, free, arguments, now)

    def put_slot(self, name: str, slot: str, now: datetime) -> bool:
        """A row for the slot, once ever; slots too old to be asked for are forgotten."""
        if not insert_new(JobRun, [_new_row(name, slot, {}, now)]):
            return False
        forget_old(now)
        return True


def forget_old(now: datetime) -> None:
    """Drop rows that ended and are too old. The caller commits."""
    old = (JobRun.state.in_(("done", "failed")), JobRun.queued_at < now - KEPT_FOR)
    db.session.execute(delete(JobRun).where(*old), execution_options={"synchronize_session": False})


def claim_next(now: datetime) -> Claim | None:
    """Claim the job that has waited longest; None when nothing can start. Commits."""
    waiting = (
        select(JobRun.id)
        .where(JobRun.state == "queued", ~_twin_is("running"))
        .order_by(JobRun.queued_at, JobRun.id)
        .limit(1)
    )
    while (job_id := db.session.scalars(waiting).one_or_none()) is not None:
        mine = update(JobRun).where(JobRun.id == job_id, JobRun.state == "queued", ~_twin_is("running"))
        claimed = _change(
            mine.values(state="running", started_at=now, beat_at=now, attempts=JobRun.attempts + 1)
        )
        found = _find_claim(job_id) if claimed else None
        db.session.commit()
        if found:
            return found
    db.session.rollback()
    return None


def beat(claims: Collection[Claim], now: datetime) -> None:
    """Say that these are still being run. Commits."""
    for claim in claims:
        _change(update(JobRun).where(claim.is_this()).values(beat_at=now))
    db.session.commit()


def finish(claim: Claim, error: str | None = None, *, now: datetime) -> bool:
    """Record how a claimed job ended; False where the claim was lost to another worker. Commits."""
    ended = {
        "state": "failed" if error else "done",
        "finished_at": now,
        "error": error[:_ERROR_LENGTH] if error else None,
    }
    mine = _change(update(JobRun).where(claim.is_this()).values(ended))
    db.session.commit()
    return bool(mine)


def give_back(claims: Collection[Claim] | None, now: datetime) -> int:
    """Queue running jobs again: these, or all where nobody else can be running any (None). Commits."""
    mine = JobRun.state == "running"
    if claims is not None:
        mine &= or_(false(), *(claim.is_this() for claim in claims))
    given = _end_doubled(mine, now)
    # Queued anew: whoever still runs one has lost it, and to have been stopped is no fault of the job.
    fresh = {"state": "queued", "queued_at": now, "attempts": 0, "started_at": None, "beat_at": None}
    given += _change(update(JobRun).where(mine).values(fresh))
    db.session.commit()
    return given


def requeue_dead(now: datetime) -> int:
    """Queue what killed workers were running again, or give up on it; how many rows. Commits."""
    running, last_sign = JobRun.state == "running", func.coalesce(JobRun.beat_at, JobRun.started_at)
    dead = running & (last_sign < now - DEAD_AFTER)
    ahead = running & (last_sign > now + DEAD_AFTER)
    if db.session.scalars(select(JobRun.id).where(dead | ahead).limit(1)).first() is None:
        db.session.rollback()
        return 0
    # The clock was set back: from now on whoever is alive shows it, and whoever is not is found as ever.
    _change(update(JobRun).where(ahead).values(beat_at=now))
    changed = _end_doubled(dead, now)
    hopeless = update(JobRun).where(dead, JobRun.attempts >= MAX_ATTEMPTS)
    changed += _change(hopeless.values(state="failed", finished_at=now, error="its workers were killed"))
    changed += _change(update(JobRun).where(dead).values(state="queued", started_at=None, beat_at=None))
    db.session.commit()
    return changed


def _end_doubled(cut_off: ColumnElement[bool], now: datetime) -> int:
    """Jobs that were cut off while their repetition waits are not needed any more."""
    doubled = update(JobRun).where(cut_off, _twin_is("queued"))
    return _change(doubled.values(state="failed", finished_at=now, error="cut off; its repetition waits"))


def list_queued() -> list[tuple[int, str, str, dict[str, Any]]]:
    """(id, name, key, arguments) of what waits, the oldest first; the key without its repetition's ending."""
    statement = (
        select(JobRun.id, JobRun.name, JobRun.slot, JobRun.arguments)
        .where(JobRun.state == "queued")
        .order_by(JobRun.queued_at, JobRun.id)
    )
    return [(row[0], row[1], row[2].removesuffix(_AGAIN), row[3]) for row in db.session.execute(statement)]


def pass_on(job_id: int, now: datetime) -> bool:
    """Close a queued row because another queue has its job; False where it waits no more. No commit."""
    waiting = update(JobRun).where(JobRun.id == job_id, JobRun.state == "queued")
    return bool(_change(waiting.values(state="done", finished_at=now)))


def _new_row(name: str, slot: str, arguments: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {"name": name, "slot": slot, "arguments": arguments, "state": "queued", "queued_at": now}


def _queue(name: str, slot: str, arguments: dict[str, Any], now: datetime) -> bool:
    """Put one slot into the queue, new or used before; False if another process was first."""
    row = _new_row(name, slot, arguments, now)
    if insert_new(JobRun, [row]):
        return True
    ended = (JobRun.name == name, JobRun.slot == slot, JobRun.state.in_(("done", "failed")))
    fresh = {"started_at": None, "beat_at": None, "finished_at": None, "error": None, "attempts": 0}
    return bool(_change(update(JobRun).where(*ended).values(row | fresh)))


def _find_claim(job_id: int) -> Claim:
    columns = (JobRun.id, JobRun.queued_at, JobRun.attempts, JobRun.name, JobRun.arguments)
    row = db.session.execute(select(*columns).where(JobRun.id == job_id)).one()
    return Claim(row[0], row[1], row[2], row[3], dict(row[4] or {}))


def _twin_is(state: str) -> Any:
    """A key and its repetition never run at the same time, and never wait at the same time."""
    twin = aliased(JobRun)
    same = or_(JobRun.slot == twin.slot + _AGAIN, twin.slot == JobRun.slot + _AGAIN)
    return exists().where(twin.name == JobRun.name, twin.state == state, same)


def _change(statement: Any) -> int:
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount
