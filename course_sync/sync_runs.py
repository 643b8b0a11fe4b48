"""The row of one running pull: begun once per context, beating while alive, finished with what happened.

At most one run per context: a unique index decides, and a run without a sign of life may be taken over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from course_sync.bulk import change_rows, insert_new
from course_sync.database import db, table_of
from course_sync.errors import PlatformError, SyncBusy
from course_sync.models import SyncRun

DEAD_AFTER = timedelta(minutes=2)
WATCH_SECONDS = 3.0
"""A run that looks dead is watched so long for a sign of life: its clock or ours may have been set."""
KEPT_FOR = timedelta(days=30)
"""History of runs; the facts themselves carry their own times."""
RUN_LIMIT = timedelta(minutes=30)
"""A run that lasts longer stops between two calls; the next one goes on with what was not read."""
CUT_OFF = [{"kind": "run", "source": "", "code": "cut_off", "detail": ""}]
"""Errors of a run that somebody else closed."""
CANCELLED = "cancelled"
TOO_LONG = "run_too_long"
"""Codes of why a run stopped early."""
STEPS = ("roster", "structure", "submissions", "grades", "posts", "completion", "extensions")
"""What a run reads, in this order."""
_BEAT_EVERY_SECONDS = 1.0
"""Also how soon a run notices that somebody closed it or asked it to stop."""


@dataclass(frozen=True)
class SyncProblem:
    """Something that could not be read: kind of fact, source, stable code, the platform's own words."""

    kind: str
    source: str
    code: str
    detail: str


@dataclass(frozen=True)
class Pulse:
    """How time passes for a run: the time of day, which may be set meanwhile, and seconds that only grow."""

    real_now: Callable[[], datetime]
    steady_seconds: Callable[[], float]


@dataclass(frozen=True)
class Watcher:
    """Who follows a run from outside: hears of progress and steps, and may ask it to stop."""

    on_progress: Callable[[int, int], None] | None = None
    on_step: Callable[[str], None] | None = None
    wants_to_stop: Callable[[], bool] | None = None


@dataclass
class RunKeeper:
    """Progress and problems of one running pull. Every method that writes also commits."""

    run_id: int
    context_id: int
    as_of: datetime
    """`now` of the run."""
    pulse: Pulse
    watcher: Watcher = Watcher()
    on_beat: Callable[[], int] = lambda: 0
    """Called with each sign of life; gives the requests sent so far."""
    step: str = ""
    """One of STEPS; "" = not begun."""
    steps_done: int = 0
    steps_total: int = 0
    rows_changed: int = 0
    problems: list[SyncProblem] = field(default_factory=list)
    stopped: str = ""
    """Why the run stops early: CANCELLED | TOO_LONG; "" = it does not."""
    _started: float = field(init=False)
    _beaten: float = field(init=False)

    def __post_init__(self) -> None:
        self._started = self._beaten = self.pulse.steady_seconds()

    def begin_step(self, step: str) -> None:
        """From here on this kind of fact is being read (STEPS)."""
        self.step = step
        self.beat(force=True)
        if self.watcher.on_step:
            self.watcher.on_step(step)

    def must_stop(self) -> bool:
        """Whether no further call is to be made: somebody asked for that, or the run has lasted too long."""
        wants_to_stop = self.watcher.wants_to_stop
        if not self.stopped and wants_to_stop and wants_to_stop():
            self.stopped = CANCELLED
        if not self.stopped and self.pulse.steady_seconds() - self._started >= RUN_LIMIT.total_seconds():
            self.stopped = TOO_LONG
        return bool(self.stopped)

    def stop_error(self) -> PlatformError | None:
        """Why what was left out was not read; None while the run goes on."""
        if not self.stopped:
            return None
        minutes = int(RUN_LIMIT.total_seconds() // 60)
        detail = f"stopped after {minutes} minutes" if self.stopped == TOO_LONG else "stopped by somebody"
        return PlatformError(detail, code=self.stopped)

    def expect(self, steps: int) -> None:
        """So many more steps are ahead; who looks on learns it with the next sign of life."""
        self.steps_total += steps
        self.beat()

    def advance(self, steps: int = 1) -> None:
        """So many steps are behind."""
        self.steps_done += steps
        self.beat()
        if self.watcher.on_progress:
            self.watcher.on_progress(self.steps_done, self.steps_total)

    def note(self, kind: str, source: str, error: Exception) -> None:
        """Remember a problem, once per kind, source and code."""
        code = error.code if isinstance(error, PlatformError) else "internal"
        detail = error.detail if isinstance(error, PlatformError) else type(error).__name__
        seen = {(problem.kind, problem.source, problem.code) for problem in self.problems}
        if (kind, source, code) not in seen:
            self.problems.append(SyncProblem(kind, source, code, detail))

    def beat(self, *, force: bool = False) -> None:
        """Sign of life with the state so far, at most once a second. Raises SyncBusy if taken over."""
        # Seconds that only grow: a clock that is set back must not silence a run that is alive.
        steady = self.pulse.steady_seconds()
        if not force and steady - self._beaten < _BEAT_EVERY_SECONDS:
            return
        self._beaten = steady
        self._write(beat_at=self.pulse.real_now(), requests=self.on_beat())
        db.session.commit()

    def finish(self, state: str, requests: int, learners_read: int = 0) -> None:
        """Close the run as done | partial | failed | cancelled, and drop history that is too old."""
        now = self.pulse.real_now()
        # "At most one run" is about running ones: a run that was taken over has nothing left to close.
        counts = {"requests": requests, "learners_read": learners_read}
        self._write(state=state, beat_at=now, finished_at=now, errors=self._problem_rows(), **counts)
        change_rows(_ENDED_BEFORE, {"of_context": self.context_id, "moment": now - KEPT_FOR})
        db.session.commit()

    def _problem_rows(self) -> list[dict[str, str]]:
        return [dict(vars(problem)) for problem in self.problems]

    def _write(self, **values: Any) -> None:
        values |= {"steps_done": self.steps_done, "steps_total": self.steps_total}
        values |= {"rows_changed": self.rows_changed, "step": self.step}
        asked = db.session.execute(_WHILE_RUNNING, {"run_id": self.run_id, **values}).all()
        if not asked:
            db.session.rollback()
            raise SyncBusy("this run was taken over by another process")
        if asked[0].cancel_asked_at and not self.stopped:
            self.stopped = CANCELLED


def begin_run(
    context_id: int,
    *,
    trigger: str,
    as_of: datetime,
    real_now: Callable[[], datetime],
    steady_seconds: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    origin: str = "",
    watcher: Watcher | None = None,
) -> RunKeeper:
    """Claim the context. Raises SyncBusy while another run of it is alive."""
    pulse = Pulse(real_now, steady_seconds)
    _free_if_dead(context_id, pulse, sleep)
    now = real_now()
    row = {"context_id": context_id, "trigger": trigger, "state": "running", "origin": origin}
    row |= {"started_at": now, "beat_at": now, "as_of": as_of, "errors": []}
    claimed = insert_new(SyncRun, [row])
    db.session.commit()
    if not claimed:
        raise SyncBusy("another process is syncing this course")
    run = db.session.execute(_RUNNING, {"of_context": context_id}).one()
    return RunKeeper(run.id, context_id, as_of, pulse, watcher or Watcher())


def ask_to_cancel(context_id: int, real_now: datetime) -> bool:
    """Ask the running pull of this context to stop between two calls; False where none runs. Commits.

    One that shows no sign of life cannot hear it and is closed at once.
    """
    mine = (SyncRun.context_id == context_id, SyncRun.state == "running")
    silent = or_(SyncRun.beat_at < real_now - DEAD_AFTER, SyncRun.beat_at > real_now + DEAD_AFTER)
    closed = change_rows(update(SyncRun).where(*mine, silent).values(state=CANCELLED, finished_at=real_now))
    asked = change_rows(update(SyncRun).where(*mine).values(cancel_asked_at=real_now))
    db.session.commit()
    return bool(closed or asked)


def _free_if_dead(context_id: int, pulse: Pulse, sleep: Callable[[float], None]) -> None:
    """Close a run whose process was killed: it looks dead by its clock and is silent while it is watched."""
    run = db.session.execute(_RUNNING, {"of_context": context_id}).one_or_none()
    db.session.commit()
    if run is None or abs(pulse.real_now() - run.beat_at) <= DEAD_AFTER:
        return
    sleep(WATCH_SECONDS)
    silent = (SyncRun.id == run.id, SyncRun.state == "running", SyncRun.beat_at == run.beat_at)
    ended = {"state": "failed", "finished_at": pulse.real_now(), "errors": CUT_OFF}
    change_rows(update(SyncRun).where(*silent).values(ended))
    db.session.commit()


# Made once: putting a statement together costs as much as running it.
_RUN = table_of(SyncRun)
_RUNNING = select(_RUN.c.id, _RUN.c.beat_at).where(
    _RUN.c.context_id == bindparam("of_context"), _RUN.c.state == "running"
)
_WHILE_RUNNING = (
    update(_RUN)
    .where(_RUN.c.id == bindparam("run_id"), _RUN.c.state == "running")
    .returning(_RUN.c.cancel_asked_at)
)
_ENDED_BEFORE = delete(_RUN).where(
    _RUN.c.context_id == bindparam("of_context"),
    _RUN.c.started_at < bindparam("moment"),
    _RUN.c.state != "running",
)
