from collections.abc import Iterable
from typing import Any

import pytest

from mentor_console.flags.facts import LearnerFacts, WorkFacts
from tests.unit.mentor_console.flags.builders import (
    assess,
    assignment,
    at,
    found,
    group,
    handed_in,
    learner,
    level_of,
    nothing,
)

RULE = "falling_behind"
DAY = 50
TASKS = [
    assignment(i, due=5 * i, accepts_submission=i % 2 == 0, module="page") for i in range(1, 11)
]  # ten due by day 50


def done(count: int, total: int = 10) -> tuple[WorkFacts, ...]:
    return tuple(handed_in(i, day=5 * i - 1) if i <= count else nothing(i) for i in range(1, total + 1))


def level(work: Iterable[WorkFacts], cohort_done: int = 8, size: int = 12, **changes: Any) -> str | None:
    person = learner(range(DAY + 1), work=tuple(work), **changes)
    return level_of(assess(person, DAY, activities=TASKS, others=cohort(cohort_done, size)), RULE)


def cohort(count: int, size: int = 12) -> list[LearnerFacts]:
    return group(size, work=done(count))


@pytest.mark.parametrize(
    ("own", "expected"), [(8, None), (6, None), (5, "week"), (4, "week"), (3, "act"), (0, "act")]
)
def test_level_grows_with_the_distance(own: int, expected: str | None) -> None:
    assert level(done(own)) == expected


def test_one_step_is_never_far_behind() -> None:
    assert level(done(0), cohort_done=1) is None


def test_the_reason_can_be_counted_on_the_page() -> None:
    person = learner(range(DAY + 1), work=done(4))
    finding = found(assess(person, DAY, activities=TASKS, others=cohort(8)), RULE)
    assert finding is not None
    assert finding.reasons[0].values == {"done": 4, "cohort_done": 8, "due": 9, "due_done": 4}
    assert finding.clears[0].values == {"done": 6}
    assert level(done(6)) is None


def test_unknown_and_extended_steps_might_as_well_be_done() -> None:
    work = list(done(5))
    assert level(work) == "week"
    work[5] = nothing(6, submission_known=False, completion=None)
    assert level(work) is None
    work[5] = nothing(6, due_at_override=at(70))
    assert level(work) is None


def test_optional_steps_count_for_nobody() -> None:
    person = learner(range(DAY + 1), work=done(3))
    tasks = [assignment(i, due=5 * i, required=i <= 3) for i in range(1, 11)]
    assert level_of(assess(person, DAY, activities=tasks, others=cohort(8)), RULE) is None


def test_steps_not_yet_due_are_nobody_s_delay() -> None:
    tasks = [assignment(i, due=100 + i) for i in range(1, 11)]
    person = learner(range(DAY + 1), work=done(2))
    assert level_of(assess(person, DAY, activities=tasks, others=cohort(8)), RULE) is None


def test_nothing_to_compare_with_says_nothing() -> None:
    assert level(done(0), size=5) is None
    assert level(()) is None


def test_who_enrolled_late_owes_only_what_came_after() -> None:
    assert level(done(0), enrolled_at=at(40)) is None


def test_a_missed_deadline_and_falling_behind_are_two_findings_of_one_learner() -> None:
    person = learner(range(DAY + 1), work=done(3))
    rules = [f.rule for f in assess(person, DAY, activities=TASKS, others=cohort(10)).findings]
    assert rules == ["missed_deadline", "falling_behind"]
