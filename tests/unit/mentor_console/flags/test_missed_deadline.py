from dataclasses import replace
from typing import Any

import pytest

from mentor_console.flags.facts import LearnerFacts, WorkFacts
from tests.unit.mentor_console.flags.builders import (
    assess,
    assignment,
    at,
    codes,
    found,
    group,
    handed_in,
    learner,
    level_of,
    nothing,
)

RULE = "missed_deadline"
BUSY = range(61)


def level(
    work: WorkFacts | None, day: float = 33, others: list[LearnerFacts] | None = None, **task: Any
) -> str | None:
    person = learner(range(int(day) + 1), work=(work,) if work else ())
    return level_of(assess(person, day, activities=[assignment(**task)], others=others or []), RULE)


def test_missing_work_is_flagged_only_after_the_grace() -> None:
    assert level(nothing(), day=29.9) is None
    assert level(nothing(), day=30.9) is None
    assert level(nothing(), day=31.1) == "week"


def test_a_week_overdue_is_for_today() -> None:
    """Due on 7 October: from 14 October on, whatever the hour."""
    assert level(nothing(), day=36.6) == "week"
    assert level(nothing(), day=36.7) == "act"


def test_after_the_window_nothing_new_is_raised() -> None:
    assert level(nothing(), day=58.5) == "act"
    assert level(nothing(), day=59.5) is None


@pytest.mark.parametrize(
    "work",
    [
        handed_in(),
        handed_in(day=32),
        nothing(completion="passed"),
        nothing(completion="failed"),
        nothing(completion="complete", completed_at=at(31)),
        nothing(score_ratio=0.4, graded_at=at(32)),
        nothing(submission_known=False, completion="complete"),
    ],
)
def test_any_sign_of_work_done_clears(work: WorkFacts) -> None:
    assert level(work) is None


@pytest.mark.parametrize(
    "work",
    [
        nothing(score_ratio=0.0),
        handed_in(day=34),
        nothing(completion=None),
        nothing(completion="complete", completed_at=at(40)),
    ],
)
def test_no_sign_of_work_up_to_now_is_missing(work: WorkFacts) -> None:
    assert level(work) == "week"


@pytest.mark.parametrize(
    "work", [None, nothing(submission_known=False), nothing(submission_known=False, completion=None)]
)
def test_unknown_is_not_missing(work: WorkFacts | None) -> None:
    assert level(work) is None


@pytest.mark.parametrize(
    "task", [{"required": False}, {"visible": False}, {"accepts_submission": False}, {"due": None}]
)
def test_only_required_visible_dated_hand_ins_are_deadlines(task: dict[str, Any]) -> None:
    assert level(nothing(), **task) is None


def test_an_extension_moves_the_deadline() -> None:
    assert level(nothing(due_at_override=at(40))) is None
    person = learner(range(43), work=(nothing(due_at_override=at(40)),))
    finding = found(assess(person, 42, activities=[assignment()]), RULE)
    assert finding is not None
    assert finding.reasons[0].values["extended"] is True
    assert finding.reasons[0].values["due_at"] == at(40).isoformat()


def test_an_override_gives_a_date_to_work_without_one() -> None:
    assert level(nothing(due_at_override=at(30)), due=None) == "week"


def test_two_missed_deadlines_are_for_today() -> None:
    person = learner(BUSY, work=(nothing(1), nothing(2)))
    tasks = [assignment(1, due=50), assignment(2, due=52)]
    finding = found(assess(person, 54, activities=tasks), RULE)
    assert finding is not None
    assert finding.level == "act"
    assert [reason.values["activity_id"] for reason in finding.reasons] == [2, 1]
    assert [reason.code for reason in finding.clears] == ["clears_with_hand_in"] * 2


def test_a_week_of_silence_makes_a_miss_urgent() -> None:
    person = learner([*range(10), 26], work=(nothing(),))
    assert level_of(assess(person, 32, activities=[assignment()]), RULE) == "week"
    assert level_of(assess(person, 33, activities=[assignment()]), RULE) == "act"


def test_deadlines_before_and_soon_after_a_late_enrolment_do_not_count() -> None:
    person = learner(BUSY, enrolled_at=at(25), work=(nothing(1), nothing(2), nothing(3)))
    tasks = [assignment(1, due=20), assignment(2, due=31), assignment(3, due=33)]
    finding = found(assess(person, 35, activities=tasks), RULE)
    assert finding is not None
    assert [reason.values["activity_id"] for reason in finding.reasons] == [3]


def test_a_deadline_before_an_early_enrolment_does_not_count() -> None:
    person = learner(BUSY, enrolled_at=at(5), work=(nothing(1), nothing(2)))
    finding = found(assess(person, 8.5, activities=[assignment(1, due=4), assignment(2, due=7)]), RULE)
    assert finding is not None
    assert [reason.values["activity_id"] for reason in finding.reasons] == [2]


def test_an_enrolment_in_time_grants_no_delay() -> None:
    person = learner(BUSY, enrolled_at=at(2), work=(nothing(),))
    assert level_of(assess(person, 33, activities=[assignment(due=8)]), RULE) == "act"


def cohort(done: int, missing: int) -> list[LearnerFacts]:
    return [*group(done, 100, work=(handed_in(),)), *group(missing, 500, work=(nothing(),))]


@pytest.mark.parametrize(
    ("done", "missing", "expected"),
    [(2, 17, None), (5, 14, "watch"), (9, 10, "watch"), (10, 9, "week"), (19, 0, "week")],
)
def test_the_cohort_confirms_the_date(done: int, missing: int, expected: str | None) -> None:
    assert level(nothing(), others=cohort(done, missing)) == expected


def test_the_count_of_those_who_have_is_given_where_the_cohort_is_large_enough() -> None:
    person = learner(BUSY, work=(nothing(),))
    large = found(assess(person, 33, activities=[assignment()], others=cohort(41, 6)), RULE)
    small = found(assess(person, 33, activities=[assignment()], others=cohort(8, 0)), RULE)
    assert large is not None
    assert small is not None
    assert (large.reasons[0].values["handed_in"], large.reasons[0].values["expected"]) == (41, 48)
    assert small.reasons[0].values["expected"] is None


def test_learners_whose_state_is_unknown_or_who_left_are_not_expected() -> None:
    person = learner(BUSY, work=(nothing(),))
    others = [*cohort(11, 0), *group(5, 700), *group(5, 800, status="left", work=(nothing(),))]
    finding = found(assess(person, 33, activities=[assignment()], others=others), RULE)
    assert finding is not None
    assert finding.reasons[0].values["expected"] == 12


def test_indicators_tell_unknown_from_none_missed() -> None:
    unknown = learner(BUSY, work=(nothing(submission_known=False),))
    assert assess(unknown, 33, activities=[assignment()]).indicators.missed is None
    assert assess(unknown, 33, activities=[assignment()]).indicators.unknown_deadline_count == 1
    partly = replace(unknown, work=(nothing(1, submission_known=False), handed_in(2)))
    both = assess(partly, 33, activities=[assignment(1), assignment(2)])
    assert both.indicators.missed == ()
    assert both.indicators.unknown_deadline_count == 1


def test_silence_and_a_miss_are_two_findings_the_most_urgent_first() -> None:
    person = learner(range(24), work=(nothing(),))
    assessment = assess(person, 33, activities=[assignment()])
    assert [(finding.rule, finding.level) for finding in assessment.findings] == [
        (RULE, "act"),
        ("silent", "week"),
    ]
    assert assessment.level == "act"
    assert assessment.suggested_kind == "methodological"
    assert codes(assessment.findings[0]) == ["missed_deadline"]
