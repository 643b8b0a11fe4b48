from mentor_console.flags.course_calendar import (
    count_break_days,
    count_days_between,
    find_clock_start,
    is_on_break,
)
from mentor_console.flags.facts import CourseFacts
from tests.unit.mentor_console.flags.builders import COURSE, START, at, learner, on

WITH_BREAK = CourseFacts(1, START, None, breaks=((at(10), at(17)), (at(14), at(20))))


def test_break_days_count_once_where_breaks_overlap() -> None:
    assert count_break_days(WITH_BREAK, on(0), on(40)) == 11  # days 10 to 20, the last one until 8 o'clock
    assert count_break_days(WITH_BREAK, on(12), on(15)) == 3
    assert count_break_days(WITH_BREAK, on(21), on(40)) == 0


def test_a_break_that_ends_at_midnight_ends_the_day_before() -> None:
    midnight = at(12).replace(hour=0)
    course = CourseFacts(1, START, None, breaks=((at(10), midnight),))
    assert count_break_days(course, on(5), on(20)) == 2


def test_days_between_leave_breaks_out_and_are_never_negative() -> None:
    assert count_days_between(COURSE, on(3), on(10)) == 7
    assert count_days_between(WITH_BREAK, on(8), on(22)) == 3
    assert count_days_between(COURSE, on(10), on(3)) == 0


def test_a_break_with_its_ends_swapped_is_no_break() -> None:
    swapped = CourseFacts(1, START, None, breaks=((at(17), at(10)),))
    assert count_break_days(swapped, on(0), on(40)) == 0


def test_on_break_from_its_first_moment_and_not_at_its_end() -> None:
    assert is_on_break(WITH_BREAK, at(10))
    assert not is_on_break(WITH_BREAK, at(20))
    assert not is_on_break(WITH_BREAK, at(9.9))


def test_the_clock_starts_with_the_later_of_start_and_enrolment() -> None:
    assert find_clock_start(COURSE, learner()) == on(0)
    assert find_clock_start(COURSE, learner(enrolled_at=at(9))) == on(9)
    assert find_clock_start(CourseFacts(1, None, None), learner(enrolled_at=None)) is None
