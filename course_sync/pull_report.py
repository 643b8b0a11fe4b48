"""The step of a pull that reads a report over all participants: sums for whom nothing better is known.

What a learner's own reading or the list of participants tells is never replaced by a report.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from course_sync.bulk import update_changed
from course_sync.database import db
from course_sync.errors import PlatformAnswerInvalid, PlatformError
from course_sync.facts import ReportRow, ReportRows, Roster
from course_sync.learner_cells import CellBook
from course_sync.models import SOURCE_MOODLE, Context, Membership, Platform
from course_sync.progress_records import LearnerRow, list_activities, list_learners
from course_sync.pull_tools import PullTools
from course_sync.records import REPORT, record_outcome
from course_sync.reports import match_rows
from course_sync.sources.moodle_report import Course, MoodleReport


def pull_report(tools: PullTools, report: MoodleReport, rosters: Iterable[Roster]) -> None:
    """Read the report, where it is about this course; what is wrong with it stands in the run's problems."""
    context = db.session.get_one(Context, tools.context.context_id)
    names = frozenset(name for name in (context.title, context.label) if name)
    course = Course(int(context.external_id), names)
    for _key, outcome in tools.call([("report", lambda: report.fetch_rows(course))]):
        is_told = not isinstance(outcome, PlatformError)
        _close(tools, report.report_id, _use(tools, outcome, rosters) if is_told else [outcome])


def _use(tools: PullTools, told: ReportRows, rosters: Iterable[Roster]) -> list[Exception]:
    """Keep what can be told of whom it is; what went wrong."""
    matched = match_rows(told.rows, rosters)
    _keep(tools, matched.by_person)
    problems = [told.problem] if told.problem else []
    if matched.doubtful:
        detail = f"{matched.doubtful} rows of the report fit several people or contradict each other"
        problems.append(PlatformAnswerInvalid(detail, code="report_ambiguous"))
    return problems


def _close(tools: PullTools, report_id: int, problems: Iterable[Exception]) -> None:
    """Note how the reading came out, unless another report was named meanwhile."""
    found = list(problems)
    for problem in found:
        tools.keeper.note("report", SOURCE_MOODLE, problem)
    named = select(Platform.moodle_report_id).where(Platform.id == tools.context.platform_id)
    if db.session.scalar(named.with_for_update(read=True)) == report_id:
        first = next((problem for problem in found if isinstance(problem, PlatformError)), None)
        real_now = tools.keeper.pulse.real_now()
        record_outcome(tools.context.context_id, REPORT, SOURCE_MOODLE, first, real_now)
    db.session.commit()


def _keep(tools: PullTools, rows: dict[str, ReportRow]) -> None:
    book = CellBook(list_learners(tools.context.context_id), list_activities(tools.context.context_id))
    told = tools.roster.members if tools.roster else {}
    shares, visits, ends = [], [], []
    for external_id, row in rows.items():
        learner = book.find_learner(external_id)
        if learner is None:
            continue
        shares.append({"id": learner.membership_id, "reported_share": row.share, "reported_as_of": tools.now})
        listed = told.get(external_id)
        if row.access_known and not (listed and listed.access_known):
            visits.append(_visit(learner, row, tools.now))
        if row.completed is not None and learner.progress_as_of is None:
            ended_at = (row.completed_at or learner.completed_at or tools.now) if row.completed else None
            ends.append({"id": learner.membership_id, "completed_at": ended_at})
    for changes in (shares, visits, ends):
        update_changed(Membership, changes)
    db.session.commit()
    tools.keeper.beat()


def _visit(learner: LearnerRow, row: ReportRow, now: datetime) -> dict[str, Any]:
    return {"id": learner.membership_id, "last_access_at": row.last_access_at, "access_as_of": now}
