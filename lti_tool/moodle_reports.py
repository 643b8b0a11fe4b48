"""Which report of a Moodle sums up the participants of its courses, and what the last updates made of it.

An admin names it, on the page of a platform or on the command line; the sync reads it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Context, Membership, Platform, SyncRun
from lti_tool.audit import note_of_platform
from lti_tool.registration import RegistrationInvalid
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
    updated_at: datetime | None
    """When the newest update of a course of this platform ended, in real time; None = there was none."""
    learners: int
    """Of whom a report has told something so far."""
    problems: tuple[ReportProblem, ...]
    """Of the last update of each course, the most common first."""


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
    """From the next sync on this report is read, or none. Sums that were read stay until replaced.

    Audited; commits. Raises Conflict where no web services are connected to read it with.
    """
    if number is not None and not platform.moodle_url:
        raise Conflict("report_unconnected")
    platform.moodle_report_id = number
    note_of_platform("report_dropped" if number is None else "report_named", platform, now, actor_id)
    db.session.commit()


def find_report(platform: Platform) -> ReportPanel:
    """The report of a platform, as the last update of each of its courses left it."""
    told = select(func.count(Membership.id)).join(Membership.context)
    learners = told.where(Context.platform_id == platform.id, Membership.reported_as_of.is_not(None))
    runs = _list_newest_runs(platform.id) if platform.moodle_report_id is not None else []
    counted = Counter(
        (error["code"], error["detail"]) for run in runs for error in run.errors if error["kind"] == "report"
    )
    return ReportPanel(
        platform.moodle_report_id,
        max((run.finished_at for run in runs if run.finished_at), default=None),
        db.session.scalar(learners) or 0,
        tuple(ReportProblem(code, detail, number) for (code, detail), number in counted.most_common()),
    )


def _list_newest_runs(platform_id: int) -> list[SyncRun]:
    newest = (
        select(func.max(SyncRun.id))
        .join(Context, Context.id == SyncRun.context_id)
        .where(Context.platform_id == platform_id, SyncRun.state != "running")
        .group_by(SyncRun.context_id)
    )
    return list(db.session.scalars(select(SyncRun).where(SyncRun.id.in_(newest))))
