"""Every figure a rule may cite of one learner, beside the cohort's, so that each reason can be checked.

Counted by the rules' own functions at the moment of the last refresh, rounded as the reasons round.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from mentor_console.cohort_readings import find_cohort
from mentor_console.course_facts import KnownLearner, load_learner
from mentor_console.course_rules import thresholds_for
from mentor_console.evidence_lines import Evidence, EvidenceLine
from mentor_console.flags.indicators import Indicators, compare, measure_own
from mentor_console.flags.rule_work import measure_grade_gap
from mentor_console.flags.thresholds import Thresholds


def get_evidence(known: KnownLearner) -> Evidence | None:
    """None before the first refresh of the course, and for who is no learner."""
    context_id = known.membership.context_id
    cohort = find_cohort(context_id)
    if cohort is None:
        return None
    now, thresholds = cohort.measured_at, thresholds_for(context_id)
    facts = load_learner(known, now)
    if facts is None:
        return None
    own = measure_own(facts.course, facts.activities, facts.learner, thresholds, now)
    return Evidence(
        now, list_lines(compare(facts.course, cohort, facts.learner, own, thresholds, now), thresholds)
    )


def list_lines(indicators: Indicators, thresholds: Thresholds) -> tuple[EvidenceLine, ...]:
    """Visits, then work, then grades, then news; a figure nobody knows has no line."""
    lines = (
        *_visit_lines(indicators),
        *_activity_lines(indicators, thresholds),
        *_work_lines(indicators),
        *_grade_lines(indicators),
        *_news_lines(indicators),
    )
    return tuple(line for line in lines if (line.own, line.cohort, line.on) != (None, None, None))


def _visit_lines(indicators: Indicators) -> Iterable[EvidenceLine]:
    median = indicators.cohort_silent_days_median
    # Half of the cohort came within this many whole days; a median of 1.5 is true for 2.
    cohort = None if median is None else ceil(median)
    since_enrolment = indicators.clock_starts_with_enrolment
    yield EvidenceLine("last_visit", on=indicators.last_visit_on)
    yield EvidenceLine("last_hand_in", on=indicators.last_hand_in_on)
    yield EvidenceLine("silent_days", indicators.silent_days, cohort)
    if indicators.silent_days is None:
        yield EvidenceLine("silent_days_at_least", indicators.silent_days_at_least)
    yield EvidenceLine("longest_gap_days", indicators.longest_gap_days)
    yield EvidenceLine(
        "days_since_enrolment" if since_enrolment else "days_since_start",
        indicators.days_since_clock_start,
        on=indicators.clock_started_on,
    )
    yield EvidenceLine("break_days", indicators.silent_break_days or None)
    yield EvidenceLine("resumed", on=indicators.resumed_on)


def _activity_lines(indicators: Indicators, thresholds: Thresholds) -> Iterable[EvidenceLine]:
    half = thresholds.slowing_window_days
    yield EvidenceLine(
        "active_days",
        indicators.active_days_in_window,
        _whole(indicators.cohort_active_days_median),
        of=indicators.active_days_window,
    )
    recent, earlier = indicators.recent_active_days, indicators.earlier_active_days
    yield EvidenceLine("recent_days", recent, _whole(indicators.cohort_recent_active_days_median), of=half)
    yield EvidenceLine("earlier_days", earlier, _whole(indicators.cohort_earlier_active_days_median), of=half)


def _work_lines(indicators: Indicators) -> Iterable[EvidenceLine]:
    if indicators.done_count is not None:
        yield EvidenceLine("done", indicators.done_count, _whole(indicators.cohort_done_count_median))
        yield EvidenceLine("due_done", indicators.due_done_count, of=indicators.due_count)
    for miss in indicators.missed or ():
        if miss.hand_ins is not None:
            counts = miss.hand_ins
            yield EvidenceLine("hand_ins", None, counts.handed_in, counts.expected, miss.name)


def _grade_lines(indicators: Indicators) -> Iterable[EvidenceLine]:
    grades = indicators.grades
    for grade in grades:
        median = grade.cohort_median
        yield EvidenceLine(
            "grade",
            round(100 * grade.score_ratio),
            None if median is None else round(100 * median),
            name=grade.name,
        )
    gap = measure_grade_gap(indicators)
    if gap is not None:
        compared = sum(grade.cohort_median is not None for grade in grades)
        yield EvidenceLine("grade_gap", round(100 * gap), of=compared)
    if len(grades) > 1:
        before = [grade.score_ratio for grade in grades[1:]]
        yield EvidenceLine("grades_before", round(100 * sum(before) / len(before)), of=len(before))


def _news_lines(indicators: Indicators) -> Iterable[EvidenceLine]:
    if indicators.came_back is not None:
        yield EvidenceLine("came_back", indicators.came_back.gap_days, on=indicators.came_back.on)
    if indicators.caught_up is not None:
        yield EvidenceLine("caught_up", name=indicators.caught_up.name, on=indicators.caught_up.handed_in_on)
    yield EvidenceLine("finished", on=indicators.finished_on)


def _whole(median: float | None) -> int | None:
    """Half of the cohort has at least this many whole ones."""
    return None if median is None else int(median)
