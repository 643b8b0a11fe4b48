import pytest

from mentor_console.flags.facts import LearnerFacts, WorkFacts
from mentor_console.flags.findings import Finding
from tests.unit.mentor_console.flags.builders import (
    assess,
    assignment,
    at,
    codes,
    found,
    group,
    handed_in,
    learner,
)

RULE = "grades_falling"
TASKS = [assignment(i, due=10 * i) for i in range(1, 5)]


def graded(*scores: float, known: bool = True) -> tuple[WorkFacts, ...]:
    """Work 1, 2, ... with these scores, in the order in which they were graded."""
    return tuple(
        handed_in(i, day=10 * i - 1, score_ratio=score, graded_at=at(10 * i + 2), submission_known=known)
        for i, score in enumerate(scores, 1)
    )


def judge(person: LearnerFacts, middle: tuple[float, ...] = (0.7,) * 4, size: int = 12) -> Finding | None:
    others = group(size, work=graded(*middle))
    return found(assess(person, 55, activities=TASKS, others=others), RULE)


def level(*scores: float, size: int = 12) -> str | None:
    finding = judge(learner(range(56), work=graded(*scores)), size=size)
    return finding.level if finding else None


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ((0.7, 0.7), None),
        ((0.6, 0.56), None),
        ((0.5, 0.58), "watch"),
        ((0.45, 0.45), "week"),
        ((0.3, 0.4), "act"),
        ((0.3, 0.9), None),
        ((), None),
    ],
)
def test_level_grows_with_the_mean_distance_to_the_cohort(
    scores: tuple[float, ...], expected: str | None
) -> None:
    assert level(*scores) == expected


def test_reasons_name_the_work_furthest_below_and_the_mean() -> None:
    finding = judge(learner(range(56), work=graded(0.5, 0.4)))
    assert finding is not None
    assert finding.kind == "educational"
    assert codes(finding)[:2] == ["grade_below_cohort", "grades_below_cohort"]
    worst, mean = finding.reasons[:2]
    assert (worst.values["activity_id"], worst.values["score_percent"], worst.values["cohort_percent"]) == (
        2,
        40,
        70,
    )
    assert mean.values == {"graded": 2, "points": 25}


def test_a_fall_against_the_own_work_before() -> None:
    finding = judge(learner(range(56), work=graded(0.95, 0.95, 0.95, 0.5)))
    assert codes(finding) == ["grade_fell"]
    assert finding is not None
    assert finding.level == "watch"
    assert finding.reasons[0].values["usual_percent"] == 95


def test_work_that_was_hard_for_everybody_is_no_fall() -> None:
    assert judge(learner(range(56), work=graded(0.95, 0.95, 0.95, 0.5)), middle=(0.7, 0.7, 0.7, 0.5)) is None


def test_without_a_cohort_only_the_own_fall_is_seen() -> None:
    assert level(0.3, 0.3, size=3) is None
    assert level(0.9, 0.6, size=3) == "watch"
    assert level(0.9, 0.8, size=3) is None


def test_scores_not_given_yet_and_blanks_do_not_count() -> None:
    late = handed_in(1, day=50, score_ratio=0.1, graded_at=at(60))
    assert judge(learner(range(56), work=(late,))) is None
    blank = WorkFacts(1, completion="incomplete", score_ratio=0.0, graded_at=at(12))
    assert judge(learner(range(56), work=(blank,))) is None


def test_optional_work_does_not_count() -> None:
    tasks = [assignment(i, due=10 * i, required=False) for i in range(1, 5)]
    person = learner(range(56), work=graded(0.1, 0.1))
    others = group(12, work=graded(0.7, 0.7))
    assert found(assess(person, 55, activities=tasks, others=others), RULE) is None
