"""Roles given inside the tool: granting them, and requests for access with their answers.

Nobody gets a role by asking; a trainer of the course, an admin of the organisation or the command line gives
it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select, update

from course_sync.database import db
from course_sync.models import Context, Person
from mentor_console.access import AccessDenied, Viewer
from mentor_console.audit import note_audit
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.models import AccessRequest, RoleGrant
from mentor_console.writes import insert_once, update_rows

COURSE_ROLES = ("trainer", "mentor")
"""Roles that hold in one course; admin holds in one organisation."""


def grant_role(
    person: Person, role: str, context: Context | None, granted_by: Person | None, now: datetime
) -> RoleGrant:
    """Give a role for good, or return the grant that already holds. `granted_by` None = the command line.

    Raises InvalidInput for an unknown role, a course role without a course, admin with one, or a course of
    another platform than the person's.
    """
    grant = open_grant(person, role, context, granted_by.id if granted_by else None, now)
    db.session.commit()
    return grant


def open_grant(
    person: Person, role: str, context: Context | None, granted_by_id: int | None, now: datetime
) -> RoleGrant:
    """`grant_role` inside the caller's transaction."""
    _check_grant(person, role, context)
    context_id = context.id if context else None
    row = {
        "organisation_id": person.organisation_id,
        "person_id": person.id,
        "context_id": context_id,
        "role": role,
        "granted_by_id": granted_by_id,
        "granted_at": now,
    }
    if insert_once(RoleGrant, [row]):
        _note("role_granted", person.organisation_id, person.id, context_id, role, granted_by_id, now)
    grant = find_open_grant(person.id, role, context_id)
    if grant is None:  # ended by somebody else between the two statements
        raise Conflict("grant_ended")
    return grant


def end_grant(grant: RoleGrant, ended_by_id: int, now: datetime) -> bool:
    """Take a role away, inside the caller's transaction. Whether it was still held."""
    ended = update_rows(
        update(RoleGrant)
        .where(RoleGrant.id == grant.id, RoleGrant.ended_at.is_(None))
        .values(ended_at=now, ended_by_id=ended_by_id)
    )
    if ended:
        held = grant.organisation_id, grant.person_id, grant.context_id, grant.role
        _note("role_ended", *held, ended_by_id, now)
    return ended == 1


def reopen_grant(grant: RoleGrant, by_id: int, now: datetime) -> None:
    """Let a role hold again that was taken away, inside the caller's transaction."""
    update_rows(update(RoleGrant).where(RoleGrant.id == grant.id).values(ended_at=None, ended_by_id=None))
    _note("role_granted", grant.organisation_id, grant.person_id, grant.context_id, grant.role, by_id, now)


def find_open_grant(
    person_id: int, role: str, context_id: int | None, *, lock: bool = False
) -> RoleGrant | None:
    """The grant that holds now, if there is one; `lock` keeps it from ending before the caller commits."""
    statement = select(RoleGrant).where(
        RoleGrant.person_id == person_id,
        RoleGrant.role == role,
        RoleGrant.context_id == context_id,
        RoleGrant.ended_at.is_(None),
    )
    if lock:
        statement = statement.with_for_update(of=RoleGrant)
    return db.session.scalars(statement).one_or_none()


def was_granted(person_id: int, role: str, context_id: int) -> bool:
    """Whether a person ever was given this role in the course, held still or ended since."""
    given = exists().where(
        RoleGrant.person_id == person_id, RoleGrant.role == role, RoleGrant.context_id == context_id
    )
    return bool(db.session.scalar(select(given)))


def find_own_request(viewer: Viewer) -> AccessRequest | None:
    """The viewer's newest request for the launched course, open or decided."""
    statement = (
        select(AccessRequest)
        .where(AccessRequest.person_id == viewer.person_id, AccessRequest.context_id == viewer.context_id)
        .order_by(AccessRequest.id.desc())
        .limit(1)
    )
    return db.session.scalars(statement).one_or_none()


def request_access(viewer: Viewer, now: datetime) -> AccessRequest:
    """Ask to see the launched course; asking again while a request is open returns the same one.

    Raises AccessDenied for anybody but an applicant.
    """
    if not viewer.is_applicant or viewer.context_id is None:
        raise AccessDenied("request")
    row = {"context_id": viewer.context_id, "person_id": viewer.person_id, "asked_at": now}
    insert_once(AccessRequest, [row])
    db.session.commit()
    request = find_own_request(viewer)
    if request is None:
        raise Conflict("request_gone")
    return request


def decide_request(viewer: Viewer, request_id: int, *, role: str | None, now: datetime) -> AccessRequest:
    """Answer a request: `role` trainer or mentor grants it, None declines.

    Raises AccessDenied unless the viewer is trainer of that course or admin of its organisation; InvalidInput
    for any other role; Conflict("already_decided") if somebody else was first.
    """
    request = db.session.get(AccessRequest, request_id)
    if request is None or not _may_decide(viewer, request.context):
        raise AccessDenied("request")
    if role is not None and role not in COURSE_ROLES:
        raise InvalidInput("role", "unknown")
    if not _close_request(request, viewer, role, now):
        db.session.rollback()
        raise Conflict("already_decided")
    if role is not None:
        open_grant(request.person, role, request.context, viewer.person_id, now)
    db.session.commit()
    db.session.refresh(request)
    return request


def _note(
    action: str,
    organisation_id: int,
    person_id: int,
    context_id: int | None,
    role: str,
    actor_id: int | None,
    now: datetime,
) -> None:
    subject = {"person_id": person_id, "role": role, "context_id": context_id}
    note_audit(action, subject, now, organisation_id=organisation_id, actor_id=actor_id)


def _may_decide(viewer: Viewer, context: Context) -> bool:
    is_trainer_there = viewer.is_trainer and viewer.context_id == context.id
    return is_trainer_there or (viewer.is_admin and viewer.organisation_id == context.organisation_id)


def _close_request(request: AccessRequest, viewer: Viewer, role: str | None, now: datetime) -> bool:
    statement = (
        update(AccessRequest)
        .where(AccessRequest.id == request.id, AccessRequest.decided_at.is_(None))
        .values(decided_at=now, decided_by_id=viewer.person_id, granted_role=role)
    )
    return update_rows(statement) == 1


def _check_grant(person: Person, role: str, context: Context | None) -> None:
    if role not in (*COURSE_ROLES, "admin"):
        raise InvalidInput("role", "unknown")
    if role == "admin" and context is not None:
        raise InvalidInput("context", "not_for_admin")
    if role in COURSE_ROLES and context is None:
        raise InvalidInput("context", "required")
    if context is not None and context.platform_id != person.platform_id:
        raise InvalidInput("context", "other_platform")
