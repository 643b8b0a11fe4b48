"""Rules that find good news: back again, caught up, finished. Their level is praise; they alarm nobody.

News pass by themselves after `good_news_days`.
"""

from datetime import date, timedelta

from mentor_console.flags.findings import Finding, Reason, Scalar
from mentor_console.flags.indicators import Indicators
from mentor_console.flags.thresholds import Thresholds


def evaluate_back_again(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """A visit after an absence that would have been an alarm."""
    back = indicators.came_back
    if back is None or back.counted_days < thresholds.silent_week_days:
        return None
    reason = Reason("back_again", {"visited_on": back.on.isoformat(), "gap_days": back.gap_days})
    return _praise("back_again", reason, back.on, thresholds)


def evaluate_caught_up(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """Late work has been handed in and nothing is overdue any more."""
    work = indicators.caught_up
    if work is None:
        return None
    values: dict[str, Scalar] = {
        "activity_id": work.activity_id,
        "name": work.name,
        "handed_in_at": work.handed_in_at.isoformat(),
    }
    return _praise("caught_up", Reason("caught_up", values), work.handed_in_on, thresholds)


def evaluate_finished(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """The course is completed."""
    on = indicators.finished_on
    if on is None:
        return None
    reason = Reason("finished", {"finished_on": on.isoformat()})
    return _praise("finished", reason, on, thresholds)


def _praise(rule_id: str, reason: Reason, since: date, thresholds: Thresholds) -> Finding:
    until = since + timedelta(days=thresholds.good_news_days)
    passes = Reason("passes_after", {"until": until.isoformat()})
    return Finding(rule_id, "praise", (reason,), (passes,), "social")
