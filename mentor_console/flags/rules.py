"""The table of all rules: what each needs, what it does when it cannot know, in which standings it speaks and
which rule it gives way to.

Written by people, each with its reason. A rule sees one learner's indicators only.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mentor_console.flags.findings import Finding
from mentor_console.flags.indicators import Indicators
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
    rules page. `yields_to`: rules whose finding says the same and more."""

    rule_id: str
    needs: tuple[str, ...]
    when_unknown: str
    evaluate: Callable[[Indicators, Thresholds], Finding | None]
    yields_to: tuple[str, ...] = ()
    standings: frozenset[Standing] = WATCHED


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
    ),
    Rule(
        rule_id="silent",
        needs=("silent_days", "silent_days_at_least"),
        when_unknown=(
            "Visits unknown: says nothing. Only active days per period known: counts the empty periods. "
            "Own rhythm unknown: floor and cohort decide. Cohort too small: floor and own rhythm decide."
        ),
        evaluate=evaluate_silent,
        yields_to=("never_started",),
    ),
    Rule(
        rule_id="falling_behind",
        needs=("done_count", "cohort_done_count_median"),
        when_unknown=(
            "Progress unknown or cohort too small: says nothing. A step of unknown state counts as done."
        ),
        evaluate=evaluate_falling_behind,
        yields_to=("never_started",),
    ),
    Rule(
        rule_id="slowing_down",
        needs=("active_days_in_window", "cohort_active_days_median"),
        when_unknown="Active days unknown or cohort too small: says nothing.",
        evaluate=evaluate_slowing_down,
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
    ),
    Rule(
        rule_id="back_again",
        needs=("came_back",),
        when_unknown="Days of visits unknown: says nothing.",
        evaluate=evaluate_back_again,
    ),
)


def find_all(indicators: Indicators, standing: Standing, thresholds: Thresholds) -> list[Finding]:
    """What the rules that speak in this standing find, in the order of the table, without doubles.

    Good news stand beside a watched detail, but not beside an alarm to act on: the first would hide the
    second.
    """
    found: dict[str, Finding] = {}
    for rule in RULES:
        if standing in rule.standings and found.keys().isdisjoint(rule.yields_to):
            finding = rule.evaluate(indicators, thresholds)
            if finding is not None:
                found[rule.rule_id] = finding
    findings = list(found.values())
    if any(finding.level in ("act", "week") for finding in findings):
        return [finding for finding in findings if finding.level != "praise"]
    return findings
