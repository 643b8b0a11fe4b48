"""What one learner's work in one activity amounts to at a moment: handed in, missing, not due, exempt or
unknown.

Only hand-ins that are required and visible are deadlines; the "expected by" date of a page to read is
weaker and never one. Work on paper counts: a completion or a score above zero is a hand-in too.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from mentor_console.flags.facts import ActivityFacts, CourseFacts, LearnerFacts, WorkFacts
from mentor_console.flags.thresholds import Thresholds

WorkState = Literal["handed_in", "missing", "not_due", "exempt", "unknown"]


def is_deadline(activity: ActivityFacts) -> bool:
    """Whether missing this activity can be an alarm: required, visible, and something is handed in."""
    return activity.required and activity.visible and activity.accepts_submission


def find_due_at(activity: ActivityFacts, work: WorkFacts | None) -> datetime | None:
    """The deadline that holds for this learner: the override if there is one."""
    return work.due_at_override if work and work.due_at_override else activity.due_at


def is_enrolled_late(course: CourseFacts, learner: LearnerFacts, thresholds: Thresholds) -> bool:
    """False where the start of the course or of the enrolment is unknown."""
    if course.starts_at is None or learner.enrolled_at is None:
        return False
    return learner.enrolled_at > course.starts_at + timedelta(days=thresholds.late_enrolment_days)


def is_handed_in(work: WorkFacts, now: datetime) -> bool:
    """Whether any fact up to `now` shows the work done. Score zero does not: many platforms give it to a
    blank."""
    if work.submitted_at is not None and work.submission_known:
        return work.submitted_at <= now
    if work.completion in ("complete", "passed", "failed"):
        return work.completed_at is None or work.completed_at <= now
    graded = work.score_ratio is not None and work.score_ratio > 0
    return graded and (work.graded_at is None or work.graded_at <= now)


def find_last_submission(learner: LearnerFacts, now: datetime) -> datetime | None:
    """The latest hand-in up to `now` that the platform has told of."""
    moments = (work.submitted_at for work in learner.work if work.submission_known)
    return max((moment for moment in moments if moment is not None and moment <= now), default=None)


def work_state(
    course: CourseFacts,
    activity: ActivityFacts,
    learner: LearnerFacts,
    work: WorkFacts | None,
    thresholds: Thresholds,
    now: datetime,
) -> WorkState:
    """`missing` means past the deadline; the grace is the rule's affair. Exempt: due too soon after
    enrolling late."""
    due_at = find_due_at(activity, work)
    if work is not None and is_handed_in(work, now):
        return "handed_in"
    if due_at is None or due_at >= now:
        return "not_due"
    if _is_exempt(course, learner, due_at, thresholds):
        return "exempt"
    return "missing" if work is not None and work.submission_known else "unknown"


def list_deadline_states(
    course: CourseFacts,
    activities: Sequence[ActivityFacts],
    learner: LearnerFacts,
    thresholds: Thresholds,
    now: datetime,
) -> Iterator[tuple[ActivityFacts, WorkFacts | None, WorkState]]:
    """Each deadline of the course with this learner's work and its state."""
    work_by_activity = {work.activity_id: work for work in learner.work}
    for activity in activities:
        if is_deadline(activity):
            work = work_by_activity.get(activity.activity_id)
            yield activity, work, work_state(course, activity, learner, work, thresholds, now)


def _is_exempt(course: CourseFacts, learner: LearnerFacts, due_at: datetime, thresholds: Thresholds) -> bool:
    if learner.enrolled_at is None:
        return False
    if due_at < learner.enrolled_at:
        return True
    late = is_enrolled_late(course, learner, thresholds)
    return late and due_at < learner.enrolled_at + timedelta(days=thresholds.late_enrolment_grace_days)
