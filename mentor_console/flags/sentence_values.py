"""How a stored value becomes something to print, for the sentences of all rules."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from mentor_console.flags.words import Words

Values = Mapping[str, Any]
Sentence = Callable[[Values, Words], str]


def read_moment(value: str) -> date:
    """A stored day stays a day; a stored moment keeps its zone, so that its day can be told in any."""
    return date.fromisoformat(value) if len(value) == len("2000-01-01") else datetime.fromisoformat(value)


def day_words(value: str, words: Words) -> str:
    """A stored day or moment as the reader writes days."""
    return words.format_date(read_moment(value))
