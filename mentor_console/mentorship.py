"""Who is e-mentor of which course: named there, or by a role of the platform that a rule makes e-mentors.

Conditions for queries, read anew each time, so that what ends a naming, a role or a rule ends at once what it
gave. Nobody sees a learner by these alone: learners are assigned (access.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, TableValuedAlias, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Context, Membership, Person, Platform
from mentor_console.models import RoleGrant, RoleRule

Id = ColumnElement[int] | Any
"""A column, or a number."""
TELLS_ROLES_AT_LAUNCH = "canvas"
"""The only product whose launches are believed about its own role names, and only launches from a course's
own navigation: whoever edits a link may write what they like into its custom parameters."""
_HOLDER, _OWN = aliased(Membership), aliased(Membership)
"""The membership of whoever has a grant, and of whoever is e-mentor by a role."""
_COURSE, _HOUSE = aliased(Context), aliased(Platform)
"""Made once, like the two above: every request asks with them, and making one takes some milliseconds."""


def is_mentor(person_id: Id, context_id: Id) -> ColumnElement[bool]:
    """Whether a person is e-mentor of a course now, in either way: whose naming rests sees nobody there."""
    named = and_(_is_open(person_id, context_id), ~rests(RoleGrant))
    return or_(exists().where(named), is_by_role(person_id, context_id))


def is_mentor_or_rests(person_id: Id, context_id: Id) -> ColumnElement[bool]:
    """`is_mentor`, and whose naming rests: they have their learners again once they are back."""
    return or_(exists().where(_is_open(person_id, context_id)), is_by_role(person_id, context_id))


def rests(grant: type[RoleGrant]) -> ColumnElement[bool]:
    """SQL: a grant that gives nothing now, its e-mentor or trainer being suspended in the course or having
    left it since. Who was named after they had left, or never was in the course, may stay; an administrator's
    grant is of no course and never rests.
    """
    left_since = or_(_HOLDER.left_at.is_(None), _HOLDER.left_at >= grant.granted_at)
    gone = or_(_HOLDER.status == "suspended", and_(_HOLDER.status == "left", left_since))
    return exists().where(_HOLDER.person_id == grant.person_id, _HOLDER.context_id == grant.context_id, gone)


def is_by_role(person_id: Id, context_id: Id) -> ColumnElement[bool]:
    """Whether the person is an active member of the course with a role that a rule makes e-mentors."""
    own = and_(_OWN.person_id == person_id, _OWN.context_id == context_id)
    return _select_by_role(true()).where(own).exists()


def is_by_role_anywhere(person_id: Id) -> ColumnElement[bool]:
    """The same of any course."""
    return _select_by_role(true()).where(_OWN.person_id == person_id).exists()


def is_by_role_for(person_id: int, context_id: Id, launched_in: int | None) -> ColumnElement[bool]:
    """`is_by_role` as it authorises a session: role names that only a launch told hold in its course only.

    What a launch of months ago said of another course may be true no longer, and nothing would tell.
    """
    in_its_course = _OWN.context_id == launched_in
    own = and_(_OWN.person_id == person_id, _OWN.context_id == context_id)
    return _select_by_role(in_its_course).where(own).exists()


def select_courses_by_role(person_id: Id, launched_in: Id | None) -> Select[int]:
    """Ids of the courses in which a session of this person is e-mentor by a role."""
    return _select_by_role(_OWN.context_id == launched_in).where(_OWN.person_id == person_id)


def select_mentors_by_role() -> Select[int, int]:
    """(course id, person id) of everybody who is e-mentor by a role, of every platform."""
    return _select_by_role(true()).add_columns(_OWN.person_id)


def list_mentors(context_id: int) -> Sequence[Person]:
    """The e-mentors of a course, in the order in which they became known."""
    statement = select(Person).where(is_mentor(Person.id, context_id)).order_by(Person.id)
    return db.session.scalars(statement).all()


def is_mentor_now(person_id: int, context_id: int) -> bool:
    """Whether a person is e-mentor of a course."""
    return bool(db.session.scalar(select(is_mentor(person_id, context_id))))


def names_told(own: type[Membership], product: str) -> Any:
    """A platform's own role names of a member. Where its API tells them, no launch adds to them."""
    return _names_of_both(own) if product == TELLS_ROLES_AT_LAUNCH else own.platform_roles


def _is_open(person_id: Id, context_id: Id) -> ColumnElement[bool]:
    return and_(
        RoleGrant.person_id == person_id,
        RoleGrant.role == "mentor",
        RoleGrant.context_id == context_id,
        RoleGrant.ended_at.is_(None),
    )


def _names_of_both(own: type[Membership]) -> ColumnElement[Any]:
    return func.coalesce(own.platform_roles, own.launch_platform_roles)


def unfold(names: Any) -> TableValuedAlias:
    """The texts of a JSON list as a table with the column `value`; a list that is not there holds none."""
    if db.engine.dialect.name == "postgresql":
        return func.json_array_elements_text(names).table_valued("value").render_derived()
    return func.json_each(names).table_valued("value")


def holds(names: Any, *wanted: Any) -> ColumnElement[bool]:
    """Whether a JSON list of texts has one of these."""
    value = unfold(names).c.value
    return select(value).where(value.in_(wanted)).exists()


def _select_by_role(launch_holds: ColumnElement[bool]) -> Select[int]:
    """Courses of active memberships with a role name for which a rule of their platform is open.

    `launch_holds`: where what a launch told counts, on platforms that tell it there.
    """
    is_told = and_(_HOUSE.product == TELLS_ROLES_AT_LAUNCH, launch_holds)
    names = case((is_told, _names_of_both(_OWN)), else_=_OWN.platform_roles)
    return (
        select(_OWN.context_id)
        .join(_COURSE, _COURSE.id == _OWN.context_id)
        .join(_HOUSE, _HOUSE.id == _COURSE.platform_id)
        .join(RoleRule, RoleRule.platform_id == _HOUSE.id)
        .where(
            RoleRule.means == "mentor",
            RoleRule.ended_by_id.is_(None),
            _OWN.status == "active",
            holds(names, RoleRule.role_name),
        )
    )
