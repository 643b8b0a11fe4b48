from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mentor_console.flags.assessment import evaluate
from mentor_console.flags.cohort import compute_cohort
from mentor_console.flags.facts import CourseFacts, HandInCount, NaiveMomentError, WorkFacts
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS
from tests.unit.mentor_console.flags.builders import COURSE, NOBODY, assess, learner

NAIVE = datetime(2026, 10, 1, 12, 0)  # noqa: DTZ001 the naive moment is what is tested


@pytest.mark.parametrize(
    "name", ["enrolled_at", "last_access_at", "finished_at", "paused_until", "enrolment_ends_at"]
)
def test_naive_moment_of_a_learner_is_refused_by_name(name: str) -> None:
    with pytest.raises(NaiveMomentError, match=f"LearnerFacts.{name}"):
        replace(learner(), **{name: NAIVE})  # type: ignore[arg-type]


def test_naive_moments_are_refused_in_work_and_breaks() -> None:
    with pytest.raises(NaiveMomentError, match="due_at_override"):
        WorkFacts(activity_id=1, due_at_override=NAIVE)
    with pytest.raises(NaiveMomentError, match=r"CourseFacts\.breaks"):
        CourseFacts(1, None, None, breaks=((NAIVE, datetime(2026, 10, 2, tzinfo=UTC)),))


def test_naive_now_is_refused() -> None:
    with pytest.raises(NaiveMomentError, match="now"):
        evaluate(COURSE, (), NOBODY, learner(), DEFAULT_THRESHOLDS, NAIVE)
    with pytest.raises(NaiveMomentError, match="now"):
        compute_cohort(COURSE, (), [], DEFAULT_THRESHOLDS, NAIVE)


def test_the_zone_of_a_moment_does_not_change_what_is_found() -> None:
    person = learner(range(6), last_access_at=datetime(2026, 9, 12, 23, 30, tzinfo=UTC))
    far = timezone(timedelta(hours=13))
    moved = learner(range(6), last_access_at=datetime(2026, 9, 13, 12, 30, tzinfo=far))
    assert assess(person, 20).findings[0].level == assess(moved, 20).findings[0].level
    assert assess(person, 20).indicators.silent_days == assess(moved, 20).indicators.silent_days


def test_share_of_nobody_is_unknown() -> None:
    assert HandInCount(0, 0).share is None
    assert HandInCount(3, 4).share == 0.75
