"""Setting tasks for a learner and changing them; of two who change one task the later sees both versions.

Every form works without JavaScript; one that is refused comes back on the learner's page as it was typed.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from mentor_console import moments, playbook_wording, task_clashes, tasks
from mentor_console.access import current_viewer, get_learner, open_to
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.playbooks import PLAYBOOKS
from mentor_console.views.forms import go_back, parse_day, parse_id, take_typed
from mentor_console.views.mentor import come_back, render_learner
from mentor_console.views.routes import blueprint

Answer = Response | tuple[str, int]


@blueprint.post("/learners/<int(max=2147483647):membership_id>/tasks")
@open_to("mentor", "trainer")
def add_task(membership_id: int) -> Answer:
    """Set a task, typed or from a playbook."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    key = request.form.get("request_key", "")
    try:
        done = tasks.add_task(viewer, membership, **_parse_new_task(), request_key=key, now=g.now)
    except InvalidInput as error:
        return come_back(viewer, membership, "task", error.problems)
    except Conflict as error:
        return render_learner(viewer, membership, typed=take_typed("task", {}, error.code)), 409
    return go_back(membership_id, done="task_added", undo=done)


@blueprint.post("/tasks/<int(max=2147483647):task_id>")
@open_to("mentor", "trainer")
def update_task(task_id: int) -> Answer:
    """Change a task, unless somebody else did since the form was shown: then both versions are shown."""
    viewer, form = current_viewer(), request.form
    task = tasks.get_task(viewer, task_id)
    membership = get_learner(viewer, task.membership_id)
    over: dict[str, Any] = {"version": parse_id(form.get("version", "")) or 0, "changes": _parse_changes()}
    try:
        done = tasks.update_task(viewer, task_id, **over, restore=form.get("restore") == "1", now=g.now)
    except InvalidInput as error:
        return come_back(viewer, membership, f"task-{task_id}", error.problems)
    except Conflict as error:
        zone = moments.reader_zone()
        clash = task_clashes.get_clash(viewer, task_id, **over, now=g.now, zone=zone)
        typed = take_typed(f"clash-{task_id}", {}, error.code)
        return render_learner(viewer, membership, typed=typed, clash=clash), 409
    return go_back(membership.id, done=f"task_{form.get('state') or 'saved'}", undo=done)


def _parse_new_task() -> dict[str, Any]:
    form = request.form
    playbook = PLAYBOOKS.get(form.get("playbook", ""))
    if playbook is None:
        typed = {name: form.get(name, "") for name in ("kind", "title")}
        return {**typed, "due_on": _parse_due(), "shared": form.get("shared") == "yes"}
    due_on = moments.local_day(g.now) + timedelta(days=playbook.due_in_days)
    title = playbook_wording.title(playbook.code)
    return {"kind": playbook.kind, "title": title, "due_on": due_on, "playbook": playbook.code}


def _parse_changes() -> dict[str, Any]:
    """Only what the form has; a box that is not ticked is sent by nobody, so the edit form says so."""
    form = request.form
    changes: dict[str, Any] = {
        name: form.get(name, "") for name in ("kind", "title", "state", "outcome") if name in form
    }
    if "due_on" in form:
        changes["due_on"] = _parse_due()
    if "has_shared" in form:
        changes["shared"] = form.get("shared") == "yes"
    return changes


def _parse_due() -> date | str | None:
    """What is no day goes on as typed, and is refused by the service."""
    typed = request.form.get("due_on", "").strip()
    return parse_day(typed) or typed or None
