"""Who looks after whom: naming e-mentors of a course, sharing its learners out, taking learners back.

Only a trainer of the course does this. Rows are ended, never deleted: who did what and when is their history.
Every function is safe to repeat and commits its own work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer, get_member_of_course
from mentor_console.errors import InvalidInput
from mentor_console.grants import decide_request, find_open_grant, grant_role, open_grant, request_access
from mentor_console.models import Assignment, RoleGrant
from mentor_console.writes import insert_once, update_rows

__all__ = [
    "assign",
    "decide_request",
    "end_mentor",
    "grant_role",
    "list_course_learners",
    "name_mentor",
    "request_access",
    "unassign",
]


def name_mentor(viewer: Viewer, membership: Membership, now: datetime) -> RoleGrant:
    """Make an active member of the viewer's course e-mentor there; learners may be named too.

    Raises AccessDenied for a member of another course, InvalidInput for one who is not active.
    """
    member = get_member_of_course(viewer, membership.id)
    if member.status != "active":
        raise InvalidInput("membership", "not_active")
    grant = open_grant(member.person, "mentor", member.context, viewer.person_id, now)
    db.session.commit()
    return grant


def end_mentor(viewer: Viewer, person_id: int, now: datetime) -> int:
    """Take the part of e-mentor in the viewer's course away. How many learners lose this mentor."""
    context_id = _own_course(viewer)
    ending = {"ended_at": now, "ended_by_id": viewer.person_id}
    update_rows(
        update(RoleGrant)
        .where(RoleGrant.person_id == person_id, RoleGrant.context_id == context_id)
        .where(RoleGrant.role == "mentor", RoleGrant.ended_at.is_(None))
        .values(**ending)
    )
    here = select(Membership.id).where(Membership.context_id == context_id)
    closed = _end_assignments(person_id, Assignment.membership_id.in_(here), viewer, now)
    db.session.commit()
    return closed


def assign(viewer: Viewer, mentor_person_id: int, memberships: Sequence[Membership], now: datetime) -> int:
    """Give learners of the viewer's course to a mentor named there. How many were not theirs before.

    All or nothing. Raises AccessDenied for members of another course; InvalidInput for somebody who is no
    learner, for a mentor who is not named here, and for a mentor among their own learners.
    """
    context_id = _own_course(viewer)
    _check_learners(context_id, mentor_person_id, memberships)
    # The lock keeps the mentor named until this is committed (SQLite has one writer at a time anyway).
    if find_open_grant(mentor_person_id, "mentor", context_id, lock=True) is None:
        raise InvalidInput("mentor", "not_named")
    rows = [
        {
            "mentor_id": mentor_person_id,
            "membership_id": membership_id,
            "assigned_by_id": viewer.person_id,
            "assigned_at": now,
        }
        for membership_id in sorted({membership.id for membership in memberships})
    ]
    added = insert_once(Assignment, rows)
    db.session.commit()
    return added


def unassign(viewer: Viewer, mentor_person_id: int, memberships: Sequence[Membership], now: datetime) -> int:
    """Take learners of the viewer's course back from a mentor. How many were theirs.

    Raises AccessDenied for members of another course.
    """
    context_id = _own_course(viewer)
    if any(membership.context_id != context_id for membership in memberships):
        raise AccessDenied("member")
    ids = [membership.id for membership in memberships]
    closed = _end_assignments(mentor_person_id, Assignment.membership_id.in_(ids), viewer, now)
    db.session.commit()
    return closed


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


def _end_assignments(mentor_id: int, which: ColumnElement[bool], viewer: Viewer, now: datetime) -> int:
    return update_rows(
        update(Assignment)
        .where(Assignment.mentor_id == mentor_id, Assignment.ended_at.is_(None), which)
        .values(ended_at=now, ended_by_id=viewer.person_id)
    )
