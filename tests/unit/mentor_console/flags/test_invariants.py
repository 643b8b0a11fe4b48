"""What must hold for any learner: tried on facts made at random."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mentor_console.flags.assessment import Assessment, evaluate, evaluate_all
from mentor_console.flags.cohort import compute_cohort
from mentor_console.flags.explanation import explain
from mentor_console.flags.facts import (
    ActivityFacts,
    CohortFacts,
    CountedDays,
    CourseFacts,
    HandInCount,
    LearnerFacts,
    WorkFacts,
)
from mentor_console.flags.findings import LEVEL_ORDER, finding_from_json
from mentor_console.flags.known_facts import list_known_facts
from mentor_console.flags.ranking import urgency
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS
from tests.unit.mentor_console.flags.builders import START, WORDS, at, on

NOW_DAY = 60
NOW = at(NOW_DAY)
IDS = range(1, 5)

days = st.floats(-30, 90, allow_nan=False).map(lambda day: at(round(day, 3)))
maybe_day = st.none() | days
breaks = st.lists(st.tuples(days, days), max_size=2).map(tuple)
courses = st.builds(
    CourseFacts, context_id=st.just(1), starts_at=st.none() | st.just(START), ends_at=st.none(), breaks=breaks
)
names = st.text(max_size=8) | st.just("100 % (%(name)s)")


def activity(activity_id: int) -> st.SearchStrategy[ActivityFacts]:
    truth = st.booleans()
    return st.builds(
        ActivityFacts, st.just(activity_id), names, st.just("assign"), maybe_day, truth, truth, truth
    )


def work(activity_id: int) -> st.SearchStrategy[WorkFacts]:
    return st.builds(
        WorkFacts,
        activity_id=st.just(activity_id),
        completion=st.sampled_from([None, "incomplete", "complete", "passed", "failed"]),
        completed_at=maybe_day,
        submitted_at=maybe_day,
        submission_known=st.booleans(),
        score_ratio=st.none() | st.floats(0, 1),
        graded_at=maybe_day,
        due_at_override=maybe_day,
    )


def periods(counts: list[int]) -> tuple[CountedDays, ...]:
    """Fortnights that end today."""
    firsts = [NOW_DAY - 14 * back + 1 for back in range(len(counts), 0, -1)]
    return tuple(
        CountedDays(on(first), on(first + 13), count) for first, count in zip(firsts, counts, strict=True)
    )


activities = st.tuples(*(activity(i) for i in IDS))
learners = st.builds(
    LearnerFacts,
    membership_id=st.integers(1, 10**6),
    status=st.sampled_from(["active", "active", "active", "suspended", "left"]),
    enrolled_at=maybe_day,
    enrolment_ends_at=st.none(),
    last_access_at=maybe_day,
    access_known=st.booleans(),
    active_days=st.lists(st.integers(-10, NOW_DAY), max_size=12).map(
        lambda chosen: tuple(on(day) for day in sorted(set(chosen)))
    ),
    finished_at=st.none(),
    work=st.tuples(*(work(i) for i in IDS)),
    paused_until=maybe_day,
    counted_days=st.lists(st.integers(0, 14), max_size=4).map(periods),
)
hand_ins = st.dictionaries(
    st.sampled_from(IDS),
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda pair: HandInCount(min(pair), max(pair))),
)
cohorts = st.builds(
    CohortFacts,
    measured_at=st.just(NOW),
    learner_count=st.integers(0, 50),
    silent_days_median=st.none() | st.floats(0, 30),
    active_days_median=st.none() | st.floats(0, 28),
    active_days_window=st.just(28),
    recent_active_days_median=st.none() | st.floats(0, 14),
    earlier_active_days_median=st.none() | st.floats(0, 14),
    done_count_median=st.none() | st.floats(0, 4),
    score_medians=st.dictionaries(st.sampled_from(IDS), st.floats(0, 1)),
    hand_ins=hand_ins,
)


def judge(
    course: CourseFacts,
    tasks: tuple[ActivityFacts, ...],
    cohort: CohortFacts,
    person: LearnerFacts,
    now: datetime = NOW,
) -> Assessment:
    return evaluate(course, tasks, cohort, person, DEFAULT_THRESHOLDS, now)


def severity(assessment: Assessment, rule: str) -> int:
    """0 where the rule found nothing."""
    return max(
        (len(LEVEL_ORDER) - LEVEL_ORDER.index(f.level) for f in assessment.findings if f.rule == rule),
        default=0,
    )


@given(courses, activities, cohorts, learners)
def test_each_sentence_is_whole_for_both_readers_and_findings_survive_json(
    course: CourseFacts, tasks: tuple[ActivityFacts, ...], cohort: CohortFacts, person: LearnerFacts
) -> None:
    plain = tuple(replace(task, name="Essay") for task in tasks)
    assessment = judge(course, plain, cohort, person)
    for finding in assessment.findings:
        assert finding.reasons
        assert finding.clears
        assert finding_from_json(json.loads(json.dumps(finding.to_json()))) == finding
    told = [reason for finding in assessment.findings for reason in (*finding.reasons, *finding.clears)]
    for reason in (*told, *list_known_facts(assessment.indicators)):
        for audience in ("mentor", "learner"):
            sentence = explain(reason, WORDS, audience)
            assert sentence.endswith(".")
            assert "%(" not in sentence
            assert "%%" not in sentence
            assert "None" not in sentence
            assert "no longer in use" not in sentence


@given(courses, activities, cohorts, learners)
def test_odd_names_never_break_a_sentence(
    course: CourseFacts, tasks: tuple[ActivityFacts, ...], cohort: CohortFacts, person: LearnerFacts
) -> None:
    by_id = {task.activity_id: task.name for task in tasks}
    for finding in judge(course, tasks, cohort, person).findings:
        for reason in finding.reasons:
            if reason.code == "missed_deadline":
                assert by_id[reason.values["activity_id"]] in explain(reason, WORDS)  # type: ignore[index]


@given(courses, activities, cohorts, learners, days)
def test_a_more_recent_visit_never_raises_a_level(
    course: CourseFacts,
    tasks: tuple[ActivityFacts, ...],
    cohort: CohortFacts,
    person: LearnerFacts,
    visited_at: datetime,
) -> None:
    # Without hand-ins on record, which stand in for visits that are not known.
    work = tuple(replace(item, submitted_at=None) for item in person.work)
    earlier = replace(person, access_known=True, work=work)
    if earlier.last_access_at is not None and visited_at < earlier.last_access_at:
        visited_at = earlier.last_access_at
    later = replace(earlier, last_access_at=visited_at)
    before, after = judge(course, tasks, cohort, earlier), judge(course, tasks, cohort, later)
    if visited_at <= NOW and not before.indicators.never_opened:
        for rule in ("silent", "missed_deadline"):
            assert severity(after, rule) <= severity(before, rule)
        assert urgency(after) <= urgency(before)


@given(courses, activities, cohorts, learners)
def test_a_visit_today_clears_silence(
    course: CourseFacts, tasks: tuple[ActivityFacts, ...], cohort: CohortFacts, person: LearnerFacts
) -> None:
    here = replace(person, access_known=True, last_access_at=NOW)
    assert severity(judge(course, tasks, cohort, here), "never_started") == 0
    assert severity(judge(course, tasks, cohort, here), "silent") == 0


@given(courses, activities, cohorts, learners, st.data())
def test_an_optional_activity_changes_nothing(
    course: CourseFacts,
    tasks: tuple[ActivityFacts, ...],
    cohort: CohortFacts,
    person: LearnerFacts,
    data: st.DataObject,
) -> None:
    optional = replace(data.draw(activity(99)), required=False)  # scores and dates of it too
    done = data.draw(work(99))
    # Something handed in is a trace of the learner; that it proves a visit is meant.
    done = replace(done, submitted_at=None)
    with_it = replace(person, work=(*person.work, done))
    assert judge(course, (*tasks, optional), cohort, with_it) == judge(course, tasks, cohort, person)


@given(courses, activities, cohorts, learners, st.sampled_from(IDS), st.integers(1, 60))
def test_an_extension_never_adds_a_finding(
    course: CourseFacts,
    tasks: tuple[ActivityFacts, ...],
    cohort: CohortFacts,
    person: LearnerFacts,
    activity_id: int,
    extra_days: int,
) -> None:
    """Within the window; an older deadline comes back by being extended, which is meant."""
    task = tasks[activity_id - 1]
    item = person.work[activity_id - 1]
    due_at = item.due_at_override or task.due_at
    if due_at is None or not NOW - timedelta(days=28) <= due_at:
        return
    if person.enrolled_at is not None and due_at <= person.enrolled_at + timedelta(days=7):
        return
    extended = replace(item, due_at_override=due_at + timedelta(days=extra_days))
    others = tuple(other for other in person.work if other.activity_id != activity_id)
    before = judge(course, tasks, cohort, person)
    after = judge(course, tasks, cohort, replace(person, work=(*others, extended)))
    for rule in ("silent", "missed_deadline", "falling_behind", "grades_falling", "slowing_down"):
        assert severity(after, rule) <= severity(before, rule)


@given(courses, activities, cohorts, learners)
def test_handing_everything_in_leaves_no_missed_deadline(
    course: CourseFacts, tasks: tuple[ActivityFacts, ...], cohort: CohortFacts, person: LearnerFacts
) -> None:
    all_done = tuple(replace(item, submitted_at=NOW, submission_known=True) for item in person.work)
    assert severity(judge(course, tasks, cohort, replace(person, work=all_done)), "missed_deadline") == 0


@given(courses, activities, cohorts, learners, st.randoms(use_true_random=False))
def test_the_same_facts_in_any_order_give_the_same_assessment(
    course: CourseFacts,
    tasks: tuple[ActivityFacts, ...],
    cohort: CohortFacts,
    person: LearnerFacts,
    chance: object,
) -> None:
    shuffled = list(tasks)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    turned = replace(person, work=person.work[::-1], active_days=person.active_days[::-1])
    first, second = judge(course, tasks, cohort, person), judge(course, tuple(shuffled), cohort, turned)
    assert first == second
    assert urgency(first) == urgency(second)


@given(courses, activities, learners, st.lists(learners, max_size=14))
@settings(max_examples=40)
def test_learners_who_are_not_watched_raise_nothing_in_any_cohort(
    course: CourseFacts, tasks: tuple[ActivityFacts, ...], person: LearnerFacts, others: list[LearnerFacts]
) -> None:
    cohort = compute_cohort(course, tasks, [person, *others], DEFAULT_THRESHOLDS, NOW)
    for status in ("left", "suspended"):
        gone = replace(person, status=status)
        assert judge(course, tasks, cohort, gone).findings == ()
    assert judge(course, tasks, cohort, replace(person, finished_at=at(1), status="active")).findings == ()
    news = judge(course, tasks, cohort, replace(person, finished_at=at(59), status="active")).findings
    assert [(finding.rule, finding.level) for finding in news] == [("finished", "praise")]


@given(courses, activities, st.lists(learners, max_size=14))
@settings(max_examples=40)
def test_measuring_all_at_once_gives_what_one_after_the_other_gives(
    course: CourseFacts, tasks: tuple[ActivityFacts, ...], people: list[LearnerFacts]
) -> None:
    cohort = compute_cohort(course, tasks, people, DEFAULT_THRESHOLDS, NOW)
    one_by_one = [judge(course, tasks, cohort, person) for person in people]
    assert evaluate_all(course, tasks, people, DEFAULT_THRESHOLDS, NOW) == one_by_one


@given(courses, activities, cohorts, learners)
def test_good_news_never_stand_beside_an_alarm_to_act_on(
    course: CourseFacts, tasks: tuple[ActivityFacts, ...], cohort: CohortFacts, person: LearnerFacts
) -> None:
    levels = {finding.level for finding in judge(course, tasks, cohort, person).findings}
    assert "praise" not in levels or not levels & {"act", "week"}


@given(courses, activities, cohorts, learners)
def test_unknown_facts_raise_nothing(
    course: CourseFacts, tasks: tuple[ActivityFacts, ...], cohort: CohortFacts, person: LearnerFacts
) -> None:
    blank = tuple(WorkFacts(activity_id, submission_known=False) for activity_id in IDS)
    unknown = replace(person, access_known=False, work=blank, counted_days=())
    assert judge(course, tasks, cohort, unknown).findings == ()
