"""Which days without a trace are known to be idle: platforms tell the last visit only, at each look.

A look at the end of a day tells of the days back to the last visit. Where none came between a
day and the learner's next trace, that next visit may hide another one: the day is unknown, not idle.
"""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from mentor_console.flags.facts import CourseFacts


def is_watched(course: CourseFacts, days: int, until: date) -> bool:
    """Whether visits were looked at on each of the `days` days that end with `until`, the day that is judged:
    of that one everything is read that there was so far."""
    if course.look_days is None:
        return True
    first, looks = until - timedelta(days=days - 1), course.look_days
    return bisect_left(looks, until) - bisect_left(looks, first) == days - 1


def idle_until(course: CourseFacts, one: int, other: int) -> int:
    """The last day known to be idle between two days (ordinals) with a trace; `one` itself where none is."""
    if course.look_days is None:
        return other - 1
    before = bisect_left(course.look_days, date.fromordinal(other))
    last_look = course.look_days[before - 1].toordinal() if before else one
    return max(one, last_look)


def is_gap_known(course: CourseFacts, one: int, other: int) -> bool:
    """Whether there was surely no visit between two traces."""
    return idle_until(course, one, other) == other - 1


def is_visit(course: CourseFacts, day: int, last_visit_on: date | None) -> bool:
    """Whether a trace is surely a visit: told as the last one, or of a day that was looked at. Else it may be
    work that somebody handed in for the learner."""
    traced_on = date.fromordinal(day)
    if course.look_days is None or traced_on == last_visit_on:
        return True
    at = bisect_left(course.look_days, traced_on)
    return course.look_days[at : at + 1] == (traced_on,)


def is_all_known(course: CourseFacts, days: Sequence[int], clock: date | None) -> bool:
    """Whether every day from `clock` to the last trace is known: with or without a visit."""
    if course.look_days is None or not days:
        return True
    if clock is None:
        return False
    before_first = clock.toordinal() - 1
    return all(is_gap_known(course, one, other) for one, other in pairwise([before_first, *days]))
