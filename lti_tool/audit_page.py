"""What an admin reads of the audit log: the entries of their own organisation, with names looked up.

An entry holds ids. Names are of people, courses and platforms of this organisation only; somebody who learns
anywhere is told by number, since an admin reads nothing about learners.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from course_sync.database import db
from course_sync.models import Context, Membership, Person, Platform
from mentor_console.access import AccessDenied, Viewer
from mentor_console.models import AuditEntry

PAGE_LINES = 50
_Names = dict[int, str]


@dataclass(frozen=True)
class AuditLine:
    """One entry, in words still to be made. "" = there is none, or it must not be told."""

    happened_at: datetime
    action: str
    actor: str
    """"" = the command line, or the platform itself."""
    platform: str
    course: str
    person: str
    person_id: int | None
    role: str
    number: int | None
    """Of an invite."""


@dataclass(frozen=True)
class AuditPage:
    """Some entries, newest first."""

    lines: tuple[AuditLine, ...]
    older: int | None
    """What to ask for to read on; None = these are the oldest."""


def get_audit(viewer: Viewer, before: int | None) -> AuditPage:
    """The newest entries, or those before a number. Raises AccessDenied for all but admins."""
    if not viewer.is_admin:
        raise AccessDenied("audit")
    statement = (
        select(AuditEntry)
        .options(joinedload(AuditEntry.actor))
        .where(AuditEntry.organisation_id == viewer.organisation_id)
        .order_by(AuditEntry.id.desc())
        .limit(PAGE_LINES + 1)
    )
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    found = db.session.scalars(statement).all()
    shown = found[:PAGE_LINES]
    return AuditPage(_lines(shown, viewer.organisation_id), shown[-1].id if len(found) > len(shown) else None)


def _lines(entries: Sequence[AuditEntry], organisation_id: int) -> tuple[AuditLine, ...]:
    people = _list_names(entries, organisation_id)
    platforms = _read(Platform, Platform.name, _ids(entries, "platform_id"), organisation_id)
    courses = _read(Context, Context.title, _ids(entries, "context_id"), organisation_id)
    return tuple(
        AuditLine(
            happened_at=entry.happened_at,
            action=entry.action,
            actor=entry.actor.display_name if entry.actor else "",
            platform=platforms.get(_id(entry, "platform_id") or 0, ""),
            course=courses.get(_id(entry, "context_id") or 0, ""),
            person=people.get(_id(entry, "person_id") or 0, ""),
            person_id=_id(entry, "person_id"),
            role=str(entry.subject.get("role", "")),
            number=_id(entry, "invite_id"),
        )
        for entry in entries
    )


def _list_names(entries: Sequence[AuditEntry], organisation_id: int) -> _Names:
    """People of the organisation who learn nowhere."""
    learns = select(Membership.person_id).where(Membership.standing == "learner")
    statement = select(Person).where(
        Person.id.in_(_ids(entries, "person_id")),
        Person.organisation_id == organisation_id,
        Person.id.not_in(learns),
    )
    return {person.id: person.display_name for person in db.session.scalars(statement)}


def _read(model: type[Platform] | type[Context], name: object, ids: set[int], organisation_id: int) -> _Names:
    statement = select(model.id, name).where(model.id.in_(ids), model.organisation_id == organisation_id)  # type: ignore[call-overload]
    return dict(db.session.execute(statement).all())


def _ids(entries: Iterable[AuditEntry], key: str) -> set[int]:
    return {number for entry in entries if (number := _id(entry, key)) is not None}


def _id(entry: AuditEntry, key: str) -> int | None:
    value = entry.subject.get(key)
    return value if isinstance(value, int) else None
