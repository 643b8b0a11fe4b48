"""The one place that says who may see which learner, and who may enter which page. Deny by default.

Pages, exports and search all ask here; nothing else decides. Roles are read anew on each request, so a role
taken away is gone at once. Only roles of the launched context and grants of our own authorise; institution
and system roles never do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, wraps
from types import SimpleNamespace
from typing import Any, Literal, TypeVar

from flask import g
from sqlalchemy import (
    CompoundSelect,
    Select,
    and_,
    bindparam,
    exists,
    false,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import SOURCE_LTI, Context, Freshness, Membership, Person
from mentor_console.mentorship import is_by_role_for, rests, select_courses_by_role
from mentor_console.models import Assignment, RoleGrant

Part = Literal["mentor", "trainer", "learner", "admin", "applicant", "anyone"]
"""What one can be in a session. `applicant` may ask for access, sees nobody; `anyone` = any valid session."""

View = TypeVar("View", bound=Callable[..., Any])
_GIVEN = ("person_id", "organisation_id", "platform_id", "context_id")
"""What of a viewer a statement that was made before is told when it is run."""


class AccessError(Exception):
    """Base of the refusals below; error pages turn them into answers."""


class NoSession(AccessError):
    """Nobody is signed in here, or the session is over: open the activity again."""


class AccessDenied(AccessError):
    """Signed in, and this is not for them."""


@dataclass(frozen=True)
class LaunchFacts:
    """What the door knows of a session: the launch as it was accepted."""

    person_id: int
    organisation_id: int
    platform_id: int
    context_id: int | None
    roles: frozenset[str]
    """Principal context roles of the launch: Learner, Instructor, Mentor, ..."""
    is_platform_administrator: bool = False
    mentored_subjects: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Viewer:
    """Who looks, and as what. Made once a request by `viewer_of`."""

    person_id: int
    organisation_id: int
    platform_id: int
    context_id: int | None
    is_trainer: bool = False
    """Of `context_id`, and of no other course in this session."""
    is_mentor: bool = False
    is_learner: bool = False
    is_admin: bool = False
    is_applicant: bool = False
    role_unchecked: bool = False
    """Instructor by the launch, and the roster that would confirm it could not be read: ask again later."""
    own_membership_id: int | None = None
    """The viewer's own learner membership in `context_id`."""
    observed_subjects: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_observer(self) -> bool:
        """Whether the platform named learners whom this viewer may see."""
        return bool(self.observed_subjects)

    @property
    def parts(self) -> frozenset[str]:
        """Every part this viewer has."""
        has = {
            "trainer": self.is_trainer,
            "mentor": self.is_mentor,
            "learner": self.is_learner,
            "admin": self.is_admin,
            "applicant": self.is_applicant,
        }
        return frozenset(part for part, true in has.items() if true) | {"anyone"}


def viewer_of(launch: LaunchFacts) -> Viewer:
    """What the person of this launch is in the tool right now (table "Is in the tool")."""
    grants = _open_grants(launch)
    here = _look_into_course(launch)
    roster_roles, platform_roles = _roles_here(here)
    instructor = "Instructor" in launch.roles
    is_trainer = launch.context_id is not None and (
        ("trainer", launch.context_id) in grants or (instructor and "Instructor" in roster_roles)
    )
    is_learner = here.membership_id is not None and here.standing != "staff" and "Learner" in launch.roles
    observed = launch.mentored_subjects if "Mentor" in launch.roles and launch.context_id else frozenset()
    is_stranger = instructor and not roster_roles and "teacher" not in platform_roles
    return Viewer(
        person_id=launch.person_id,
        organisation_id=launch.organisation_id,
        platform_id=launch.platform_id,
        context_id=launch.context_id,
        is_trainer=is_trainer,
        is_mentor=bool(observed) or any(role == "mentor" for role, _ in grants),
        is_learner=is_learner,
        is_admin=("admin", None) in grants,
        is_applicant=launch.context_id is not None
        and not is_trainer
        and (is_stranger or launch.is_platform_administrator),
        role_unchecked=is_stranger and not is_trainer and not here.roster_known,
        own_membership_id=here.membership_id if is_learner else None,
        observed_subjects=observed,
    )


def visible_learners(viewer: Viewer) -> Select[Membership]:
    """Memberships whose learner this viewer may look after or oversee. Never the viewer's own.

    Trainers: learners of the launched course. E-mentors: open assignments in courses where they are named and
    which they have not left. Observers: exactly the learners the platform named. Everybody else: none.
    """
    return _select_visible(viewer)


def _select_visible(viewer: Any) -> Select[Membership]:
    """`viewer`: as what somebody looks; who and where may be given when the statement is run."""
    reasons: list[ColumnElement[bool]] = [false()]
    if viewer.is_trainer:
        reasons.append(Membership.context_id == viewer.context_id)
    if viewer.is_mentor:
        reasons.append(_in_caseload(viewer))
    if viewer.is_observer:
        reasons.append(_is_observed(viewer))
    return (
        select(Membership)
        .join(Membership.person)
        .where(
            Person.organisation_id == viewer.organisation_id,
            Membership.standing == "learner",
            Membership.person_id != viewer.person_id,
            or_(*reasons),
        )
    )


def get_learner(viewer: Viewer, membership_id: int) -> Membership:
    """One learner whom the viewer may see. Raises AccessDenied for any other id, existing or not."""
    as_what = (viewer.is_trainer, viewer.is_mentor, viewer.is_observer)
    statement = _learner_statement(db.engine.dialect.name, *as_what)
    who = {name: getattr(viewer, name) for name in _GIVEN} | {"membership_id": membership_id}
    who["observed_subjects"] = list(viewer.observed_subjects)
    membership = db.session.scalars(statement, who).one_or_none()
    if membership is None:
        raise AccessDenied("learner")
    return membership


@cache
def _learner_statement(
    _dialect: str, is_trainer: bool, is_mentor: bool, is_observer: bool
) -> Select[Membership]:
    """`get_learner`'s, made once for each kind of viewer: making it takes longer than the answer."""
    given: dict[str, Any] = {name: bindparam(name) for name in _GIVEN}
    viewer = SimpleNamespace(
        is_trainer=is_trainer,
        is_mentor=is_mentor,
        is_observer=is_observer,
        observed_subjects=bindparam("observed_subjects", expanding=True),
        **given,
    )
    return (
        _select_visible(viewer)
        .where(Membership.id == bindparam("membership_id"))
        .options(joinedload(Membership.context, innerjoin=True))
    )


def get_own_membership(viewer: Viewer) -> Membership:
    """The learner's own membership. Raises AccessDenied for anybody who is not a learner here."""
    membership = db.session.get(Membership, viewer.own_membership_id) if viewer.own_membership_id else None
    if membership is None:
        raise AccessDenied("own page")
    return membership


def get_member_of_course(viewer: Viewer, membership_id: int) -> Membership:
    """Any member of the launched course, for those who set it up. Raises AccessDenied otherwise."""
    membership = db.session.get(Membership, membership_id)
    if not viewer.is_trainer or membership is None or membership.context_id != viewer.context_id:
        raise AccessDenied("member")
    return membership


def current_viewer() -> Viewer:
    """The viewer of this request. Raises NoSession where the door put none."""
    viewer = g.get("viewer")
    if viewer is None:
        raise NoSession
    return viewer


def open_to(*parts: Part) -> Callable[[View], View]:
    """Declare who may enter a route; anybody else is refused before the view runs.

    A house test walks all routes and fails on one without this declaration.
    """

    def declare(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if current_viewer().parts.isdisjoint(parts):
                raise AccessDenied("page")
            return view(*args, **kwargs)

        guarded.open_to = frozenset(parts)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return declare


def _open_grants(launch: LaunchFacts) -> set[tuple[str, int | None]]:
    """Roles with their courses: given here by somebody, or that of e-mentor by a role of the platform."""
    who = {
        "person_id": launch.person_id,
        "organisation_id": launch.organisation_id,
        "context_id": launch.context_id,
    }
    found = db.session.execute(_grants_statement(db.engine.dialect.name), who)
    return {(role, context_id) for role, context_id in found}


@cache
def _grants_statement(_dialect: str) -> CompoundSelect[str, int | None]:
    """(role, course id). Made once per kind of database: every request asks this, and making it is slow."""
    given = select(RoleGrant.role, RoleGrant.context_id).where(
        RoleGrant.person_id == bindparam("person_id"),
        RoleGrant.organisation_id == bindparam("organisation_id"),
        RoleGrant.ended_at.is_(None),
        ~rests(RoleGrant),
    )
    by_role = select_courses_by_role(bindparam("person_id"), bindparam("context_id")).subquery()
    return union_all(given, select(literal("mentor"), by_role.c.context_id))


@dataclass(frozen=True)
class _Here:
    """The viewer's membership of the launched course, if there is one, and the state of its roster."""

    membership_id: int | None = None
    standing: str | None = None
    status: str | None = None
    nrps_roles: list[str] | None = None
    platform_roles: list[str] | None = None
    roster_known: bool = True
    """Whether it was read at the last try."""


_IN_COURSE = (
    select(
        Membership.id,
        Membership.standing,
        Membership.status,
        Membership.nrps_roles,
        Membership.platform_roles,
        and_(Freshness.as_of.is_not(None), Freshness.error_code.is_(None)),
    )
    .select_from(Context)
    .outerjoin(
        Membership,
        and_(Membership.context_id == Context.id, Membership.person_id == bindparam("person_id")),
    )
    .outerjoin(
        Freshness,
        and_(Freshness.context_id == Context.id, Freshness.kind == "roster", Freshness.source == SOURCE_LTI),
    )
    .where(Context.id == bindparam("context_id"))
)
"""Every request asks this: see `_grants_statement`."""


def _look_into_course(launch: LaunchFacts) -> _Here:
    """What is known of the viewer in the launched course; nothing outside a course."""
    if launch.context_id is None:
        return _Here()
    who = {"person_id": launch.person_id, "context_id": launch.context_id}
    row = db.session.execute(_IN_COURSE, who).one_or_none()
    return _Here(*row) if row is not None else _Here()


def _roles_here(here: _Here) -> tuple[list[str], list[str]]:
    """Roles of an active member in the roster, and the platform's own names of them; leavers have none."""
    if here.status != "active":
        return [], []
    return here.nrps_roles or [], here.platform_roles or []


def _in_caseload(viewer: Any) -> ColumnElement[bool]:
    """Assigned, and e-mentor there still: named and not gone, or by a role of the platform."""
    named = exists().where(
        RoleGrant.person_id == viewer.person_id,
        RoleGrant.role == "mentor",
        RoleGrant.context_id == Membership.context_id,
        RoleGrant.ended_at.is_(None),
        ~rests(RoleGrant),
    )
    by_role = is_by_role_for(viewer.person_id, Membership.context_id, viewer.context_id)
    assigned = exists().where(
        Assignment.mentor_id == viewer.person_id,
        Assignment.membership_id == Membership.id,
        Assignment.ended_at.is_(None),
    )
    return and_(assigned, or_(named, by_role))


def _is_observed(viewer: Any) -> ColumnElement[bool]:
    return and_(
        Membership.context_id == viewer.context_id,
        Person.platform_id == viewer.platform_id,
        Person.external_id.in_(viewer.observed_subjects),
    )
