"""Courses whose last update met a host at rest: which of them may be tried again now, and how many at once.

Found in what is kept anyway: freshness names the courses, and the newest run of each says whether it was a
second try already. Writes nothing.
"""

from __future__ import annotations

import zlib
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import func, select

from course_sync.course_hosts import list_hosts, main_host
from course_sync.database import db
from course_sync.host_model import HostHealth
from course_sync.host_watch import is_over
from course_sync.models import ACTIVE, Context, Freshness, Platform, SyncRun
from course_sync.run_gate import RESTING

AFTER_REST = "rest"
"""Trigger of a second try. If that meets a host at rest again, the course waits for the schedule."""
AT_ONCE = 2
"""Second tries that wait or run at one time at a host that answers again; one until it has answered."""
SPREAD = timedelta(seconds=45)
"""Courses come by chance this much later than the end of a rest, so that tools never come all at once."""


def list_rested(real_now: datetime) -> list[int]:
    """Ids of the courses to try again now, those that have waited longest first."""
    hosts = {row.origin: row for row in db.session.scalars(select(HostHealth))}
    under_way = _count_under_way()
    chosen = []
    for context, run in _list_waiting():
        asked = [hosts[name] for name in list_hosts(context) if name in hosts]
        if not all(_is_ready(host, run.id, real_now) for host in asked):
            continue
        main = main_host(context)
        answers = all(host.open_until is None for host in asked)
        if under_way[main] < (AT_ONCE if answers else 1):
            under_way[main] += 1
            chosen.append(context.id)
    return chosen


def _list_waiting() -> list[tuple[Context, SyncRun]]:
    """Courses of active platforms, with their newest run where that met a rest and was no second try."""
    met = select(Freshness.context_id).where(Freshness.error_code == RESTING)
    newest = select(func.max(SyncRun.id)).where(SyncRun.context_id.in_(met)).group_by(SyncRun.context_id)
    statement = (
        select(Context, SyncRun)
        .join(SyncRun, SyncRun.context_id == Context.id)
        .join(Platform, Platform.id == Context.platform_id)
        .where(
            SyncRun.id.in_(newest),
            SyncRun.state.in_(("failed", "partial")),
            SyncRun.trigger != AFTER_REST,
            Platform.status == ACTIVE,
        )
        .order_by(SyncRun.finished_at, SyncRun.id)
    )
    rows = [(context, run) for context, run in db.session.execute(statement)]
    return [(context, run) for context, run in rows if any(row["code"] == RESTING for row in run.errors)]


def _count_under_way() -> Counter[str]:
    """Second tries that are running, by host."""
    running = (SyncRun.state == "running", SyncRun.trigger == AFTER_REST)
    statement = select(SyncRun.origin, func.count()).where(*running).group_by(SyncRun.origin)
    return Counter({origin: number for origin, number in db.session.execute(statement)})


def _is_ready(host: HostHealth, run_id: int, real_now: datetime) -> bool:
    """Whether a host may be asked for this run's course again. Who has answered since need not be spared."""
    if host.open_until is None or not is_over(host, real_now):
        return host.open_until is None
    wait = SPREAD * (zlib.crc32(str(run_id).encode()) % 1000) / 1000
    # Not a plain comparison: a rest that ends far ahead is of a clock that was set back.
    return not timedelta() <= real_now - host.open_until < wait
