"""Each rule on two real histories: one in which it must speak, and one near to it in which it must not."""

import pytest

from mentor_console.flags.rules import RULES
from tests.unit.mentor_console.flag_study.excerpt import history, judge, presentations

SPEAKS = [
    ("never_started", "DDD_2014J", 599270, 14, "act"),
    ("silent", "AAA_2013J", 420087, 14, "act"),
    ("silent", "DDD_2014J", 399772, 42, "act"),
    ("slowing_down", "AAA_2013J", 346843, 14, "week"),
    ("missed_deadline", "AAA_2013J", 346843, 28, "act"),
    ("falling_behind", "AAA_2013J", 281589, 56, "act"),
    ("grades_falling", "AAA_2013J", 334333, 42, "act"),
    ("back_again", "AAA_2013J", 312782, 42, "praise"),
    ("caught_up", "AAA_2013J", 968578, 28, "praise"),
    ("finished", "AAA_2013J", 968578, 268, "praise"),
]
KEEPS_SILENT = [
    # First came on day 3.
    ("never_started", "AAA_2013J", 2153153, 14),
    # Nine days away at day 42, but nine days had been usual.
    ("silent", "AAA_2013J", 2599352, 42),
    # Nine days away, not more than three times the cohort's three.
    ("silent", "AAA_2013J", 118983, 28),
    # Five of 28 days where half of the cohort has nine or more.
    ("slowing_down", "AAA_2013J", 1618738, 28),
    # Handed in after the deadline, before day 28.
    ("missed_deadline", "AAA_2013J", 287548, 28),
    # One piece of work behind the middle.
    ("falling_behind", "AAA_2013J", 113295, 56),
    # Ten points below the middle.
    ("grades_falling", "AAA_2013J", 144801, 42),
    # Away for eight days.
    ("back_again", "AAA_2013J", 2666246, 28),
    # A few days late only: that was no alarm for today.
    ("caught_up", "AAA_2013J", 287548, 28),
    # Failed.
    ("finished", "AAA_2013J", 281250, 268),
]


@pytest.mark.parametrize(("rule", "name", "student", "day", "level"), SPEAKS)
def test_the_rule_speaks(rule: str, name: str, student: int, day: int, level: str) -> None:
    findings = {finding.rule: finding for finding in judge(name, day)[student].findings}
    assert findings[rule].level == level
    completed = history(name, student).result in ("Pass", "Distinction")
    assert completed == (level == "praise")


@pytest.mark.parametrize(("rule", "name", "student", "day"), KEEPS_SILENT)
def test_the_rule_keeps_silent(rule: str, name: str, student: int, day: int) -> None:
    assert rule not in {finding.rule for finding in judge(name, day)[student].findings}
    assert history(name, student).result in (("Fail",) if rule == "finished" else ("Pass", "Distinction"))


def test_every_rule_is_tried_both_ways() -> None:
    ids = {rule.rule_id for rule in RULES}
    assert {case[0] for case in SPEAKS} == ids
    assert {case[0] for case in KEEPS_SILENT} == ids


def test_alarms_find_those_who_do_not_complete() -> None:
    """Over both presentations at day 42, twice as often as among the others."""
    outcomes: dict[bool, list[bool]] = {True: [], False: []}
    for name in presentations():
        for student, assessment in judge(name, 42).items():
            failed = history(name, student).result in ("Fail", "Withdrawn")
            outcomes[assessment.level in ("act", "week")].append(failed)
    alarmed, others = (sum(outcomes[key]) / len(outcomes[key]) for key in (True, False))
    assert alarmed > 2 * others
