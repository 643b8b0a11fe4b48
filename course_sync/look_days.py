"""Days on which the last visits of a whole course were read: the platforms tell only the last one, so of a
day that nobody looked at, "no trace" does not mean "did not come".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import func, select

from course_sync.bulk import insert_new
from course_sync.database import db
from course_sync.facts import Roster
from course_sync.models import LookDay


def tells_all_visits(roster: Roster) -> bool:
    """Whether the platform told of everybody on the list when they were last there, or that they never were."""
    return bool(roster.members) and all(member.access_known for member in roster.members.values())


def record_look_day(context_id: int, day: dt.date) -> None:
    """Everybody's last visit was read on this day, in the organisation's zone. Does not commit."""
    insert_new(LookDay, [{"context_id": context_id, "day": day}])


def list_look_days(context_id: int, until: dt.date) -> tuple[dt.date, ...]:
    """The days up to `until`, the earliest first."""
    statement = select(LookDay.day).where(LookDay.context_id == context_id, LookDay.day <= until)
    return tuple(db.session.scalars(statement.order_by(LookDay.day)))


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
