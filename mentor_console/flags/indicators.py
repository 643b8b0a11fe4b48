"""What the rules see of one learner at a moment: own measures beside the cohort's; None means unknown.

Rules see nothing but these values and the thresholds, so that a source that cannot give one leaves a gap
instead of a guess.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from mentor_console.flags.course_calendar import to_day
from mentor_console.flags.facts import ActivityFacts, CohortFacts, CourseFacts, HandInCount, LearnerFacts
from mentor_console.flags.thresholds import Thresholds
from mentor_console.flags.unread import Reading, is_progress_known, is_unread, list_unread
from mentor_console.flags.visits import Return, Visits, measure_visits
from mentor_console.flags.work_summary import Graded, Overdue, WorkSummary, summarise_work

_LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MissedDeadline:
    """A deadline past its grace with nothing handed in. `hand_ins` is None where the cohort is too small.
    `days_overdue` goes up to the reading that it is known by; `is_read`: the rules have not gone by that one.
    """

    activity_id: int
    name: str
    due_at: datetime
    is_extended: bool
    days_overdue: int
    hand_ins: HandInCount | None
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Grade:
    """One score beside the cohort's median for the same work; None where too few scores are known. 0-1."""

    activity_id: int
    name: str
    score_ratio: float
    cohort_median: float | None


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A late hand-in within the days that news stay fresh."""

    activity_id: int
    name: str
    handed_in_at: datetime
    handed_in_on: date


@dataclass(frozen=True, slots=True)
class Indicators:
    """All measured values of one learner.

    `silent_days`: days outside breaks since the last visit or, if later, since the learner's clock started
    (`clock_started_on`: course start or enrolment); known too for who never visited. `silent_days_at_least`:
    all that counted periods can say. `longest_gap_days`: between active days so far, None below the number
    of days that make a rhythm, or where a day was not looked at; `usual_gap_days`: the longest that there
    surely was. `active_days_in_window`: of the last `active_days_window` days. `missed`:
    None if there are deadlines in the past and the platform told the state of none of them. `grades`: of
    required work, the newest first. `caught_up`: None too while any deadline is missed or unknown.
    `unread`: what was not read anew (unread.py); `unread_steps`: activities that fell due, or
    whose grace ended, after they were last read.
    """

    judged_on: date | None = None
    unread: frozenset[Reading] = frozenset()
    never_opened: bool | None = None
    last_visit_at: datetime | date | None = None
    last_visit_on: date | None = None
    last_hand_in_at: datetime | None = None
    last_hand_in_on: date | None = None
    clock_started_on: date | None = None
    clock_starts_with_enrolment: bool = False
    days_since_clock_start: int | None = None
    silent_days: int | None = None
    silent_days_at_least: int | None = None
    silent_break_days: int = 0
    resumed_on: date | None = None
    longest_gap_days: int | None = None
    usual_gap_days: int | None = None
    active_days_in_window: int | None = None
    active_days_window: int | None = None
    recent_active_days: int | None = None
    earlier_active_days: int | None = None
    weekly_active_days: tuple[int, ...] | None = None
    came_back: Return | None = None
    missed: tuple[MissedDeadline, ...] | None = None
    unknown_deadline_count: int = 0
    unread_steps: tuple[int, ...] = ()
    caught_up: CaughtUp | None = None
    done_count: int | None = None
    required_count: int = 0
    due_count: int = 0
    due_done_count: int = 0
    excused_count: int = 0
    grades: tuple[Grade, ...] = ()
    finished_on: date | None = None
    cohort_silent_days_median: float | None = None
    cohort_active_days_median: float | None = None
    cohort_recent_active_days_median: float | None = None
    cohort_earlier_active_days_median: float | None = None
    cohort_done_count_median: float | None = None


@dataclass(frozen=True, slots=True)
class OwnMeasures:
    """What is measured of a learner before anybody else is looked at; measured once, used for the cohort and
    for the learner."""

    visits: Visits
    work: WorkSummary
    is_progress_known: bool = True


def measure_own(
    course: CourseFacts,
    activities: Sequence[ActivityFacts],
    learner: LearnerFacts,
    thresholds: Thresholds,
    now: datetime,
) -> OwnMeasures:
    """In any standing."""
    return OwnMeasures(
        measure_visits(course, learner, thresholds, now),
        summarise_work(course, activities, learner, thresholds, now),
        is_progress_known(learner, now),
    )


def compare(
    course: CourseFacts,
    cohort: CohortFacts,
    learner: LearnerFacts,
    own: OwnMeasures,
    thresholds: Thresholds,
    now: datetime,
) -> Indicators:
    """All indicators of one learner: the own measures beside the cohort's."""
    work, same_window = own.work, own.visits.active_days_window == cohort.active_days_window
    return replace(
        _describe_visits(course, learner, own.visits),
        judged_on=to_day(now, course.zone),
        unread=list_unread(course, learner, now),
        missed=_describe_misses(course, work, cohort, thresholds, now),
        unknown_deadline_count=work.unknown_deadline_count,
        unread_steps=_list_unread_steps(work, thresholds, now),
        caught_up=_find_caught_up(course, work, thresholds, now),
        done_count=work.done_count if work.known_count else None,
        required_count=work.required_count,
        due_count=work.due_count,
        due_done_count=work.due_done_count,
        excused_count=work.excused_count,
        grades=_list_grades(work.graded, cohort),
        finished_on=_find_finish(course, learner, thresholds, now),
        cohort_silent_days_median=cohort.silent_days_median,
        cohort_active_days_median=cohort.active_days_median if same_window else None,
        cohort_recent_active_days_median=cohort.recent_active_days_median,
        cohort_earlier_active_days_median=cohort.earlier_active_days_median,
        cohort_done_count_median=cohort.done_count_median,
    )


def _describe_visits(course: CourseFacts, learner: LearnerFacts, visits: Visits) -> Indicators:
    return Indicators(
        never_opened=visits.never_opened,
        last_visit_at=visits.last_visit_at,
        last_visit_on=visits.last_visit_on,
        last_hand_in_at=visits.last_hand_in_at,
        last_hand_in_on=visits.last_hand_in_on,
        clock_started_on=visits.clock_started_on,
        clock_starts_with_enrolment=_starts_with_enrolment(course, learner),
        days_since_clock_start=visits.days_since_clock_start,
        silent_days=visits.silent_days,
        silent_days_at_least=visits.silent_days_at_least,
        silent_break_days=visits.silent_break_days,
        resumed_on=visits.resumed_on,
        longest_gap_days=visits.longest_gap_days,
        usual_gap_days=visits.usual_gap_days,
        active_days_in_window=visits.active_days_in_window,
        active_days_window=visits.active_days_window,
        recent_active_days=visits.recent_active_days,
        earlier_active_days=visits.earlier_active_days,
        weekly_active_days=visits.weekly_active_days,
        came_back=visits.came_back,
    )


def _starts_with_enrolment(course: CourseFacts, learner: LearnerFacts) -> bool:
    if learner.enrolled_at is None:
        return False
    return course.starts_at is None or learner.enrolled_at > course.starts_at


def _describe_misses(
    course: CourseFacts, work: WorkSummary, cohort: CohortFacts, thresholds: Thresholds, now: datetime
) -> tuple[MissedDeadline, ...] | None:
    """Newest first; None where past deadlines exist and the state of all of them is unknown."""
    if work.unknown_deadline_count and not work.missing and not work.handed_in:
        return None
    past_grace = [item for item in work.missing if _is_past_grace(item, thresholds)]
    past_grace.sort(key=lambda item: (item.due_at, -item.activity.activity_id), reverse=True)
    return tuple(_describe_miss(course, item, cohort, thresholds, now) for item in past_grace)


def _is_past_grace(item: Overdue, thresholds: Thresholds) -> bool:
    return item.seen_at > item.due_at + timedelta(hours=thresholds.deadline_grace_hours)


def _list_unread_steps(work: WorkSummary, thresholds: Thresholds, now: datetime) -> tuple[int, ...]:
    in_grace = (item for item in work.missing if item.seen_at < now and not _is_past_grace(item, thresholds))
    return (*work.unread, *(item.activity.activity_id for item in in_grace))


def _describe_miss(
    course: CourseFacts, item: Overdue, cohort: CohortFacts, thresholds: Thresholds, now: datetime
) -> MissedDeadline:
    hand_ins = cohort.hand_ins.get(item.activity.activity_id)
    if hand_ins is not None and hand_ins.expected < thresholds.cohort_min_learners:
        hand_ins = None
    return MissedDeadline(
        activity_id=item.activity.activity_id,
        name=item.activity.name,
        due_at=item.due_at.astimezone(UTC),
        is_extended=item.due_at != item.activity.due_at,
        days_overdue=_days_since(course, item.due_at, item.seen_at),
        hand_ins=hand_ins,
        is_read=not is_unread(item.seen_at, course, now),
    )


def _find_caught_up(
    course: CourseFacts, work: WorkSummary, thresholds: Thresholds, now: datetime
) -> CaughtUp | None:
    if not work.late or work.missing or work.unknown_deadline_count:
        return None
    last = max(work.late, key=lambda item: (item.submitted_at, item.activity.activity_id))
    if _days_since(course, last.submitted_at, now) > thresholds.good_news_days:
        return None
    at = last.submitted_at.astimezone(UTC)
    return CaughtUp(last.activity.activity_id, last.activity.name, at, to_day(at, course.zone))


def _find_finish(
    course: CourseFacts, learner: LearnerFacts, thresholds: Thresholds, now: datetime
) -> date | None:
    """The day, within the days that news stay fresh."""
    at = learner.finished_at
    if at is None or at > now or _days_since(course, at, now) > thresholds.good_news_days:
        return None
    return to_day(at, course.zone)


def _days_since(course: CourseFacts, moment: datetime, now: datetime) -> int:
    """Calendar days in the course's zone."""
    return (to_day(now, course.zone) - to_day(moment, course.zone)).days


def _list_grades(graded: list[Graded], cohort: CohortFacts) -> tuple[Grade, ...]:
    """A grade without a date counts as older than one with; the activity's deadline and id then decide."""
    if len(graded) > 1:
        graded = sorted(graded, key=_grade_order, reverse=True)
    return tuple(
        Grade(
            item.activity.activity_id,
            item.activity.name,
            item.score_ratio,
            cohort.score_medians.get(item.activity.activity_id),
        )
        for item in graded
    )


def _grade_order(item: Graded) -> tuple[datetime, datetime, int]:
    return item.graded_at or _LONG_AGO, item.activity.due_at or _LONG_AGO, item.activity.activity_id
