"""The e-mentor's pages: Today, one learner, logging a contact. Trainers see the learners of their course."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from course_sync.models import Membership
from mentor_console import contacts, learner_page, moments, preferences, wording
from mentor_console.access import Viewer, current_viewer, get_learner, open_to
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.screens import FlagLine, StepLine
from mentor_console.today import get_today
from mentor_console.views.routes import blueprint

MAX_CARDS = 7
"""More than this nobody calls in a day; the rest waits, ranked, behind a count."""
_OVERDUE_STEPS = 5
_NEXT_STEPS = 3
"""Of the steps, these stand beside the history; all of them are one click further."""


@dataclass(frozen=True)
class ContactForm:
    """The contact form as typed, so that nothing is lost when it comes back with problems."""

    is_open: bool
    request_key: str
    occurred_at: str
    kind: str = ""
    channel: str = ""
    outcome: str = ""
    summary: str = ""
    duration_minutes: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


@blueprint.get("/today")
@open_to("mentor")
def today() -> str:
    """Who needs me, most urgent first."""
    viewer = current_viewer()
    page = get_today(viewer, g.now)
    name = preferences.get_short_name(viewer)
    return render_template(
        "mentor_console/today.html",
        today=page,
        greeting=wording.greeting(moments.hour_of_day(g.now), name),
        needed=sum(card.level in ("act", "week") for card in page.cards),
        max_cards=MAX_CARDS,
        several_courses=len({person.course_title for person in (*page.quiet, *page.departed)}) > 1,
    )


@blueprint.get("/learners/<int(max=2147483647):membership_id>")
@open_to("mentor", "trainer")
def learner(membership_id: int) -> str:
    """Everything about one learner in my care; `?kind=&channel=` opens the contact form."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    return _render_learner(viewer, membership, _new_form(request.args))


@blueprint.post("/learners/<int(max=2147483647):membership_id>/contacts")
@open_to("mentor", "trainer")
def record_contact(membership_id: int) -> Response | tuple[str, int]:
    """Log a contact; with a problem the page comes back with everything that was typed."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    try:
        contacts.record_contact(viewer, membership, **_parse_contact(request.form), now=g.now)
    except InvalidInput as error:
        form = _typed_form(request.form, _name_problems(error.problems, request.form))
        return _render_learner(viewer, membership, form), 422
    except Conflict:
        again = url_for("console.learner", membership_id=membership_id, problem="form_used")
        return redirect(again, 303)
    return redirect(url_for("console.learner", membership_id=membership_id, done="contact"), 303)


def near_steps(steps: Sequence[StepLine], flags: Sequence[FlagLine]) -> list[StepLine]:
    """What is overdue, those a flag names first, then the next few with a date; in the order of dates."""
    named = {reason.values.get("activity_id") for flag in flags for reason in flag.reasons}
    overdue = [step for step in steps if step.state == "late" and step.due_at]
    overdue.sort(key=lambda step: (step.activity_id in named, step.due_at), reverse=True)
    ahead = [
        step for step in steps if step.state in ("open", "unknown") and step.due_at and step.due_at >= g.now
    ]
    ahead.sort(key=lambda step: (step.due_at, step.activity_id))
    near = overdue[:_OVERDUE_STEPS] + ahead[:_NEXT_STEPS]
    return sorted(near, key=lambda step: (step.due_at, step.activity_id))


def _render_learner(viewer: Viewer, membership: Membership, form: ContactForm) -> str:
    page = learner_page.get_learner_page(viewer, membership, g.now)
    return render_template(
        "mentor_console/learner.html",
        page=page,
        form=form,
        near_steps=near_steps(page.progress.steps, page.flags),
        quote=wording.quote_for_learner(page.flags, g.now),
        zone_name=str(moments.reader_zone()),
    )


def _new_form(query: Mapping[str, str]) -> ContactForm:
    """A fresh form with a key of its own; suggestions from the card are taken if they are known words."""
    kind, channel = query.get("kind", ""), query.get("channel", "")
    return ContactForm(
        is_open=bool(kind or channel),
        request_key=secrets.token_urlsafe(24),
        occurred_at=moments.form_value(g.now),
        kind=kind if kind in wording.KINDS else "",
        channel=channel if channel in wording.CHANNELS else "",
        outcome="reached" if channel in ("phone", "video", "face_to_face") else "no_answer",
    )


def _typed_form(form: MultiDict[str, str], problems: Mapping[str, str]) -> ContactForm:
    """What was sent; the key stays, so that sending once more still records one contact."""
    names = ("occurred_at", "kind", "channel", "outcome", "summary", "duration_minutes")
    key = secrets.token_urlsafe(24) if "request_key" in problems else form.get("request_key", "")
    shown = {name: code for name, code in problems.items() if name != "request_key"}
    typed = {name: form.get(name, "") for name in names}
    return ContactForm(is_open=True, request_key=key, problems=shown, **typed)


def _parse_contact(form: MultiDict[str, str]) -> dict[str, Any]:
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
