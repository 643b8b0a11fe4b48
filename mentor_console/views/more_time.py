"""Giving a learner more time for a step, and taking it back: nobody's date is replaced unseen."""

from __future__ import annotations

from datetime import datetime

from flask import g, request
from werkzeug.wrappers import Response

from mentor_console import extensions, flagging, moments
from mentor_console.access import current_viewer, get_learner, open_to
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.support_lines import Undo
from mentor_console.views.forms import go_back, parse_id, take_typed
from mentor_console.views.mentor import come_back, render_learner
from mentor_console.views.routes import blueprint

Answer = Response | tuple[str, int]


@blueprint.post("/learners/<int(max=2147483647):membership_id>/extensions")
@open_to("mentor", "trainer")
def set_extension(membership_id: int) -> Answer:
    """Give a learner more time for one step; a date before the one that holds is asked about once."""
    viewer, form = current_viewer(), request.form
    membership = get_learner(viewer, membership_id)
    try:
        activity_id, based_on, due_at = _parse_extension()
        given = extensions.set_extension(
            viewer,
            membership,
            activity_id,
            due_at,
            based_on=based_on,
            may_shorten=form.get("confirmed") == f"{form.get('activity')} {form.get('due_at')}",
            request_key=form.get("request_key", ""),
            now=g.now,
        )
    except InvalidInput as error:
        return come_back(viewer, membership, "extension", error.problems)
    except Conflict as error:
        return render_learner(viewer, membership, typed=take_typed("extension", {}, error.code)), 409
    flagging.judge_anew(membership.context_id, g.now)
    return go_back(membership_id, done="extended", undo=Undo("extension", given.id))


@blueprint.post("/extensions/<int(max=2147483647):extension_id>/withdraw")
@open_to("mentor", "trainer")
def withdraw_extension(extension_id: int) -> Response:
    """Let the earlier date hold again."""
    learner_id = parse_id(request.form.get("learner", "")) or 0
    try:
        extensions.withdraw_extension(current_viewer(), extension_id, g.now)
    except Conflict as error:
        return go_back(learner_id, problem=error.code)
    flagging.judge_anew(extensions.get_context_id(extension_id), g.now)
    undo = Undo("extension_end", extension_id)
    return go_back(learner_id, done="extension_withdrawn", undo=undo)


def _parse_extension() -> tuple[int, int | None, datetime]:
    """The step, the extension of it that the form showed (None = none), and until when.

    Raises InvalidInput for what cannot be read.
    """
    step, _, shown = request.form.get("activity", "").partition(":")
    activity_id, due_at = parse_id(step), moments.parse_form_value(request.form.get("due_at", ""))
    if activity_id is None or due_at is None:
        read = {"activity": activity_id, "due_at": due_at}
        raise InvalidInput.of({name: "required" for name, value in read.items() if value is None})
    return activity_id, parse_id(shown), due_at
