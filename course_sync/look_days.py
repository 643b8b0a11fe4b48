"""Days at the end of which the last visits of a whole course were read. The platforms tell only the last one:
of a day that nobody looked at, "no trace" does not mean "did not come".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from course_sync.bulk import insert_new
from course_sync.database import db
from course_sync.facts import Roster
from course_sync.models import Context, LookDay, Organisation
from course_sync.roster_records import ContextRef


def tells_all_visits(roster: Roster) -> bool:
    """Whether the platform told of everybody on the list when they were last there, or that they were not."""
    return bool(roster.members) and all(member.access_known for member in roster.members.values())


def record_look(context: ContextRef, now: datetime) -> None:
    """Everybody's last visit was read at `now`. Too early in the day nothing is kept: a visit in the rest of
    it may be hidden by a later one. Does not commit."""
    local = now.astimezone(context.zone)
    if local.time() >= context.day_over:
        insert_new(LookDay, [{"context_id": context.context_id, "day": local.date()}])


def find_zone_and_look_days(context: Context) -> tuple[ZoneInfo, tuple[dt.date, ...]]:
    """Where the course's days begin and end, and all days looked at, the earliest first; in one query."""
    statement = (
        select(Organisation.time_zone, LookDay.day)
        .outerjoin(LookDay, LookDay.context_id == context.id)
        .where(Organisation.id == context.organisation_id)
        .order_by(LookDay.day)
    )
    rows = db.session.execute(statement).all()
    return ZoneInfo(rows[0].time_zone), tuple(row.day for row in rows if row.day is not None)


def find_look_days(context_ids: Collection[int], since: dt.date) -> dict[int, frozenset[dt.date]]:
    """Of several courses at once, from `since` on; a course without one is left out."""
    statement = select(LookDay.context_id, LookDay.day).where(
        LookDay.context_id.in_(context_ids), LookDay.day >= since
    )
    found: dict[int, set[dt.date]] = {}
    for context_id, day in db.session.execute(statement):
        found.setdefault(context_id, set()).add(day)
    return {context_id: frozenset(days) for context_id, days in found.items()}


def find_watched_since(context_id: int) -> dt.date | None:
    """The first day looked at; None where nobody has looked yet."""
    return db.session.scalar(select(func.min(LookDay.day)).where(LookDay.context_id == context_id))
