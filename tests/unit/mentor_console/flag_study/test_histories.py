from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mentor_console.flag_study.histories import (
    build_activities,
    build_learner,
    end_of_day,
    find_start,
    is_scored,
)
from mentor_console.flag_study.oulad import Assessment, History, Presentation, Submission
from mentor_console.flags.facts import LearnerFacts
from tests.unit.mentor_console.flag_study.excerpt import presentations

START = datetime(2013, 10, 1, tzinfo=UTC)
TASKS = (
    Assessment(1, "TMA", 19),
    Assessment(2, "CMA", 25),
    Assessment(3, "Exam", 200),
    Assessment(4, "TMA", None),
)


def history(**changes: object) -> History:
    found = History(
        7, -30, None, "Pass", 1, [Submission(1, 18, 60.0), Submission(2, 25, 80.0)], {14: 3, 28: 5}
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def facts(day: int, daily_until: int | None = None, **changes: object) -> LearnerFacts:
    item = history(**changes)
    return build_learner(Presentation("XXX_2013J", 200, TASKS, (item,), daily_until), item, day)


def test_the_start_comes_from_the_name() -> None:
    assert find_start("AAA_2014B") == datetime(2014, 2, 1, tzinfo=UTC)
    assert find_start("AAA_2013J") == START
    assert end_of_day(START, 0) == datetime(2013, 10, 1, 23, 59, 59, tzinfo=UTC)


def test_dated_assignments_are_deadlines_and_exams_are_not() -> None:
    found = build_activities(Presentation("XXX_2013J", 200, TASKS, (), None))
    assert [(item.activity_id, item.due_at) for item in found] == [
        (1, end_of_day(START, 19)),
        (2, end_of_day(START, 25)),
    ]


def test_a_score_is_known_when_it_was_marked() -> None:
    def scores(day: int) -> list[float | None]:
        return [item.score_ratio for item in facts(day).work]

    assert scores(31) == [None, 0.8]
    assert scores(32) == [0.6, 0.8]
    assert scores(24) == [None, None]
    assert [item.submitted_at for item in facts(24).work] == [end_of_day(START, 18), None]


def test_snapshots_become_periods() -> None:
    periods = facts(42).counted_days
    assert [(period.active_days, (period.last - period.first).days + 1) for period in periods] == [
        (3, 40),
        (2, 14),
        (0, 14),
    ]
    assert facts(42).access_known is False
    assert facts(42, presentations=2).counted_days == ()


def test_daily_visits_are_known_only_as_far_as_they_are_told() -> None:
    visited = facts(28, daily_until=30, visit_days=[-3, 5, 29])
    assert visited.access_known
    assert visited.last_access_at == end_of_day(START, 5)
    assert len(visited.active_days) == 2
    assert not facts(31, daily_until=30, visit_days=[-3, 5, 29]).access_known
    assert facts(28, daily_until=30, visit_days=[]).last_access_at is None


@pytest.mark.parametrize(
    ("changes", "scored"),
    [
        ({}, True),
        ({"registered_day": 15}, False),
        ({"registered_day": None}, True),
        ({"unregistered_day": 14}, False),
        ({"unregistered_day": 15}, True),
    ],
)
def test_a_row_is_somebody_registered_at_the_end_of_the_day(changes: dict[str, int], scored: bool) -> None:
    assert is_scored(history(**changes), 14) == scored


def test_nothing_dated_later_and_no_outcome_changes_the_facts() -> None:
    """Cut everything after the day away, and turn the results round: the facts stay the same."""
    for presentation in presentations().values():
        for item in presentation.learners:
            for day in (14, 28, 42):
                past = replace(
                    item,
                    result="Fail" if item.result == "Pass" else "Pass",
                    unregistered_day=None,
                    submissions=[sent for sent in item.submissions if sent.day <= day],
                    snapshots={at: days for at, days in item.snapshots.items() if at <= day},
                    visit_days=None
                    if item.visit_days is None
                    else [at for at in item.visit_days if at <= day],
                )
                assert build_learner(presentation, past, day) == build_learner(presentation, item, day)
