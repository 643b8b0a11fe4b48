"""What still stands of a flag while nothing new is read about its learner: all that nobody has mended since.

By the learner, or by more time given; never by a comparison with the cohort of today.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date

from mentor_console.flags.findings import LEVEL_ORDER, Finding, Reason, Scalar
from mentor_console.flags.indicators import Indicators
from mentor_console.flags.rule_visits import evaluate_silent
from mentor_console.flags.rule_work import evaluate_missed_deadline
from mentor_console.flags.thresholds import Thresholds

Keep = Callable[[Finding, Indicators, Thresholds], Finding | None]
"""From what stands to what stays of it; None = nothing."""


def keep_as_it_is(stands: Finding, _indicators: Indicators, _thresholds: Thresholds) -> Finding | None:
    """All of it: nothing but a reading could say otherwise."""
    return stands


def keep_silent(stands: Finding, indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """Unless the silence that was read is none by the learner's own measure and the numbers in force."""
    alone = replace(indicators, cohort_silent_days_median=None)
    return stands if evaluate_silent(alone, thresholds) else None


def keep_falling_behind(stands: Finding, indicators: Indicators, _thresholds: Thresholds) -> Finding | None:
    """Unless as many steps are done as it asked for, or nothing that fell due is open, by more time given."""
    wanted = min((_number(reason, "done") for reason in stands.clears), default=0)
    if (indicators.done_count or 0) >= wanted:
        return None
    is_open = indicators.due_done_count < indicators.due_count or indicators.unread_steps
    return stands if is_open else None


def keep_missed_deadline(stands: Finding, indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """What is still missing of the work it named, never at a harsher level."""
    named = {reason.values.get("activity_id") for reason in stands.reasons}
    missed = tuple(miss for miss in indicators.missed or () if miss.activity_id in named)
    still = {miss.activity_id for miss in missed} | named.intersection(indicators.unread_steps)
    if still == named:
        return stands
    left = evaluate_missed_deadline(replace(indicators, missed=missed), thresholds)
    if left is None:
        return _only_about(stands, still) if still else None
    return replace(left, level=max(left.level, stands.level, key=LEVEL_ORDER.index))


def keep_news(stands: Finding, indicators: Indicators, _thresholds: Thresholds) -> Finding | None:
    """Until the day it named, unless work is known to be missing now."""
    until = max((str(reason.values.get("until", "")) for reason in stands.clears), default="")
    is_over = not until or indicators.judged_on is None or date.fromisoformat(until) < indicators.judged_on
    is_undone = stands.rule == "caught_up" and indicators.missed
    return None if is_over or is_undone else stands


def _only_about(stands: Finding, activity_ids: Collection[Scalar]) -> Finding:
    def about(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        return tuple(reason for reason in reasons if reason.values.get("activity_id") in activity_ids)

    return replace(stands, reasons=about(stands.reasons), clears=about(stands.clears))


def _number(reason: Reason, name: str) -> float:
    value = reason.values.get(name)
    return value if isinstance(value, int | float) else 0
