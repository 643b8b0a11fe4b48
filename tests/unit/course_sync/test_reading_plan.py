"""Whom to ask one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_sync.facts import Roster, RosterMember, Updates
from course_sync.progress_records import ActivityRow, LearnerRow, Unsettled
from course_sync.reading_plan import (
    GradeCall,
    ToldAttempts,
    count_untold_attempts,
    find_probe,
    is_graded_since,
    list_overdue,
    needs_posts,
    needs_reading,
    plan_attempt_doubts,
    plan_attempt_search,
    plan_extension_doubts,
    plan_grade_calls,
    plan_lone_grades,
    plan_readings,
    reread_after,
)

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
VISIT = NOW - timedelta(days=8)
READ = LearnerRow(1, "147", VISIT, NOW - timedelta(days=1), VISIT, None)
ASSIGN = ActivityRow(5, "76", "6", "assign", NOW - timedelta(days=1), True, True, True)
QUIZ = replace(ASSIGN, activity_id=6, external_id="74", instance_id="16", module="quiz")
UNTOLD = ToldAttempts()


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


def test_extensions_are_asked_for_once_and_again_every_few_days() -> None:
    assert plan_extension_doubts([READ], ASSIGN, {}, NOW) == [(READ, ASSIGN)]
    asked = Unsettled("none", "incomplete", "moodle", NOW - timedelta(days=1))
    assert plan_extension_doubts([READ], ASSIGN, {1: asked}, NOW) == []
    for old in (replace(asked, due_as_of=NOW - timedelta(days=6)), replace(asked, due_as_of=None)):
        assert plan_extension_doubts([READ], ASSIGN, {1: old}, NOW) == [(READ, ASSIGN)]


def test_attempts_at_a_closed_quiz_are_asked_for_once_and_again_of_whom_moved() -> None:
    assert plan_attempt_doubts([READ], QUIZ, {}, UNTOLD) == [(READ, QUIZ)]
    asked = {1: Unsettled("none", submission_as_of=NOW - timedelta(days=1))}
    assert plan_attempt_doubts([READ], QUIZ, asked, UNTOLD) == []
    came = replace(READ, last_access_at=NOW - timedelta(hours=1))
    read = replace(READ, progress_as_of=NOW - timedelta(hours=1))
    for moved in (came, read):
        assert plan_attempt_doubts([moved], QUIZ, asked, UNTOLD) == [(moved, QUIZ)]
        known = replace(QUIZ, hand_ins_as_of=NOW - timedelta(minutes=30))
        assert plan_attempt_doubts([moved], known, asked, UNTOLD) == [], "it is known of everybody"
        assert plan_attempt_doubts([moved], known, {}, UNTOLD) == [(moved, known)], "but not of who is new"


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        (ToldAttempts(frozenset({1}), NOW - timedelta(days=1)), False),
        (ToldAttempts(frozenset({1}), NOW - timedelta(hours=23)), True),
        (ToldAttempts(frozenset({2}), NOW - timedelta(days=1)), True),
    ],
)
def test_who_is_on_a_list_that_goes_back_far_enough_is_not_asked(told: ToldAttempts, asked: bool) -> None:
    came = replace(READ, last_access_at=NOW - timedelta(hours=1))
    known = {1: Unsettled("none", submission_as_of=NOW - timedelta(days=1))}
    assert bool(plan_attempt_doubts([came], QUIZ, known, told)) is asked


def test_new_attempts_are_looked_for_among_those_who_moved_the_latest_first() -> None:
    early = replace(READ, access_known=True)
    later, unlisted = (replace(early, membership_id=n, last_access_at=NOW) for n in (2, 5))
    silent = replace(early, membership_id=3, progress_as_of=NOW - timedelta(days=3))
    never = replace(READ, membership_id=4, last_access_at=None)
    told = ToldAttempts(frozenset({1, 2, 3, 4}), NOW - timedelta(days=2))
    people = [early, later, silent, never, unlisted]
    assert [row.membership_id for row, _quiz in plan_attempt_search(people, QUIZ, {}, told)] == [2, 1, 4]
    known = {
        1: Unsettled("draft"),
        2: Unsettled("submitted"),
        4: Unsettled("none", submission_as_of=NOW - timedelta(hours=3)),
    }
    assert plan_attempt_search(people, QUIZ, known, told) == [(early, QUIZ), (never, QUIZ)]


def test_hand_ins_of_those_whom_the_list_leaves_out_do_not_count_as_found() -> None:
    since = NOW - timedelta(days=1)
    updates = Updates(since, attempted={"74": 2})
    told = ToldAttempts(frozenset({1, 2}), since)
    found = Unsettled("submitted", submitted_at=NOW)
    earlier = Unsettled("submitted", submitted_at=since - timedelta(hours=1))
    assert count_untold_attempts(QUIZ, updates, {1: found, 3: found, 2: earlier}, told) == 1
    assert count_untold_attempts(QUIZ, updates, {1: found, 2: found}, told) == 0
    assert count_untold_attempts(replace(QUIZ, external_id="75"), updates, {}, told) == 0


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
    assert list_overdue([activity], NOW) == []


def test_what_is_overdue_comes_with_the_latest_deadline_first() -> None:
    earlier = replace(QUIZ, due_at=NOW - timedelta(days=9))
    assert list_overdue([earlier, ASSIGN], NOW) == [ASSIGN, earlier]


@pytest.mark.parametrize(
    "state", [("submitted", None, None), ("none", "passed", None), (None, "failed", None)]
)
def test_done_work_is_not_asked_about(state: tuple[str | None, str | None, str | None]) -> None:
    known = {1: Unsettled(*state)}
    assert plan_extension_doubts([READ], ASSIGN, known, NOW) == []
    assert plan_attempt_doubts([READ], QUIZ, known, UNTOLD) == []


def people_in_groups(count: int, grouped: int) -> tuple[set[str], list[LearnerRow], Roster]:
    rows = [replace(READ, membership_id=n, external_id=str(n)) for n in range(count)]
    members = {str(n): RosterMember(str(n), group_ids=(n % 40,) if n < grouped else ()) for n in range(count)}
    return {row.external_id for row in rows}, rows, Roster("moodle", members)


def arguments(calls: list[GradeCall]) -> list[dict[str, object]]:
    return [call.arguments for call in calls]


def test_large_course_is_read_by_groups_and_the_rest_one_by_one() -> None:
    calls = plan_grade_calls(*people_in_groups(2000, 1990))
    assert sorted(arguments(calls[:40]), key=str) == sorted(({"group_id": n} for n in range(40)), key=str)
    assert {str(call.arguments["person_id"]) for call in calls[40:]} == {str(n) for n in range(1990, 2000)}
    assert sum(len(call.people) for call in calls) == 2000


@pytest.mark.parametrize(("count", "calls"), [(2000, 1), (2001, 2001)])
def test_course_without_groups_is_one_call_up_to_what_one_answer_can_hold(count: int, calls: int) -> None:
    assert len(plan_grade_calls(*people_in_groups(count, 0))) == calls


def test_few_of_a_group_are_read_one_by_one_and_many_with_their_group() -> None:
    _all, rows, roster = people_in_groups(2000, 2000)
    of_group_3 = [str(n) for n in range(2000) if n % 40 == 3]
    few = plan_grade_calls(of_group_3[:14], rows, roster)
    assert arguments(few) == [{"person_id": key} for key in sorted(of_group_3[:14])]
    many = plan_grade_calls([*of_group_3[:15], "4"], rows, roster)
    assert arguments(many) == [{"group_id": 3}, {"person_id": "4"}]


def test_who_left_is_not_asked_about_and_nobody_is_no_call() -> None:
    _all, rows, roster = people_in_groups(500, 500)
    assert plan_grade_calls({"9999"}, rows, roster) == []
    assert plan_grade_calls(set(), rows, None) == []


@given(st.sets(st.integers(0, 99)), st.lists(st.sets(st.integers(0, 6)), min_size=100, max_size=100))
def test_every_grade_that_is_wanted_is_asked_for_in_exactly_one_call(
    wanted: set[int], groups: list[set[int]]
) -> None:
    rows = [replace(READ, membership_id=n, external_id=str(n)) for n in range(100)]
    roster = Roster("m", {str(n): RosterMember(str(n), group_ids=tuple(groups[n])) for n in range(100)})
    calls = plan_grade_calls({str(n) for n in wanted}, rows, roster)
    asked = [key for call in calls for key in call.people]
    assert len(asked) == len(set(asked))
    assert {str(n) for n in wanted} <= set(asked)
    for call in calls:
        group = call.arguments.get("group_id")
        assert group is None or all(group in groups[int(key)] for key in call.people)


def test_whose_grades_were_read_after_they_were_graded_is_not_read_again_for_that() -> None:
    read = replace(READ, grades_as_of=NOW)
    assert [is_graded_since(read, moment) for moment in (NOW - timedelta(minutes=9), NOW, None)] == [True] * 3
    assert not is_graded_since(read, NOW - timedelta(minutes=11))
    assert is_graded_since(READ, NOW - timedelta(days=9)), "never read"


FORUM = ActivityRow(7, "72", "11", "forum", None, True, False, True, NOW - timedelta(days=1), VISIT)


@pytest.mark.parametrize(
    ("forum", "newest_visit", "updates", "due"),
    [
        (FORUM, VISIT, None, False),
        (FORUM, NOW, None, True),
        (replace(FORUM, posts_as_of=None), None, None, True),
        (replace(FORUM, posts_access_at=None), None, None, False),
        (replace(FORUM, posts_access_at=NOW - timedelta(days=1)), NOW - timedelta(days=1), None, True),
        (FORUM, NOW, Updates(NOW), False),
        (FORUM, NOW, Updates(NOW, discussed=frozenset({"72"})), True),
        (replace(FORUM, posts_as_of=NOW - timedelta(days=6)), VISIT, Updates(NOW), True),
    ],
)
def test_when_a_forum_is_listed(
    forum: ActivityRow, newest_visit: datetime | None, updates: Updates | None, due: bool
) -> None:
    assert needs_posts(forum, newest_visit, updates, NOW) is due


def test_who_is_always_refused_does_not_keep_the_others_from_their_turn() -> None:
    """Fifty are refused for ever, half of them after they were read once; the other hundred are read."""
    never = replace(READ, grades_as_of=None)
    rows = {number: replace(never, membership_id=number) for number in range(1, 151)}
    for number in range(1, 26):
        rows[number] = replace(rows[number], grades_as_of=NOW - timedelta(days=30))
    now, start = NOW, NOW
    for _run in range(16):
        now += timedelta(hours=1)
        for row in plan_lone_grades(rows.values(), now)[:50]:
            if row.membership_id > 50:
                rows[row.membership_id] = replace(row, grades_as_of=now, grades_access_at=row.last_access_at)
    assert all(row.grades_as_of and row.grades_as_of > start for key, row in rows.items() if key > 50)
