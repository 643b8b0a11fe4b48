"""What is measured of one learner at a moment, each value with its unit; None means unknown, never zero.

Rules see nothing but these values and the thresholds, so that a source that cannot give one leaves a gap
instead of a guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mentor_console.flags import course_calendar as calendar
from mentor_console.flags.deadlines import (
    find_due_at,
    find_last_submission,
    is_handed_in,
    list_deadline_states,
)
from mentor_console.flags.facts import ActivityFacts, CohortFacts, CourseFacts, HandInCount, LearnerFacts
from mentor_console.flags.standing import is_never_opened
from mentor_console.flags.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class MissedDeadline:
    """A deadline past its grace with nothing handed in. `hand_ins` is None where the cohort is too small."""

    activity_id: int
    name: str
    due_at: datetime
    is_extended: bool
    days_overdue: int
    hand_ins: HandInCount | None


@dataclass(frozen=True, slots=True)
class Indicators:
    """All measured values of one learner.

    `silent_days`: days outside breaks since the last visit or, if later, since the learner's clock started
    (`clock_started_on`: course start or enrolment); known too for who never visited. `longest_gap_days`:
    between active days so far, None below the number of days that make a rhythm. `missed`: None if there
    are deadlines in the past and the platform told the state of none of them.
    """

    never_opened: bool | None = None
    last_visit_at: datetime | date | None = None
    clock_started_on: date | None = None
    clock_starts_with_enrolment: bool = False
    days_since_clock_start: int | None = None
    silent_days: int | None = None
    silent_break_days: int = 0
    longest_gap_days: int | None = None
    active_days_in_window: int | None = None
    weekly_active_days: tuple[int, ...] | None = None
    missed: tuple[MissedDeadline, ...] | None = None
    unknown_deadline_count: int = 0
    done_count: int | None = None
    required_count: int = 0
    cohort_silent_days_median: float | None = None
    cohort_active_days_median: float | None = None
    cohort_done_count_median: float | None = None


WEEKS_SHOWN = 8


def measure(
    course: CourseFacts,
    activities: Sequence[ActivityFacts],
    cohort: CohortFacts,
    learner: LearnerFacts,
    thresholds: Thresholds,
    now: datetime,
) -> Indicators:
    """All indicators of one learner at `now`, in any standing."""
    today = calendar.to_day(now)
    visited_at = find_last_visit(learner, now)
    clock_start = calendar.find_clock_start(course, learner)
    missed, unknown_count = _measure_deadlines(course, activities, cohort, learner, thresholds, now)
    weekly = calendar.count_weekly_active_days(learner.active_days, today, WEEKS_SHOWN)
    return Indicators(
        never_opened=is_never_opened(learner, now) if learner.access_known else None,
        last_visit_at=visited_at,
        clock_started_on=clock_start,
        clock_starts_with_enrolment=_starts_with_enrolment(course, learner),
        days_since_clock_start=calendar.count_days_between(course, clock_start, today)
        if clock_start
        else None,
        silent_days=measure_silent_days(course, learner, now),
        silent_break_days=_measure_silent_break_days(course, learner, now),
        longest_gap_days=measure_longest_gap_days(course, learner, thresholds, now),
        active_days_in_window=measure_active_days(learner, thresholds, now),
        weekly_active_days=weekly if learner.access_known else None,
        missed=missed,
        unknown_deadline_count=unknown_count,
        done_count=measure_done_count(activities, learner, now),
        required_count=sum(activity.required and activity.visible for activity in activities),
        cohort_silent_days_median=cohort.silent_days_median,
        cohort_active_days_median=cohort.active_days_median,
        cohort_done_count_median=cohort.done_count_median,
    )


def find_last_visit(learner: LearnerFacts, now: datetime) -> datetime | date | None:
    """The latest visit up to `now`: a moment if the platform told one, else a day. None: none or unknown.

    A hand-in stands in only where no visit is known: platforms also record hand-ins by batch and by proxy.
    """
    if not learner.access_known:
        return None
    last_day = max((day for day in learner.active_days if day <= calendar.to_day(now)), default=None)
    last_at = min(learner.last_access_at, now) if learner.last_access_at else None
    if last_at is None:
        return last_day or find_last_submission(learner, now)
    return last_day if last_day is not None and last_day > calendar.to_day(last_at) else last_at


def measure_silent_days(course: CourseFacts, learner: LearnerFacts, now: datetime) -> int | None:
    """Days outside breaks since the last visit or the start of the learner's clock; None where unknown."""
    since = _find_silence_start(course, learner, now)
    return None if since is None else calendar.count_days_between(course, since, calendar.to_day(now))


def measure_longest_gap_days(
    course: CourseFacts, learner: LearnerFacts, thresholds: Thresholds, now: datetime
) -> int | None:
    """None where visits are unknown or too few to be a rhythm. Days before the learner's clock started are
    left out."""
    clock_start = calendar.find_clock_start(course, learner) or date.min
    days = [day for day in set(learner.active_days) if clock_start <= day <= calendar.to_day(now)]
    if not learner.access_known or len(days) < thresholds.rhythm_min_active_days:
        return None
    return calendar.find_longest_gap(course, days)


def measure_active_days(learner: LearnerFacts, thresholds: Thresholds, now: datetime) -> int | None:
    """Active days in the window of `activity_window_days`; None where visits are unknown."""
    if not learner.access_known:
        return None
    return calendar.count_active_days(
        learner.active_days, calendar.to_day(now), thresholds.activity_window_days
    )


def measure_done_count(
    activities: Sequence[ActivityFacts], learner: LearnerFacts, now: datetime
) -> int | None:
    """Required activities complete or handed in; None where nothing is known of any of them."""
    required = {activity.activity_id for activity in activities if activity.required and activity.visible}
    work = [item for item in learner.work if item.activity_id in required]
    if not any(item.completion is not None or item.submission_known for item in work):
        return None
    return sum(item.completion != "failed" and is_handed_in(item, now) for item in work)


def _find_silence_start(course: CourseFacts, learner: LearnerFacts, now: datetime) -> date | None:
    if not learner.access_known:
        return None
    visited_at = find_last_visit(learner, now)
    visited_on = calendar.to_day(visited_at) if isinstance(visited_at, datetime) else visited_at
    clock_start = calendar.find_clock_start(course, learner)
    known = [day for day in (visited_on, clock_start) if day is not None]
    return max(known, default=None)


def _measure_silent_break_days(course: CourseFacts, learner: LearnerFacts, now: datetime) -> int:
    since = _find_silence_start(course, learner, now)
    return 0 if since is None else calendar.count_break_days(course, since, calendar.to_day(now))


def _starts_with_enrolment(course: CourseFacts, learner: LearnerFacts) -> bool:
    if learner.enrolled_at is None:
        return False
    return course.starts_at is None or learner.enrolled_at > course.starts_at


def _measure_deadlines(
    course: CourseFacts,
    activities: Sequence[ActivityFacts],
    cohort: CohortFacts,
    learner: LearnerFacts,
    thresholds: Thresholds,
    now: datetime,
) -> tuple[tuple[MissedDeadline, ...] | None, int]:
    """Missed deadlines, newest first, and the number of past deadlines whose state is unknown."""
    missed, known_count, unknown_count = [], 0, 0
    for activity, work, state in list_deadline_states(course, activities, learner, thresholds, now):
        due_at = find_due_at(activity, work)
        unknown_count += state == "unknown"
        known_count += state in ("handed_in", "missing")
        if state == "missing" and due_at and now > due_at + timedelta(hours=thresholds.deadline_grace_hours):
            is_extended = due_at != activity.due_at
            missed.append(_describe_miss(activity, due_at, is_extended, cohort, thresholds, now))
    if unknown_count and not known_count:
        return None, unknown_count
    return tuple(sorted(missed, key=lambda miss: (-miss.due_at.timestamp(), miss.activity_id))), unknown_count


def _describe_miss(
    activity: ActivityFacts,
    due_at: datetime,
    is_extended: bool,
    cohort: CohortFacts,
    thresholds: Thresholds,
    now: datetime,
) -> MissedDeadline:
    hand_ins = cohort.hand_ins.get(activity.activity_id)
    if hand_ins is not None and hand_ins.expected < thresholds.cohort_min_learners:
        hand_ins = None
    return MissedDeadline(
        activity_id=activity.activity_id,
        name=activity.name,
        due_at=due_at.astimezone(UTC),
        is_extended=is_extended,
        days_overdue=(now - due_at).days,
        hand_ins=hand_ins,
    )
