"""From the database to the facts the rules read: one course, all its learners, a constant number of queries.

Learners only; staff never enter a cohort. Nothing is judged here: the rules live in flags/.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, select

from course_sync.database import db
from course_sync.models import ActiveDay, Activity, Context, Membership, Progress
from mentor_console.answers import find_pauses
from mentor_console.course_breaks import list_break_moments
from mentor_console.extensions import find_course_deadlines, later_deadline
from mentor_console.flags.cohort import compute_cohort
from mentor_console.flags.facts import ActivityFacts, CohortFacts, CourseFacts, LearnerFacts, WorkFacts
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, Thresholds
from mentor_console.steps import find_required_ids, list_activities


@dataclass(frozen=True)
class CourseSnapshot:
    """All the rules need to know of one course at one moment."""

    course: CourseFacts
    activities: tuple[ActivityFacts, ...]
    cohort: CohortFacts
    learners: tuple[LearnerFacts, ...]
    """Everybody whose standing is learner, whatever their status."""


def load_course(
    context_id: int, now: datetime, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> CourseSnapshot:
    """The facts of one course. Raises sqlalchemy's NoResultFound where there is no such course."""
    context = db.session.get_one(Context, context_id)
    course = CourseFacts(context.id, context.starts_at, context.ends_at, list_break_moments(context_id))
    activities = _load_activities(context_id)
    learners = _load_learners(context_id, activities, now)
    cohort = compute_cohort(course, activities, learners, thresholds, now)
    return CourseSnapshot(course, activities, cohort, learners)


def _load_activities(context_id: int) -> tuple[ActivityFacts, ...]:
    activities = list_activities(context_id)
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
    context_id: int, activities: Sequence[ActivityFacts], now: datetime
) -> tuple[LearnerFacts, ...]:
    work = _load_work(context_id, activities)
    pauses = find_pauses(context_id, now)
    days = _load_active_days(context_id)
    statement = (
        select(
            Membership.id,
            Membership.status,
            Membership.enrolled_at,
            Membership.last_access_at,
            Membership.access_as_of,
            Membership.completed_at,
        )
        .where(Membership.context_id == context_id, Membership.standing == "learner")
        .order_by(Membership.id)
    )
    rows = db.session.execute(statement).all()
    return tuple(
        _learner_facts(row, work.get(row.id, ()), days.get(row.id, ()), pauses.get(row.id)) for row in rows
    )


def _learner_facts(
    row: Row, work: Sequence[WorkFacts], days: Sequence[date], paused_until: datetime | None
) -> LearnerFacts:
    return LearnerFacts(
        membership_id=row.id,
        status=row.status,
        enrolled_at=row.enrolled_at,
        last_access_at=row.last_access_at,
        access_known=row.access_as_of is not None,
        active_days=tuple(days),
        finished_at=row.completed_at,
        work=tuple(work),
        paused_until=paused_until,
    )


def _load_work(context_id: int, activities: Sequence[ActivityFacts]) -> dict[int, list[WorkFacts]]:
    """Columns instead of objects: a course of 2,000 learners has 80,000 of these rows."""
    due = {activity.activity_id: activity.due_at for activity in activities}
    by_hand = find_course_deadlines(context_id)
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
        .where(Membership.context_id == context_id, Membership.standing == "learner")
        .order_by(Progress.membership_id, Progress.activity_id)
    )
    work: dict[int, list[WorkFacts]] = defaultdict(list)
    for row in db.session.execute(statement):
        entered = by_hand[row.membership_id].get(row.activity_id) if row.membership_id in by_hand else None
        override = later_deadline(due.get(row.activity_id), row.due_at_override, entered)
        work[row.membership_id].append(_work_facts(row, override))
    return work


def _work_facts(row: Row, due_at_override: datetime | None) -> WorkFacts:
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
    )


def _load_active_days(context_id: int) -> dict[int, list[date]]:
    statement = (
        select(ActiveDay.membership_id, ActiveDay.day)
        .join(Membership, Membership.id == ActiveDay.membership_id)
        .where(Membership.context_id == context_id, Membership.standing == "learner")
        .order_by(ActiveDay.membership_id, ActiveDay.day)
    )
    days: dict[int, list[date]] = defaultdict(list)
    for membership_id, day in db.session.execute(statement):
        days[membership_id].append(day)
    return days
