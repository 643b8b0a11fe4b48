"""The contact form: fresh with suggestions, or as typed, so that nothing is lost when it comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import g
from werkzeug.datastructures import MultiDict

from mentor_console import moments, wording
from mentor_console.playbooks import PLAYBOOKS
from mentor_console.views.forms import new_key

_TALKS = ("phone", "video", "face_to_face")
"""Channels on which one usually speaks at once."""


@dataclass(frozen=True)
class ContactForm:
    """What the form holds; `playbook` names the draft beside it."""

    is_open: bool
    request_key: str
    occurred_at: str
    kind: str = ""
    channel: str = ""
    outcome: str = ""
    summary: str = ""
    duration_minutes: str = ""
    playbook: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    conflict: str = ""
    """The form was sent before, and said something else."""


def new_contact_form(query: Mapping[str, str]) -> ContactForm:
    """A fresh form with a key of its own; suggestions from the card are taken if they are known words."""
    kind, channel, playbook = query.get("kind", ""), query.get("channel", ""), query.get("playbook", "")
    return ContactForm(
        is_open=bool(kind or channel),
        request_key=new_key(),
        occurred_at=moments.form_value(g.now),
        kind=kind if kind in wording.KINDS else "",
        channel=channel if channel in wording.CHANNELS else "",
        outcome="reached" if channel in _TALKS else "no_answer",
        playbook=playbook if playbook in PLAYBOOKS else "",
    )


def typed_contact_form(
    form: MultiDict[str, str], problems: Mapping[str, str], conflict: str = ""
) -> ContactForm:
    """What was sent; the key stays unless used up, so that sending once more still records one contact."""
    named = _name_problems(problems, form)
    names = ("occurred_at", "kind", "channel", "outcome", "summary", "duration_minutes")
    key = new_key() if conflict or "request_key" in named else form.get("request_key", "")
    shown = {name: code for name, code in named.items() if name != "request_key"}
    typed = {name: form.get(name, "") for name in names}
    return ContactForm(is_open=True, request_key=key, problems=shown, conflict=conflict, **typed)


def parse_contact(form: MultiDict[str, str]) -> dict[str, Any]:
    """The service checks the values; what cannot even be read goes on as None or as typed and fails there."""
    minutes = form.get("duration_minutes", "").strip()
    return {
        "kind": form.get("kind", ""),
        "channel": form.get("channel", ""),
        "outcome": form.get("outcome", ""),
        "summary": form.get("summary", ""),
        "occurred_at": moments.parse_form_value(form.get("occurred_at", "")),
        "duration_minutes": int(minutes) if minutes.isdecimal() and len(minutes) < 7 else (minutes or None),
        "request_key": form.get("request_key", ""),
    }


def _name_problems(problems: Mapping[str, str], form: MultiDict[str, str]) -> dict[str, str]:
    """A moment that was typed and cannot be read is not a missing one."""
    named = dict(problems)
    if named.get("occurred_at") == "required" and form.get("occurred_at", "").strip():
        named["occurred_at"] = "invalid"
    return named
