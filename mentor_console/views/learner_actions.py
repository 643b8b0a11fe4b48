"""Setting aside, noting and taking back, from Today and the learner's page.

Every form works without JavaScript; one that is refused comes back on the learner's page as it was typed.
"""

from __future__ import annotations

from datetime import date, timedelta

from flask import g, redirect, request
from werkzeug.wrappers import Response

from course_sync.models import Membership
from mentor_console import decisions, moments, notes, quieting, undo
from mentor_console.access import Viewer, current_viewer, get_learner, open_to
from mentor_console.errors import Conflict, InvalidInput, LaterChange, NewsSince
from mentor_console.views.forms import go_back, own_path, parse_day, take_typed, with_told
from mentor_console.views.mentor import come_back, render_learner
from mentor_console.views.routes import blueprint

Answer = Response | tuple[str, int]


@blueprint.post("/learners/<int(max=2147483647):membership_id>/dismiss")
@open_to("mentor", "trainer")
def dismiss(membership_id: int) -> Answer:
    """Not a problem, with the reason why."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    reason, text = request.form.get("reason", ""), request.form.get("text", "")
    try:
        done = decisions.dismiss_flags(viewer, membership, reason=reason, text=text, seen=_seen(), now=g.now)
    except InvalidInput as error:
        return come_back(viewer, membership, "dismiss", error.problems)
    except NewsSince as news:
        return _show_news(viewer, membership, "dismiss", news)
    except Conflict as error:
        return go_back(membership_id, problem=error.code)
    return go_back(membership_id, done=_aside_code(membership, "dismissed"), undo=done)


@blueprint.post("/learners/<int(max=2147483647):membership_id>/snooze")
@open_to("mentor", "trainer")
def snooze(membership_id: int) -> Answer:
    """Not now: until tomorrow, next week, a day, or something new."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    try:
        until = _parse_until(moments.local_day(g.now))
        zone = moments.reader_zone()
        done = decisions.snooze(viewer, membership, until=until, seen=_seen(), now=g.now, zone=zone)
    except InvalidInput as error:
        return come_back(viewer, membership, "snooze", error.problems)
    except NewsSince as news:
        return _show_news(viewer, membership, "snooze", news)
    except Conflict as error:
        return go_back(membership_id, problem=error.code)
    return go_back(membership_id, done=_aside_code(membership, "snoozed"), undo=done)


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
        return come_back(viewer, membership, "note", error.problems)
    except Conflict as error:
        return render_learner(viewer, membership, typed=take_typed("note", {}, error.code)), 409
    return go_back(membership_id, done="noted", undo=done)


@blueprint.post("/undo")
@open_to("mentor", "trainer")
def take_back() -> Response:
    """Take an action back, from the bar after it or from the history."""
    what = undo.parse_undo(request.form.get("undo", ""))
    path = own_path(request.form.get("back", ""))
    if what is None:
        return redirect(with_told(path, problem="unusable"), 303)
    try:
        undo.undo(current_viewer(), what, g.now)
    except LaterChange as error:
        return redirect(with_told(path, problem=error.code, later=str(error.change_id)), 303)
    except Conflict as error:
        return redirect(with_told(path, problem=error.code), 303)
    return redirect(with_told(path, done="undone"), 303)


def _seen() -> quieting.Seen:
    return quieting.parse_seen(request.form.get("seen", ""))


def _show_news(viewer: Viewer, membership: Membership, name: str, news: NewsSince) -> Answer:
    """Nothing was decided: the page as it is now, with what is new, and the form as it was filled in."""
    return render_learner(viewer, membership, typed=take_typed(name, {}, news.code, news)), 409


def _aside_code(membership: Membership, code: str) -> str:
    """An answer that waits for a reply keeps the card, whatever was set aside."""
    return f"{code}_waits" if decisions.awaits_reply(membership, g.now) else code


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
