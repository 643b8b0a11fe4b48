"""The learner's own page: my mentor, my next steps, what is known about me and why, and what I say to it."""

from __future__ import annotations

from datetime import date

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentor_console import answers, moments
from mentor_console.access import Viewer, current_viewer, get_own_membership, open_to
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.learner_page import get_own_page, has_mentor
from mentor_console.views.forms import (
    NOTHING_TYPED,
    TypedForm,
    new_key,
    parse_day,
    parse_id,
    shown_history,
    take_typed,
)
from mentor_console.views.routes import blueprint


@blueprint.get("/me")
@open_to("learner")
def own_page() -> str:
    """Facts with their source, flags in words and never a level."""
    return _render(current_viewer())


@blueprint.post("/me/answers")
@open_to("learner")
def give_answer() -> Response | tuple[str, int]:
    """Say something to the e-mentor; with a problem the page comes back with what was typed."""
    viewer, form = current_viewer(), request.form
    kind, (what, _, subject) = form.get("kind", ""), form.get("about", "").partition(":")
    try:
        answers.give_answer(
            viewer,
            kind=kind,
            text=form.get("text", ""),
            until=_parse_until(),
            flag_id=parse_id(subject) if what == "flag" else None,
            fact=subject if what == "fact" else "",
            request_key=form.get("request_key", ""),
            now=g.now,
            zone=moments.reader_zone(),
        )
    except InvalidInput as error:
        return _render(viewer, take_typed(kind, error.problems)), 422
    except Conflict as error:
        return _render(viewer, take_typed(kind, {}, error.code)), 409
    return _go_to_own_page(viewer, f"said_{kind}")


@blueprint.post("/me/answers/<int(max=2147483647):answer_id>/withdraw")
@open_to("learner")
def withdraw_answer(answer_id: int) -> Response:
    """Take an own answer back."""
    viewer = current_viewer()
    answers.withdraw_answer(viewer, answer_id, g.now)
    return _go_to_own_page(viewer, "withdrawn")


def _go_to_own_page(viewer: Viewer, done: str) -> Response:
    """With what was done, in words that name who reads it."""
    reader = "" if has_mentor(get_own_membership(viewer)) else "_by_trainer"
    return redirect(url_for("console.own_page", **shown_history(), done=done + reader), 303)


def _render(viewer: Viewer, typed: TypedForm = NOTHING_TYPED) -> str:
    g.shown_path = url_for("console.own_page")
    before, zone = request.args.get("before", ""), moments.reader_zone()
    page = get_own_page(viewer, get_own_membership(viewer), g.now, zone=zone, before=before)
    return render_template(
        "mentor_console/own.html",
        page=page,
        typed=typed,
        before=before,
        new_key=new_key,
        correctable=[fact.what for fact in page.facts if fact.what in answers.FACTS],
    )


def _parse_until() -> date | None:
    """Raises InvalidInput for what is no day."""
    typed = request.form.get("until", "").strip()
    day = parse_day(typed)
    if typed and day is None:
        raise InvalidInput("until", "not_a_date")
    return day
