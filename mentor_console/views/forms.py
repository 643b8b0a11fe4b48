"""What the forms of the pages have in common: reading days and numbers, keeping what was typed, the way back.

Only reading; whether a value is right is the affair of the services.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlencode

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response

from mentor_console.errors import NewsSince
from mentor_console.support_lines import Undo
from mentor_console.undo import parse_undo
from mentor_console.views.routes import blueprint

_MAX_ID = 2**31 - 1
"""Ids are 32-bit on PostgreSQL; a larger number is nobody's."""
_OFFERED = timedelta(minutes=1)
"""The bar of a page without script stays until the next page; one opened again later offers nothing."""
_KEPT = ("all", "show", "q", "part", "before")
"""What of an address says which page it is; the rest says what was just done."""
_HISTORY = ("show", "before")
_WITH_HISTORY = frozenset({"console.learner", "console.own_page"})
"""Pages that show a stretch of a history."""
_BESIDE_HISTORY = frozenset(
    f"console.{action}"
    for action in (
        "add_note",
        "add_task",
        "dismiss",
        "give_answer",
        "record_contact",
        "set_extension",
        "snooze",
        "update_task",
        "withdraw_answer",
        "withdraw_extension",
    )
)
"""What is done there."""


@dataclass(frozen=True)
class TypedForm:
    """A form that comes back with problems, so that nothing typed is lost. `name` says which of the page."""

    name: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    conflict: str = ""
    """Code of what somebody else did meanwhile."""
    news: NewsSince | None = None
    """What came up meanwhile, where that is what stands against the form."""

    def of(self, name: str) -> TypedForm:
        """This form if it is the named one, else an empty one."""
        return self if self.name == name else TypedForm(name)


NOTHING_TYPED = TypedForm()


def take_typed(
    name: str, problems: Mapping[str, str], conflict: str = "", news: NewsSince | None = None
) -> TypedForm:
    """What the request sent, with what is wrong with it."""
    return TypedForm(name, request.form.to_dict(), problems, conflict, news)


def new_key() -> str:
    """By which a form is known again when it is sent twice."""
    return secrets.token_urlsafe(24)


def parse_day(text: str) -> date | None:
    """The day an `<input type="date">` sent; None for nothing and for what is no day."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def parse_id(text: str) -> int | None:
    """A database id as a form sends it; None for anything else."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(_MAX_ID)) else 0
    return number if 0 < number <= _MAX_ID else None


@blueprint.url_defaults
def keep_history(endpoint: str, values: dict[str, Any]) -> None:
    """Forms beside a history are sent to addresses that say which stretch of it is shown.

    So does the link that opens the form for a contact.
    """
    is_beside = endpoint in _BESIDE_HISTORY or (endpoint == "console.learner" and "channel" in values)
    if is_beside and request.endpoint in _WITH_HISTORY | _BESIDE_HISTORY:
        values.update(shown_history())


def shown_history() -> dict[str, Any]:
    """What of an address says which stretch of a history is shown."""
    return {name: request.args[name] for name in _HISTORY if request.args.get(name)}


def go_back(
    membership_id: int, *, done: str | None = None, undo: Undo | None = None, problem: str | None = None
) -> Response:
    """To the page the form stood on: Today, else the learner's page with the history it showed."""
    words = told(done=done, undo=undo, problem=problem)
    if request.form.get("back") == "today":
        everything = "1" if request.form.get("all") else None
        return redirect(url_for("console.today", all=everything, **words), 303)
    return redirect(url_for("console.learner", membership_id=membership_id, **shown_history(), **words), 303)


def told(*, done: str | None = None, undo: Undo | None = None, problem: str | None = None) -> dict[str, Any]:
    """What an address says to the page it leads to; and when, so that no old one offers an undo."""
    at = int(g.real_now.timestamp()) if undo else None
    return {"done": done, "undo": str(undo) if undo else None, "at": at, "problem": problem}


def offered_undo() -> str:
    """What the page being read offers to take back: what was done a moment ago, "" after that."""
    what = parse_undo(request.args.get("undo", "")) if request.method == "GET" else None
    asked = parse_id(request.args.get("at", ""))
    if what is None or asked is None:
        return ""
    age = g.real_now - datetime.fromtimestamp(asked, UTC)
    return str(what) if -_OFFERED <= age <= _OFFERED else ""


def with_told(path: str, **words: str | None) -> str:
    """A path of ours with what it shall say, whether it has a query already or not."""
    said = urlencode({name: value for name, value in words.items() if value})
    return f"{path}{'&' if '?' in path else '?'}{said}"


def own_path(path: str) -> str:
    """The path if it is a page of this very session, else the first page: never another address."""
    home_path = url_for("console.home")
    is_own = path.startswith(home_path) and "//" not in path and "\\" not in path and path.isprintable()
    place = path.partition("?")[0].partition("#")[0]
    is_own = is_own and ".." not in unquote(place)  # a browser would walk up with it, out of this session
    return path if is_own else home_path


def here() -> str:
    """Address of the page being read, to come back to; of the one that is shown where a form came back."""
    path = request.path if request.method == "GET" else g.get("shown_path")
    if path is None:
        return url_for("console.home")
    kept = {name: request.args[name] for name in _KEPT if name in request.args}
    return f"{path}?{urlencode(kept)}" if kept else str(path)
