from dataclasses import replace
from typing import Any

import pytest

from mentor_console.flags.facts import CourseFacts
from mentor_console.flags.standing import find_standing
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS
from mentor_console.flags.visits import is_never_opened
from tests.unit.mentor_console.flags.builders import (
    COURSE,
    START,
    assess,
    assignment,
    at,
    handed_in,
    learner,
    nothing,
)


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("left", {"status": "left"}),
        ("left", {"enrolment_ends_at": at(39)}),
        ("suspended", {"status": "suspended"}),
        ("finished", {"finished_at": at(39)}),
        ("paused", {"paused_until": at(45)}),
        ("late_enrolled", {"enrolled_at": at(8)}),
        ("ordinary", {}),
        ("ordinary", {"paused_until": at(39)}),
        ("ordinary", {"finished_at": at(41)}),
        ("ordinary", {"enrolment_ends_at": at(41)}),
        ("ordinary", {"enrolled_at": at(6)}),
        ("ordinary", {"enrolled_at": None}),
    ],
)
def test_standing_of_a_learner_who_was_there(expected: str, changes: dict[str, Any]) -> None:
    assert find_standing(COURSE, learner([9], **changes), DEFAULT_THRESHOLDS, at(40)) == expected


@pytest.mark.parametrize(
    ("expected", "course"),
    [
        ("course_not_begun", replace(COURSE, starts_at=at(41))),
        ("course_over", replace(COURSE, ends_at=at(40))),
        ("on_break", replace(COURSE, breaks=((at(39), at(41)),))),
        ("ordinary", CourseFacts(1, None, None)),
    ],
)
def test_standing_by_the_course(expected: str, course: CourseFacts) -> None:
    assert find_standing(course, learner([9]), DEFAULT_THRESHOLDS, at(40)) == expected


@pytest.mark.parametrize(
    "course_or_learner",
    [
        {"person": {"status": "left"}},
        {"person": {"status": "suspended"}},
        {"person": {"finished_at": at(30)}},
        {"person": {"paused_until": at(41)}},
        {"course": {"starts_at": at(41)}},
        {"course": {"ends_at": at(40)}},
        {"course": {"breaks": ((at(39), at(41)),)}},
    ],
)
def test_no_alarm_where_none_is_due(course_or_learner: dict[str, dict[str, Any]]) -> None:
    course = replace(COURSE, **course_or_learner.get("course", {}))
    person = learner([1], work=(nothing(),), **course_or_learner.get("person", {}))
    assert assess(learner([1], work=(nothing(),)), 40, activities=[assignment()]).findings
    assert assess(person, 40, course=course, activities=[assignment()]).findings == ()


def test_never_opened_needs_a_platform_that_tells_and_no_trace_at_all() -> None:
    assert is_never_opened(COURSE, learner(), at(9))
    assert not is_never_opened(COURSE, learner(access_known=False), at(9))
    assert not is_never_opened(COURSE, learner([2]), at(9))
    assert not is_never_opened(COURSE, learner(work=(handed_in(day=3),)), at(9))
    assert find_standing(COURSE, learner(), DEFAULT_THRESHOLDS, START) == "not_started"
