"""What fell due after the last reading is unknown; who is not read at all stays as the rules left them."""

from dataclasses import replace

import pytest

from mentor_console.flags.cohort import compute_cohort
from mentor_console.flags.facts import LearnerFacts, WorkFacts
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS
from tests.unit.mentor_console.flags.builders import (
    COURSE,
    assess,
    assignment,
    at,
    found,
    group,
    handed_in,
    learner,
    nothing,
)

OTHERS = group(12, work=(handed_in(1),))


def judged(work: WorkFacts, day: float) -> bool:
    """Whether the deadline of day 30 is flagged as missed on `day`."""
    person = learner(range(61), work=(work,))
    return (
        found(assess(person, day, activities=[assignment(1)], others=OTHERS), "missed_deadline") is not None
    )


@pytest.mark.parametrize(
    ("read_on", "flagged"),
    [
        (None, True),
        (33, True),
        (29.5, False),
        (30, False),
        (30.5, False),  # within the grace: it may have come in since
        (31.5, True),
    ],
)
def test_a_miss_is_one_only_where_it_was_read_after_the_grace(read_on: float | None, flagged: bool) -> None:
    read_at = None if read_on is None else at(read_on)
    assert judged(nothing(1, read_at=read_at), 33) is flagged


def test_an_unread_deadline_counts_as_unknown_and_not_as_due() -> None:
    known = assess(learner(range(61), work=(nothing(1),)), 33, activities=[assignment(1)], others=OTHERS)
    unread = learner(range(61), work=(nothing(1, read_at=at(29)),))
    unknown = assess(unread, 33, activities=[assignment(1)], others=OTHERS)
    assert (known.indicators.due_count, known.indicators.unknown_deadline_count) == (1, 0)
    assert (unknown.indicators.due_count, unknown.indicators.unknown_deadline_count) == (0, 1)


def test_a_step_without_a_hand_in_is_unknown_likewise() -> None:
    page = assignment(1, module="page", accepts_submission=False)
    work = nothing(1, read_at=at(29), submission_known=False)
    assert assess(learner(range(61), work=(work,)), 33, activities=[page]).indicators.due_count == 0


def test_what_was_handed_in_is_known_however_old_the_reading() -> None:
    assert not judged(handed_in(1, read_at=at(29)), 33)
    assert (
        assess(
            learner(range(61), work=(handed_in(1, read_at=at(29)),)), 33, activities=[assignment(1)]
        ).indicators.done_count
        == 1
    )


JUDGED = replace(COURSE, judged_at=at(33))
ESSAYS = [assignment(1), assignment(2)]


def left_alone(person: LearnerFacts, **changes: object) -> LearnerFacts:
    """As the rules left this learner on day 33, up to when everything was read."""
    work = tuple(replace(item, read_at=at(33)) for item in person.work)
    stands = assess(person, 33, activities=ESSAYS, others=OTHERS).findings
    moments = {"visits_until": at(33), "work_until": at(33)}
    return replace(person, **{**moments, "work": work, "stands": stands, **changes})


def missed(person: LearnerFacts, day: float = 45) -> list[object]:
    finding = found(assess(person, day, course=JUDGED, activities=ESSAYS, others=OTHERS), "missed_deadline")
    return [reason.values["activity_id"] for reason in finding.reasons] if finding else []


def test_of_who_is_not_read_only_what_was_mended_goes() -> None:
    """A hand-in that a list told of, more time that somebody gave by hand."""
    person = left_alone(learner(range(34), work=(nothing(1), nothing(2))))
    assert missed(person) == [1, 2]
    one, other = person.work
    assert missed(replace(person, work=(handed_in(1, day=34), other))) == [2]
    assert missed(replace(person, work=(one, replace(other, due_at_override=at(60))))) == [1]
    unread_since_a_visit = replace(other, read_at=at(20))
    assert missed(replace(person, work=(handed_in(1, day=34), unread_since_a_visit))) == [2]
    assert missed(replace(person, work=(handed_in(1, day=34), handed_in(2, day=34)))) == []
    assert missed(replace(person, status="left")) == []


TASKS = [assignment(1, due=25, module="quiz"), assignment(2, due=31), assignment(3, due=31.5)]
ALL_DONE = group(12, work=(handed_in(1), handed_in(2), handed_in(3)))
NOT_ASKED = nothing(1, read_at=at(25.5))
"""Within the grace; the learner came since, and the question timed out."""


def mixed(*work: WorkFacts) -> tuple[str, list[object]] | None:
    """The flag on day 34, of who had handed in nothing on day 33 and came then."""
    tasks = TASKS[: len(work)]
    before = learner(range(34), work=tuple(nothing(item.activity_id) for item in work))
    stands = assess(before, 33, activities=tasks, others=ALL_DONE).findings
    came = replace(before, last_access_at=at(33.9), stands=stands, work=work, work_until=at(32))
    finding = found(assess(came, 34, course=JUDGED, activities=tasks, others=ALL_DONE), "missed_deadline")
    return finding and (finding.level, [reason.values["activity_id"] for reason in finding.reasons])


@pytest.mark.parametrize(
    ("work", "told"),
    [
        ([NOT_ASKED, nothing(2, read_at=at(34))], ("act", [2, 1])),
        ([NOT_ASKED, nothing(2, read_at=at(33))], ("act", [2, 1])),  # nor was the other
        ([NOT_ASKED, handed_in(2, day=33.5)], ("act", [1])),  # for a week overdue
        ([handed_in(1, day=33.5), nothing(2, read_at=at(31.5))], ("week", [2])),  # no longer two at once
        ([handed_in(1, day=33.5), nothing(2, read_at=at(33)), nothing(3, read_at=at(32))], ("act", [3, 2])),
        ([handed_in(1, day=33.5), nothing(2, read_at=at(34)), nothing(3, read_at=at(32))], ("act", [3, 2])),
        ([handed_in(1, day=33.5), handed_in(2, day=33.5), nothing(3, read_at=at(32))], ("week", [3])),
    ],
)
def test_a_deadline_that_was_read_says_nothing_of_another_that_was_not(
    work: list[WorkFacts], told: tuple[str, list[object]]
) -> None:
    """The flag is as urgent as it was, unless it was so by work that has come in."""
    assert mixed(*work) == told


def test_the_cohort_of_today_decides_about_no_deadline_that_was_not_read() -> None:
    """Few had handed in the quiz; by now most have, but only the essay was read anew."""
    few = [
        *group(4, work=(handed_in(1), handed_in(2))),
        *group(8, first_id=200, work=(nothing(1), handed_in(2))),
    ]
    before = learner(range(34), work=(nothing(1), nothing(2)))
    stands = assess(before, 33, activities=ESSAYS, others=few).findings
    work = (nothing(1, read_at=at(33)), nothing(2, read_at=at(34)))
    then = replace(before, work=work, stands=stands, work_until=at(33))
    both = group(12, work=(handed_in(1), handed_in(2)))
    finding = found(assess(then, 34, course=JUDGED, activities=ESSAYS, others=both), "missed_deadline")
    assert finding is not None
    assert (finding.level, [reason.values["handed_in"] for reason in finding.reasons]) == ("week", [4, 12])


def test_a_reading_the_rules_have_not_gone_by_counts_though_it_is_not_of_today() -> None:
    person = learner(range(34), work=(nothing(1, read_at=at(33.5)), nothing(2, read_at=at(29))))
    unread = replace(person, visits_until=at(33.5), work_until=at(33.5))
    assert missed(unread, day=34) == [1]
    assert missed(unread, day=40) == [], "too long ago to be compared with the others of today"


@pytest.mark.parametrize(("day", "rules"), [(36, ["caught_up"]), (45, [])])
def test_good_news_pass_on_their_day_and_not_before(day: float, rules: list[str]) -> None:
    """Another deadline that passes unread hides none."""
    late = handed_in(1, day=32)
    tasks = [assignment(1, due=20), assignment(2, due=34)]
    person = learner(range(34), work=(late, nothing(2)))
    news = assess(person, 33, activities=tasks, others=OTHERS).findings
    work = tuple(replace(item, read_at=at(33)) for item in person.work)
    unread = replace(person, work=work, stands=news, visits_until=at(33), work_until=at(33))
    findings = assess(unread, day, course=JUDGED, activities=tasks, others=OTHERS).findings
    assert [finding.rule for finding in findings] == rules


@pytest.mark.parametrize(
    ("changes", "median"),
    [
        ({}, 1),
        ({"work_until": at(30)}, 1),  # the least that was done
        ({"work_until": at(20)}, 1),  # came since, day after day, and cannot be read
        ({"work_until": at(20), "visits_until": at(20)}, 0),  # seen by nobody
    ],
)
def test_old_readings_count_as_the_least_that_was_done(changes: dict[str, object], median: int) -> None:
    """Twelve have done one step, ten of the others nothing."""
    ahead = [replace(person, **changes) for person in OTHERS]  # type: ignore[arg-type]
    behind = group(10, first_id=200, work=(nothing(1),))
    cohort = compute_cohort(COURSE, [assignment(1)], ahead + behind, DEFAULT_THRESHOLDS, at(33))
    assert cohort.done_count_median == median
