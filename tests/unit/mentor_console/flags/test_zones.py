"""Days are counted where the organisation is: east and west of Greenwich, on both sides of midnight."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mentor_console.flags.facts import CourseFacts, LearnerFacts
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS
from mentor_console.flags.visits import measure_visits

AUCKLAND, LOS_ANGELES = ZoneInfo("Pacific/Auckland"), ZoneInfo("America/Los_Angeles")


def course_in(zone: ZoneInfo) -> CourseFacts:
    return CourseFacts(1, datetime(2026, 9, 7, tzinfo=zone), None, zone=zone)


def late_visitor(zone: ZoneInfo) -> LearnerFacts:
    """Last there at half past eleven in the evening of 9 November, local time."""
    return LearnerFacts(1, last_access_at=datetime(2026, 11, 9, 23, 30, tzinfo=zone).astimezone(UTC))


@pytest.mark.parametrize("zone", [AUCKLAND, LOS_ANGELES])
@pytest.mark.parametrize(("minutes", "days"), [(-1, 6), (0, 7)])
def test_a_day_of_silence_begins_at_local_midnight(zone: ZoneInfo, minutes: int, days: int) -> None:
    midnight = datetime(2026, 11, 16, tzinfo=zone).astimezone(UTC)
    measured = measure_visits(
        course_in(zone), late_visitor(zone), DEFAULT_THRESHOLDS, midnight + timedelta(minutes=minutes)
    )
    assert measured.silent_days == days
    assert measured.last_visit_on == date(2026, 11, 9)
    assert measured.clock_started_on == date(2026, 9, 7)


@pytest.mark.parametrize("zone", [AUCKLAND, LOS_ANGELES])
def test_a_day_with_a_trace_and_the_visit_behind_it_are_one_day(zone: ZoneInfo) -> None:
    both = replace(late_visitor(zone), active_days=(date(2026, 11, 8), date(2026, 11, 9)))
    now = datetime(2026, 11, 10, 8, tzinfo=zone).astimezone(UTC)
    measured = measure_visits(course_in(zone), both, DEFAULT_THRESHOLDS, now)
    assert (measured.silent_days, measured.active_days_in_window) == (1, 2)


def test_breaks_are_whole_local_days() -> None:
    start, end = (datetime(2026, 11, day, tzinfo=AUCKLAND).astimezone(UTC) for day in (11, 14))
    course = replace(course_in(AUCKLAND), breaks=((start, end),))
    now = datetime(2026, 11, 17, 0, 30, tzinfo=AUCKLAND).astimezone(UTC)
    measured = measure_visits(course, late_visitor(AUCKLAND), DEFAULT_THRESHOLDS, now)
    assert (measured.silent_days, measured.silent_break_days) == (5, 3)
