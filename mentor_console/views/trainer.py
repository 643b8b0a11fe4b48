"""The trainer's desk: naming e-mentors, sharing learners out by hand, answering requests for access."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentor_console import caseload, course_breaks, grants, support_wording
from mentor_console.access import Viewer, current_viewer, get_member_of_course, open_to
from mentor_console.caseload_changes import find_change
from mentor_console.desks import get_trainer_page
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.former_learners import MIN_LETTERS, find_former_learners
from mentor_console.screens import CourseMember, TrainerPage
from mentor_console.support_lines import Undo
from mentor_console.views.forms import NOTHING_TYPED, TypedForm, new_key, parse_id, told
from mentor_console.views.routes import blueprint

ROWS_SHOWN = 50
"""Of the learners of a course: as many as one still looks through."""
_LISTED = ("show", "q", "part")


@dataclass(frozen=True)
class Filters:
    """Which learners of the course are listed."""

    show: str
    """"" = all, "without" = without e-mentor, else the person id of a mentor."""
    words: str


@dataclass(frozen=True)
class Part:
    """A stretch of the list of learners: its number and the first and last of it, from 1."""

    number: int
    first: int
    last: int
    is_shown: bool


@dataclass(frozen=True)
class Listing:
    """One part of the learners that were found, and which parts there are."""

    rows: Sequence[CourseMember]
    found: int
    parts: Sequence[Part]


@blueprint.get("/course")
@open_to("trainer")
def course() -> str:
    """E-mentors with their load, learners with their e-mentors, the state of the data."""
    return render_course()


@blueprint.post("/mentors")
@open_to("trainer")
def name_mentor() -> Response:
    """Make somebody e-mentor: a member of the course, or a former learner (`person`)."""
    viewer = current_viewer()
    membership_id = parse_id(request.form.get("membership", ""))
    person_id = parse_id(request.form.get("person", ""))
    if person_id is not None:
        named = caseload.name_former_learner(viewer, person_id, g.now)
        return go_to_course(done="former_named", undo=named.undo)
    if membership_id is None:
        return go_to_course(problem="nobody_chosen")
    member = get_member_of_course(viewer, membership_id)
    try:
        named = caseload.name_mentor(viewer, member, g.now)
    except (InvalidInput, Conflict) as error:
        return go_to_course(problem=error.code)
    return go_to_course(done="former_named" if member.status == "left" else "mentor_named", undo=named.undo)


@blueprint.post("/mentors/end")
@open_to("trainer")
def end_mentor() -> Response:
    """Take the part of e-mentor away again."""
    person_id = parse_id(request.form.get("person", ""))
    if person_id is None:
        return go_to_course(problem="nobody_chosen")
    try:
        done = caseload.end_mentor(current_viewer(), person_id, g.now)
    except InvalidInput as error:
        return go_to_course(problem=error.code)
    return go_to_course(done="mentor_ended", undo=done.undo)


@blueprint.post("/assign")
@open_to("trainer")
def assign() -> Response:
    """Give the ticked learners to an e-mentor; where that cannot be, they come back ticked."""
    viewer = current_viewer()
    mentor_id = parse_id(request.form.get("mentor", ""))
    learner_ids = [parse_id(text) for text in request.form.getlist("learner")]
    wanted = sorted({learner_id for learner_id in learner_ids if learner_id is not None})
    if mentor_id is None:
        return go_to_course(problem="nobody_chosen", ticked=wanted)
    if not wanted:
        return go_to_course(problem="no_learners")
    try:
        done = caseload.assign(viewer, mentor_id, caseload.list_course_learners(viewer, wanted), g.now)
    except (InvalidInput, Conflict) as error:
        return go_to_course(problem=error.code, ticked=wanted)
    return go_to_course(done="shared", undo=done.undo)


@blueprint.post("/unassign")
@open_to("trainer")
def unassign() -> Response:
    """Take one learner back from one e-mentor: `pair` is "mentor's person id:learner's membership id"."""
    viewer = current_viewer()
    mentor_text, _, learner_text = request.form.get("pair", "").partition(":")
    mentor_id, learner_id = parse_id(mentor_text), parse_id(learner_text)
    if mentor_id is None or learner_id is None:
        return go_to_course(problem="unusable")
    learners = caseload.list_course_learners(viewer, [learner_id])
    try:
        done = caseload.unassign(viewer, mentor_id, learners, g.now)
    except InvalidInput as error:
        return go_to_course(problem=error.code)
    return go_to_course(done="taken_back", undo=done.undo)


@blueprint.post("/requests/<int(max=2147483647):request_id>")
@open_to("trainer", "admin")
def decide_request(request_id: int) -> Response:
    """Let somebody in as trainer or e-mentor, or decline; whoever is first decides."""
    viewer, role = current_viewer(), request.form.get("role")
    go_to_desk = go_to_course if viewer.is_trainer else _go_to_organisation
    if role is None:
        return go_to_desk(problem="unusable")
    try:
        grants.decide_request(viewer, request_id, role=role or None, now=g.now)
    except InvalidInput:
        return go_to_desk(problem="unusable")
    except Conflict as error:
        return go_to_desk(problem=error.code)
    return go_to_desk(done="granted" if role else "declined")


def filter_learners(learners: Sequence[CourseMember], filters: Filters) -> list[CourseMember]:
    """The learners to list. Every word must occur in the name or in a group."""
    words = filters.words.casefold().split()
    return [member for member in learners if _is_shown(member, filters.show) and _matches(member, words)]


def list_part(found: Sequence[CourseMember], wanted: str) -> Listing:
    """The part with the wanted number, as the address has it; the first or last where there is none."""
    count = max(1, -(-len(found) // ROWS_SHOWN))
    shown = min(parse_id(wanted) or 1, count)
    parts = [
        Part(number, (number - 1) * ROWS_SHOWN + 1, min(number * ROWS_SHOWN, len(found)), number == shown)
        for number in range(1, count + 1)
    ]
    return Listing(found[(shown - 1) * ROWS_SHOWN : shown * ROWS_SHOWN], len(found), parts)


def _is_shown(member: CourseMember, show: str) -> bool:
    if show == "without":
        return member.is_alone
    return not show or any(str(mentor.person_id) == show for mentor in member.mentors)


def _matches(member: CourseMember, words: Sequence[str]) -> bool:
    text = " ".join((member.name, *member.groups)).casefold()
    return all(word in text for word in words)


def render_course(typed: TypedForm = NOTHING_TYPED) -> str:
    """The trainer's page, with a form that came back if there is one."""
    g.shown_path = url_for("console.course")
    viewer, before = current_viewer(), parse_id(request.args.get("before", ""))
    page = get_trainer_page(viewer, g.now, before)
    filters = Filters(_whom_to_show(page), request.args.get("q", "").strip())
    return render_template(
        "mentor_console/course.html",
        page=page,
        filters=filters,
        listed={**_which_are_listed(), "show": filters.show or None},
        ticked={parse_id(text) for text in request.args.getlist("tick")},
        typed=typed,
        removed_breaks=course_breaks.list_removed_breaks(viewer),
        breaks_mark=course_breaks.breaks_mark(page.breaks),
        new_key=new_key,
        listing=list_part(filter_learners(page.learners, filters), request.args.get("part", "")),
        shows_older_changes=before is not None,
        **_look_for_former(viewer),
        **_what_came_later(viewer),
    )


def _whom_to_show(page: TrainerPage) -> str:
    """What the address says; everybody where it names somebody who is no e-mentor any more."""
    show = request.args.get("show", "")
    known = {"without", *(str(mentor.person_id) for mentor in page.mentors)}
    return show if show in known else ""


def _look_for_former(viewer: Viewer) -> dict[str, Any]:
    """Former learners by the name that was typed; None = nobody was looked for."""
    words = request.args.get("former", "").strip()
    found = find_former_learners(viewer, words) if words else None
    return {"former_words": words, "former_found": found, "former_min": MIN_LETTERS}


def _what_came_later(viewer: Viewer) -> dict[str, str]:
    """The change that stands in the way of an undo, by name."""
    change_id = parse_id(request.args.get("later", ""))
    line = find_change(viewer, change_id) if change_id else None
    return {"problem": support_wording.later_change_words(line, g.now)} if line else {}


def go_to_course(
    *,
    done: str | None = None,
    problem: str | None = None,
    undo: Undo | None = None,
    ticked: Sequence[int] = (),
) -> Response:
    """Back to the trainer's page and the learners it listed, with what was done and what takes it back.

    `ticked` are membership ids of learners whose ticks come back, as many as a page lists.
    """
    said = told(done=done, problem=problem, undo=undo)
    return redirect(url_for("console.course", **_which_are_listed(), tick=ticked[:ROWS_SHOWN], **said), 303)


def _go_to_organisation(*, done: str | None = None, problem: str | None = None) -> Response:
    return redirect(url_for("console.admin", **told(done=done, problem=problem)), 303)


def _which_are_listed() -> dict[str, Any]:
    """What of an address says which learners are listed; forms are sent to addresses that say it too."""
    return {name: request.args[name] for name in _LISTED if request.args.get(name)}
