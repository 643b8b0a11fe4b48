"""The trainer's desk, second half: sharing out in one click, caps, and days on which the course rests."""

from __future__ import annotations

from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from mentor_console import course_breaks, flagging, sharing
from mentor_console.access import current_viewer, open_to
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.support_lines import Undo
from mentor_console.views.forms import parse_day, parse_id, take_typed
from mentor_console.views.routes import blueprint
from mentor_console.views.trainer import go_to_course, render_course


@blueprint.post("/balance")
@open_to("trainer")
def balance() -> Response:
    """Give every learner without e-mentor to one, evenly; on request even out the loads as well."""
    only_unassigned = request.form.get("what") != "everybody"
    try:
        done = sharing.balance(current_viewer(), g.now, only_unassigned=only_unassigned)
    except InvalidInput as error:
        return go_to_course(problem=error.code)
    if done.undo is None:
        return go_to_course(done="balanced_none" if done.remaining else "balanced_already")
    return go_to_course(done="balanced_partly" if done.remaining else "balanced", undo=done.undo)


@blueprint.post("/caps")
@open_to("trainer")
def set_cap() -> Response | tuple[str, int]:
    """How many learners an e-mentor should have at most; empty = no own cap. Without a mentor: for everybody.

    What is no number goes on as typed, and is refused by the service.
    """
    typed, mentor = request.form.get("learners", "").strip(), request.form.get("mentor", "")
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 7 else typed or None
    mentor_id, based_on = parse_id(mentor), parse_id(request.form.get("based_on", "")) or 0
    name = f"cap-{mentor}" if mentor else "cap"
    try:
        if mentor and mentor_id is None:
            raise InvalidInput("mentor", "unusable")
        done = sharing.set_cap(current_viewer(), number, g.now, mentor_id, based_on=based_on)
    except InvalidInput as error:
        if "mentor" in error.problems:  # whose form the page has not, so nothing could be said in it
            return go_to_course(problem=error.code)
        return render_course(take_typed(name, error.problems)), 422
    except Conflict as error:
        return render_course(take_typed(name, {}, error.code)), 409
    return go_to_course(done="cap_none_own" if mentor and not typed else "cap_set", undo=done.undo)


@blueprint.post("/breaks")
@open_to("trainer")
def add_break() -> Response | tuple[str, int]:
    """Let the course rest for some days."""
    days: dict[str, Any] = {name: parse_day(request.form.get(name, "")) for name in ("starts_on", "ends_on")}
    sent: dict[str, Any] = {name: request.form.get(name, "") for name in ("name", "request_key", "based_on")}
    try:
        added = course_breaks.add_break(current_viewer(), **sent, **days, now=g.now)
    except InvalidInput as error:
        return render_course(take_typed("break", error.problems)), 422
    except Conflict as error:
        return render_course(take_typed("break", {}, error.code)), 409
    _judge_anew()
    return go_to_course(done="break_added", undo=Undo("break", added.id))


@blueprint.post("/breaks/<int(max=2147483647):break_id>/remove")
@open_to("trainer")
def remove_break(break_id: int) -> Response:
    """The course does not rest after all."""
    course_breaks.remove_break(current_viewer(), break_id, g.now)
    _judge_anew()
    return go_to_course(done="break_removed", undo=Undo("break_end", break_id))


def _judge_anew() -> None:
    """Days of rest hold for the cards at once, not only at the next sync."""
    context_id = current_viewer().context_id
    if context_id is not None:
        flagging.judge_anew(context_id, g.now)
