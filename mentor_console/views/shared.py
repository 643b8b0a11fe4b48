"""Pages for every part: the way in, the language, and the state of the course data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from course_sync.jobs import enqueue
from course_sync.sync_runs import ask_to_cancel
from mentor_console import preferences
from mentor_console.access import current_viewer, open_to
from mentor_console.errors import InvalidInput
from mentor_console.freshness import freshness_of
from mentor_console.freshness_lines import DataFreshness
from mentor_console.sync_history import is_stopping, list_runs
from mentor_console.views.forms import own_path
from mentor_console.views.frame import offered_locales
from mentor_console.views.routes import blueprint

_PATIENCE = timedelta(seconds=20)
"""How long an update that was asked for may take to begin before the page says that nothing happens."""


@blueprint.get("/")
@open_to("anyone")
def home() -> Response | str:
    """Each to their own first page; who has no part reads whom to ask."""
    viewer = current_viewer()
    first = (
        (viewer.is_mentor, "console.today"),
        (viewer.is_trainer, "console.course"),
        (viewer.is_learner, "console.own_page"),
        (viewer.is_admin, "console.admin"),
        (viewer.is_applicant, "console.ask_access"),
    )
    for has_part, endpoint in first:
        if has_part:
            return redirect(url_for(endpoint), 303)
    return render_template("mentor_console/no_part.html", name=preferences.get_full_name(viewer))


@blueprint.post("/language")
@open_to("anyone")
def set_language() -> Response:
    """Remember the language and go back to the page it was asked on."""
    try:
        preferences.choose_locale(current_viewer(), request.form.get("locale", ""), offered_locales())
    except InvalidInput:
        return redirect(url_for("console.home"), 303)
    return redirect(own_path(request.form.get("back", "")), 303)


@blueprint.post("/sync")
@open_to("mentor", "trainer", "admin")
def update_now() -> Response:
    """Queue an update of the launched course; asking twice queues one."""
    context_id = current_viewer().context_id
    if context_id is None:
        return redirect(url_for("console.home"), 303)
    arguments = {"context_id": context_id, "trigger": "person"}
    enqueue("sync_context", arguments, f"sync:{context_id}", g.real_now)
    asked = int(g.real_now.timestamp())
    return redirect(url_for("console.sync_status", asked=asked), 303)


@blueprint.post("/sync/stop")
@open_to("mentor", "trainer", "admin")
def cancel_update() -> Response:
    """Ask the update that runs to stop between two calls; where none runs, the page says how things are."""
    context_id = current_viewer().context_id
    if context_id is None:
        return redirect(url_for("console.home"), 303)
    ask_to_cancel(context_id, g.real_now)
    return redirect(url_for("console.sync_status"), 303)


@blueprint.get("/sync")
@open_to("mentor", "trainer", "admin")
def sync_status() -> Response | str:
    """How fresh the course data is, and how far an update has come."""
    viewer = current_viewer()
    if viewer.context_id is None:
        return redirect(url_for("console.home"), 303)
    freshness = freshness_of([viewer.context_id], viewer.person_id)
    waited = _waited_since(request.args.get("asked", ""))
    unstarted = waited is not None and not freshness.running and not _is_newer(freshness, waited)
    return render_template(
        "mentor_console/sync.html",
        freshness=freshness,
        runs=list_runs(viewer.context_id),
        is_stopping=freshness.running is not None and is_stopping(viewer.context_id),
        is_waiting=unstarted and waited is not None and waited < _PATIENCE,
        has_not_started=unstarted and waited is not None and waited >= _PATIENCE and not freshness.missing,
    )


def _waited_since(asked: str) -> timedelta | None:
    """How long ago an update was asked for; None unless it was within the last hour."""
    try:
        moment = datetime.fromtimestamp(int(asked), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    waited: timedelta = g.real_now - moment
    return waited if timedelta(0) <= waited < timedelta(hours=1) else None


def _is_newer(freshness: DataFreshness, waited: timedelta) -> bool:
    """Whether the facts were read after the update was asked for, on the console's clock."""
    return freshness.as_of is not None and freshness.as_of >= g.now - waited
