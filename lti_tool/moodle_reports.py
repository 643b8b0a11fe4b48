"""Which report of a Moodle sums up the participants of its courses: an admin names it, the sync reads it."""

from __future__ import annotations

from course_sync.database import db
from course_sync.models import Platform


def name_report(platform: Platform, report_id: int | None) -> None:
    """From the next sync on this report is read, or none. Sums that were read stay until replaced."""
    platform.moodle_report_id = report_id
    db.session.commit()
