"""The page on which an e-mentor or a trainer connects with their own Moodle account, and takes it back.

Parse, ask, render. The token comes in one form field and never goes out again.
"""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from course_sync.jobs import enqueue
from lti_tool import own_token_wording as words
from lti_tool import own_tokens
from mentor_console import moments
from mentor_console.access import current_viewer, open_to
from mentor_console.errors import Conflict

blueprint = Blueprint("own_token", __name__, url_prefix="/s/<handle>/own-token")


@blueprint.get("")
@open_to("mentor", "trainer")
def show() -> str:
    """What would be read, whether a token is kept, and how to take it back."""
    return render_template(
        "lti_tool/own_token.html",
        connection=own_tokens.get_connection(current_viewer()),
        words=words,
        moments=moments,
        real_now=g.real_now,
        done=words.done_words(request.args.get("done", "")),
        problem=words.problem_words(request.args.get("problem", "")),
    )


@blueprint.post("")
@open_to("mentor", "trainer")
def connect() -> Response:
    """Keep the token if Moodle says that it is this person's, and read the course with it."""
    viewer = current_viewer()
    try:
        own_tokens.connect(viewer, request.form.get("token", ""), g.real_now)
    except Conflict as conflict:
        return redirect(url_for("own_token.show", problem=conflict.code), 303)
    if viewer.context_id is not None:
        arguments = {"context_id": viewer.context_id, "trigger": "person"}
        enqueue("sync_context", arguments, f"sync:{viewer.context_id}", g.real_now)
    return redirect(url_for("own_token.show", done="connected"), 303)


@blueprint.post("/remove")
@open_to("mentor", "trainer")
def remove() -> Response:
    """Erase the token."""
    own_tokens.remove(current_viewer(), g.real_now)
    return redirect(url_for("own_token.show", done="removed"), 303)
