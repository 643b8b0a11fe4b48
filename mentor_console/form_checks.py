"""What forms of several services have in common: cleaning text, and a code for each field that is refused.

Codes only; the pages turn them into words. None = the field is fine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from mentor_console.errors import InvalidInput

KEY_MAX_CHARACTERS = 64


def clean_text(text: str) -> str:
    """Without NUL, which PostgreSQL cannot store, and with one kind of line end."""
    return text.replace("\x00", "").replace("\r\n", "\n").strip()


def check_choice(value: object, allowed: Collection[str]) -> str | None:
    """required | unknown."""
    if not value:
        return "required"
    return None if value in allowed else "unknown"


def check_length(text: str, max_characters: int, *, required: bool = False) -> str | None:
    """required | too_long; `text` is clean already."""
    if required and not text:
        return "required"
    return "too_long" if len(text) > max_characters else None


def check_key(value: str) -> str | None:
    """required | too_long: the key of a form, by which it is recognised when it is sent twice."""
    if not value.strip():
        return "required"
    return "too_long" if len(value) > KEY_MAX_CHARACTERS or "\x00" in value else None


def refuse(problems: Mapping[str, str | None]) -> None:
    """Raises InvalidInput with every field that has a code."""
    found = {field: code for field, code in problems.items() if code}
    if found:
        raise InvalidInput.of(found)
