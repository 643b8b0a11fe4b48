"""What is known of a learner even when nothing is flagged, as reasons to be explained: facts, no judgement.

For the learner's own page ("what is known about me") and the mentor's view of the same learner.
"""

from mentor_console.flags.findings import Reason
from mentor_console.flags.indicators import Indicators
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, Thresholds


def list_known_facts(
    indicators: Indicators, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> tuple[Reason, ...]:
    """Visits first (or that they are unknown), then activity, progress, and what is not known."""
    facts = [_describe_visits(indicators)]
    if indicators.active_days_in_window is not None:
        window = thresholds.activity_window_days
        facts.append(Reason("active_days", {"days": indicators.active_days_in_window, "window_days": window}))
    if indicators.done_count is not None and indicators.required_count:
        values = {"done": indicators.done_count, "required": indicators.required_count}
        facts.append(Reason("required_done", values))
    if indicators.unknown_deadline_count:
        facts.append(Reason("deadlines_unknown", {"count": indicators.unknown_deadline_count}))
    return tuple(facts)


def _describe_visits(indicators: Indicators) -> Reason:
    if indicators.last_visit_at is not None:
        return Reason("last_visit", {"last_visit_at": indicators.last_visit_at.isoformat()})
    is_none_known = indicators.never_opened or indicators.last_hand_in_at is not None
    return Reason("no_visit_yet") if is_none_known else Reason("visits_unknown")
