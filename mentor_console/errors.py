"""The errors of the console's services: one base, and one class per thing a person can do about it.

Codes only, no sentences; the views turn them into words. Refusals of access live in access.py.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping


class ConsoleError(Exception):
    """Base of all errors raised by the console's services."""


class InvalidInput(ConsoleError):
    """What was entered cannot be recorded; nothing was changed.

    `problems` maps every field in question to a short code; `field` and `code` are the first of them.
    """

    def __init__(self, field: str, code: str, problems: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code
        self.problems: dict[str, str] = dict(problems) if problems else {field: code}

    @classmethod
    def of(cls, problems: Mapping[str, str]) -> InvalidInput:
        """One error for all fields that were refused. `problems` must not be empty."""
        field, code = next(iter(problems.items()))
        return cls(field, code, problems)


class Conflict(ConsoleError):
    """Somebody else was first: what was asked no longer fits what is recorded. `code` is short and stable."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NewsSince(Conflict):
    """Something came up that the page did not show when it was decided on; nothing was decided."""

    def __init__(self, flag_ids: Collection[int], answer_ids: Collection[int]) -> None:
        super().__init__("changed_since")
        self.flag_ids = frozenset(flag_ids)
        self.answer_ids = frozenset(answer_ids)


class LaterChange(Conflict):
    """A change made later rests on what should be taken back; `change_id` has to be taken back first."""

    def __init__(self, change_id: int) -> None:
        super().__init__("later_change")
        self.change_id = change_id
