"""Which report of a Moodle sums up the participants of its courses, and what came of reading it.

An admin names it, on the page of a platform or on the command line; the sync reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select

from course_sync.database import db
from course_sync.models import Context, Freshness, Membership, Platform, SyncRun
from course_sync.records import REPORT, forget_readings
from lti_tool.audit import note_of_platform
from lti_tool.registration import RegistrationInvalid, hold_platform
from mentor_console.errors import Conflict

LARGEST_NUMBER = 2**31 - 1
"""More than this is no number of a row in any Moodle, nor in our column."""


@dataclass(frozen=True)
class ReportProblem:
    """Something that went wrong with the report, in so many courses."""

    code: str
    detail: str
    courses: int


@dataclass(frozen=True)
class ReportPanel:
    """What the admin's page shows of the report."""

    number: int | None
    """None = no report is read."""
    read_at: datetime | None
    """When an update last tried to read it, in real time; None = none did since it was named."""
    learners: int
    """Of whom this report has told something so far; what one before it told does not count."""
    problems: tuple[ReportProblem, ...]
    """Of the last reading for each course, the most common first."""


def parse_number(typed: str) -> int:
    """The number of a report as somebody typed it. Raises RegistrationInvalid for anything else."""
    digits = typed.strip()
    if not (
        digits.isascii() and digits.isdecimal() and len(digits) <= 10 and 1 <= int(digits) <= LARGEST_NUMBER
    ):
        raise RegistrationInvalid("report: the number of a report is a whole number from 1 on")
    return int(digits)


def name_report(
    platform: Platform, number: int | None, now: datetime, *, actor_id: int | None = None
) -> None:
    """From the next sync on this report is read, or none. Sums that were read stay until replaced; what went
    wrong before says nothing of this one.

    Audited if it is new; commits. Raises Conflict where no web services are connected to read it with.
    """
    hold_platform(platform)  # of two clicks the second finds nothing to change
    if number is not None and not platform.moodle_url:
        raise Conflict("report_unconnected")
    if platform.moodle_report_id == number:
        db.session.commit()
        return
    platform.moodle_report_id = number
    db.session.flush()  # first, so that a sync that is ending notes nothing of the one before
    forget_readings(platform.id, REPORT)
    note_of_platform("report_dropped" if number is None else "report_named", platform, now, actor_id)
    db.session.commit()


def find_report(platform: Platform) -> ReportPanel:
    """The report of a platform, as the last reading for each of its courses left it."""
    readings = _list_readings(platform.id) if platform.moodle_report_id is not None else []
    counted = Counter((row.error_code, row.error_detail or "") for row in readings if row.error_code)
    return ReportPanel(
        platform.moodle_report_id,
        max((row.tried_at for row in readings if row.tried_at), default=None),
        _count_told(platform.id) if readings else 0,
        tuple(ReportProblem(code, detail, number) for (code, detail), number in counted.most_common()),
    )


def _count_told(platform_id: int) -> int:
    """Learners of whom something was told by the run that last read the report whole, or tried to, or later:
    sums of a report that was named before are older."""
    read_at = func.coalesce(Freshness.as_of, Freshness.tried_at)
    run = select(func.max(SyncRun.as_of)).where(
        SyncRun.context_id == Freshness.context_id, SyncRun.started_at <= read_at
    )
    told = (
        select(func.count(Membership.id))
        .join(Context, Context.id == Membership.context_id)
        .join(Freshness, and_(Freshness.context_id == Context.id, Freshness.kind == REPORT))
        .where(Context.platform_id == platform_id, Membership.reported_as_of >= run.scalar_subquery())
    )
    return db.session.scalar(told) or 0


def _list_readings(platform_id: int) -> Sequence[Freshness]:
    courses = select(Context.id).where(Context.platform_id == platform_id)
    statement = select(Freshness).where(Freshness.kind == REPORT, Freshness.context_id.in_(courses))
    return db.session.scalars(statement).all()
