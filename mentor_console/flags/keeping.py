"""What still stands of a flag while nothing new is read about its learner: all that nobody has mended since.

By the learner, or by more time given; never by a comparison with the cohort of today.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import date, datetime

from mentor_console.flags.facts import HandInCount
from mentor_console.flags.findings import LEVEL_ORDER, Finding, Level, Reason, Scalar
from mentor_console.flags.indicators import Indicators, MissedDeadline
from mentor_console.flags.rule_visits import evaluate_silent
from mentor_console.flags.rule_work import evaluate_missed_deadline, judge_misses
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


def keep_missed_deadline(stands: Finding, indicators: Indicators, thresholds: Thresholds) -> Finding:
    """What it named and nobody has read since, beside what was read; no softer than it was, unless work that
    it named is missing no more. What was read alone makes it harder."""
    unread = find_unread_misses(stands, indicators)
    told, read = _only_about(stands, unread), evaluate_missed_deadline(indicators, thresholds)
    level = _soften(stands, unread, indicators, thresholds)
    if read is not None:
        two_at_once = "watch" not in (level, read.level)
        level = "act" if two_at_once else _harsher(level, read.level)
        told = _join(told, read)
    known = {miss.activity_id for miss in indicators.missed or ()} | unread
    is_mended = not _named(stands) <= known
    return replace(told, level=level if is_mended else _harsher(level, stands.level))


def find_unread_misses(stands: Finding, indicators: Indicators) -> set[Scalar]:
    """Ids of the activities that this flag about missed deadlines names and that were not read anew."""
    misses = (miss.activity_id for miss in indicators.missed or () if not miss.is_read)
    return _named(stands).intersection((*misses, *indicators.unread_steps))


def keep_news(stands: Finding, indicators: Indicators, _thresholds: Thresholds) -> Finding | None:
    """Until the day it named, unless work is known to be missing now."""
    until = max((str(reason.values.get("until", "")) for reason in stands.clears), default="")
    is_over = not until or indicators.judged_on is None or date.fromisoformat(until) < indicators.judged_on
    is_undone = stands.rule == "caught_up" and indicators.missed
    return None if is_over or is_undone else stands


def _soften(
    stands: Finding, unread: Collection[Scalar], indicators: Indicators, thresholds: Thresholds
) -> Level:
    """How urgent these deadlines alone are, by the cohort that the flag was raised by; never more than it."""
    known = {miss.activity_id: miss.days_overdue for miss in indicators.missed or ()}
    misses = [
        _retell(reason, known, indicators)
        for reason in stands.reasons
        if reason.values.get("activity_id") in unread
    ]
    return max(stands.level, judge_misses(misses, indicators, thresholds), key=LEVEL_ORDER.index)


def _retell(reason: Reason, known: Mapping[int, int], indicators: Indicators) -> MissedDeadline:
    """As it was told. Where no reading after the grace is left, it is overdue by as much as it can be."""
    told, activity_id = reason.values, int(_number(reason, "activity_id"))
    due_at = datetime.fromisoformat(str(told["due_at"]))
    at_most = (indicators.judged_on - due_at.date()).days if indicators.judged_on else 0
    hand_ins = HandInCount(int(_number(reason, "handed_in")), int(_number(reason, "expected")))
    return MissedDeadline(
        activity_id=activity_id,
        name=str(told["name"]),
        due_at=due_at,
        is_extended=bool(told["extended"]),
        days_overdue=known.get(activity_id, at_most),
        hand_ins=None if told["handed_in"] is None else hand_ins,
        is_read=False,
    )


def _join(told: Finding, read: Finding) -> Finding:
    """Both in the order of the rule: the newest deadline first."""

    def order(reason: Reason) -> tuple[str, float]:
        return str(reason.values.get("due_at")), -_number(reason, "activity_id")

    reasons = tuple(sorted((*told.reasons, *read.reasons), key=order, reverse=True))
    place = {reason.values.get("activity_id"): number for number, reason in enumerate(reasons)}
    clears = sorted((*told.clears, *read.clears), key=lambda clear: place[clear.values.get("activity_id")])
    return replace(read, reasons=reasons, clears=tuple(clears))


def _harsher(one: Level, other: Level) -> Level:
    return min(one, other, key=LEVEL_ORDER.index)


def _named(stands: Finding) -> set[Scalar]:
    return {reason.values.get("activity_id") for reason in stands.reasons}


def _only_about(stands: Finding, activity_ids: Collection[Scalar]) -> Finding:
    def about(reasons: tuple[Reason, ...]) -> tuple[Reason, ...]:
        return tuple(reason for reason in reasons if reason.values.get("activity_id") in activity_ids)

    return replace(stands, reasons=about(stands.reasons), clears=about(stands.clears))


def _number(reason: Reason, name: str) -> float:
    value = reason.values.get(name)
    return value if isinstance(value, int | float) else 0
