from typing import Any

import pytest

from mentor_console.flags.facts import CountedDays, LearnerFacts
from tests.unit.mentor_console.flags.builders import assess, at, codes, found, group, learner, level_of, on

RULE = "slowing_down"


def every(step: int, until: int = 60) -> range:
    """Visits on every `step`-th day up to `until`, which is one of them."""
    return range(until % step, until + 1, step)


def level(person: LearnerFacts, day: int = 60, size: int = 12) -> str | None:
    return level_of(assess(person, day, others=group(size)), RULE)


@pytest.mark.parametrize(
    ("step", "expected"), [(1, None), (2, "watch"), (3, "watch"), (4, "week"), (6, "week")]
)
def test_fewer_active_days_than_the_cohort(step: int, expected: str | None) -> None:
    assert level(learner(every(step))) == expected


def test_the_reason_says_own_days_window_and_cohort() -> None:
    finding = found(assess(learner(every(4)), 60, others=group(12)), RULE)
    assert finding is not None
    assert finding.reasons[0].values == {"days": 7, "window_days": 28, "cohort_days": 28}


def test_without_a_cohort_nothing_is_compared() -> None:
    assert level(learner(every(4)), size=5) is None


def test_a_cohort_that_hardly_works_online_says_nothing() -> None:
    idle = [learner([40, 55, 60], membership_id=100 + i) for i in range(12)]
    assert level_of(assess(learner([60]), 60, others=idle), RULE) is None


def test_slower_than_before_while_the_cohort_goes_on() -> None:
    person = learner([*range(33, 47), 49, 52, 56, 60])  # daily, then four days of fourteen
    finding = found(assess(person, 60, others=group(12)), RULE)
    assert codes(finding) == ["slowed_down"]
    assert finding is not None
    assert finding.level == "watch"
    assert finding.reasons[0].values == {"days": 4, "earlier_days": 14, "window_days": 14}


def test_when_the_cohort_slows_too_nobody_has_slowed() -> None:
    days = [*range(33, 47), 49, 52, 56, 60]
    alike = [learner(days, membership_id=100 + i) for i in range(12)]
    assert level_of(assess(learner(days), 60, others=alike), RULE) is None


def test_few_days_before_are_no_pace_to_fall_from() -> None:
    person = learner([34, 40, 44, 60])
    assert "slowed_down" not in codes(found(assess(person, 60, others=group(12)), RULE))


def test_silence_says_the_same_and_more() -> None:
    person = learner(every(3, until=45))
    assert [f.rule for f in assess(person, 60, others=group(12)).findings] == ["silent"]


@pytest.mark.parametrize(("enrolled", "expected"), [(33, None), (32, "week")])
def test_who_came_later_is_compared_over_days_of_presence(enrolled: int, expected: str | None) -> None:
    assert level(learner(every(6), enrolled_at=at(enrolled))) == expected


@pytest.mark.parametrize(("ended", "expected"), [(33, None), (32, "week")])
def test_an_agreed_absence_in_the_window_leaves_nothing_to_compare(ended: int, expected: str | None) -> None:
    assert level(learner(every(6), paused_until=at(ended))) == expected


def counted(*days: int, **changes: Any) -> LearnerFacts:
    """Fortnights up to day 56 with that many active days each."""
    firsts = (-20, 15, 29, 43)
    periods = tuple(
        CountedDays(on(first), on(last), count)
        for first, last, count in zip(firsts, (14, 28, 42, 56), days, strict=True)
    )
    return learner(access_known=False, counted_days=periods, **changes)


def counted_group(*days: int) -> list[LearnerFacts]:
    return [counted(*days, membership_id=100 + i) for i in range(12)]


def test_counted_days_are_compared_over_the_same_window() -> None:
    assessment = assess(counted(9, 9, 1, 2), 56, others=counted_group(9, 9, 9, 9))
    finding = found(assessment, RULE)
    assert finding is not None
    assert finding.level == "week"
    assert finding.reasons[0].values == {"days": 3, "window_days": 28, "cohort_days": 18}
    assert assess(counted(9, 9, 9, 9), 56, others=counted_group(9, 9, 9, 9)).findings == ()


def test_a_longer_period_is_a_longer_window() -> None:
    assert assess(counted(5, 2, 0, 0), 28).indicators.active_days_window == 49
    assert assess(counted(5, 2, 0, 0), 28).indicators.active_days_in_window == 7
    assert assess(counted(5, 2, 0, 0), 28).indicators.earlier_active_days is None
    assert assess(counted(5, 2, 0, 0), 42).indicators.active_days_window == 28


def test_different_windows_are_not_compared() -> None:
    assert level_of(assess(counted(9, 1, 0, 0), 28, others=group(12)), RULE) is None


def test_empty_periods_are_silence_of_at_least_their_length() -> None:
    busy = counted_group(9, 9, 9, 9)
    finding = found(assess(counted(1, 1, 0, 0), 56, others=busy), "silent")
    assert codes(finding) == ["silent_at_least"]
    assert finding is not None
    assert finding.reasons[0].values == {"days": 28}
    assert level_of(assess(counted(9, 9, 9, 0), 56, others=busy), "silent") == "week"
    assert level_of(assess(counted(0, 5, 1, 0), 56, others=busy), "silent") == "act"
    assert level_of(assess(counted(9, 9, 9, 1), 56, others=busy), "silent") is None


def test_when_the_cohort_has_an_empty_period_too_nobody_is_silent() -> None:
    assert level_of(assess(counted(9, 9, 9, 0), 56, others=counted_group(9, 9, 9, 0)), "silent") is None


def test_periods_that_ended_long_ago_say_nothing() -> None:
    assert assess(counted(9, 9, 0, 0), 70, others=group(12)).findings == ()


def test_periods_with_a_hole_are_refused() -> None:
    with pytest.raises(ValueError, match="must follow each other"):
        learner(counted_days=(CountedDays(on(1), on(7), 2), CountedDays(on(9), on(14), 2)))


def test_an_agreed_absence_is_not_silence() -> None:
    person = learner(range(21), paused_until=at(40))
    assert level_of(assess(person, 46), "silent") is None
    finding = found(assess(person, 48), "silent")
    assert codes(finding) == ["silent_unlike_before", "pause_left_out"]
    assert finding is not None
    assert finding.reasons[0].values["days"] == 8
