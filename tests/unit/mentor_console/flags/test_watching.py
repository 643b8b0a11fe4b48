"""Days on which nobody looked: whatever happened on them, every number a visit reason states is true."""

from bisect import bisect_right
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from mentor_console.flags.assessment import evaluate_all
from mentor_console.flags.facts import CourseFacts, LearnerFacts
from mentor_console.flags.findings import Reason
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, with_overrides
from tests.unit.mentor_console.flags.builders import COURSE, START, at, codes, found, group, learner, on
from tests.unit.mentor_console.flags.builders import assess as assess_of

NOW_DAY = 60
EAGER = with_overrides(
    DEFAULT_THRESHOLDS,
    {"cohort_min_learners": 2, "activity_min_median_days": 1, "slowing_min_earlier_days": 1},
)
ALL = tuple(on(day) for day in range(NOW_DAY + 1))

histories = st.sets(st.integers(0, NOW_DAY), max_size=61)
looks = st.sets(st.integers(0, NOW_DAY - 1), max_size=60) | st.integers(0, NOW_DAY).map(
    lambda first: set(range(first, NOW_DAY))
)


def seen_by(history: set[int], looked: set[int], worked: set[int], number: int) -> LearnerFacts:
    """What looks at the end of `looked` days, and now, tell of the visits, beside traces of work."""
    days = sorted(history)
    told = {days[bisect_right(days, look) - 1] for look in {*looked, NOW_DAY} if days and days[0] <= look}
    return learner(told | (worked & history), membership_id=number)


def check(reason: Reason, visits: list[int]) -> None:
    """Against the days on which the learner truly was there."""
    values = reason.values

    def day_of(name: str) -> int:
        return (at(0).date().fromisoformat(str(values[name])[:10]) - START.date()).days

    def count(first: int, last: int) -> int:
        return sum(first <= day <= last for day in visits)

    window = int(values.get("window_days") or 0)
    if reason.code == "back_again":
        back = day_of("visited_on")
        assert back in visits
        assert max(day for day in visits if day < back) == back - int(values["gap_days"] or 0)
    elif reason.code in ("less_active_than_cohort", "slowed_down"):
        assert count(NOW_DAY - window + 1, NOW_DAY) == values["days"]
        if reason.code == "slowed_down":
            assert count(NOW_DAY - 2 * window + 1, NOW_DAY - window) == values["earlier_days"]
    elif reason.code == "silent_unlike_before":
        assert NOW_DAY - visits[-1] == values["days"]
        assert max(other - one for one, other in pairwise(visits)) == values["longest_gap_days"]
    elif reason.code == "silent_long":
        assert (NOW_DAY - visits[-1], visits[-1]) == (values["days"], day_of("last_visit_at"))


@given(st.lists(st.tuples(histories, histories), min_size=2, max_size=5), looks)
@settings(max_examples=150)
def test_every_number_of_a_visit_reason_is_true(
    true_days: list[tuple[set[int], set[int]]], looked: set[int]
) -> None:
    course = replace(COURSE, look_days=tuple(on(day) for day in sorted(looked)))
    facts = [seen_by(history, looked, worked, number) for number, (history, worked) in enumerate(true_days)]
    for assessment in evaluate_all(course, (), facts, EAGER, at(NOW_DAY)):
        visits = sorted(true_days[assessment.membership_id][0])
        for finding in assessment.findings:
            for reason in finding.reasons:
                check(reason, visits)
                if reason.code == "less_active_than_cohort":
                    most = sorted(sum(32 < day <= 60 for day in days) for days, _ in true_days)
                    half = sum(count >= int(reason.values["cohort_days"] or 0) for count in most)
                    assert 2 * half >= len(most)


def test_a_return_after_days_nobody_looked_at_is_no_news() -> None:
    person, course = learner([10, 57]), replace(COURSE, look_days=(on(30),))
    assert found(assess_of(person, 60, course=course), "back_again") is None
    watched = replace(course, look_days=(on(30), on(56)))
    finding = found(assess_of(person, 60, course=watched), "back_again")
    assert finding is not None
    assert finding.reasons[0].values["gap_days"] == 47


def test_a_rhythm_that_may_have_been_denser_excuses_no_silence() -> None:
    person = learner([0, 5, 10, 30, 48])
    watched = assess_of(person, 60, course=replace(COURSE, look_days=ALL))
    assert found(watched, "silent") is None
    unwatched = found(assess_of(person, 60, course=replace(COURSE, look_days=())), "silent")
    assert codes(unwatched) == ["silent_long"]


def test_a_gap_that_surely_was_still_excuses() -> None:
    """Nobody looked on day 29, but until day 28 there was no visit since day 10: 19 days at least."""
    course = replace(COURSE, look_days=tuple(on(day) for day in (1, 6, 28)))
    assert found(assess_of(learner([0, 5, 10, 30, 48]), 60, course=course), "silent") is None


def test_the_class_is_compared_only_where_all_days_were_looked_at() -> None:
    person, others = learner([32, 33, 58]), group(12)
    for looked, level in ((ALL, ["less_active_than_cohort"]), (ALL[:50] + ALL[51:], [])):
        course = replace(COURSE, look_days=looked)
        assert codes(found(assess_of(person, 60, course=course, others=others), "slowing_down")) == level


def test_what_is_judged_today_needs_no_look_at_its_end() -> None:
    course = CourseFacts(1, START, None, look_days=ALL[:-1])
    assessment = assess_of(learner(range(0, 61, 2)), 60, course=course)
    assert assessment.indicators.active_days_in_window == 14
    tomorrow = assess_of(learner(range(0, 61, 2)), 62, course=course)
    assert tomorrow.indicators.active_days_in_window is None
