"""Rules about visits: never started, silent, slowing down. Each from one learner's indicators to a finding or
None.

What a rule needs, and what it says when that is unknown, stands in rules.py.
"""

from mentor_console.flags.findings import Finding, Level, Reason, Scalar
from mentor_console.flags.indicators import Indicators
from mentor_console.flags.thresholds import Thresholds


def evaluate_never_started(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """No visit at all although the course, or the enrolment, began days ago."""
    days, started_on = indicators.days_since_clock_start, indicators.clock_started_on
    if not indicators.never_opened or days is None or started_on is None:
        return None
    if days < thresholds.never_opened_week_days:
        return None
    level: Level = "act" if days >= thresholds.never_opened_act_days else "week"
    code = "never_opened_since_enrolment" if indicators.clock_starts_with_enrolment else "never_opened"
    reason = Reason(code, {"days": days, "started_on": started_on.isoformat()})
    reasons = (reason, *_left_out_reasons(indicators))
    return Finding("never_started", level, reasons, (Reason("clears_with_opening"),), "technical")


def evaluate_silent(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """No visit for longer than this learner's own longest gap and than the cohort's silence."""
    level = _silence_level(indicators, thresholds)
    if level is None:
        return None
    return Finding("silent", level, _silence_reasons(indicators), (Reason("clears_with_visit"),), "social")


def evaluate_slowing_down(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """Far fewer active days than the cohort, or than this learner before while the cohort went on."""
    compared, fell = _compare_with_cohort(indicators, thresholds), _has_slowed(indicators, thresholds)
    level: Level | None = compared or ("watch" if fell else None)
    if level is None:
        return None
    reasons = [_slowed_reason(indicators, thresholds)] if fell else []
    if compared:
        reasons.insert(0, _less_active_reason(indicators))
    clears = Reason("clears_with_more_activity")
    return Finding("slowing_down", level, tuple(reasons), (clears,), "methodological")


def is_silent_beyond(indicators: Indicators, days: int) -> bool:
    """Whether silence is known to have lasted at least `days`."""
    known = indicators.silent_days if indicators.silent_days is not None else indicators.silent_days_at_least
    return known is not None and known >= days


def _silence_level(indicators: Indicators, thresholds: Thresholds) -> Level | None:
    if not is_silent_beyond(indicators, thresholds.silent_watch_days):
        return None
    days = indicators.silent_days
    if days is not None and _is_usual(days, indicators, thresholds):
        return None
    if days is None and indicators.cohort_recent_active_days_median == 0:
        return None
    if is_silent_beyond(indicators, thresholds.silent_act_days) and _is_confirmed(indicators, thresholds):
        return "act"
    return "week" if is_silent_beyond(indicators, thresholds.silent_week_days) else "watch"


def _is_confirmed(indicators: Indicators, thresholds: Thresholds) -> bool:
    """Where only periods are counted no rhythm can be known; little activity so far then stands in for it."""
    own, median = indicators.active_days_in_window, indicators.cohort_active_days_median
    if indicators.silent_days is not None or own is None or not median:
        return True
    return own <= thresholds.activity_week_share * median or is_silent_beyond(
        indicators, thresholds.silent_ceiling_days
    )


def _is_usual(days: int, indicators: Indicators, thresholds: Thresholds) -> bool:
    """Within the cohort's silence (when all are quiet, something else explains it) or the own rhythm."""
    median, own = indicators.cohort_silent_days_median, indicators.usual_gap_days
    if median is not None and days <= thresholds.silent_cohort_factor * median:
        return True
    return own is not None and days <= own and days < thresholds.silent_ceiling_days


def _silence_reasons(indicators: Indicators) -> tuple[Reason, ...]:
    reasons = [_silence_reason(indicators), *_left_out_reasons(indicators)]
    if indicators.silent_days is not None and indicators.cohort_silent_days_median is not None:
        # Half of the cohort came within this many whole days; a median of 1.5 is true for 2.
        reasons.append(Reason("cohort_visited", {"days": -int(-indicators.cohort_silent_days_median // 1)}))
    return tuple(reasons)


def _silence_reason(indicators: Indicators) -> Reason:
    visit, clock = indicators.last_visit_at, indicators.clock_started_on
    handed_in_at = indicators.last_hand_in_at
    if handed_in_at is not None:
        values: dict[str, Scalar] = {"days": indicators.silent_days, "handed_in_at": handed_in_at.isoformat()}
        return Reason("silent_after_hand_in", values)
    if visit is None:
        return Reason("silent_at_least", {"days": indicators.silent_days_at_least or indicators.silent_days})
    values = {"days": indicators.silent_days, "last_visit_at": visit.isoformat()}
    if clock is not None and indicators.last_visit_on is not None and indicators.last_visit_on < clock:
        enrolled = indicators.clock_starts_with_enrolment
        return Reason("silent_since_enrolment" if enrolled else "silent_since_start", values)
    own, days = indicators.longest_gap_days, indicators.silent_days
    if own is not None and days is not None and days > own:
        return Reason("silent_unlike_before", {**values, "longest_gap_days": own})
    return Reason("silent_long", values)


def _left_out_reasons(indicators: Indicators) -> tuple[Reason, ...]:
    """Days that are not counted, so that the number agrees with the dates beside it."""
    reasons = []
    if indicators.silent_break_days:
        reasons.append(Reason("break_days_left_out", {"days": indicators.silent_break_days}))
    if indicators.resumed_on is not None:
        reasons.append(Reason("pause_left_out", {"until": indicators.resumed_on.isoformat()}))
    return tuple(reasons)


def _compare_with_cohort(indicators: Indicators, thresholds: Thresholds) -> Level | None:
    own, window = indicators.active_days_in_window, indicators.active_days_window
    median, days = indicators.cohort_active_days_median, indicators.days_since_clock_start
    if own is None or window is None or median is None or days is None:
        return None
    # Who came later than the course began is compared only over days on which both could be there.
    wanted_days = window if indicators.clock_starts_with_enrolment else thresholds.slowing_window_days
    if median < thresholds.activity_min_median_days or days < wanted_days:
        return None
    if own <= thresholds.activity_week_share * median:
        return "week"
    return "watch" if own <= thresholds.activity_watch_share * median else None


def _has_slowed(indicators: Indicators, thresholds: Thresholds) -> bool:
    recent, earlier = indicators.recent_active_days, indicators.earlier_active_days
    days = indicators.days_since_clock_start
    if recent is None or earlier is None or days is None or days < 2 * thresholds.slowing_window_days:
        return False
    if earlier < thresholds.slowing_min_earlier_days or recent > thresholds.slowing_factor * earlier:
        return False
    cohort, before = (
        indicators.cohort_recent_active_days_median,
        indicators.cohort_earlier_active_days_median,
    )
    # Without a cohort a break cannot be told from slowing down.
    if not cohort or not before:
        return False
    return recent / earlier <= thresholds.slowing_cohort_factor * cohort / before


def _less_active_reason(indicators: Indicators) -> Reason:
    values: dict[str, Scalar] = {
        "days": indicators.active_days_in_window,
        "window_days": indicators.active_days_window,
        # Half of the cohort has at least this many whole days.
        "cohort_days": int(indicators.cohort_active_days_median or 0),
    }
    return Reason("less_active_than_cohort", values)


def _slowed_reason(indicators: Indicators, thresholds: Thresholds) -> Reason:
    values: dict[str, Scalar] = {
        "days": indicators.recent_active_days,
        "earlier_days": indicators.earlier_active_days,
        "window_days": thresholds.slowing_window_days,
    }
    return Reason("slowed_down", values)
