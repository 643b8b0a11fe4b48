from dataclasses import replace

import pytest

from mentor_console.flags.facts import LearnerFacts
from tests.unit.mentor_console.flags.builders import (
    COURSE,
    assess,
    assignment,
    at,
    found,
    handed_in,
    learner,
    level_of,
    nothing,
    on,
)


@pytest.mark.parametrize(
    ("visits", "day", "level"),
    [
        ([*range(10), 20], 20, "praise"),
        ([*range(10), 20, 24], 27, "praise"),
        ([*range(10), 20, 24, 27], 28, None),
        ([*range(10), 18], 19, None),
        ([12], 13, None),
    ],
)
def test_back_again_after_an_absence_that_would_be_an_alarm(
    visits: list[int], day: int, level: str | None
) -> None:
    assert level_of(assess(learner(visits), day), "back_again") == level


def test_back_again_says_day_and_length_and_when_it_passes() -> None:
    finding = found(assess(learner([*range(10), 22]), 23), "back_again")
    assert finding is not None
    assert finding.reasons[0].values == {"visited_on": "2026-09-29", "gap_days": 13}
    assert finding.clears[0].values == {"until": "2026-10-06"}


def test_a_break_is_no_absence() -> None:
    course = replace(COURSE, breaks=((at(10), at(20)),))
    assert level_of(assess(learner([*range(10), 22]), 23, course=course), "back_again") is None


def test_a_visit_reported_without_its_day_counts_too() -> None:
    person = replace(learner(range(10)), last_access_at=at(25))
    assert level_of(assess(person, 26), "back_again") == "praise"


def caught_up(day: float, person: LearnerFacts) -> str | None:
    return level_of(assess(person, day, activities=[assignment(1), assignment(2, due=31)]), "caught_up")


def test_caught_up_when_late_work_is_in_and_nothing_is_open() -> None:
    person = learner(range(61), work=(handed_in(1, day=38), handed_in(2)))
    assert caught_up(37, person) is None
    assert caught_up(39, person) == "praise"
    assert caught_up(45, person) == "praise"
    assert caught_up(46, person) is None


@pytest.mark.parametrize(
    "second",
    [nothing(2), nothing(2, submission_known=False), nothing(2, submission_known=False, completion=None)],
)
def test_not_caught_up_while_anything_is_missing_or_unknown(second: object) -> None:
    assert caught_up(39, learner(range(61), work=(handed_in(1, day=38), second))) is None  # type: ignore[arg-type]


def test_a_few_days_late_is_no_news() -> None:
    assert caught_up(36, learner(range(61), work=(handed_in(1, day=35), handed_in(2)))) is None


def test_an_extension_makes_it_in_time() -> None:
    work = (handed_in(1, day=38, due_at_override=at(40)), handed_in(2))
    assert caught_up(39, learner(range(61), work=work)) is None


@pytest.mark.parametrize(("finished", "level"), [(40, "praise"), (33.5, "praise"), (32, None), (41, None)])
def test_finished_is_news_for_a_week(finished: float, level: str | None) -> None:
    assert level_of(assess(learner([1], finished_at=at(finished)), 40), "finished") == level


def test_good_news_step_back_behind_an_alarm_to_act_on() -> None:
    person = learner([*range(10), 33], work=(nothing(),))
    assert [f.rule for f in assess(person, 33, activities=[assignment()]).findings] == ["missed_deadline"]
    assert [f.rule for f in assess(person, 33).findings] == ["back_again"]


def test_good_news_do_not_change_the_place_in_the_order() -> None:
    from mentor_console.flags.ranking import urgency

    news = assess(learner([*range(10), 33]), 33)
    assert news.level == "praise"
    assert urgency(news) == urgency(replace(news, findings=()))


def test_what_others_did_after_the_last_visit_is_no_return() -> None:
    gone = learner(range(10), membership_id=1)
    graded = replace(gone, active_days=(*gone.active_days, on(29)))
    assert level_of(assess(graded, 30), "back_again") is None
    assert level_of(assess(graded, 30), "silent") == level_of(assess(gone, 30), "silent") == "act"
