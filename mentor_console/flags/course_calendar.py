"""Counting days: outside course breaks, since a learner's clock started, in weeks.

A day is a UTC calendar day, so that a count agrees with the two dates it lies between.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from mentor_console.flags.facts import CourseFacts, LearnerFacts

_INSTANT = timedelta(microseconds=1)


def to_day(moment: datetime) -> date:
    """The UTC day of an aware moment."""
    return moment.astimezone(UTC).date()


def is_on_break(course: CourseFacts, now: datetime) -> bool:
    """Whether the whole course rests at `now`."""
    return any(start <= now < end for start, end in course.breaks)


def count_break_days(course: CourseFacts, after: date, until: date) -> int:
    """Days of break in (after, until]; overlapping breaks count once."""
    counted, reached = 0, after
    for first, last in sorted(_break_days(course)):
        first, last = max(first, reached + timedelta(days=1)), min(last, until)
        if first <= last:
            counted, reached = counted + (last - first).days + 1, last
    return counted


def count_days_between(course: CourseFacts, after: date, until: date) -> int:
    """Days from `after` to `until` that are not break; 0 if `until` is not later."""
    return max((until - after).days, 0) - count_break_days(course, after, until)


def find_clock_start(course: CourseFacts, learner: LearnerFacts) -> date | None:
    """The day from which this learner can be expected to take part: the later of course start and enrolment.

    None if neither is known.
    """
    known = [moment for moment in (course.starts_at, learner.enrolled_at) if moment is not None]
    return to_day(max(known)) if known else None


def count_active_days(active_days: Iterable[date], until: date, window_days: int) -> int:
    """Distinct active days among the `window_days` days that end with `until`."""
    first = until - timedelta(days=window_days - 1)
    return sum(first <= day <= until for day in set(active_days))


def count_weekly_active_days(active_days: Iterable[date], until: date, weeks: int) -> tuple[int, ...]:
    """Active days (0-7) in each of the last `weeks` blocks of seven days, oldest first, the last ending
    `until`."""
    counts = [0] * weeks
    for day in set(active_days):
        back = (until - day).days // 7
        if 0 <= back < weeks:
            counts[weeks - 1 - back] += 1
    return tuple(counts)


def find_longest_gap(course: CourseFacts, days: Sequence[date]) -> int | None:
    """The longest way, in days outside breaks, from one active day to the next; None with fewer than two."""
    ordered = sorted(set(days))
    gaps = [count_days_between(course, one, other) for one, other in pairwise(ordered)]
    return max(gaps, default=None)


def _break_days(course: CourseFacts) -> list[tuple[date, date]]:
    return [(to_day(start), to_day(end - _INSTANT)) for start, end in course.breaks if start < end]
