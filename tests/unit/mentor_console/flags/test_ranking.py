from dataclasses import replace

from mentor_console.flags.assessment import Assessment
from mentor_console.flags.facts import HandInCount
from mentor_console.flags.indicators import Indicators, MissedDeadline
from mentor_console.flags.ranking import urgency
from tests.unit.mentor_console.flags.builders import (
    assess,
    assignment,
    at,
    group,
    handed_in,
    learner,
    nothing,
)


def test_levels_come_in_their_order() -> None:
    ranked = [assess(learner(range(21)), day) for day in (40, 31, 28, 21)]
    assert [item.level for item in ranked] == ["act", "week", "watch", None]
    assert sorted(ranked, key=urgency, reverse=True) == ranked


def test_the_facts_never_outweigh_a_level() -> None:
    miss = MissedDeadline(1, "x", at(1), False, 50, HandInCount(48, 48))
    worst = Indicators(
        silent_days=9999, missed=(miss,) * 9, active_days_in_window=0, cohort_active_days_median=9.0
    )
    best = Indicators(silent_days=0, missed=(), active_days_in_window=28, cohort_active_days_median=1.0)
    calm = Assessment(1, "ordinary", (), worst)
    watched = replace(assess(learner(range(21)), 28), indicators=best)
    assert watched.level == "watch"
    assert urgency(watched) > urgency(calm)


def test_within_a_level_the_longer_silence_comes_first() -> None:
    assert urgency(assess(learner(range(21)), 60)) > urgency(assess(learner(range(21)), 40))


def test_old_misses_still_count_but_not_those_the_cohort_missed_too() -> None:
    def at_day_90(done: int, missing: int) -> float:
        others = [*group(done, 100, work=(handed_in(),)), *group(missing, 500, work=(nothing(),))]
        person = learner(range(91), work=(nothing(),))
        assessment = assess(person, 90, activities=[assignment()], others=others)
        assert assessment.level is None, assessment.findings
        return urgency(assessment)

    assert at_day_90(20, 0) > at_day_90(12, 8) > at_day_90(1, 19)


def test_more_active_than_the_cohort_comes_later() -> None:
    busy = Indicators(silent_days=2, active_days_in_window=20, cohort_active_days_median=10.0)
    idle = replace(busy, active_days_in_window=4)
    assert urgency(Assessment(1, "ordinary", (), idle)) > urgency(Assessment(2, "ordinary", (), busy))


def test_the_unknown_stands_in_the_middle() -> None:
    unknown = Assessment(1, "ordinary", (), Indicators())
    busy = Assessment(2, "ordinary", (), assess(learner(range(41)), 40, others=group(12)).indicators)
    silent = Assessment(3, "ordinary", (), assess(learner([1]), 40, others=group(12)).indicators)
    assert urgency(busy) <= urgency(unknown) < urgency(silent)


def test_who_needs_no_alarm_comes_last() -> None:
    gone = assess(learner([1], status="left"), 40)
    assert urgency(gone) < urgency(assess(learner(range(41)), 40))
