"""The newest syncs of a course, as its trainers, e-mentors and admins read them: when, by what, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import SyncRun
from mentor_console.freshness_lines import MissingFact

SHOWN_RUNS = 20


@dataclass(frozen=True)
class RunLine:
    """One sync that has ended."""

    as_of: datetime
    """When it ran, on the console's clock."""
    trigger: str
    state: str
    """done | partial | failed | cancelled."""
    seconds: int | None
    """How long it took; None = nobody knows."""
    requests: int
    learners_read: int
    rows_changed: int
    problems: tuple[MissingFact, ...]
    """What it could not read; kind "run" = the whole of it."""


def list_runs(context_id: int) -> tuple[RunLine, ...]:
    """The newest syncs of a course that have ended, newest first."""
    ended = select(SyncRun).where(SyncRun.context_id == context_id, SyncRun.state != "running")
    newest = ended.order_by(SyncRun.started_at.desc(), SyncRun.id.desc()).limit(SHOWN_RUNS)
    return tuple(_line(run) for run in db.session.scalars(newest))


def is_stopping(context_id: int) -> bool:
    """Whether the sync that runs was asked to stop and has not done so yet."""
    statement = select(SyncRun.id).where(
        SyncRun.context_id == context_id, SyncRun.state == "running", SyncRun.cancel_asked_at.is_not(None)
    )
    return db.session.scalars(statement).first() is not None


def _line(run: SyncRun) -> RunLine:
    ended_at = run.finished_at
    return RunLine(
        as_of=run.as_of,
        trigger=run.trigger,
        state=run.state,
        # A clock that was set back in between would give less than nothing.
        seconds=max(0, round((ended_at - run.started_at).total_seconds())) if ended_at else None,
        requests=run.requests,
        learners_read=run.learners_read,
        rows_changed=run.rows_changed,
        problems=tuple(_problem(error) for error in run.errors),
    )


def _problem(error: dict[str, str]) -> MissingFact:
    return MissingFact(error["kind"], error["code"], None, error["source"], error["detail"])
