"""What a connection test is tried on, and what the newest one found, kept so that it can be looked at again.

Only the newest of each course stays. Facts of learners are neither read nor written for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, delete, func, select

from course_sync.connection_answers import PROBLEMS, ProbeResult
from course_sync.connection_check import CheckReport, CheckTarget
from course_sync.connection_models import ConnectionCheck
from course_sync.database import db
from course_sync.models import Context, Membership, Person, Platform
from course_sync.moodle_access import MoodleAccess
from course_sync.records import registration_of

HANDY_MEMBERS = (10, 300)
"""With so many, a course is likely to show all there is to try, and Moodle is quick to answer of it."""
_KEPT_FIELDS = frozenset(field.name for field in fields(ProbeResult))


@dataclass(frozen=True)
class KeptCheck:
    """The newest test of a platform."""

    checked_at: datetime
    release: str
    course_title: str
    """"" = it was tried on no course."""
    results: tuple[ProbeResult, ...]

    @property
    def problems(self) -> tuple[ProbeResult, ...]:
        """What did not work."""
        return tuple(result for result in self.results if result.state in PROBLEMS)


def list_courses(platform_id: int) -> list[Context]:
    """Courses of a platform, by active members: of handy size the largest first, then the smallest of those
    that are larger, then those where hardly anybody is.
    """
    active = and_(Membership.context_id == Context.id, Membership.status == "active")
    size = func.count(Membership.id)
    few, many = HANDY_MEMBERS
    rank = case((size < few, 2), (size > many, 1), else_=0)
    statement = (
        select(Context)
        .outerjoin(Membership, active)
        .where(Context.platform_id == platform_id)
        .group_by(Context.id)
        .order_by(rank, case((size > many, size), else_=-size), Context.id)
    )
    return list(db.session.scalars(statement))


def make_target(platform: Platform, access: MoodleAccess, course: Context | None) -> CheckTarget:
    """What a test needs to know, so that it can run without the database."""
    if course is None:
        return CheckTarget(access, "")
    known = _list_active(course.id)
    learners = (key for key, standing in known.items() if standing == "learner")
    return CheckTarget(
        access,
        course.external_id,
        registration=registration_of(platform),
        memberships_url=course.memberships_url,
        known_ids=frozenset(known),
        known_learner_id=next(learners, None),
    )


def _list_active(context_id: int) -> dict[str, str]:
    """Standing of active members that some roster listed, by the platform's id, who came last first."""
    statement = (
        select(Person.external_id, Membership.standing)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.context_id == context_id,
            Membership.status == "active",
            Membership.as_of.is_not(None),
        )
        .order_by(Membership.last_access_at.desc(), Membership.id)
    )
    return {key: standing for key, standing in db.session.execute(statement)}


def record_check(platform_id: int, context_id: int | None, report: CheckReport, real_now: datetime) -> None:
    """Keep a test in place of the one before on the same course. Commits."""
    same = and_(ConnectionCheck.platform_id == platform_id, ConnectionCheck.context_id == context_id)
    db.session.execute(delete(ConnectionCheck).where(same))
    db.session.add(
        ConnectionCheck(
            platform_id=platform_id,
            context_id=context_id,
            checked_at=real_now,
            release=report.release,
            results=[asdict(result) for result in report.results],
        )
    )
    db.session.commit()


def find_check(platform_id: int) -> KeptCheck | None:
    """The newest test of a platform, on whichever course."""
    statement = (
        select(ConnectionCheck)
        .where(ConnectionCheck.platform_id == platform_id)
        .order_by(ConnectionCheck.checked_at.desc(), ConnectionCheck.id.desc())
        .limit(1)
    )
    row = db.session.scalars(statement).one_or_none()
    if row is None:
        return None
    title = (row.context.title or row.context.external_id) if row.context else ""
    return KeptCheck(row.checked_at, row.release, title, tuple(_result(entry) for entry in row.results))


def _result(entry: Mapping[str, Any]) -> ProbeResult:
    known = {name: value for name, value in entry.items() if name in _KEPT_FIELDS}
    return ProbeResult(**known | {"capabilities": tuple(entry.get("capabilities") or ())})
