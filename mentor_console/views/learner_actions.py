"""What a mentor or trainer does about a learner from Today and the learner's page, and taking it back.

Every form works without JavaScript; one that is refused comes back on the learner's page as it was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import g, redirect, request
from werkzeug.wrappers import Response

from course_sync.models import Membership
from mentor_console import decisions, extensions, flagging, moments, notes, playbook_wording, tasks, undo
from mentor_console.access import Viewer, current_viewer, get_learner, open_to
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.playbooks import PLAYBOOKS
from mentor_console.views.forms import go_back, own_path, parse_day, parse_id, take_typed
from mentor_console.views.mentor import render_learner
from mentor_console.views.routes import blueprint

Answer = Response | tuple[str, int]


@blueprint.post("/learners/<int(max=2147483647):membership_id>/dismiss")
@open_to("mentor", "trainer")
def dismiss(membership_id: int) -> Answer:
    """Not a problem, with the reason why."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    said = {"reason": request.form.get("reason", ""), "text": request.form.get("text", "")}
    try:
        done = decisions.dismiss_flags(viewer, membership, **said, now=g.now)
    except InvalidInput as error:
        return _come_back(viewer, membership, "dismiss", error.problems)
    except Conflict as error:
        return go_back(membership_id, problem=error.code)
    return go_back(membership_id, done="dismissed", undo=done)


@blueprint.post("/learners/<int(max=2147483647):membership_id>/snooze")
@open_to("mentor", "trainer")
def snooze(membership_id: int) -> Answer:
    """Not now: until tomorrow, next week, a day, or something new."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    try:
        until = _parse_until(moments.local_day(g.now))
        done = decisions.snooze(viewer, membership, until=until, now=g.now, zone=moments.reader_zone())
    except InvalidInput as error:
        return _come_back(viewer, membership, "snooze", error.problems)
    except Conflict as error:
        return go_back(membership_id, problem=error.code)
    return go_back(membership_id, done="snoozed", undo=done)


@blueprint.post("/learners/<int(max=2147483647):membership_id>/notes")
@open_to("mentor", "trainer")
def add_note(membership_id: int) -> Answer:
    """Keep a private note."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    sent = {name: request.form.get(name, "") for name in ("text", "request_key")}
    try:
        done = notes.add_note(viewer, membership, **sent, now=g.now)
    except InvalidInput as error:
        return _come_back(viewer, membership, "note", error.problems)
    except Conflict:
        return go_back(membership_id, problem="form_used")
    return go_back(membership_id, done="noted", undo=done)


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
        return _come_back(viewer, membership, "task", error.problems)
    except Conflict:
        return go_back(membership_id, problem="form_used")
    return go_back(membership_id, done="task_added", undo=done)


@blueprint.post("/tasks/<int(max=2147483647):task_id>")
@open_to("mentor", "trainer")
def update_task(task_id: int) -> Answer:
    """Change a task, unless somebody else did since the form was shown: then both versions are shown."""
    viewer = current_viewer()
    task = tasks.get_task(viewer, task_id)
    membership = get_learner(viewer, task.membership_id)
    version = parse_id(request.form.get("version", "")) or 0
    name = f"task-{task_id}"
    try:
        done = tasks.update_task(viewer, task_id, version=version, changes=_parse_changes(), now=g.now)
    except InvalidInput as error:
        return _come_back(viewer, membership, name, error.problems)
    except Conflict as error:
        typed = take_typed(name, {}, error.code)
        return render_learner(viewer, membership, typed=typed), 409
    return go_back(membership.id, done=f"task_{request.form.get('state') or 'saved'}", undo=done)


@blueprint.post("/learners/<int(max=2147483647):membership_id>/extensions")
@open_to("mentor", "trainer")
def set_extension(membership_id: int) -> Answer:
    """Give a learner more time for one step."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    activity_id = parse_id(request.form.get("activity", ""))
    due_at = moments.parse_form_value(request.form.get("due_at", ""))
    try:
        if activity_id is None or due_at is None:
            given = {"activity": activity_id, "due_at": due_at}
            raise InvalidInput.of({name: "required" for name, value in given.items() if value is None})
        extensions.set_extension(viewer, membership, activity_id, due_at, now=g.now)
        flagging.judge_anew(membership.context_id, g.now)
    except InvalidInput as error:
        return _come_back(viewer, membership, "extension", error.problems)
    return go_back(membership_id, done="extended")


@blueprint.post("/extensions/<int(max=2147483647):extension_id>/withdraw")
@open_to("mentor", "trainer")
def withdraw_extension(extension_id: int) -> Response:
    """Let the earlier date hold again."""
    extensions.withdraw_extension(current_viewer(), extension_id, g.now)
    flagging.judge_anew(extensions.get_context_id(extension_id), g.now)
    learner_id = parse_id(request.form.get("learner", "")) or 0
    return go_back(learner_id, done="extension_withdrawn")


@blueprint.post("/undo")
@open_to("mentor", "trainer")
def take_back() -> Response:
    """Take an action back, from the bar after it or from the history."""
    what = undo.parse_undo(request.form.get("undo", ""))
    path = own_path(request.form.get("back", ""))
    if what is None:
        return redirect(f"{path}?problem=unusable", 303)
    try:
        undo.undo(current_viewer(), what, g.now)
    except Conflict as error:
        return redirect(f"{path}?problem={error.code}", 303)
    return redirect(f"{path}?done=undone", 303)


def _come_back(viewer: Viewer, membership: Membership, name: str, problems: Mapping[str, str]) -> Answer:
    return render_learner(viewer, membership, typed=take_typed(name, problems)), 422


def _parse_until(today: date) -> date | None:
    """None = until something new. Raises InvalidInput for what is no day."""
    chosen, typed = request.form.get("until", ""), request.form.get("day", "")
    if chosen == "new":
        return None
    if chosen in ("tomorrow", "week"):
        return today + timedelta(days=1 if chosen == "tomorrow" else 7 - today.weekday())
    day = parse_day(typed)
    if day is None:
        raise InvalidInput("until", "not_a_date" if typed.strip() else "required")
    return day


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
