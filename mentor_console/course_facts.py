"""From the database to the facts the rules read: one course, all its learners, a constant number of queries.

Learners only; staff never enter a cohort. Nothing is judged here: the rules live in flags/.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, Thresholds
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
    visits_read_at: datetime | None
    """When visits in the course were last read."""


@dataclass(frozen=True)
class LearnerSnapshot:
    """The same of one learner, without the others."""

    course: CourseFacts
    activities: tuple[ActivityFacts, ...]
    learner: LearnerFacts


def load_course(
    context_id: int, now: datetime, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> CourseSnapshot:
    """The facts of one course. Raises sqlalchemy's NoResultFound where there is no such course."""
    context = db.session.get_one(Context, context_id)
    course, rows = _course_facts(context), list_activities(context_id)
    activities = _list_activity_facts(rows)
    learners = _load_learners(context_id, rows, now)
    cohort = compute_cohort(course, activities, learners, thresholds, now)
    return CourseSnapshot(course, activities, cohort, learners)


def know_learner(learner: Membership, by_hand: Mapping[int, datetime]) -> KnownLearner:
    """Read what a page and the rules both need of one learner; `by_hand` are deadlines given by activity."""
    read_at = find_last_reads(learner.context_id, SOURCE_MOODLE)
    return KnownLearner(
        membership=learner,
        activities=list_activities(learner.context_id),
        rows=list_progress(learner),
        active_days=list_active_days(learner.id),
        by_hand=by_hand,
        reading=read_learner(learner, read_at.get("extensions")),
        visits_read_at=read_at.get("access"),
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
    facts = _learner_facts(learner, work, known.active_days, absences, known.visits_read_at)
    return LearnerSnapshot(_course_facts(learner.context), _list_activity_facts(known.activities), facts)


def _course_facts(context: Context) -> CourseFacts:
    zone, look_days = find_zone_and_look_days(context)
    return CourseFacts(
        context.id,
        context.starts_at,
        context.ends_at,
        breaks=list_break_moments(context.id, zone),
        zone=zone,
        look_days=look_days,
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
    context_id: int, activities: Sequence[Activity], now: datetime
) -> tuple[LearnerFacts, ...]:
    whose = and_(Membership.context_id == context_id, Membership.standing == "learner")
    absences = find_absences(context_id, now)
    days = _load_active_days(whose)
    statement = (
        select(
            Membership.id,
            Membership.status,
            Membership.enrolled_at,
            Membership.last_access_at,
            Membership.access_as_of,
            Membership.progress_as_of,
            Membership.progress_access_at,
            Membership.completed_at,
        )
        .where(whose)
        .order_by(Membership.id)
    )
    rows = db.session.execute(statement).all()
    read_at = find_last_reads(context_id, SOURCE_MOODLE)
    settled_at = read_at.get("extensions")
    work = _load_work(
        whose,
        activities,
        find_course_deadlines(context_id),
        {row.id: read_learner(row, settled_at) for row in rows},
    )
    return tuple(
        _learner_facts(
            row,
            work.get(row.id, ()),
            days.get(row.id, ()),
            absences.get(row.id, ()),
            read_at.get("access"),
        )
        for row in rows
    )


# Below, a row is columns, of a whole course, or the object itself, of one learner: their names are the same.


def _learner_facts(
    row: Any,
    work: Sequence[WorkFacts],
    days: Sequence[date],
    absences: tuple[tuple[datetime, datetime], ...],
    visits_read_at: datetime | None,
) -> LearnerFacts:
    as_of = row.access_as_of
    is_read_earlier = as_of is not None and visits_read_at is not None and as_of < visits_read_at
    return LearnerFacts(
        membership_id=row.id,
        status=row.status,
        enrolled_at=row.enrolled_at,
        last_access_at=row.last_access_at,
        access_known=as_of is not None,
        visits_until=as_of if is_read_earlier else None,
        active_days=tuple(days),
        finished_at=row.completed_at,
        work=tuple(work),
        paused_until=max((until for _told_at, until in absences), default=None),
        absences=absences,
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
