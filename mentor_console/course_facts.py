"""From the database to the facts the rules read: one course, all its learners, a constant number of queries.

Learners only; staff never enter a cohort. Nothing is judged here: the rules live in flags/.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.look_days import find_zone_and_look_days
from course_sync.models import SOURCE_MOODLE, ActiveDay, Activity, Context, Membership, Progress
from course_sync.records import find_last_reads
from mentor_console.answers import find_absences
from mentor_console.cohort_figures import list_active_days
from mentor_console.course_breaks import list_break_moments
from mentor_console.extensions import find_course_deadlines, later_deadline
from mentor_console.flags.cohort import compute_cohort
from mentor_console.flags.facts import ActivityFacts, CohortFacts, CourseFacts, LearnerFacts, WorkFacts
from mentor_console.flags.findings import Finding, FindingFormatError, finding_from_json
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, Thresholds
from mentor_console.models import CohortReading, Flag
from mentor_console.reading_times import LearnerReading, find_read_at, read_learner
from mentor_console.steps import find_required_ids, list_activities, list_progress


@dataclass(frozen=True)
class CourseSnapshot:
    """All the rules need to know of one course at one moment."""

    course: CourseFacts
    activities: tuple[ActivityFacts, ...]
    cohort: CohortFacts
    learners: tuple[LearnerFacts, ...]
    """Everybody whose standing is learner, whatever their status."""


@dataclass(frozen=True)
class KnownLearner:
    """What was read of one member for a page, from which the rules' facts can be told again."""

    membership: Membership
    activities: Sequence[Activity]
    rows: Mapping[int, Progress]
    """By activity."""
    active_days: Sequence[date]
    by_hand: Mapping[int, datetime]
    """Deadlines given by hand, by activity."""
    reading: LearnerReading


@dataclass(frozen=True)
class LearnerSnapshot:
    """The same of one learner, without the others."""

    course: CourseFacts
    activities: tuple[ActivityFacts, ...]
    learner: LearnerFacts


@dataclass(frozen=True)
class _Members:
    """The learners of a course: a row each, what the rules found of them when they last spoke, and when."""

    rows: Sequence[Any]
    stands: Mapping[int, Sequence[Finding]]
    judged_at: datetime | None


def load_course(
    context_id: int, now: datetime, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> CourseSnapshot:
    """The facts of one course. Raises sqlalchemy's NoResultFound where there is no such course."""
    context = db.session.get_one(Context, context_id)
    rows, members = list_activities(context_id), _load_members(context_id)
    course, activities = _course_facts(context, members.judged_at), _list_activity_facts(rows)
    learners = _load_learners(context_id, rows, members, now)
    cohort = compute_cohort(course, activities, learners, thresholds, now)
    return CourseSnapshot(course, activities, cohort, learners)


def know_learner(learner: Membership, by_hand: Mapping[int, datetime]) -> KnownLearner:
    """Read what a page and the rules both need of one learner; `by_hand` are deadlines given by activity."""
    return KnownLearner(
        membership=learner,
        activities=list_activities(learner.context_id),
        rows=list_progress(learner),
        active_days=list_active_days(learner.id),
        by_hand=by_hand,
        reading=read_learner(learner, find_last_reads(learner.context_id, SOURCE_MOODLE)),
    )


def load_learner(known: KnownLearner, now: datetime) -> LearnerSnapshot | None:
    """The facts of one member of a course; None for anybody who is no learner there."""
    learner = known.membership
    if learner.standing != "learner":
        return None
    listed = {activity.id: activity for activity in known.activities}
    work = [
        _read_work(known.rows[key], listed[key], known.by_hand.get(key), known.reading)
        for key in sorted(known.rows.keys() & listed.keys())
    ]
    absences = find_absences(learner.context_id, now).get(learner.id, ())
    facts = _learner_facts(learner, work, known.active_days, absences, known.reading)
    return LearnerSnapshot(_course_facts(learner.context), _list_activity_facts(known.activities), facts)


def _course_facts(context: Context, judged_at: datetime | None = None) -> CourseFacts:
    zone, look_days = find_zone_and_look_days(context)
    return CourseFacts(
        context.id,
        context.starts_at,
        context.ends_at,
        breaks=list_break_moments(context.id, zone),
        zone=zone,
        look_days=look_days,
        judged_at=judged_at,
    )


def _list_activity_facts(activities: Sequence[Activity]) -> tuple[ActivityFacts, ...]:
    required = find_required_ids(activities)
    return tuple(_activity_facts(activity, activity.id in required) for activity in activities)


def _activity_facts(activity: Activity, required: bool) -> ActivityFacts:
    return ActivityFacts(
        activity_id=activity.id,
        name=activity.name,
        module=activity.module,
        due_at=activity.due_at,
        required=required,
        visible=activity.visible,
        accepts_submission=activity.accepts_submission,
    )


def _load_learners(
    context_id: int, activities: Sequence[Activity], members: _Members, now: datetime
) -> tuple[LearnerFacts, ...]:
    whose = _learners_of(context_id)
    absences = find_absences(context_id, now)
    days = _load_active_days(whose)
    last_reads = find_last_reads(context_id, SOURCE_MOODLE)
    readings = {row.id: read_learner(row, last_reads) for row in members.rows}
    work = _load_work(whose, activities, find_course_deadlines(context_id), readings)
    return tuple(
        _learner_facts(
            row,
            work.get(row.id, ()),
            days.get(row.id, ()),
            absences.get(row.id, ()),
            readings[row.id],
            members.stands.get(row.id, ()),
        )
        for row in members.rows
    )


def _learners_of(context_id: int) -> ColumnElement[bool]:
    return and_(Membership.context_id == context_id, Membership.standing == "learner")


def _load_members(context_id: int) -> _Members:
    """In one query: who, what stands, and the rules' last word. Flags this version cannot read are none."""
    judged_at = select(CohortReading.measured_at).where(CohortReading.context_id == context_id)
    open_flag = and_(Flag.membership_id == Membership.id, Flag.cleared_at.is_(None))
    statement = (
        select(
            Membership.id,
            Membership.status,
            Membership.enrolled_at,
            Membership.last_access_at,
            Membership.access_as_of,
            Membership.progress_as_of,
            Membership.progress_access_at,
            Membership.grades_as_of,
            Membership.completed_at,
            Flag.rule,
            Flag.level,
            Flag.kind,
            Flag.reasons,
            Flag.clears,
            judged_at.scalar_subquery().label("judged_at"),
        )
        .outerjoin(Flag, open_flag)
        .where(_learners_of(context_id))
        .order_by(Membership.id, Flag.id)
    )
    rows: dict[int, Any] = {}
    stands: dict[int, list[Finding]] = defaultdict(list)
    for row in db.session.execute(statement):
        rows[row.id] = row
        if row.rule is not None:
            with suppress(FindingFormatError):
                stands[row.id].append(finding_from_json(dict(row._mapping)))
    last = next(iter(rows.values()), None)
    return _Members(list(rows.values()), stands, last.judged_at if last else None)


# Below, a row is columns, of a whole course, or the object itself, of one learner: their names are the same.


def _learner_facts(
    row: Any,
    work: Sequence[WorkFacts],
    days: Sequence[date],
    absences: tuple[tuple[datetime, datetime], ...],
    reading: LearnerReading,
    stands: Sequence[Finding] = (),
) -> LearnerFacts:
    return LearnerFacts(
        membership_id=row.id,
        status=row.status,
        enrolled_at=row.enrolled_at,
        last_access_at=row.last_access_at,
        access_known=row.access_as_of is not None,
        visits_until=reading.visits_until,
        active_days=tuple(days),
        finished_at=row.completed_at,
        work=tuple(work),
        paused_until=max((until for _told_at, until in absences), default=None),
        absences=absences,
        work_until=reading.work_until,
        grades_read_at=row.grades_as_of,
        stands=tuple(stands),
    )


def _load_work(
    whose: ColumnElement[bool],
    activities: Sequence[Activity],
    by_hand: Mapping[int, Mapping[int, datetime]],
    readings: Mapping[int, LearnerReading],
) -> dict[int, list[WorkFacts]]:
    """Columns instead of objects: a course of 2,000 learners has 80,000 of these rows."""
    listed = {activity.id: activity for activity in activities}
    statement = (
        select(
            Progress.membership_id,
            Progress.activity_id,
            Progress.completion,
            Progress.completed_at,
            Progress.submission,
            Progress.submitted_at,
            Progress.submission_as_of,
            Progress.score_ratio,
            Progress.graded_at,
            Progress.due_at_override,
        )
        .join(Membership, Membership.id == Progress.membership_id)
        .where(whose)
        .order_by(Progress.membership_id, Progress.activity_id)
    )
    work: dict[int, list[WorkFacts]] = defaultdict(list)
    for row in db.session.execute(statement):
        entered = by_hand[row.membership_id].get(row.activity_id) if row.membership_id in by_hand else None
        activity = listed.get(row.activity_id)
        if activity is None:
            continue
        work[row.membership_id].append(_read_work(row, activity, entered, readings[row.membership_id]))
    return work


def _read_work(row: Any, activity: Activity, entered: datetime | None, reading: LearnerReading) -> WorkFacts:
    override = later_deadline(activity.due_at, row.due_at_override, entered)
    return _work_facts(row, override, find_read_at(activity, row, reading))


def _work_facts(row: Any, due_at_override: datetime | None, read_at: datetime | None) -> WorkFacts:
    return WorkFacts(
        activity_id=row.activity_id,
        completion=row.completion,
        completed_at=row.completed_at,
        # A platform may say "submitted" without saying when: then it was before we read it.
        submitted_at=(row.submitted_at or row.submission_as_of) if row.submission == "submitted" else None,
        submission_known=row.submission is not None,
        score_ratio=row.score_ratio,
        graded_at=row.graded_at,
        due_at_override=due_at_override,
        read_at=read_at,
    )


def _load_active_days(whose: ColumnElement[bool]) -> dict[int, list[date]]:
    statement = (
        select(ActiveDay.membership_id, ActiveDay.day)
        .join(Membership, Membership.id == ActiveDay.membership_id)
        .where(whose)
        .order_by(ActiveDay.membership_id, ActiveDay.day)
    )
    days: dict[int, list[date]] = defaultdict(list)
    for membership_id, day in db.session.execute(statement):
        days[membership_id].append(day)
    return days
