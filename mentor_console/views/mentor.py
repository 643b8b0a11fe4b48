"""The e-mentor's pages: Today, one learner, logging a contact. Trainers see the learners of their course."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flask import g, render_template, request, url_for
from werkzeug.wrappers import Response

from course_sync.models import Membership
from mentor_console import contacts, learner_page, moments, preferences, wording
from mentor_console.access import Viewer, current_viewer, get_learner, open_to
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.history import TIMELINE_KINDS
from mentor_console.screens import FlagLine, StepLine
from mentor_console.support_lines import TaskClash, Undo
from mentor_console.today import get_today
from mentor_console.views.contact_form import (
    ContactForm,
    new_contact_form,
    parse_contact,
    typed_contact_form,
)
from mentor_console.views.forms import NOTHING_TYPED, TypedForm, go_back, new_key, take_typed
from mentor_console.views.routes import blueprint

MAX_CARDS = 7
"""More than this nobody calls in a day; the rest waits, ranked, behind a count."""
_OVERDUE_STEPS = 5
_NEXT_STEPS = 3
"""Of the steps, these stand beside the history; all of them are one click further."""


@blueprint.get("/today")
@open_to("mentor")
def today() -> str:
    """Who needs me, most urgent first; `?all=1` shows those too who wait behind the count."""
    viewer = current_viewer()
    shows_all = request.args.get("all") == "1"
    limit = None if shows_all else MAX_CARDS
    page = get_today(viewer, g.now, zone=moments.reader_zone(), limit=limit)
    name = preferences.get_short_name(viewer)
    named = (*page.quiet, *page.unread, *page.departed)
    return render_template(
        "mentor_console/today.html",
        today=page,
        greeting=wording.greeting(moments.hour_of_day(g.now), name),
        needed=page.needed,
        shows_all=shows_all,
        new_key=new_key,
        address_of=learner_addresses(),
        typed=NOTHING_TYPED,
        several_courses=len({person.course_title for person in named}) > 1,
    )


@blueprint.get("/learners/<int(max=2147483647):membership_id>")
@open_to("mentor", "trainer")
def learner(membership_id: int) -> str:
    """Everything about one learner in my care; `?kind=&channel=` opens the contact form."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    return render_learner(viewer, membership, contact=new_contact_form(request.args))


@blueprint.post("/learners/<int(max=2147483647):membership_id>/contacts")
@open_to("mentor", "trainer")
def record_contact(membership_id: int) -> Response | tuple[str, int]:
    """Log a contact; with a problem the page comes back with everything that was typed."""
    viewer = current_viewer()
    membership = get_learner(viewer, membership_id)
    try:
        contact = contacts.record_contact(viewer, membership, **parse_contact(request.form), now=g.now)
    except InvalidInput as error:
        form = typed_contact_form(request.form, error.problems)
        return render_learner(viewer, membership, contact=form), 422
    except Conflict as error:
        form = typed_contact_form(request.form, {}, error.code)
        return render_learner(viewer, membership, contact=form), 409
    return go_back(membership_id, done="contact", undo=Undo("contact", contact.id))


def come_back(
    viewer: Viewer, membership: Membership, name: str, problems: Mapping[str, str]
) -> tuple[str, int]:
    """The learner's page with a form that was refused, as it was filled in."""
    return render_learner(viewer, membership, typed=take_typed(name, problems)), 422


def learner_addresses() -> Callable[[int], str]:
    """Gives the address of a learner's page by membership; built once, for pages with hundreds of them."""
    start = url_for("console.learner", membership_id=0).removesuffix("0")
    return lambda membership_id: f"{start}{membership_id}"


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


def render_learner(
    viewer: Viewer,
    membership: Membership,
    *,
    contact: ContactForm | None = None,
    typed: TypedForm = NOTHING_TYPED,
    clash: TaskClash | None = None,
) -> str:
    """The learner's page, with a form that came back if there is one, and what stands against it."""
    # Whose page it is, also where the address of a form names a task.
    g.shown_path = url_for("console.learner", membership_id=membership.id)
    show, before = request.args.get("show", ""), request.args.get("before", "")
    kinds = (show,) if show in TIMELINE_KINDS else None
    page = learner_page.get_learner_page(
        viewer, membership, g.now, zone=moments.reader_zone(), kinds=kinds, before=before
    )
    return render_template(
        "mentor_console/learner.html",
        page=page,
        form=contact or new_contact_form({}),
        typed=typed,
        clash=clash,
        before=before,
        show=show if kinds else "",
        timeline_kinds=TIMELINE_KINDS,
        new_key=new_key,
        near_steps=near_steps(page.progress.steps, page.flags),
        quote=wording.quote_for_learner(page.flags, g.now),
        zone_name=str(moments.reader_zone()),
    )
