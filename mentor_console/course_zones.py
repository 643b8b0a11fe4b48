"""The time zone days are counted in: the organisation's, for its rules, sentences and charts alike.

Who reads a page may live elsewhere; hours are theirs (moments.py), but a number of days has to be the same
for everybody who checks it.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from course_sync.database import db
from course_sync.models import Context, Organisation


def zone_of_organisation(organisation_id: int) -> ZoneInfo:
    """Raises sqlalchemy's NoResultFound where there is no such organisation."""
    return ZoneInfo(db.session.get_one(Organisation, organisation_id).time_zone)


def zone_of_course(context_id: int) -> ZoneInfo:
    """Raises sqlalchemy's NoResultFound where there is no such course."""
    return zone_of_organisation(db.session.get_one(Context, context_id).organisation_id)
