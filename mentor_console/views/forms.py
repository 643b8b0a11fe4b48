"""What the forms of the pages have in common: reading days and numbers, keeping what was typed, the way back.

Only reading; whether a value is right is the affair of the services.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import unquote

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from mentor_console.support_lines import Undo

_MAX_ID = 2**31 - 1
"""Ids are 32-bit on PostgreSQL; a larger number is nobody's."""


@dataclass(frozen=True)
class TypedForm:
    """A form that comes back with problems, so that nothing typed is lost. `name` says which of the page."""

    name: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    conflict: str = ""
    """Code of what somebody else did meanwhile."""

    def of(self, name: str) -> TypedForm:
        """This form if it is the named one, else an empty one."""
        return self if self.name == name else TypedForm(name)


NOTHING_TYPED = TypedForm()


def take_typed(name: str, problems: Mapping[str, str], conflict: str = "") -> TypedForm:
    """What the request sent, with what is wrong with it."""
    return TypedForm(name, request.form.to_dict(), problems, conflict)


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


def go_back(
    membership_id: int, *, done: str | None = None, undo: Undo | None = None, problem: str | None = None
) -> Response:
    """To the page the form stood on: Today, else the learner's page."""
    told: dict[str, Any] = {"done": done, "undo": str(undo) if undo else None, "problem": problem}
    if request.form.get("back") == "today":
        everything = "1" if request.form.get("all") else None
        return redirect(url_for("console.today", all=everything, **told), 303)
    return redirect(url_for("console.learner", membership_id=membership_id, **told), 303)


def own_path(path: str) -> str:
    """The path if it is a page of this very session, else the first page: never another address."""
    home_path = url_for("console.home")
    is_own = path.startswith(home_path) and "//" not in path and "\\" not in path and path.isprintable()
    is_own = is_own and ".." not in unquote(path)  # a browser would walk up with it, out of this session
    return path if is_own else home_path


def here() -> str:
    """Path of the page being read, to come back to; that of its learner where a form came back."""
    if request.method == "GET":
        return request.path
    learner_id = (request.view_args or {}).get("membership_id")
    if learner_id is None:
        return url_for("console.home")
    return url_for("console.learner", membership_id=learner_id)
