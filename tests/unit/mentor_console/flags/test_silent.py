from dataclasses import replace

import pytest

from mentor_console.flags.facts import CourseFacts
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, with_overrides
from tests.unit.mentor_console.flags.builders import (
    COURSE,
    START,
    assess,
    assignment,
    at,
    codes,
    found,
    group,
    handed_in,
    learner,
    level_of,
)

DAILY = range(21)  # visits on days 0 to 20


@pytest.mark.parametrize(
    ("day", "level"),
    [(26, None), (27, "watch"), (29, "watch"), (30, "week"), (33, "week"), (34, "act"), (90, "act")],
)
def test_level_grows_with_the_days_since_the_last_visit(day: int, level: str | None) -> None:
    assert level_of(assess(learner(DAILY), day), "silent") == level


def test_reason_says_the_days_and_the_longest_gap_so_far() -> None:
    finding = found(assess(learner([0, 2, 5, 6, 9, 20 - 8]), 24), "silent")
    assert finding is not None
    assert finding.reasons[0].code == "silent_unlike_before"
    assert finding.reasons[0].values["days"] == 12
    assert finding.reasons[0].values["longest_gap_days"] == 3
    assert finding.kind == "social"
    assert [reason.code for reason in finding.clears] == ["clears_with_visit"]


def test_an_own_rhythm_of_long_gaps_excuses_until_the_ceiling() -> None:
    fortnightly = learner([0, 15, 30, 45, 60])
    assert level_of(assess(fortnightly, 75), "silent") is None
    assert level_of(assess(fortnightly, 76), "silent") == "act"
    monthly = learner([0, 30, 60, 90, 120])
    assert level_of(assess(monthly, 140), "silent") is None
    assert codes(found(assess(monthly, 141), "silent")) == ["silent_long"]


def test_four_active_days_are_no_rhythm() -> None:
    assert level_of(assess(learner([0, 10, 20, 30]), 40), "silent") == "week"
    assert level_of(assess(learner([0, 10, 20, 30, 40]), 50), "silent") is None


def test_days_before_the_start_are_no_rhythm() -> None:
    person = learner([-60, -30, -20, 0, 1, 2, 3, 4])
    assert assess(person, 14).indicators.longest_gap_days == 1
    assert level_of(assess(person, 14), "silent") == "week"


def test_a_quiet_cohort_explains_silence() -> None:
    quiet_others = [replace(person, last_access_at=at(24), active_days=()) for person in group(12)]
    busy_others = [replace(person, last_access_at=at(33), active_days=()) for person in group(12)]
    assert level_of(assess(learner(DAILY), 34, others=quiet_others), "silent") is None
    assert level_of(assess(learner(DAILY), 34, others=busy_others), "silent") == "act"
    assert level_of(assess(learner(DAILY), 60, others=[]), "silent") == "act"


def test_a_cohort_of_nine_is_too_small_to_compare_with() -> None:
    quiet = [replace(person, last_access_at=at(24), active_days=()) for person in group(9)]
    assert level_of(assess(learner(DAILY), 34, others=quiet[:8]), "silent") == "act"
    assert level_of(assess(learner(DAILY), 34, others=quiet), "silent") is None


def test_the_cohort_is_named_as_a_reason() -> None:
    finding = found(assess(learner(DAILY), 34, others=group(12)), "silent")
    assert codes(finding) == ["silent_unlike_before", "cohort_visited"]
    assert finding is not None
    assert finding.reasons[1].values["days"] == 0


def test_half_a_day_is_rounded_up_so_that_the_sentence_stays_true() -> None:
    yesterday = [replace(person, last_access_at=at(33), active_days=()) for person in group(10, 500)]
    assessment = assess(learner(DAILY), 34, others=[*group(11), *yesterday])
    finding = found(assessment, "silent")
    assert assessment.indicators.cohort_silent_days_median == 0.5
    assert finding is not None
    assert finding.reasons[1].values["days"] == 1


def test_departed_learners_do_not_make_the_cohort_look_quiet() -> None:
    gone = [replace(person, last_access_at=at(2), active_days=()) for person in group(40, 500, status="left")]
    assert level_of(assess(learner(DAILY), 34, others=[*group(12), *gone]), "silent") == "act"


def test_break_days_do_not_count_and_are_said() -> None:
    course = replace(COURSE, breaks=((at(22), at(32)),))
    assert level_of(assess(learner(DAILY), 36, course=course), "silent") is None
    finding = found(assess(learner(DAILY), 39, course=course), "silent")
    assert codes(finding) == ["silent_unlike_before", "break_days_left_out"]
    assert finding is not None
    assert finding.reasons[0].values["days"] == 8
    assert finding.reasons[1].values["days"] == 11


def test_unknown_visits_say_nothing() -> None:
    unknown = learner(access_known=False)
    assert assess(unknown, 60).findings == ()
    assert assess(unknown, 60).indicators.silent_days is None
    assert assess(unknown, 60).indicators.never_opened is None


def test_a_visit_before_the_start_counts_from_the_start() -> None:
    early = learner([-40])
    assert level_of(assess(early, 6), "silent") is None
    assert codes(found(assess(early, 10), "silent")) == ["silent_since_start"]
    again = learner([2], enrolled_at=at(20))
    assert level_of(assess(again, 26), "silent") is None
    assert codes(found(assess(again, 30), "silent")) == ["silent_since_enrolment"]


def test_without_any_known_start_the_last_visit_still_counts() -> None:
    nowhen = CourseFacts(1, None, None)
    assert level_of(assess(learner([0], enrolled_at=None), 30, course=nowhen), "silent") == "act"


def test_a_trace_after_the_last_told_visit_is_what_others_did() -> None:
    person = replace(learner(DAILY), last_access_at=at(5))
    assert assess(person, 26).indicators.silent_days == 21


def test_a_visit_reported_after_now_counts_as_today() -> None:
    assert assess(replace(learner([3]), last_access_at=at(41)), 40).indicators.silent_days == 0


def test_one_who_handed_in_without_a_known_visit_is_silent_rather_than_never_there() -> None:
    person = learner(work=(handed_in(day=3),))
    assessment = assess(person, 40, activities=[assignment(due=5)])
    assert assessment.standing == "ordinary"
    assert (assessment.indicators.last_visit_at, assessment.indicators.last_hand_in_at) == (None, at(3))
    assert assessment.indicators.silent_days == 37
    assert codes(found(assessment, "silent")) == ["silent_after_hand_in"], "no visit is claimed"


def test_a_hand_in_recorded_by_batch_is_no_visit() -> None:
    person = learner(DAILY, work=(handed_in(day=33),))
    assert assess(person, 34).indicators.last_visit_at == at(20)


def test_thresholds_of_a_course_are_respected() -> None:
    strict = with_overrides(DEFAULT_THRESHOLDS, {"silent_watch_days": 2, "silent_week_days": 3})
    assert level_of(assess(learner(DAILY), 23, thresholds=strict), "silent") == "week"


def test_start_day_itself_is_calm() -> None:
    assert assess(learner(), 0).findings == ()
    assert COURSE.starts_at == START
