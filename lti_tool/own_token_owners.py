"""Whose own tokens may be used for a course: of its e-mentors and trainers, read anew each time.

Conditions only; giving and erasing tokens is own_tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.models import Context, Membership, Person
from course_sync.moodle_access import OwnToken
from mentor_console.access import rests
from mentor_console.mentorship import holds, select_mentors_by_role
from mentor_console.models import RoleGrant


def list_usable(context_id: int) -> Sequence[OwnToken]:
    """Tokens that may be used for a course now: of its e-mentors and trainers, and not refused before."""
    context = db.session.get_one(Context, context_id)
    statement = (
        select(PersonToken.person_id, Person.external_id, PersonToken.token_sealed)
        .join(PersonToken.person)
        .where(
            Person.platform_id == context.platform_id,
            PersonToken.refused_at.is_(None),
            has_part(PersonToken.person_id, context_id),
        )
        .order_by(PersonToken.person_id)
    )
    return [OwnToken(*row) for row in db.session.execute(statement)]


def has_part(person_id: Any, context_id: int | None) -> ColumnElement[bool]:
    """SQL: the person is e-mentor or trainer of the course (of any, for None) at this moment."""
    own, mapped = aliased(Membership), select_mentors_by_role().subquery()
    given = and_(
        RoleGrant.person_id == person_id,
        RoleGrant.role.in_(("mentor", "trainer")),
        RoleGrant.ended_at.is_(None),
        ~rests(RoleGrant),
    )
    teaches = and_(own.person_id == person_id, own.status == "active", holds(own.nrps_roles, "Instructor"))
    by_role = mapped.c.person_id == person_id
    if context_id is not None:
        given = and_(given, RoleGrant.context_id == context_id)
        teaches = and_(teaches, own.context_id == context_id)
        by_role = and_(by_role, mapped.c.context_id == context_id)
    return or_(
        exists().where(given),
        select(own.id).where(teaches).exists(),
        select(mapped.c.person_id).where(by_role).exists(),
    )
