"""The table of playbooks, and what is suggested for which reasons."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mentor_console.answers import KINDS as ANSWER_KINDS
from mentor_console.contacts import KINDS
from mentor_console.flags.findings import Reason
from mentor_console.flags.rules import RULES
from mentor_console.playbooks import PLAYBOOKS, suggest


@dataclass(frozen=True)
class Raised:
    rule: str
    level: str
    reasons: tuple[Reason, ...] = ()


def test_there_are_enough_and_each_is_whole() -> None:
    assert len(PLAYBOOKS) >= 12
    for code, playbook in PLAYBOOKS.items():
        assert playbook.code == code
        assert len(code) <= 32  # the column that keeps where a task came from
        assert playbook.kind in KINDS
        assert playbook.answers
        assert 0 <= playbook.due_in_days <= 14
    assert {playbook.kind for playbook in PLAYBOOKS.values()} == set(KINDS)


@pytest.mark.parametrize("rule", [rule.rule_id for rule in RULES])
def test_every_rule_has_something_to_try(rule: str) -> None:
    assert suggest([Raised(rule, "act")])


@pytest.mark.parametrize("kind", ANSWER_KINDS)
def test_every_answer_of_a_learner_has_something_to_try(kind: str) -> None:
    assert suggest([], [kind])


def test_the_very_reason_goes_before_the_rule() -> None:
    codes = suggest([Raised("silent", "act", (Reason("never_opened"),))])
    assert codes[:2] == ("access_check", "first_steps_together")
    assert "gentle_check_in" in codes[2:]


def test_what_the_learner_asked_goes_first_then_the_most_urgent_flag() -> None:
    flags = [Raised("grades_falling", "watch"), Raised("missed_deadline", "act")]
    codes = suggest(flags, ["need_help"])
    assert codes[0] == "reply_to_help"
    assert codes.index("deadline_talk") < codes.index("revise_feedback")
    assert len(codes) == len(set(codes))


def test_nothing_to_suggest_where_nothing_is_known() -> None:
    assert suggest([]) == ()
    assert suggest([Raised("a rule of tomorrow", "act", (Reason("a reason of tomorrow"),))]) == ()
