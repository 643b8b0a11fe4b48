"""Counting days: outside course breaks, since a learner's clock started.

A day is a calendar day in the course's zone, so that a count agrees with the two dates it lies between.
"""

from datetime import date, datetime, timedelta, tzinfo

from mentor_console.flags.facts import CourseFacts, LearnerFacts

_INSTANT = timedelta(microseconds=1)


def to_day(moment: datetime, zone: tzinfo) -> date:
    """The day of an aware moment in `zone`."""
    return moment.astimezone(zone).date()


def to_last_day(end: datetime, zone: tzinfo) -> date:
    """The last day in `zone` of what ends at `end`, the end not included."""
    return to_day(end - _INSTANT, zone)


def is_on_break(course: CourseFacts, now: datetime) -> bool:
    """Whether the whole course rests at `now`."""
    return any(start <= now < end for start, end in course.breaks)


def count_break_days(course: CourseFacts, after: date, until: date) -> int:
    """Days of break in (after, until]; overlapping breaks count once."""
    if not course.breaks:
        return 0
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
    return to_day(max(known), course.zone) if known else None


def _break_days(course: CourseFacts) -> list[tuple[date, date]]:
    return [
        (to_day(start, course.zone), to_last_day(end, course.zone))
        for start, end in course.breaks
        if start < end
    ]
