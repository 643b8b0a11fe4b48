import pytest

from mentor_console.flags.facts import CountedDays, CourseFacts
from tests.unit.mentor_console.flags.builders import (
    assess,
    assignment,
    at,
    codes,
    found,
    handed_in,
    learner,
    level_of,
    nothing,
    on,
)


@pytest.mark.parametrize(("day", "level"), [(2, None), (3, "week"), (5, "week"), (6, "act")])
def test_never_opened_counts_from_the_start(day: int, level: str | None) -> None:
    assessment = assess(learner(), day)
    assert assessment.standing == "not_started"
    assert level_of(assessment, "never_started") == level
    if level:
        assert codes(found(assessment, "never_started")) == ["never_opened"]
        assert assessment.suggested_kind == "technical"


def test_never_opened_counts_from_a_later_enrolment() -> None:
    late = learner(enrolled_at=at(30))
    assert level_of(assess(late, 32), "never_started") is None
    finding = found(assess(late, 36), "never_started")
    assert codes(finding) == ["never_opened_since_enrolment"]
    assert finding is not None
    assert finding.reasons[0].values["days"] == 6


def test_never_opened_says_nothing_without_any_date_to_count_from() -> None:
    nowhen = CourseFacts(1, None, None)
    assert assess(learner(enrolled_at=None), 90, course=nowhen).findings == ()


def test_a_submission_the_platform_does_not_vouch_for_is_no_trace() -> None:
    person = learner(work=(handed_in(day=3, submission_known=False),))
    assert codes(found(assess(person, 40), "never_started")) == ["never_opened"]


def test_the_weaker_words_for_the_same_are_left_out() -> None:
    person = learner(work=(nothing(1), nothing(2), nothing(3)))
    tasks = [assignment(1, due=10), assignment(2, due=20), assignment(3, due=30)]
    assert [finding.rule for finding in assess(person, 40, activities=tasks).findings] == [
        "never_started",
        "missed_deadline",
    ]


def test_empty_periods_from_the_start_are_no_visit_too() -> None:
    empty = (CountedDays(on(-20), on(14), 0), CountedDays(on(15), on(28), 0))
    person = learner(access_known=False, counted_days=empty)
    assert level_of(assess(person, 28), "never_started") == "act"
    assert assess(person, 28).standing == "not_started"


@pytest.mark.parametrize(
    "periods",
    [
        (CountedDays(on(-20), on(14), 1), CountedDays(on(15), on(28), 0)),
        (CountedDays(on(5), on(28), 0),),
        (),
    ],
)
def test_what_the_periods_do_not_cover_is_unknown(periods: tuple[CountedDays, ...]) -> None:
    person = learner(access_known=False, counted_days=periods)
    assert level_of(assess(person, 28), "never_started") is None
