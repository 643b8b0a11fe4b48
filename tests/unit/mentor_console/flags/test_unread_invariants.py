"""What must hold of flags about learners of whom nothing, or not all, was read: on facts made at random."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mentor_console.flags.assessment import Assessment
from mentor_console.flags.facts import ActivityFacts, CohortFacts, CourseFacts, LearnerFacts, WorkFacts
from mentor_console.flags.findings import Finding, Reason
from tests.unit.mentor_console.flags.builders import at
from tests.unit.mentor_console.flags.test_invariants import (
    IDS,
    NOW,
    NOW_DAY,
    cohorts,
    courses,
    judge,
    learners,
    names,
    severity,
    work,
)


def due_task(activity_id: int) -> st.SearchStrategy[ActivityFacts]:
    due_at = st.integers(30, NOW_DAY - 1).map(at)
    always = st.just(True)
    return st.builds(
        ActivityFacts, st.just(activity_id), names, st.just("x"), due_at, always, always, st.booleans()
    )


def open_work(activity_id: int) -> st.SearchStrategy[WorkFacts]:
    """Mostly not done; now and then late."""
    late = st.integers(50, NOW_DAY).map(at)
    left = st.builds(WorkFacts, st.just(activity_id), st.just("incomplete"))
    return (
        left | st.builds(WorkFacts, st.just(activity_id), st.just("complete"), late, late) | work(activity_id)
    )


due_tasks = st.tuples(*(due_task(i) for i in IDS))
busy_learners = st.builds(
    lambda person, *work: replace(person, work=work, status="active"), learners, *(open_work(i) for i in IDS)
)


def read_up_to_now(person: LearnerFacts) -> LearnerFacts:
    """Nothing of it lies ahead, and no absence that ends later changes the standing."""

    def past(moment: datetime | None) -> datetime | None:
        return moment and min(moment, NOW)

    work = tuple(
        replace(
            item,
            completed_at=past(item.completed_at),
            submitted_at=past(item.submitted_at),
            graded_at=past(item.graded_at),
            read_at=NOW,
        )
        for item in person.work
    )
    moments = {"visits_until": NOW, "work_until": NOW, "paused_until": None, "access_known": True}
    return replace(person, work=work, last_access_at=past(person.last_access_at), **moments)


def read_at(work: tuple[WorkFacts, ...], moment: datetime) -> tuple[WorkFacts, ...]:
    return tuple(replace(item, read_at=moment) for item in work)


def is_fresh(finding: Finding, now: datetime) -> bool:
    """Good news pass on the day they name; nothing else passes."""
    until = finding.clears[0].values.get("until")
    return finding.level != "praise" or str(until) >= now.date().isoformat()


@given(courses, due_tasks, cohorts, cohorts, busy_learners, st.floats(0.01, 60), st.floats(0, 40))
@settings(max_examples=100)
def test_what_others_do_and_the_time_that_passes_change_no_flag_of_who_is_not_read(
    course: CourseFacts,
    tasks: tuple[ActivityFacts, ...],
    cohort: CohortFacts,
    changed: CohortFacts,
    person: LearnerFacts,
    days_later: float,
    known_less: float,
) -> None:
    """Who came meanwhile is known up to an earlier moment than who did not: `known_less`."""
    rested = replace(course, breaks=())
    person = read_up_to_now(person)
    before = judge(rested, tasks, replace(cohort, done_count_median=4.0), person)
    work = read_at(person.work, NOW - timedelta(days=known_less))
    unread = replace(person, work=work, stands=before.findings)
    later = NOW + timedelta(days=days_later)
    after = judge(replace(rested, judged_at=NOW), tasks, changed, unread, later)
    if after.standing != before.standing:
        return  # an enrolment that lay ahead
    fresh = [finding for finding in before.findings if is_fresh(finding, later)]
    assert list(after.findings) == fresh


def reasons_about(assessment: Assessment, activity_ids: Collection[int]) -> list[Reason]:
    """Why the missed-deadline rule speaks, as far as it is about these activities."""
    flagged = (finding for finding in assessment.findings if finding.rule == "missed_deadline")
    return [
        reason
        for finding in flagged
        for reason in finding.reasons
        if reason.values["activity_id"] in activity_ids
    ]


@given(
    courses,
    due_tasks,
    cohorts,
    cohorts,
    busy_learners,
    st.floats(0.01, 1.9),
    st.floats(0, 40),
    st.sets(st.sampled_from(IDS), min_size=1),
)
@settings(max_examples=100)
def test_deadlines_that_were_read_change_nothing_said_of_those_that_were_not(
    course: CourseFacts,
    tasks: tuple[ActivityFacts, ...],
    cohort: CohortFacts,
    changed: CohortFacts,
    person: LearnerFacts,
    days_later: float,
    known_less: float,
    read_anew: set[int],
) -> None:
    """The flag becomes no softer, and harder only by what was read; that is judged as if all were."""
    rested, later = replace(course, breaks=()), NOW + timedelta(days=days_later)
    person = read_up_to_now(person)
    before = judge(rested, tasks, cohort, person)
    older = NOW - timedelta(days=known_less)
    work = tuple(
        replace(item, read_at=later if item.activity_id in read_anew else older) for item in person.work
    )
    mixed = replace(person, work=work, visits_until=later, stands=before.findings)
    after = judge(replace(rested, judged_at=NOW), tasks, changed, mixed, later)
    whole = judge(rested, tasks, changed, replace(mixed, work=read_at(work, later)), later)
    if after.standing != before.standing:
        return  # an enrolment that lay ahead
    unread = set(IDS) - read_anew
    told = reasons_about(before, unread)
    assert reasons_about(after, unread) == told
    assert reasons_about(after, read_anew) == reasons_about(whole, read_anew)
    if told:
        assert severity(after, "missed_deadline") >= severity(before, "missed_deadline")
    if not reasons_about(after, read_anew):
        assert severity(after, "missed_deadline") <= severity(before, "missed_deadline")
