"""Which open flags ask for somebody now, and which do not: decided on, paused by the learner, or answered.

Pure functions of rows already read; `now` is passed in. A decision speaks only of what its maker saw, a
contact of what stood when it was made: whatever is new since then asks again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from mentor_console.flags.findings import LEVEL_ORDER
from mentor_console.local_days import local_day, start_of_day
from mentor_console.models import Contact, Flag, FlagDecision

_LEVELS: Sequence[str] = LEVEL_ORDER
CONTACT_RESTS_DAYS = 3
"""So long a learner has to act on a contact before the card comes back."""
CALL_AGAIN_AFTER_DAYS = 1
"""A call nobody took is tried again on the next day."""


@dataclass(frozen=True)
class Seen:
    """What stood before somebody on the page on which they decided."""

    flags: Mapping[int, Mapping[str, Any]]
    """By flag id, with `level` and `evidence` as a decision keeps them."""
    answer_id: int
    """The learner's newest answer; 0 = none."""

    def __str__(self) -> str:
        """As a form carries it: `flag:level:work.work,flag:level:/answer`."""
        parts = (f"{key}:{flag['level']}:{'.'.join(flag['evidence'])}" for key, flag in self.flags.items())
        return f"{','.join(parts)}/{self.answer_id}"


def see(flags: Iterable[Flag], answer_id: int) -> Seen:
    """These open flags and the newest answer, as they stand now."""
    return Seen({item["flag_id"]: item for item in note_seen(flags)}, answer_id)


def parse_seen(text: str) -> Seen:
    """What a form sent back. What cannot be read has seen nothing, so that everything is news to it."""
    standing, _, answer = text.partition("/")
    try:
        flags = dict(_parse_seen_flag(part) for part in standing.split(",") if part)
        return Seen(flags, int(answer or 0))
    except ValueError:
        return Seen({}, 0)


def _parse_seen_flag(text: str) -> tuple[int, dict[str, Any]]:
    number, level, work = text.split(":")
    return int(number), {"level": level, "evidence": [item for item in work.split(".") if item]}


def level_rank(level: str) -> int:
    """0 for the most urgent level; one this version does not know comes last."""
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


def is_alarm(level: str) -> bool:
    """Good news is no alarm."""
    return level != "praise"


def note_seen(flags: Iterable[Flag]) -> list[dict[str, Any]]:
    """Flags as they stand now, in the form a decision keeps."""
    return [
        {"flag_id": flag.id, "rule": flag.rule, "level": flag.level, "evidence": sorted(_evidence(flag))}
        for flag in flags
    ]


def list_asking(
    flags: Sequence[Flag],
    decisions: Iterable[FlagDecision],
    now: datetime,
    *,
    answer_id: int = 0,
    paused_until: datetime | None = None,
    answered: Collection[int] = (),
) -> list[Flag]:
    """The open flags of one learner that belong on an open card, in the order given.

    `answer_id` is the learner's newest answer; `paused_until` rests alarms, never good news; `answered` are
    the flags that a contact took up (find_answered).
    """
    aside = {flag.id for flag in flags if is_paused(paused_until, now) and is_alarm(flag.level)}
    aside |= set(answered)
    for decision in decisions:
        aside |= find_covered(decision, flags, now, answer_id=answer_id)
    return [flag for flag in flags if flag.id not in aside]


def follow_up_at(contact: Contact, zone: tzinfo) -> datetime:
    """When the alarms that a contact took up ask again: at the start of a day of this zone."""
    days = CALL_AGAIN_AFTER_DAYS if contact.outcome == "no_answer" else CONTACT_RESTS_DAYS
    return start_of_day(local_day(contact.occurred_at, zone) + timedelta(days=days), zone)


def find_answered(contact: Contact | None, flags: Collection[Flag], now: datetime, zone: tzinfo) -> set[int]:
    """Ids of those open flags that the last contact took up, so that they need nobody now.

    Alarms until the follow-up, and none of them once there is a new one; good news for good.
    """
    if contact is None:
        return set()
    earlier = [flag for flag in flags if flag.raised_at <= contact.occurred_at]
    alarms = {flag.id for flag in flags if is_alarm(flag.level)}
    taken_up = {flag.id for flag in earlier}
    is_due = now >= follow_up_at(contact, zone) or not alarms <= taken_up
    return taken_up - alarms if is_due else taken_up


def is_paused(paused_until: datetime | None, now: datetime) -> bool:
    """Whether alarms rest at `now`."""
    return paused_until is not None and paused_until > now


def find_covered(
    decision: FlagDecision, flags: Collection[Flag], now: datetime, *, answer_id: int = 0
) -> set[int]:
    """Ids of those open flags that this decision keeps aside at `now`."""
    if decision.undone_at is not None:
        return set()
    seen = {item["flag_id"]: item for item in decision.seen}
    if decision.action == "dismiss":
        return {flag.id for flag in flags if flag.id in seen and not _is_worse(flag, seen[flag.id])}
    if _is_over(decision, now, answer_id) or any(is_news(flag, seen.get(flag.id)) for flag in flags):
        return set()
    return {flag.id for flag in flags if flag.id in seen}


def _is_over(decision: FlagDecision, now: datetime, answer_id: int) -> bool:
    if decision.until_at is not None and decision.until_at <= now:
        return True
    return answer_id > (decision.seen_answer_id or 0)


def is_news(flag: Flag, seen: Mapping[str, Any] | None) -> bool:
    """An alarm that was not there, is worse than it was, or rests on one more piece of work."""
    if not is_alarm(flag.level):
        return False
    if seen is None or _is_worse(flag, seen):
        return True
    return not _evidence(flag) <= set(seen["evidence"])


def _is_worse(flag: Flag, seen: Mapping[str, Any]) -> bool:
    return level_rank(flag.level) < level_rank(seen["level"])


def _evidence(flag: Flag) -> set[str]:
    """The pieces of work a flag names. Days that go by change numbers only; they are no new evidence."""
    values = (reason.get("values", {}) for reason in flag.reasons)
    return {str(value["activity_id"]) for value in values if value.get("activity_id") is not None}
