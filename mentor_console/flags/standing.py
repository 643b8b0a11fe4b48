"""Where a learner stands in a course at a moment; most standings mean that no alarm is due.

The first that applies holds: departure, then the calendar and pauses, then how the learner began.
"""

from datetime import datetime
from typing import Literal

from mentor_console.flags.course_calendar import is_on_break
from mentor_console.flags.deadlines import is_enrolled_late
from mentor_console.flags.facts import CourseFacts, LearnerFacts
from mentor_console.flags.thresholds import Thresholds
from mentor_console.flags.visits import is_never_opened

Standing = Literal[
    "left",
    "suspended",
    "finished",
    "course_over",
    "course_not_begun",
    "paused",
    "on_break",
    "not_started",
    "late_enrolled",
    "ordinary",
]

WATCHED: frozenset[Standing] = frozenset({"not_started", "late_enrolled", "ordinary"})
"""The standings in which rules may raise an alarm."""

TAKING_PART: frozenset[Standing] = WATCHED | {"on_break"}
"""The standings that belong to a cohort. Departed learners in it would make everybody look diligent."""


def find_standing(
    course: CourseFacts, learner: LearnerFacts, thresholds: Thresholds, now: datetime
) -> Standing:
    """The standing at `now`; dates that are not known decide nothing."""
    return (
        _find_departure(learner, now)
        or _find_pause(course, learner, now)
        or _find_beginning(course, learner, thresholds, now)
    )


def _find_departure(learner: LearnerFacts, now: datetime) -> Standing | None:
    ended = learner.enrolment_ends_at is not None and learner.enrolment_ends_at <= now
    if learner.finished_at is not None and learner.finished_at <= now and learner.status == "active":
        return "finished"
    if learner.status == "left" or ended:
        return "left"
    return "suspended" if learner.status == "suspended" else None


def _find_pause(course: CourseFacts, learner: LearnerFacts, now: datetime) -> Standing | None:
    if course.ends_at is not None and course.ends_at <= now:
        return "course_over"
    if course.starts_at is not None and course.starts_at > now:
        return "course_not_begun"
    if learner.paused_until is not None and learner.paused_until > now:
        return "paused"
    return "on_break" if is_on_break(course, now) else None


def _find_beginning(
    course: CourseFacts, learner: LearnerFacts, thresholds: Thresholds, now: datetime
) -> Standing:
    if is_never_opened(course, learner, now):
        return "not_started"
    return "late_enrolled" if is_enrolled_late(course, learner, thresholds) else "ordinary"
