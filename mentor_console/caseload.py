"""Who looks after whom: naming e-mentors of a course, sharing its learners out, taking learners back.

Only a trainer of the course does this. Rows are ended, never deleted: who did what and when is their history.
Every function is safe to repeat, commits its own work and returns what takes it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, select

from course_sync.database import db
from course_sync.models import Context, Membership, Person
from mentor_console.access import AccessDenied, Viewer, get_member_of_course
from mentor_console.caseload_changes import begin_change, end_assignments, finish_change
from mentor_console.errors import InvalidInput
from mentor_console.former_learners import get_former_learner
from mentor_console.grants import (
    decide_request,
    end_grant,
    find_open_grant,
    grant_role,
    open_grant,
    request_access,
    was_granted,
)
from mentor_console.mentorship import is_mentor_now
from mentor_console.models import Assignment
from mentor_console.support_lines import Done
from mentor_console.writes import insert_once

__all__ = [
    "assign",
    "decide_request",
    "end_mentor",
    "grant_role",
    "list_course_learners",
    "name_former_learner",
    "name_mentor",
    "request_access",
    "unassign",
]


def name_mentor(viewer: Viewer, membership: Membership, now: datetime) -> Done:
    """Make a member of the viewer's course e-mentor there; learners, also former ones, may be named too.

    Raises AccessDenied for a member of another course, InvalidInput for one who is suspended.
    """
    member = get_member_of_course(viewer, membership.id)
    if member.status == "suspended":
        raise InvalidInput("membership", "not_active")
    return _name(viewer, member.person, member.context_id, now)


def name_former_learner(viewer: Viewer, person_id: int, now: datetime) -> Done:
    """Make somebody who learned in an earlier course e-mentor of the viewer's course. Raises AccessDenied."""
    return _name(viewer, get_former_learner(viewer, person_id), _own_course(viewer), now)


def _name(viewer: Viewer, person: Person, context_id: int, now: datetime) -> Done:
    change = begin_change(viewer, context_id, "name", now, person.id)
    known = find_open_grant(person.id, "mentor", context_id)
    context = db.session.get_one(Context, context_id)
    grant = known or open_grant(person, "mentor", context, viewer.person_id, now)
    change.role_grant_id = grant.id
    return finish_change(change, 0, keep=known is None)


def end_mentor(viewer: Viewer, person_id: int, now: datetime) -> Done:
    """Take the part of e-mentor in the viewer's course away. How many learners lose this mentor.

    Raises InvalidInput for somebody who never was named there.
    """
    context_id = _own_course(viewer)
    if not was_granted(person_id, "mentor", context_id):
        raise InvalidInput("mentor", "not_named")
    change = begin_change(viewer, context_id, "end_mentor", now, person_id)
    grant = find_open_grant(person_id, "mentor", context_id)
    if grant is None:
        return finish_change(change, 0)
    change.role_grant_id = grant.id
    ended = end_grant(grant, viewer.person_id, now)
    here = select(Membership.id).where(Membership.context_id == context_id)
    which = and_(Assignment.mentor_id == person_id, Assignment.membership_id.in_(here))
    return finish_change(change, end_assignments(which, change), keep=ended)


def assign(viewer: Viewer, mentor_person_id: int, memberships: Sequence[Membership], now: datetime) -> Done:
    """Give learners of the viewer's course to an e-mentor of it. How many were not theirs before.

    All or nothing. Raises AccessDenied for members of another course; InvalidInput for somebody who is no
    learner, for somebody who is no e-mentor here, and for a mentor among their own learners.
    """
    context_id = _own_course(viewer)
    _check_learners(context_id, mentor_person_id, memberships)
    change = begin_change(viewer, context_id, "assign", now, mentor_person_id)
    # The lock keeps the mentor named until this is committed (SQLite has one writer at a time anyway).
    find_open_grant(mentor_person_id, "mentor", context_id, lock=True)
    if not is_mentor_now(mentor_person_id, context_id):
        finish_change(change, 0)
        raise InvalidInput("mentor", "not_named")
    rows = [
        {
            "mentor_id": mentor_person_id,
            "membership_id": membership_id,
            "assigned_by_id": viewer.person_id,
            "assigned_at": now,
            "opened_by_change_id": change.id,
        }
        for membership_id in sorted({membership.id for membership in memberships})
    ]
    return finish_change(change, insert_once(Assignment, rows))


def unassign(viewer: Viewer, mentor_person_id: int, memberships: Sequence[Membership], now: datetime) -> Done:
    """Take learners of the viewer's course back from a mentor. How many were theirs.

    Raises AccessDenied for members of another course, InvalidInput for a mentor whom nobody knows.
    """
    context_id = _own_course(viewer)
    if any(membership.context_id != context_id for membership in memberships):
        raise AccessDenied("member")
    ids = [membership.id for membership in memberships]
    change = begin_change(viewer, context_id, "unassign", now, mentor_person_id)
    which = and_(Assignment.mentor_id == mentor_person_id, Assignment.membership_id.in_(ids))
    return finish_change(change, end_assignments(which, change))


def list_course_learners(viewer: Viewer, membership_ids: Sequence[int]) -> list[Membership]:
    """The named learners of the viewer's course, in one query. Raises AccessDenied if any id is not one."""
    statement = select(Membership).where(
        Membership.context_id == _own_course(viewer),
        Membership.standing == "learner",
        Membership.id.in_(membership_ids),
    )
    found = list(db.session.scalars(statement))
    if len(found) != len(set(membership_ids)):
        raise AccessDenied("learner")
    return found


def _own_course(viewer: Viewer) -> int:
    if not viewer.is_trainer or viewer.context_id is None:
        raise AccessDenied("course")
    return viewer.context_id


def _check_learners(context_id: int, mentor_person_id: int, memberships: Sequence[Membership]) -> None:
    if not memberships:
        raise InvalidInput("learners", "required")
    for membership in memberships:
        if membership.context_id != context_id:
            raise AccessDenied("learner")
        if membership.standing != "learner" or membership.status == "left":
            raise InvalidInput("learners", "not_a_learner")
        if membership.person_id == mentor_person_id:
            raise InvalidInput("learners", "own_mentor")
