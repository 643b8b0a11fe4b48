"""Playbooks: for each reason to be flagged something worth trying, with its kind and when it is due.

A pure table of codes; titles and drafts are made in the reader's language by the pages' wording.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mentor_console.flags.findings import LEVEL_ORDER, Reason, SupportKind


@dataclass(frozen=True)
class Playbook:
    """`answers` names what it is for: reason codes, rules and kinds of learners' answers."""

    code: str
    answers: tuple[str, ...]
    kind: SupportKind
    due_in_days: int


class Raised(Protocol):
    """What a suggestion needs to know of a flag."""

    @property
    def rule(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def reasons(self) -> tuple[Reason, ...]: ...


_TABLE = (
    Playbook("reply_to_help", ("need_help",), "social", 0),
    Playbook("settle_wrong_fact", ("this_is_wrong",), "technical", 1),
    Playbook("offline_follow_up", ("working_offline", "ill_until"), "social", 7),
    Playbook(
        "access_check", ("never_started", "never_opened", "never_opened_since_enrolment"), "technical", 1
    ),
    Playbook("welcome_call", ("never_started", "silent_since_enrolment", "silent_since_start"), "social", 1),
    Playbook(
        "first_steps_together",
        ("never_started", "never_opened", "never_opened_since_enrolment", "silent_since_start"),
        "methodological",
        3,
    ),
    Playbook("gentle_check_in", ("silent",), "social", 1),
    Playbook("come_back_plan", ("silent", "silent_unlike_before"), "methodological", 3),
    Playbook("deadline_talk", ("missed_deadline",), "methodological", 1),
    Playbook("ask_for_extension", ("missed_deadline",), "educational", 2),
    Playbook("catch_up_plan", ("falling_behind", "missed_deadline"), "methodological", 3),
    Playbook("small_next_step", ("falling_behind",), "educational", 2),
    Playbook("study_rhythm", ("slowing_down",), "methodological", 5),
    Playbook("study_partner", ("slowing_down", "grades_falling"), "social", 7),
    Playbook("revise_feedback", ("grades_falling",), "educational", 3),
    Playbook("praise_return", ("back_again",), "social", 1),
    Playbook("praise_catch_up", ("caught_up",), "social", 1),
    Playbook("praise_finish", ("finished",), "social", 2),
    Playbook("praise_streak", ("streak",), "social", 3),
)

PLAYBOOKS: Mapping[str, Playbook] = {playbook.code: playbook for playbook in _TABLE}
"""All of them by code, in the order in which they are preferred where nothing else decides."""

_ORDER = {playbook.code: place for place, playbook in enumerate(_TABLE)}


def suggest(flags: Iterable[Raised], answer_kinds: Collection[str] = ()) -> tuple[str, ...]:
    """Codes for one learner, the best first: what the learner asked for, then the most urgent flag's.

    A playbook that answers the very reason goes before one that answers the rule as a whole.
    """
    ranked: dict[str, tuple[int, int, int]] = {}
    for place, code in _list_hits(flags, answer_kinds):
        ranked[code] = min(ranked.get(code, place), place)
    return tuple(sorted(ranked, key=ranked.__getitem__))


def _list_hits(
    flags: Iterable[Raised], answer_kinds: Collection[str]
) -> Iterable[tuple[tuple[int, int, int], str]]:
    for code, playbook in PLAYBOOKS.items():
        if not set(playbook.answers).isdisjoint(answer_kinds):
            yield (-1, 0, _ORDER[code]), code
    for flag in flags:
        reasons = {reason.code for reason in flag.reasons}
        for code, playbook in PLAYBOOKS.items():
            if not reasons.isdisjoint(set(playbook.answers) - {flag.rule}):
                yield (_rank(flag.level), 0, _ORDER[code]), code
            elif flag.rule in playbook.answers:
                yield (_rank(flag.level), 1, _ORDER[code]), code


def _rank(level: str) -> int:
    order: tuple[str, ...] = LEVEL_ORDER
    return order.index(level) if level in order else len(order)
