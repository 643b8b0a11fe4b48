"""The order of learners on Today. One number that is only ever compared, never shown to anybody.

Level first, then the weight of the facts. Weights: logistic regression for "does not complete" on OULAD
2013B, 2013J and 2014B (days 28-56), rounded. AUC there .758; the weights alone reach .77 with each term left
out once: that is what keeping the levels together costs. On a term not seen before: docs/flags.md.
"""

from math import log1p

from mentor_console.flags.assessment import Assessment
from mentor_console.flags.findings import Level
from mentor_console.flags.indicators import Indicators
from mentor_console.flags.rule_work import list_credible_misses, measure_grade_gap
from mentor_console.flags.standing import WATCHED
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, Thresholds

_LEVEL_BASE: dict[Level, float] = {"act": 60.0, "week": 40.0, "watch": 20.0, "praise": 0.0}
_NOT_WATCHED = -20.0
_SILENCE_WEIGHT, _SILENCE_LIMIT = 0.15, 4.0
_MISSED_WEIGHT, _MISSED_LIMIT = 1.9, 3.0
_ACTIVITY_WEIGHT, _ACTIVITY_LIMIT = 0.85, 2.0
_GRADE_WEIGHT, _GRADE_LIMIT = 4.8, 0.5
_TYPICAL_SILENT_DAYS = 2.0
"""The median silence in most weeks of the three presentations; stands in for a cohort too small to have
its own."""


def urgency(assessment: Assessment, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> float:
    """Greater means earlier on Today. An ordering only: neither a probability nor comparable between
    versions.

    An unknown indicator weighs as that of a learner in the middle of the cohort.
    """
    if assessment.standing not in WATCHED:
        return _NOT_WATCHED
    base = _LEVEL_BASE[assessment.level] if assessment.level else 0.0
    return base + _weigh_facts(assessment.indicators, thresholds)


def _weigh_facts(indicators: Indicators, thresholds: Thresholds) -> float:
    """Between -4.7 and 8.7: the distance of two levels is greater than this range."""
    missed = min(sum_cohort_shares(indicators, thresholds), _MISSED_LIMIT)
    return (
        _SILENCE_WEIGHT * _compare_silence(indicators)
        + _MISSED_WEIGHT * missed
        - _ACTIVITY_WEIGHT * _compare_activity(indicators)
        - _GRADE_WEIGHT * _compare_grades(indicators)
    )


def sum_cohort_shares(indicators: Indicators, thresholds: Thresholds) -> float:
    """Missed deadlines, however old, each weighing as much as the share of the cohort that met it."""
    shares = [
        miss.hand_ins.share if miss.hand_ins else None
        for miss in list_credible_misses(indicators, thresholds)
    ]
    return sum(1.0 if share is None else share for share in shares)


def _compare_silence(indicators: Indicators) -> float:
    days = indicators.silent_days if indicators.silent_days is not None else indicators.silent_days_at_least
    if days is None:
        return 0.0
    median = indicators.cohort_silent_days_median
    typical = _TYPICAL_SILENT_DAYS if median is None else median
    difference = log1p(days) - log1p(typical)
    return max(-_SILENCE_LIMIT, min(difference, _SILENCE_LIMIT))


def _compare_activity(indicators: Indicators) -> float:
    """Own active days over the cohort's median; 1.0 where either is unknown or the cohort did nothing."""
    own, median = indicators.active_days_in_window, indicators.cohort_active_days_median
    if own is None or not median:
        return 1.0
    return min(own / median, _ACTIVITY_LIMIT)


def _compare_grades(indicators: Indicators) -> float:
    """Mean distance to the cohort's medians, 0-1 scale; 0.0 where no grade can be compared."""
    gap = measure_grade_gap(indicators) or 0.0
    return max(-_GRADE_LIMIT, min(gap, _GRADE_LIMIT))
