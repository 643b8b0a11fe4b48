"""When work counts as handed in, and for whom a deadline holds.

Only hand-ins that are required and visible are deadlines; the "expected by" date of a page to read is
weaker and never one (work_summary.py).
"""

from datetime import datetime, timedelta

from mentor_console.flags.facts import CourseFacts, LearnerFacts, WorkFacts
from mentor_console.flags.thresholds import Thresholds


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
