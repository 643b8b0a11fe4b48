"""What a rule says: findings with a level, reasons and what would clear them, as values that survive JSON.

A reason holds a code and numbers, never a sentence; explanation.py makes the sentence in the reader's
language.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Level = Literal["act", "week", "watch", "praise"]
Scalar = str | int | float | bool | None
SupportKind = Literal["social", "methodological", "educational", "technical"]

LEVEL_ORDER: tuple[Level, ...] = ("act", "week", "watch", "praise")
"""From the most to the least urgent."""


@dataclass(frozen=True, slots=True)
class Reason:
    """`values` holds str, int, float, bool or None only; days and moments are ISO 8601 strings."""

    code: str
    values: Mapping[str, Scalar] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's word on one learner. `kind` is the kind of support it suggests."""

    rule: str
    level: Level
    reasons: tuple[Reason, ...]
    clears: tuple[Reason, ...]
    kind: SupportKind

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "level": self.level,
            "kind": self.kind,
            "reasons": [reason.to_json() for reason in self.reasons],
            "clears": [reason.to_json() for reason in self.clears],
        }


class FindingFormatError(ValueError):
    """A stored finding or reason cannot be read; the message says what is wrong."""


def reason_from_json(stored: object) -> Reason:
    """Raises FindingFormatError."""
    if not isinstance(stored, dict) or not isinstance(stored.get("code"), str):
        raise FindingFormatError(f"a reason needs a code: {stored!r}")
    values = stored.get("values", {})
    if not isinstance(values, dict):
        raise FindingFormatError(f"the values of reason {stored['code']!r} are not a mapping")
    for name, value in values.items():
        if not isinstance(name, str) or not isinstance(value, Scalar):
            raise FindingFormatError(f"reason {stored['code']!r} has an unreadable value {name!r}")
    return Reason(stored["code"], dict(values))


def finding_from_json(stored: object) -> Finding:
    """Raises FindingFormatError."""
    if not isinstance(stored, dict) or not isinstance(stored.get("rule"), str):
        raise FindingFormatError(f"a finding needs a rule: {stored!r}")
    return Finding(
        rule=stored["rule"],
        level=_one_of(stored, "level", get_args(Level)),
        kind=_one_of(stored, "kind", get_args(SupportKind)),
        reasons=_reasons(stored, "reasons"),
        clears=_reasons(stored, "clears"),
    )


def _one_of(stored: dict[str, Any], name: str, allowed: tuple[str, ...]) -> Any:
    if stored.get(name) not in allowed:
        raise FindingFormatError(f"{name} must be one of {', '.join(allowed)}, not {stored.get(name)!r}")
    return stored[name]


def _reasons(stored: dict[str, Any], name: str) -> tuple[Reason, ...]:
    if not isinstance(stored.get(name), list):
        raise FindingFormatError(f"{name} must be a list")
    return tuple(reason_from_json(item) for item in stored[name])
