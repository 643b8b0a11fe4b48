"""Days at the end of which the last visits of a whole course were read. The platforms tell only the last one:
of a day that nobody looked at, "no trace" does not mean "did not come".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select

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


def list_look_days(context_id: int) -> tuple[dt.date, ...]:
    """All days looked at, the earliest first."""
    statement = select(LookDay.day).where(LookDay.context_id == context_id).order_by(LookDay.day)
    return tuple(db.session.scalars(statement))


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


def find_zone_and_looks_since(
    contexts: Collection[Context], since: dt.date
) -> tuple[ZoneInfo, dict[int, frozenset[dt.date]]]:
    """The same for several courses of one organisation, by course, from `since` on."""
    ids = [context.id for context in contexts]
    statement = (
        select(Organisation.time_zone, LookDay.context_id, LookDay.day)
        .outerjoin(LookDay, and_(LookDay.context_id.in_(ids), LookDay.day >= since))
        .where(Organisation.id == next(iter(contexts)).organisation_id)
    )
    rows = db.session.execute(statement).all()
    looks = {key: frozenset(row.day for row in rows if row.context_id == key) for key in ids}
    return ZoneInfo(rows[0].time_zone), looks
