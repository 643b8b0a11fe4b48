import random

from mentor_console.flags.cohort import compute_cohort
from mentor_console.flags.facts import HandInCount
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS
from tests.unit.mentor_console.flags.builders import (
    COURSE,
    assignment,
    at,
    group,
    handed_in,
    learner,
    nothing,
)

TASKS = (assignment(1), assignment(2, due=80), assignment(3, due=None, accepts_submission=False))


def test_medians_and_hand_ins_of_those_who_take_part() -> None:
    people = [
        *group(6, 100, work=(handed_in(1), handed_in(3))),
        *group(5, 200, work=(nothing(1),)),
        *group(9, 300, status="left", work=(nothing(1),)),
        *group(9, 400, finished_at=at(30), work=(handed_in(1),)),
    ]
    cohort = compute_cohort(COURSE, TASKS, people, DEFAULT_THRESHOLDS, at(60))
    assert cohort.learner_count == 11
    assert cohort.silent_days_median == 0
    assert cohort.active_days_median == 28
    assert cohort.longest_gap_days_median == 1
    assert cohort.done_count_median == 2
    assert cohort.weekly_active_days_medians == (7.0,) * 8
    assert cohort.hand_ins == {1: HandInCount(6, 11)}


def test_too_few_learners_give_no_median_but_their_counts() -> None:
    cohort = compute_cohort(COURSE, TASKS, group(9, work=(handed_in(1),)), DEFAULT_THRESHOLDS, at(60))
    assert cohort.silent_days_median is None
    assert cohort.active_days_median is None
    assert cohort.weekly_active_days_medians == ()
    assert cohort.hand_ins[1] == HandInCount(9, 9)


def test_unknown_visits_are_left_out_of_medians() -> None:
    people = [*group(10), *group(30, 500, access_known=False)]
    cohort = compute_cohort(COURSE, TASKS, people, DEFAULT_THRESHOLDS, at(61))
    assert cohort.silent_days_median == 1
    assert cohort.done_count_median is None


def test_who_never_came_is_silent_since_the_start() -> None:
    people = [learner(membership_id=i) for i in range(10)]
    assert compute_cohort(COURSE, (), people, DEFAULT_THRESHOLDS, at(12)).silent_days_median == 12


def test_nobody_is_a_cohort_too() -> None:
    cohort = compute_cohort(COURSE, TASKS, [], DEFAULT_THRESHOLDS, at(12))
    assert cohort.learner_count == 0
    assert cohort.hand_ins == {}


def test_order_of_learners_and_activities_does_not_matter() -> None:
    people = [
        *group(7, work=(handed_in(1),)),
        *(learner(range(i), i + 1, work=(nothing(1),)) for i in range(20)),
    ]
    shuffled = random.Random(5).sample(people, len(people))
    one = compute_cohort(COURSE, TASKS, people, DEFAULT_THRESHOLDS, at(60))
    assert one == compute_cohort(COURSE, TASKS[::-1], shuffled, DEFAULT_THRESHOLDS, at(60))
