"""The rules: each from indicators and thresholds to a finding or None, and what it does when it cannot
know.

Written by people, each with its reason. A rule sees one learner's indicators only; whether the learner's
standing allows an alarm at all is decided before (assessment.py).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mentor_console.flags.course_calendar import to_day
from mentor_console.flags.findings import Finding, Level, Reason
from mentor_console.flags.indicators import Indicators, MissedDeadline
from mentor_console.flags.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Rule:
    """`needs` names the indicators without which the rule says nothing; `when_unknown` says it for the
    rules page."""

    rule_id: str
    needs: tuple[str, ...]
    when_unknown: str
    evaluate: Callable[[Indicators, Thresholds], Finding | None]


def evaluate_silent(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """No visit for longer than this learner's own longest gap and than the cohort's silence; or never
    opened."""
    if indicators.never_opened:
        return _find_never_opened(indicators, thresholds)
    level = _silence_level(indicators, thresholds)
    if level is None:
        return None
    return Finding("silent", level, _silence_reasons(indicators), (Reason("clears_with_visit"),), "social")


def evaluate_missed_deadline(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """A required hand-in is overdue past the grace, within the window, and the cohort has largely handed
    it in."""
    missed = [
        miss
        for miss in list_credible_misses(indicators, thresholds)
        if miss.days_overdue <= thresholds.deadline_window_days
    ]
    if not missed:
        return None
    firm = [miss for miss in missed if _cohort_share(miss) >= thresholds.deadline_full_cohort_share]
    return Finding(
        "missed_deadline",
        _missed_level(firm, indicators, thresholds),
        tuple(_missed_reason(miss) for miss in missed),
        tuple(_missed_clear(miss) for miss in missed),
        "methodological",
    )


def list_credible_misses(indicators: Indicators, thresholds: Thresholds) -> list[MissedDeadline]:
    """Missed deadlines whose date the cohort confirms by its own hand-ins, or of a cohort too small to
    say."""
    return [
        miss
        for miss in indicators.missed or ()
        if miss.hand_ins is None or _cohort_share(miss) >= thresholds.deadline_min_cohort_share
    ]


RULES: tuple[Rule, ...] = (
    Rule(
        rule_id="silent",
        needs=("silent_days",),
        when_unknown=(
            "Visits unknown: says nothing. Own rhythm unknown: floor and cohort decide. "
            "Cohort too small: floor and own rhythm decide."
        ),
        evaluate=evaluate_silent,
    ),
    Rule(
        rule_id="missed_deadline",
        needs=("missed",),
        when_unknown="Hand-in unknown: that deadline is left out. Cohort too small: its date is believed.",
        evaluate=evaluate_missed_deadline,
    ),
)


def _find_never_opened(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    days, started_on = indicators.days_since_clock_start, indicators.clock_started_on
    if days is None or started_on is None or days < thresholds.never_opened_week_days:
        return None
    level: Level = "act" if days >= thresholds.never_opened_act_days else "week"
    code = "never_opened_since_enrolment" if indicators.clock_starts_with_enrolment else "never_opened"
    reason = Reason(code, {"days": days, "started_on": started_on.isoformat()})
    reasons = (reason, *_break_reasons(indicators))
    return Finding("silent", level, reasons, (Reason("clears_with_opening"),), "technical")


def _silence_level(indicators: Indicators, thresholds: Thresholds) -> Level | None:
    days = indicators.silent_days
    if days is None or days < thresholds.silent_watch_days or not _is_beyond_cohort(indicators, thresholds):
        return None
    own = indicators.longest_gap_days
    if own is not None and days <= own and days < thresholds.silent_ceiling_days:
        return None
    if days >= thresholds.silent_act_days:
        return "act"
    return "week" if days >= thresholds.silent_week_days else "watch"


def _is_beyond_cohort(indicators: Indicators, thresholds: Thresholds) -> bool:
    """When the whole cohort is quiet, something else explains the silence."""
    median, days = indicators.cohort_silent_days_median, indicators.silent_days
    return median is None or (days is not None and days > thresholds.silent_cohort_factor * median)


def _silence_reasons(indicators: Indicators) -> tuple[Reason, ...]:
    reasons = [_silence_reason(indicators), *_break_reasons(indicators)]
    if indicators.cohort_silent_days_median is not None:
        # Half of the cohort came within this many whole days; a median of 1.5 is true for 2.
        reasons.append(Reason("cohort_visited", {"days": -int(-indicators.cohort_silent_days_median // 1)}))
    return tuple(reasons)


def _silence_reason(indicators: Indicators) -> Reason:
    visit, clock = indicators.last_visit_at, indicators.clock_started_on
    visited_on = to_day(visit) if isinstance(visit, datetime) else visit
    values: dict[str, str | int | float | bool | None] = {
        "days": indicators.silent_days,
        "last_visit_at": visit.isoformat() if visit else None,
    }
    if clock is not None and visited_on is not None and visited_on < clock:
        enrolled = indicators.clock_starts_with_enrolment
        return Reason("silent_since_enrolment" if enrolled else "silent_since_start", values)
    own, days = indicators.longest_gap_days, indicators.silent_days
    if own is not None and days is not None and days > own:
        return Reason("silent_unlike_before", {**values, "longest_gap_days": own})
    return Reason("silent_long", values)


def _break_reasons(indicators: Indicators) -> tuple[Reason, ...]:
    days = indicators.silent_break_days
    return (Reason("break_days_left_out", {"days": days}),) if days else ()


def _cohort_share(miss: MissedDeadline) -> float:
    """1.0 where the cohort is too small to say: the date is then taken as right."""
    share = miss.hand_ins.share if miss.hand_ins else None
    return 1.0 if share is None else share


def _missed_level(firm: list[MissedDeadline], indicators: Indicators, thresholds: Thresholds) -> Level:
    """Of learners who missed the last deadline and were silent for 7 days, 77-97 % do not complete (BBB,
    AAA)."""
    if not firm:
        return "watch"
    overdue = max(miss.days_overdue for miss in firm) >= thresholds.deadline_act_days
    silent = indicators.silent_days is not None and indicators.silent_days >= thresholds.silent_watch_days
    return "act" if overdue or silent or len(firm) > 1 else "week"


def _missed_reason(miss: MissedDeadline) -> Reason:
    values: dict[str, str | int | float | bool | None] = {
        "activity_id": miss.activity_id,
        "name": miss.name,
        "due_at": miss.due_at.isoformat(),
        "extended": miss.is_extended,
        "handed_in": miss.hand_ins.handed_in if miss.hand_ins else None,
        "expected": miss.hand_ins.expected if miss.hand_ins else None,
    }
    return Reason("missed_deadline", values)


def _missed_clear(miss: MissedDeadline) -> Reason:
    return Reason("clears_with_hand_in", {"activity_id": miss.activity_id, "name": miss.name})
