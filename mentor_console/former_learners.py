"""People who have learned in an earlier course and may be named e-mentor of this one.

Found by name only, never listed: a trainer has no business with who else learns in the organisation.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Context, Membership, Person
from mentor_console.access import AccessDenied, Viewer
from mentor_console.course_lines import FormerLearner

MIN_LETTERS = 3
FOUND_SHOWN = 20


def find_former_learners(viewer: Viewer, words: str) -> tuple[FormerLearner, ...]:
    """Those in whose name every word occurs, by name; none for fewer than MIN_LETTERS letters.

    Raises AccessDenied for anybody but a trainer.
    """
    wanted = words.casefold().split()
    statement = _select_former(viewer).add_columns(Context.title).order_by(Membership.id.desc())
    if sum(map(len, wanted)) < MIN_LETTERS:
        return ()
    found: dict[int, FormerLearner] = {}
    for person, title in db.session.execute(statement):
        name = person.display_name
        if all(word in name.casefold() for word in wanted):
            found.setdefault(person.id, FormerLearner(person.id, name, title))
    return tuple(sorted(found.values(), key=lambda former: former.name.casefold())[:FOUND_SHOWN])


def get_former_learner(viewer: Viewer, person_id: int) -> Person:
    """One of them. Raises AccessDenied for anybody else, existing or not."""
    found = db.session.scalars(_select_former(viewer).where(Person.id == person_id)).first()
    if found is None:
        raise AccessDenied("person")
    return found


def _select_former(viewer: Viewer) -> Select[Person]:
    """Learners of other courses of the platform, who have left or finished one or began it earlier than this.

    Whoever a roster of this course lists is a member of it, and named as such.
    """
    if not viewer.is_trainer or viewer.context_id is None:
        raise AccessDenied("course")
    here, own = aliased(Context), aliased(Membership)
    listed = exists().where(
        own.person_id == Person.id,
        own.context_id == viewer.context_id,
        or_(own.nrps_roles.is_not(None), own.platform_roles.is_not(None)),
    )
    began_earlier = (
        _began(Context) < select(_began(here)).where(here.id == viewer.context_id).scalar_subquery()
    )
    is_over = or_(Membership.status == "left", Membership.completed_at.is_not(None), began_earlier)
    return (
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .join(Context, Context.id == Membership.context_id)
        .where(
            Context.organisation_id == viewer.organisation_id,
            Context.platform_id == viewer.platform_id,
            Context.id != viewer.context_id,
            Membership.standing == "learner",
            Membership.status != "suspended",
            Person.id != viewer.person_id,
            is_over,
            ~listed,
        )
    )


def _began(course: type[Context]) -> ColumnElement[Any]:
    return func.coalesce(course.starts_at, course.first_launched_at)
