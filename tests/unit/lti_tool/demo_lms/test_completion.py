"""The one rule behind activity completion: invariants over any history, and examples that can be followed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.demo_lms.completion import (
    content_days,
    hand_in_day,
    opened_steps,
    previous_quiz_due_day,
    step_days,
)
from lti_tool.demo_lms.dataset import Assessment, Submission, Visit

KINDS = ["homepage", "forumng", "resource", "subpage", "quiz"]
visits = st.lists(
    st.builds(
        Visit,
        day=st.integers(-20, 240),
        kind=st.sampled_from(KINDS),
        clicks=st.integers(0, 30),
        resources=st.integers(1, 6),
    ),
    max_size=60,
)
STEPS = 27


@given(visits)
def test_steps_are_completed_in_order_and_never_before_they_open(rows: list[Visit]) -> None:
    days = step_days(content_days(rows), STEPS)
    assert days == sorted(days)
    assert len(days) <= STEPS
    assert all(day >= 7 * number for number, day in enumerate(days))


@given(visits)
def test_only_days_with_content_complete_steps_and_no_more_than_pages_opened(rows: list[Visit]) -> None:
    pages = dict(content_days(rows))
    days = step_days(content_days(rows), STEPS)
    assert all(days.count(day) <= pages[day] for day in set(days))


@given(visits, st.integers(-20, 240))
def test_what_comes_later_changes_nothing_before(rows: list[Visit], today: int) -> None:
    known = [row for row in rows if row.day <= today]
    whole = step_days(content_days(rows), STEPS)
    assert step_days(content_days(known), STEPS) == [day for day in whole if day <= today]


@given(visits, visits)
def test_more_work_never_completes_less(rows: list[Visit], more: list[Visit]) -> None:
    assert len(step_days(content_days(rows + more), STEPS)) >= len(step_days(content_days(rows), STEPS))


@given(visits)
def test_homepage_and_forum_alone_complete_nothing(rows: list[Visit]) -> None:
    talk = [row for row in rows if row.kind in {"homepage", "forumng"}]
    assert step_days(content_days(talk), STEPS) == []


def test_an_example_by_hand() -> None:
    rows = [
        Visit(-3, "resource", 5, 2),  # before the course: nothing is open
        Visit(1, "resource", 9, 3),  # three pages, one open step
        Visit(15, "subpage", 1, 1),  # weeks 2 and 3 are open; one page
        Visit(16, "homepage", 40, 1),
        Visit(20, "url", 2, 1),
    ]
    assert step_days(content_days(rows), STEPS) == [1, 15, 20]


def test_opening_days() -> None:
    assert [opened_steps(day, 3) for day in (-1, 0, 6, 7, 14, 200)] == [0, 1, 1, 2, 3, 3]


TMA = Assessment(1, "TMA", 47, 18.0)
CMA = Assessment(2, "CMA", 54, 1.0)


def test_a_tutor_marked_assignment_is_handed_in_on_the_recorded_day() -> None:
    assert hand_in_day(Submission(0, 50, 70, False), TMA, None, [3, 40]) == 50


def test_a_quiz_is_handed_in_on_the_last_day_of_work_before_its_deadline() -> None:
    booked = Submission(1, 60, 70, False)
    assert hand_in_day(booked, CMA, None, [31, 52, 58]) == 52
    assert hand_in_day(booked, CMA, 52, [31, 52]) == 54
    assert hand_in_day(booked, CMA, None, []) == 54
    assert hand_in_day(Submission(1, -1, 70, True), CMA, None, [31, 52]) == -1


@given(st.integers(-100, 240), st.lists(st.integers(-20, 240)), st.one_of(st.none(), st.integers(0, 53)))
def test_a_quiz_is_never_handed_in_after_deadline_or_booking(
    booked: int, days: list[int], previous: int | None
) -> None:
    day = hand_in_day(Submission(1, booked, 50, False), CMA, previous, sorted(days))
    assert day <= min(booked, 54)


def test_the_quiz_before_is_the_previous_computer_marked_one() -> None:
    rows = [TMA, CMA, Assessment(3, "TMA", 89, 1), Assessment(4, "CMA", 89, 1)]
    assert [previous_quiz_due_day(rows, at) for at in (1, 3)] == [None, 54]
