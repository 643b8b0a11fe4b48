"""What is measured of one learner's visits: silence, rhythm, activity, a return; each with its unit.

None means unknown, never zero: days on which nobody looked may have had visits (watching.py). A source that
only counts active days per period gives silence of at least so many days, and sums over whole periods.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from operator import sub

from mentor_console.flags import course_calendar as calendar
from mentor_console.flags.deadlines import find_last_submission
from mentor_console.flags.facts import CountedDays, CourseFacts, LearnerFacts
from mentor_console.flags.thresholds import Thresholds
from mentor_console.flags.unread import STALE
from mentor_console.flags.watching import idle_until, is_all_known, is_gap_known, is_visit, is_watched

WEEKS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Return:
    """A visit on `on`, within the days that news stay fresh, after `gap_days` without one; of these
    `counted_days` are outside breaks and agreed absences."""

    on: date
    gap_days: int
    counted_days: int


@dataclass(frozen=True, slots=True)
class Visits:
    """All values but dates are in days. `last_hand_in_at` stands in where no visit was ever told.
    `resumed_on`: the end of an agreed absence that the silence is counted from. `active_days_window`: the
    days that `active_days_in_window` is the sum over. `usual_gap_days`: a gap that there surely was;
    `longest_gap_days` is known only if every gap is, and only where nothing had to be left out of it.
    `is_current` False: measured up to the last reading, which is long ago; no measure of the cohort."""

    is_current: bool = True
    never_opened: bool | None = None
    last_visit_at: datetime | date | None = None
    last_visit_on: date | None = None
    last_hand_in_at: datetime | None = None
    last_hand_in_on: date | None = None
    clock_started_on: date | None = None
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


def measure_visits(
    course: CourseFacts, learner: LearnerFacts, thresholds: Thresholds, now: datetime
) -> Visits:
    """All values of one learner at `now`, in any standing; of visits, up to when they are known."""
    if not learner.access_known:
        return _measure_counted(course, learner, thresholds, now)
    seen_until = min(now, learner.visits_until or now)
    measured = _measure_known(course, learner, thresholds, now, seen_until)
    return measured if now - seen_until <= STALE else _keep_silence(measured)


def is_never_opened(course: CourseFacts, learner: LearnerFacts, now: datetime) -> bool:
    """True only if the platform told of no visit at all and no hand-in is known."""
    if learner.access_known:
        visited = learner.last_access_at is not None
    else:
        visited = not _is_counted_from_start(course, learner) or any(
            period.active_days for period in learner.counted_days
        )
    return not visited and find_last_submission(learner, now) is None


def _measure_known(
    course: CourseFacts, learner: LearnerFacts, thresholds: Thresholds, now: datetime, seen_until: datetime
) -> Visits:
    today = calendar.to_day(seen_until, course.zone)
    days = _list_days(course, learner, today)
    visited_at = min(learner.last_access_at, seen_until) if learner.last_access_at else None
    # Platforms record hand-ins by batch and by proxy too: one stands in only where there was no visit.
    handed_in_at = None if visited_at else find_last_submission(learner, now)
    visited_on, handed_in_on = (_to_day(course, moment) for moment in (visited_at, handed_in_at))
    clock = calendar.find_clock_start(course, learner)
    resumed = _find_resumption(course, learner, seen_until)
    since = max((day for day in (visited_on, handed_in_on, clock, resumed) if day is not None), default=None)
    window = _watched_window(course, thresholds.activity_window_days, resumed, today)
    half = thresholds.slowing_window_days
    halves_known = _watched_window(course, 2 * half, resumed, today) is not None
    there = replace(course, breaks=course.breaks + learner.absences) if learner.absences else course
    usual_gap = _usual_gap(there, days, clock, thresholds)
    return Visits(
        never_opened=is_never_opened(course, learner, now),
        last_visit_at=visited_at,
        last_visit_on=visited_on,
        last_hand_in_at=handed_in_at,
        last_hand_in_on=handed_in_on,
        clock_started_on=clock,
        days_since_clock_start=_days_since(course, clock, today),
        silent_days=_days_since(course, since, max(today, since or today)),
        silent_break_days=calendar.count_break_days(course, since, today) if since else 0,
        resumed_on=resumed if since is not None and since == resumed else None,
        longest_gap_days=usual_gap if _is_longest(course, _since(days, clock), clock, usual_gap) else None,
        usual_gap_days=usual_gap,
        active_days_in_window=_count(days, today, window) if window else None,
        active_days_window=window,
        recent_active_days=_count(days, today, half) if halves_known else None,
        earlier_active_days=_count(days, today, 2 * half) - _count(days, today, half)
        if halves_known
        else None,
        weekly_active_days=_count_weekly(days, today) if is_watched(course, 7 * WEEKS_SHOWN, today) else None,
        came_back=_find_return(there, days, visited_on, clock, thresholds, today),
    )


def _keep_silence(measured: Visits) -> Visits:
    """What a reading of long ago still says: that until then there was no visit."""
    return replace(
        measured,
        is_current=False,
        active_days_in_window=None,
        active_days_window=None,
        recent_active_days=None,
        earlier_active_days=None,
        weekly_active_days=None,
        came_back=None,
    )


def _list_days(course: CourseFacts, learner: LearnerFacts, today: date) -> list[int]:
    """Days with a trace, as ordinals. After the last visit told there is none of the learner's own: a later
    one is what others did, a grade or a team-mate's hand-in."""
    if learner.last_access_at is None:
        return []
    last = min(calendar.to_day(learner.last_access_at, course.zone), today).toordinal()
    return sorted({day for day in map(date.toordinal, learner.active_days) if day <= last})


def _measure_counted(
    course: CourseFacts, learner: LearnerFacts, thresholds: Thresholds, now: datetime
) -> Visits:
    today = calendar.to_day(now, course.zone)
    clock = calendar.find_clock_start(course, learner)
    since_clock = _days_since(course, clock, today)
    periods = [period for period in learner.counted_days if period.last <= today]
    if not periods or periods[-1].last != today:
        return Visits(clock_started_on=clock, days_since_clock_start=since_clock)
    resumed = _find_resumption(course, learner, now)
    in_window, window = _sum_covering(periods, today, thresholds.activity_window_days)
    half = thresholds.slowing_window_days
    recent, both = _sum_exactly(periods, today, half), _sum_exactly(periods, today, 2 * half)
    usable = _usable_window(window or 0, resumed, today) is not None
    return Visits(
        never_opened=is_never_opened(course, learner, now),
        clock_started_on=clock,
        days_since_clock_start=since_clock,
        silent_days_at_least=_silent_at_least(course, periods, clock, resumed, today),
        active_days_in_window=in_window if usable else None,
        active_days_window=window if usable else None,
        recent_active_days=recent if usable else None,
        earlier_active_days=both - recent if usable and both is not None and recent is not None else None,
    )


def _to_day(course: CourseFacts, moment: datetime | None) -> date | None:
    return None if moment is None else calendar.to_day(moment, course.zone)


def _days_since(course: CourseFacts, since: date | None, today: date) -> int | None:
    return None if since is None else calendar.count_days_between(course, since, today)


def _find_resumption(course: CourseFacts, learner: LearnerFacts, now: datetime) -> date | None:
    """The last day of an agreed absence that is over."""
    until = learner.paused_until
    return calendar.to_last_day(until, course.zone) if until is not None and until <= now else None


def _usable_window(window_days: int, resumed: date | None, today: date) -> int | None:
    """None where an agreed absence reaches into the window: its days would count as idle."""
    return None if resumed is not None and (today - resumed).days < window_days else window_days


def _watched_window(course: CourseFacts, window_days: int, resumed: date | None, today: date) -> int | None:
    """None too where a day of the window was not looked at."""
    return _usable_window(window_days, resumed, today) if is_watched(course, window_days, today) else None


def _count(days: Sequence[int], today: date, window_days: int) -> int:
    return len(days) - bisect_right(days, today.toordinal() - window_days)


def _count_weekly(days: Sequence[int], today: date) -> tuple[int, ...]:
    """Active days (0-7) in each of the last weeks, oldest first, the last ending today."""
    last = today.toordinal()
    edges = [bisect_right(days, last - 7 * weeks) for weeks in range(WEEKS_SHOWN, -1, -1)]
    return tuple(other - one for one, other in pairwise(edges))


def _usual_gap(
    course: CourseFacts, days: Sequence[int], clock: date | None, thresholds: Thresholds
) -> int | None:
    """The longest gap that there surely was. None where days are too few to be a rhythm. Days before the
    learner's clock started are left out."""
    counted = _since(days, clock)
    if len(counted) < max(thresholds.rhythm_min_active_days, 2):
        return None
    if not course.breaks and course.look_days is None:
        return max(map(sub, counted[1:], counted))
    # After the last day known to be idle there may have been a visit, on the next day at the earliest.
    return max(_gap(course, one, idle_until(course, one, other) + 1) for one, other in pairwise(counted))


def _is_longest(course: CourseFacts, days: Sequence[int], clock: date | None, usual_gap: int | None) -> bool:
    """Whether "never longer than that" is true of the days as they stand in a list."""
    plain = max((other - one for one, other in pairwise(days)), default=None)
    return plain == usual_gap and is_all_known(course, days, clock)


def _since(days: Sequence[int], clock: date | None) -> Sequence[int]:
    return days[bisect_left(days, clock.toordinal()) :] if clock else days


def _gap(course: CourseFacts, one: int, other: int) -> int:
    if not course.breaks:
        return other - one
    return calendar.count_days_between(course, date.fromordinal(one), date.fromordinal(other))


def _find_return(
    course: CourseFacts,
    days: Sequence[int],
    visited_on: date | None,
    clock: date | None,
    thresholds: Thresholds,
    today: date,
) -> Return | None:
    """The longest gap, since the learner's clock started, that a visit of the last days surely ended."""
    fresh_from = today.toordinal() - thresholds.good_news_days
    ordered = (
        [*days, visited_on.toordinal()] if visited_on and visited_on.toordinal() not in days[-1:] else days
    )
    counted = _since(ordered, clock)
    fresh = counted[max(bisect_left(counted, fresh_from) - 1, 0) :]
    ended = [
        (_gap(course, one, other), other, other - one)
        for one, other in pairwise(fresh)
        if other >= fresh_from and is_gap_known(course, one, other) and is_visit(course, other, visited_on)
    ]
    if not ended:
        return None
    counted_days, on, gap_days = max(ended)
    return Return(date.fromordinal(on), gap_days, counted_days)


def _is_counted_from_start(course: CourseFacts, learner: LearnerFacts) -> bool:
    clock = calendar.find_clock_start(course, learner)
    return bool(learner.counted_days) and clock is not None and learner.counted_days[0].first <= clock


def _sum_covering(
    periods: Sequence[CountedDays], today: date, window_days: int
) -> tuple[int | None, int | None]:
    """Active days in the shortest run of periods that reaches back over the window, and that run's days."""
    total = 0
    for period in reversed(periods):
        total += period.active_days
        days = (today - period.first).days + 1
        if days >= window_days:
            return total, days
    return None, None


def _sum_exactly(periods: Sequence[CountedDays], today: date, window_days: int) -> int | None:
    total, days = _sum_covering(periods, today, window_days)
    return total if days == window_days else None


def _silent_at_least(
    course: CourseFacts, periods: Sequence[CountedDays], clock: date | None, resumed: date | None, today: date
) -> int | None:
    """Days outside breaks of the empty periods up to now, since the clock started; None without any."""
    empty_from: date | None = None
    for period in reversed(periods):
        if period.active_days:
            break
        empty_from = period.first
    if empty_from is None:
        return None
    before = date.fromordinal(empty_from.toordinal() - 1)
    since = max(day for day in (before, clock, resumed) if day is not None)
    return calendar.count_days_between(course, since, today)
