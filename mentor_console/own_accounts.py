"""Whose own Moodle accounts may be read with, for which course: of its e-mentors and trainers, asked anew.

Conditions and questions only; giving and erasing tokens is the door's affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.models import Context, Membership, Person
from course_sync.moodle_access import OwnToken
from mentor_console.mentorship import holds, is_by_role, is_by_role_anywhere, rests
from mentor_console.models import RoleGrant

_READ, _OWN = aliased(Context), aliased(Membership)
"""A course that may be read, and the membership of whoever teaches there; made once, as in mentorship.py."""


def list_usable(context_id: int) -> Sequence[OwnToken]:
    """Tokens that may be used for a course now: of its e-mentors and trainers, and not refused before."""
    columns = select(PersonToken.person_id, Person.external_id, PersonToken.token_sealed)
    statement = _of_usable(columns, Context).where(Context.id == context_id).order_by(PersonToken.person_id)
    return [OwnToken(*row) for row in db.session.execute(statement)]


def select_read_by_accounts(context_ids: BindParameter[Sequence[int]]) -> Select[int]:
    """Ids of those of these courses for which a token may be used now."""
    read: Select[int] = _of_usable(select(_READ.id), _READ).where(_READ.id.in_(context_ids))
    return read


def select_refused_at(person_id: BindParameter[int]) -> Select[datetime | None]:
    """When Moodle refused the token of this person, in real time; None = it did not, or there is none."""
    return select(PersonToken.refused_at).where(PersonToken.person_id == person_id)


def _of_usable(selected: Any, course: Any) -> Any:
    return (
        selected.select_from(PersonToken)
        .join(PersonToken.person)
        .join(course, course.platform_id == Person.platform_id)
        .where(PersonToken.refused_at.is_(None), has_part(PersonToken.person_id, course.id))
    )


def has_part(person_id: Any, context_id: Any) -> ColumnElement[bool]:
    """SQL: the person is e-mentor or trainer of the course (of any, for None) at this moment."""
    given = and_(
        RoleGrant.person_id == person_id,
        RoleGrant.role.in_(("mentor", "trainer")),
        RoleGrant.ended_at.is_(None),
        ~rests(RoleGrant),
    )
    teaches = and_(_OWN.person_id == person_id, _OWN.status == "active", holds(_OWN.nrps_roles, "Instructor"))
    by_role = is_by_role_anywhere(person_id)
    if context_id is not None:
        by_role = is_by_role(person_id, context_id)
        given = and_(given, RoleGrant.context_id == context_id)
        teaches = and_(teaches, _OWN.context_id == context_id)
    return or_(exists().where(given), select(_OWN.id).where(teaches).exists(), by_role)
