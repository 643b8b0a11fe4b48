"""What can be made to go wrong on purpose, so that a tool's behaviour can be tried. Off unless switched on.

Faults hit the web services and the LTI services, never the pages: one can always switch them off again.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any


class FaultsError(Exception):
    """The requested faults are not understood; the message names the key."""


@dataclass(frozen=True)
class Faults:
    """`cut_roster`: the answer breaks off in the middle; `short_roster`: half of the members are left out;
    `no_platform_storage`: the pages around the tool keep nothing for it, as in Moodle 4.5.
    """

    down: bool = False
    slow_seconds: float = 0.0
    html: bool = False
    invalid_token: bool = False
    cut_roster: bool = False
    short_roster: bool = False
    no_platform_storage: bool = False
    missing_capabilities: frozenset[str] = field(default_factory=frozenset)
    missing_functions: frozenset[str] = field(default_factory=frozenset)
    suspended_user_ids: frozenset[int] = field(default_factory=frozenset)

    def lacks(self, *capabilities: str) -> str | None:
        """The first of these capabilities that is taken away, or None."""
        return next((name for name in capabilities if name in self.missing_capabilities), None)

    def to_json(self) -> dict[str, Any]:
        return {
            key: sorted(value) if isinstance(value, frozenset) else value
            for key, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, value: Any) -> "Faults":
        """Raises FaultsError. Keys left out are off."""
        if not isinstance(value, dict):
            raise FaultsError("send a JSON object with the faults to switch on; {} switches all off")
        kinds = {
            row.name: type(row.default) if not callable(row.default_factory) else list for row in fields(cls)
        }
        return cls(**{key: _checked(key, item, kinds) for key, item in value.items()})


def _checked(key: str, item: Any, kinds: dict[str, type]) -> Any:
    kind = kinds.get(key)
    if kind is None:
        raise FaultsError(f"unknown fault {key!r}; known: {', '.join(sorted(kinds))}")
    if kind is float and isinstance(item, int | float) and not isinstance(item, bool) and 0 <= item <= 120:
        return float(item)
    if kind is bool and isinstance(item, bool):
        return item
    wanted = int if key == "suspended_user_ids" else str
    if kind is list and isinstance(item, list) and all(type(row) is wanted for row in item):
        return frozenset(item)
    raise FaultsError(f"{key} has a value that cannot be used: {item!r}")
