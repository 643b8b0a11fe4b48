"""Hosts as all workers and courses see them: counts of this minute, and hosts left alone for a while.

The thread of a running sync brings its gate up to date from here, about once a second. A host that gave no
answer several times in a row rests, longer each time; then one call tries it (a circuit breaker).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, case, or_, select, update

from course_sync.bulk import change_rows, insert_new
from course_sync.calls import PARALLEL
from course_sync.database import db, table_of
from course_sync.host_model import HostHealth
from course_sync.models import SyncRun
from course_sync.run_gate import FAILURES_TO_REST, HostTally, RunGate
from course_sync.sync_runs import DEAD_AFTER, Pulse

FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(minutes=15)
"""Shorter than the usual time between two syncs, so that a host that is back is read at the next one."""
PROBE_LEASE = timedelta(minutes=2)
"""Who tries a host that rested has so long before somebody else may."""
LONGEST_ASKED_REST = timedelta(hours=1)
"""Whatever `Retry-After` says."""
_RENEW_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Budget:
    """What all runs together may ask of one host; None = no bound of this kind."""

    at_a_time: int | None = None
    per_minute: int | None = None


NO_BOUNDS = Budget()


class HostLink:
    """Between the gate of one run and what all runs share. Used by the thread that has the database."""

    def __init__(
        self, gate: RunGate, origins: Collection[str], budget: Budget, run_id: int, pulse: Pulse
    ) -> None:
        self._gate = gate
        self._origins = sorted(origins)
        self._budget = budget
        self._run_id = run_id
        self._pulse = pulse
        self._renewed = pulse.steady_seconds()

    def begin(self, *, insist: bool) -> None:
        """Tell the gate how its hosts stand before the first call. Commits.

        A host whose rest is over is tried by whoever claims it; who insists need not wait for that.
        """
        now = self._pulse.real_now()
        if len(self._list_rows()) < len(self._origins):
            insert_new(HostHealth, [{"origin": origin} for origin in self._origins])
        for row in self._list_rows():
            free = row.open_until is None
            claimed = not free and (insist or is_over(row, now)) and _claim(row, now)
            self._gate.hear(row.origin, failures=row.failures, resting=not free and not claimed)
            if claimed:
                self._gate.probe(row.origin)
        self._grant(now)

    def renew(self, *, force: bool = False) -> int:
        """Tell the others what this run met, and the gate what they did, about once a second. Commits.

        Gives the requests sent so far.
        """
        steady = self._pulse.steady_seconds()
        if force or steady - self._renewed >= _RENEW_EVERY_SECONDS:
            self._renewed = steady
            now = self._pulse.real_now()
            for origin in self._origins:
                _record_news(origin, self._gate.take_news(origin), now)
            for row in self._list_rows():
                self._gate.hear(row.origin, failures=row.failures, resting=not is_over(row, now))
            self._grant(now)
        return self._gate.requests

    def _grant(self, now: datetime) -> None:
        """Places and requests of this minute that fall to this run."""
        allowance = None
        if self._budget.per_minute is not None:
            minute = _minute_of(now)
            counts = [row.minute_requests for row in self._list_rows() if row.minute_at == minute]
            allowance = max(0, self._budget.per_minute - max(counts, default=0))
        self._gate.renew(_places(self._budget, self._run_id, now), allowance)
        db.session.commit()

    def _list_rows(self) -> Sequence[Row[Any]]:
        return _list_rows(self._origins)


def record_answer(origin: str) -> None:
    """A host has answered somebody who did not ask through a gate: it need not rest. The caller commits."""
    statement = update(HostHealth).where(
        HostHealth.origin == origin, or_(HostHealth.failures > 0, HostHealth.open_until.is_not(None))
    )
    change_rows(statement.values(failures=0, pauses=0, open_until=None))


def rest_after(pauses: int) -> timedelta:
    """How long a host is left alone the nth time in a row (from 1): doubling, by chance a little shorter."""
    bound = min(LONGEST_REST, FIRST_REST * 2 ** min(pauses - 1, 10))
    return bound * random.uniform(0.75, 1.0)


def is_over(row: HostHealth | Row[Any], now: datetime) -> bool:
    """Whether there is no rest, or none any more. One that would last for hours is of a set clock."""
    until = row.open_until
    return until is None or not now < until <= now + LONGEST_ASKED_REST


def _record_news(origin: str, news: HostTally, now: datetime) -> None:
    values: dict[str, Any] = {}
    if news.answered:
        values |= {"failures": news.failures, "pauses": 0, "open_until": None}
    elif news.failures:
        values["failures"] = HostHealth.failures + news.failures
    if news.requests:
        minute = _minute_of(now)
        same = HostHealth.minute_at == minute
        counted = case((same, HostHealth.minute_requests + news.requests), else_=news.requests)
        values |= {"minute_at": minute, "minute_requests": counted}
    if values:
        change_rows(update(HostHealth).where(HostHealth.origin == origin).values(values))
    if news.asked_rest_seconds:
        asked = min(timedelta(seconds=news.asked_rest_seconds), LONGEST_ASKED_REST)
        change_rows(update(HostHealth).where(HostHealth.origin == origin).values(open_until=now + asked))
    elif news.failures:
        _let_rest(origin, news, now)


def _let_rest(origin: str, news: HostTally, now: datetime) -> None:
    """Leave a host alone that failed too often, or whose trial failed; once for all who notice together."""
    row = next(iter(_list_rows([origin])))
    if row.failures < FAILURES_TO_REST or (not is_over(row, now) and not news.probe_failed):
        return
    until = now + rest_after(row.pauses + 1)
    mine = (HostHealth.origin == origin, HostHealth.pauses == row.pauses)
    change_rows(update(HostHealth).where(*mine).values(open_until=until, pauses=row.pauses + 1))


def _claim(row: Row[Any], now: datetime) -> bool:
    """Be the one who tries: the others meet a host that still rests."""
    seen = (HostHealth.origin == row.origin, HostHealth.open_until == row.open_until)
    return bool(change_rows(update(HostHealth).where(*seen).values(open_until=now + PROBE_LEASE)))


def _places(budget: Budget, run_id: int, now: datetime) -> int:
    """Requests at a time that fall to this run among those that ask the same host just now."""
    if budget.at_a_time is None:
        return PARALLEL
    mine = select(SyncRun.origin).where(SyncRun.id == run_id).scalar_subquery()
    alive = (SyncRun.state == "running", SyncRun.beat_at > now - DEAD_AFTER, SyncRun.origin == mine)
    runs = list(db.session.scalars(select(SyncRun.id).where(*alive).order_by(SyncRun.id)))
    if run_id not in runs:  # a clock was set
        return 1
    share, left = divmod(budget.at_a_time, len(runs))
    return min(PARALLEL, share + (runs.index(run_id) < left))


def _minute_of(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _list_rows(origins: Collection[str]) -> Sequence[Row[Any]]:
    return db.session.execute(_HOSTS, {"origins": origins}).all()


_HOST = table_of(HostHealth)
_HOSTS = select(_HOST).where(_HOST.c.origin.in_(bindparam("origins", expanding=True)))
"""Made once: putting a statement together costs more than running it."""
