"""The table of all rules: what each needs, what it does when it cannot know, in which standings it speaks,
which rule it gives way to, and what becomes of its flags while nothing new is read.

Written by people, each with its reason. A rule sees one learner's indicators only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mentor_console.flags.findings import Finding
from mentor_console.flags.indicators import Indicators
from mentor_console.flags.keeping import (
    Keep,
    find_unread_misses,
    keep_as_it_is,
    keep_falling_behind,
    keep_missed_deadline,
    keep_news,
    keep_silent,
)
from mentor_console.flags.rule_praise import evaluate_back_again, evaluate_caught_up, evaluate_finished
from mentor_console.flags.rule_visits import evaluate_never_started, evaluate_silent, evaluate_slowing_down
from mentor_console.flags.rule_work import (
    evaluate_falling_behind,
    evaluate_grades_falling,
    evaluate_missed_deadline,
)
from mentor_console.flags.standing import WATCHED, Standing
from mentor_console.flags.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Rule:
    """`needs` names the indicators without which the rule says nothing; `when_unknown` says it for the
    rules page. `yields_to`: rules whose finding says the same and more. `is_unread`: whether what it goes by,
    given what it found before, was not read anew; `keep` then says what still stands of its flag."""

    rule_id: str
    needs: tuple[str, ...]
    when_unknown: str
    evaluate: Callable[[Indicators, Thresholds], Finding | None]
    is_unread: Callable[[Indicators, Finding | None], bool] = lambda _indicators, _before: False
    keep: Keep = keep_as_it_is
    yields_to: tuple[str, ...] = ()
    standings: frozenset[Standing] = WATCHED


def _are_visits_unread(indicators: Indicators, _before: Finding | None) -> bool:
    return "visits" in indicators.unread


def _is_work_unread(indicators: Indicators, _before: Finding | None) -> bool:
    return "work" in indicators.unread


def _are_grades_unread(indicators: Indicators, _before: Finding | None) -> bool:
    return "grades" in indicators.unread


def _is_a_named_miss_unread(indicators: Indicators, before: Finding | None) -> bool:
    """Deadlines are read one by one: lists of hand-ins tell of some, each learner's progress of others."""
    return before is not None and bool(find_unread_misses(before, indicators))


def _is_no_catching_up_read(indicators: Indicators, _before: Finding | None) -> bool:
    """Late work that came in is known to be there; only what is not known yet may hide it again."""
    return bool(indicators.unread) and indicators.caught_up is None


RULES: tuple[Rule, ...] = (
    Rule(
        rule_id="never_started",
        needs=("never_opened", "days_since_clock_start"),
        when_unknown="Visits unknown, or neither the start of the course nor of the enrolment: says nothing.",
        evaluate=evaluate_never_started,
    ),
    Rule(
        rule_id="missed_deadline",
        needs=("missed",),
        when_unknown="Hand-in unknown: that deadline is left out. Cohort too small: its date is believed.",
        evaluate=evaluate_missed_deadline,
        is_unread=_is_a_named_miss_unread,
        keep=keep_missed_deadline,
    ),
    Rule(
        rule_id="silent",
        needs=("silent_days", "silent_days_at_least"),
        when_unknown=(
            "Visits unknown: says nothing. Only active days per period known: counts the empty periods. "
            "Own rhythm unknown: floor and cohort decide. Cohort too small: floor and own rhythm decide."
        ),
        evaluate=evaluate_silent,
        is_unread=_are_visits_unread,
        keep=keep_silent,
        yields_to=("never_started",),
    ),
    Rule(
        rule_id="falling_behind",
        needs=("done_count", "cohort_done_count_median"),
        when_unknown=(
            "Progress unknown or cohort too small: says nothing. A step of unknown state counts as done."
        ),
        evaluate=evaluate_falling_behind,
        is_unread=_is_work_unread,
        keep=keep_falling_behind,
        yields_to=("never_started",),
    ),
    Rule(
        rule_id="slowing_down",
        needs=("active_days_in_window", "cohort_active_days_median"),
        when_unknown="Active days unknown or cohort too small: says nothing.",
        evaluate=evaluate_slowing_down,
        is_unread=_are_visits_unread,
        yields_to=("never_started", "silent"),
    ),
    Rule(
        rule_id="grades_falling",
        needs=("grades",),
        when_unknown=(
            "No grade known: says nothing. Too few grades of the cohort for that work: "
            "only the learner's own grades are compared."
        ),
        evaluate=evaluate_grades_falling,
        is_unread=_are_grades_unread,
    ),
    Rule(
        rule_id="finished",
        needs=("finished_on",),
        when_unknown="Completion unknown: says nothing.",
        evaluate=evaluate_finished,
        standings=frozenset({"finished"}),
    ),
    Rule(
        rule_id="caught_up",
        needs=("caught_up",),
        when_unknown="Any hand-in unknown: says nothing.",
        evaluate=evaluate_caught_up,
        is_unread=_is_no_catching_up_read,
        keep=keep_news,
    ),
    Rule(
        rule_id="back_again",
        needs=("came_back",),
        when_unknown="Days of visits unknown: says nothing.",
        evaluate=evaluate_back_again,
        is_unread=_are_visits_unread,
        keep=keep_news,
    ),
)


def find_all(
    indicators: Indicators, standing: Standing, thresholds: Thresholds, stands: Iterable[Finding] = ()
) -> list[Finding]:
    """What the rules that speak in this standing find, in the order of the table, without doubles.

    Good news stand beside a watched detail, but not beside an alarm to act on: the first would hide the
    second. `stands`: what was found before; it stays where nothing new was read of the learner.
    """
    found: dict[str, Finding] = {}
    before = {finding.rule: finding for finding in stands}
    for rule in RULES:
        if standing in rule.standings and found.keys().isdisjoint(rule.yields_to):
            finding = _judge(rule, indicators, thresholds, before.get(rule.rule_id))
            if finding is not None:
                found[rule.rule_id] = finding
    findings = list(found.values())
    if any(finding.level in ("act", "week") for finding in findings):
        return [finding for finding in findings if finding.level != "praise"]
    return findings


def _judge(
    rule: Rule, indicators: Indicators, thresholds: Thresholds, before: Finding | None
) -> Finding | None:
    if not rule.is_unread(indicators, before):
        return rule.evaluate(indicators, thresholds)
    return rule.keep(before, indicators, thresholds) if before else None
