"""Days on which a source shows a trace of a learner. A lower bound: the platforms tell the last visit only,
so days between two looks are known only from what was completed or handed in on them.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, tzinfo

from sqlalchemy import bindparam, select

from course_sync.bulk import chunked, insert_new
from course_sync.database import db, table_of
from course_sync.models import ActiveDay

_CHUNK_MEMBERSHIPS = 200
_DAY = table_of(ActiveDay)
_DAYS = select(_DAY.c.membership_id, _DAY.c.day, _DAY.c.evidence).where(
    _DAY.c.membership_id.in_(bindparam("membership_ids", expanding=True))
)
"""Made once: putting a statement together costs more than running it."""


def local_day(moment: datetime, zone: tzinfo) -> dt.date:
    """The day of an aware moment where its organisation is."""
    return moment.astimezone(zone).date()


def record_active_days(
    days: Mapping[tuple[int, dt.date], str], source: str, today: dt.date, looks: Sequence[dt.date] = ()
) -> int:
    """Keep days by (membership id, local day) -> visit | completion | submission. How many were new.

    Days and `today` are the organisation's. The first trace of a day stays; a day after today is a mistake of
    some clock and left out. So is work on a day that `looks` (days, the earliest first, at the end of which
    everybody's last visit was read) show to be without a visit: somebody else did it, or dated it so.
    """
    wanted = {key: evidence for key, evidence in days.items() if key[1] <= today}
    new: list[dict[str, object]] = []
    for chunk in chunked(sorted({membership_id for membership_id, _day in wanted}), _CHUNK_MEMBERSHIPS):
        rows = db.session.execute(_DAYS, {"membership_ids": chunk}).all()
        known = {(row.membership_id, row.day) for row in rows}
        visits = {(row.membership_id, row.day) for row in rows if row.evidence == "visit"}
        members = set(chunk)
        new += [
            {"membership_id": key[0], "day": key[1], "evidence": evidence, "source": source}
            for key, evidence in wanted.items()
            if key[0] in members
            and key not in known
            and (evidence == "visit" or not _is_refuted(key, visits, looks))
        ]
    return insert_new(ActiveDay, new)


def _is_refuted(
    key: tuple[int, dt.date], visits: Collection[tuple[int, dt.date]], looks: Sequence[dt.date]
) -> bool:
    """Whether the first look at or after the day told of a last visit before it."""
    membership_id, day = key
    at = bisect_left(looks, day)
    if at == len(looks):
        return False
    until = (looks[at] - day).days
    return not any((membership_id, day + dt.timedelta(days=later)) in visits for later in range(until + 1))
