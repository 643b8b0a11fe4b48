"""The row of one running pull: begun once per context, beating while alive, finished with what happened.

At most one run per context: a unique index decides, and a run without a sign of life may be taken over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update

from course_sync.bulk import insert_new
from course_sync.database import db
from course_sync.errors import PlatformError, SyncBusy
from course_sync.models import SyncRun

DEAD_AFTER = timedelta(minutes=2)
KEPT_FOR = timedelta(days=30)
"""History of runs; the facts themselves carry their own times."""
RUN_LIMIT = timedelta(minutes=30)
"""A run that lasts longer stops between two calls; the next one goes on with what was not read."""
STEPS = ("roster", "structure", "submissions", "grades", "completion", "extensions")
"""What a run reads, in this order."""
_BEAT_EVERY = timedelta(seconds=1)
"""Also how soon a run notices that it was closed by somebody else."""


@dataclass(frozen=True)
class SyncProblem:
    """Something that could not be read: kind of fact, source, stable code, the platform's own words."""

    kind: str
    source: str
    code: str
    detail: str


@dataclass
class RunKeeper:
    """Progress and problems of one running pull. Every method that writes also commits."""

    run_id: int
    context_id: int
    as_of: datetime
    """`now` of the run."""
    real_now: Callable[[], datetime]
    started_at: datetime
    """Real time."""
    on_progress: Callable[[int, int], None] | None = None
    step: str = ""
    """One of STEPS; "" = not begun."""
    steps_done: int = 0
    steps_total: int = 0
    rows_changed: int = 0
    problems: list[SyncProblem] = field(default_factory=list)
    _beaten_at: datetime | None = None

    def begin_step(self, step: str) -> None:
        """From here on this kind of fact is being read (STEPS)."""
        self.step = step
        self.beat(force=True)

    def is_out_of_time(self) -> bool:
        """Whether the run has lasted as long as one may."""
        return self.real_now() - self.started_at >= RUN_LIMIT

    def expect(self, steps: int) -> None:
        """So many more steps are ahead."""
        self.steps_total += steps
        self.beat(force=True)

    def advance(self, steps: int = 1) -> None:
        """So many steps are behind."""
        self.steps_done += steps
        self.beat()
        if self.on_progress:
            self.on_progress(self.steps_done, self.steps_total)

    def note(self, kind: str, source: str, error: Exception) -> None:
        """Remember a problem, once per kind, source and code."""
        code = error.code if isinstance(error, PlatformError) else "internal"
        detail = error.detail if isinstance(error, PlatformError) else type(error).__name__
        seen = {(problem.kind, problem.source, problem.code) for problem in self.problems}
        if (kind, source, code) not in seen:
            self.problems.append(SyncProblem(kind, source, code, detail))

    def beat(self, *, force: bool = False) -> None:
        """Sign of life with the state so far, at most every few seconds. Raises SyncBusy if taken over."""
        now = self.real_now()
        if not force and self._beaten_at is not None and now - self._beaten_at < _BEAT_EVERY:
            return
        self._beaten_at = now
        self._write(beat_at=now)

    def finish(self, state: str, requests: int) -> None:
        """Close the run as done | partial | failed, and drop history that is too old."""
        now = self.real_now()
        # "At most one run" is about running ones: a run that was taken over has nothing left to close.
        self._write(state=state, beat_at=now, finished_at=now, requests=requests, errors=self._problem_rows())
        old = (SyncRun.context_id == self.context_id, SyncRun.started_at < now - KEPT_FOR)
        db.session.execute(delete(SyncRun).where(*old, SyncRun.state != "running"))
        db.session.commit()

    def _problem_rows(self) -> list[dict[str, str]]:
        return [dict(vars(problem)) for problem in self.problems]

    def _write(self, **values: Any) -> None:
        values |= {"steps_done": self.steps_done, "steps_total": self.steps_total}
        values |= {"rows_changed": self.rows_changed, "step": self.step}
        mine = (SyncRun.id == self.run_id, SyncRun.state == "running")
        if _update(update(SyncRun).where(*mine).values(values)) == 0:
            db.session.rollback()
            raise SyncBusy("this run was taken over by another process")
        db.session.commit()


def begin_run(
    context_id: int,
    *,
    trigger: str,
    as_of: datetime,
    real_now: Callable[[], datetime],
    on_progress: Callable[[int, int], None] | None = None,
) -> RunKeeper:
    """Claim the context. Raises SyncBusy while another run of it is alive."""
    now = real_now()
    dead = (
        SyncRun.context_id == context_id,
        SyncRun.state == "running",
        SyncRun.beat_at < now - DEAD_AFTER,
    )
    _update(update(SyncRun).where(*dead).values(state="failed", finished_at=now))
    claimed = insert_new(
        SyncRun,
        [
            {
                "context_id": context_id,
                "trigger": trigger,
                "state": "running",
                "started_at": now,
                "beat_at": now,
                "as_of": as_of,
                "errors": [],
            }
        ],
    )
    db.session.commit()
    if not claimed:
        raise SyncBusy("another process is syncing this course")
    running = select(SyncRun.id).where(SyncRun.context_id == context_id, SyncRun.state == "running")
    return RunKeeper(db.session.scalars(running).one(), context_id, as_of, real_now, now, on_progress)


def _update(statement: Any) -> int:
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount
