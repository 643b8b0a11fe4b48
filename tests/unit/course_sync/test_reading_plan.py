"""Whom to ask one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_sync.facts import Roster, RosterMember
from course_sync.progress_records import ActivityRow, LearnerRow
from course_sync.reading_plan import (
    find_probe,
    needs_reading,
    plan_doubts,
    plan_grade_calls,
    plan_readings,
    reread_after,
)

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
VISIT = NOW - timedelta(days=8)
READ = LearnerRow(1, "147", VISIT, NOW - timedelta(days=1), VISIT, None)
ASSIGN = ActivityRow(5, "76", "6", "assign", NOW - timedelta(days=1), True, True, True)
QUIZ = replace(ASSIGN, activity_id=6, external_id="74", instance_id="16", module="quiz")
NONE = frozenset[int]()


@pytest.mark.parametrize(
    ("learner", "due"),
    [
        (READ, False),
        (replace(READ, progress_as_of=None), True),
        (replace(READ, last_access_at=NOW), True),
        (replace(READ, last_access_at=None, progress_access_at=None), False),
        (replace(READ, progress_as_of=NOW - timedelta(days=7)), True),
        (replace(READ, progress_as_of=NOW - timedelta(days=2, hours=23)), False),
    ],
)
def test_who_is_due(learner: LearnerRow, due: bool) -> None:
    assert needs_reading(learner, NOW) is due


@given(st.integers(1, 10**9))
def test_everybody_is_read_again_within_six_days(membership_id: int) -> None:
    assert timedelta(days=3) <= reread_after(membership_id) < timedelta(days=6)


def test_the_never_read_come_first_then_the_longest_unread() -> None:
    old, older = (replace(READ, membership_id=n, progress_as_of=NOW - timedelta(days=6 + n)) for n in (1, 2))
    new = replace(READ, membership_id=3, progress_as_of=None)
    assert [row.membership_id for row in plan_readings([old, older, READ, new], NOW)] == [3, 2, 1]


def test_where_nobody_is_due_the_longest_unread_is_asked_for() -> None:
    longer = replace(READ, membership_id=2, progress_as_of=NOW - timedelta(days=2))
    assert find_probe([READ, longer], NOW) == longer
    assert find_probe([], NOW) is None


def test_missing_work_is_asked_about_once_and_again_with_each_reading() -> None:
    people = [READ]
    assert plan_doubts(people, [ASSIGN, QUIZ], {}, NONE, NOW) == [(READ, ASSIGN), (READ, QUIZ)]
    asked = {(1, 5): ("none", "incomplete", "moodle"), (1, 6): ("none", None, None)}
    assert plan_doubts(people, [ASSIGN, QUIZ], asked, NONE, NOW) == []
    assert len(plan_doubts(people, [ASSIGN, QUIZ], asked, frozenset({1}), NOW)) == 2


@pytest.mark.parametrize(
    "activity",
    [
        replace(ASSIGN, due_at=None),
        replace(ASSIGN, due_at=NOW + timedelta(hours=1)),
        replace(ASSIGN, due_at=NOW - timedelta(days=29)),
        replace(ASSIGN, visible=False),
        replace(ASSIGN, accepts_submission=False),
        replace(ASSIGN, module="page"),
    ],
)
def test_what_cannot_be_missed_is_not_asked_about(activity: ActivityRow) -> None:
    assert plan_doubts([READ], [activity], {}, NONE, NOW) == []


@pytest.mark.parametrize(
    "state", [("submitted", None, None), ("none", "passed", None), (None, "failed", None)]
)
def test_done_work_is_not_asked_about(state: tuple[str | None, str | None, str | None]) -> None:
    assert plan_doubts([READ], [ASSIGN], {(1, 5): state}, NONE, NOW) == []


def people_in_groups(count: int, grouped: int) -> tuple[list[LearnerRow], Roster]:
    rows = [replace(READ, membership_id=n, external_id=str(n)) for n in range(count)]
    members = {str(n): RosterMember(str(n), group_ids=(n % 40,) if n < grouped else ()) for n in range(count)}
    return rows, Roster("moodle", members)


def test_small_course_is_one_call() -> None:
    assert plan_grade_calls(*people_in_groups(400, 400)) == [{}]
    assert plan_grade_calls([], None) == [{}]


def test_large_course_is_read_by_groups_and_the_rest_one_by_one() -> None:
    calls = plan_grade_calls(*people_in_groups(2000, 1990))
    assert calls[:40] == [{"group_id": n} for n in range(40)]
    assert calls[40:] == [{"person_id": str(n)} for n in range(1990, 2000)]


def test_large_course_without_groups_is_one_call() -> None:
    assert plan_grade_calls(*people_in_groups(2000, 0)) == [{}]
    assert plan_grade_calls(*people_in_groups(2000, 1900)) == [{}]
