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
from course_sync.models import Context, Deployment, Membership, Person, Platform
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
    places: tuple[str, ...]
    """Deployment ids, as far as the platform still has them."""
    changed: tuple[str, ...] | None
    """Fields of a platform that have another value since; None = the entry does not say."""


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
    places = _list_places(entries, organisation_id)
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
            places=tuple(places[number] for number in _place_ids(entry) if number in places),
            changed=_texts(entry, "changed"),
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


def _list_places(entries: Sequence[AuditEntry], organisation_id: int) -> _Names:
    """Deployment ids of platforms of the organisation, by the number of their row."""
    ids = {number for entry in entries for number in _place_ids(entry)}
    statement = select(Deployment.id, Deployment.deployment_id).join(Deployment.platform)
    own = Deployment.id.in_(ids), Platform.organisation_id == organisation_id
    return {row.id: row.deployment_id for row in db.session.execute(statement.where(*own))}


def _place_ids(entry: AuditEntry) -> list[int]:
    several = entry.subject.get("deployments")
    given = several if isinstance(several, list) else [entry.subject.get("deployment")]
    return [number for number in given if isinstance(number, int)]


def _texts(entry: AuditEntry, key: str) -> tuple[str, ...] | None:
    value = entry.subject.get(key)
    return tuple(map(str, value)) if isinstance(value, list) else None


def _read(model: type[Platform] | type[Context], name: object, ids: set[int], organisation_id: int) -> _Names:
    statement = select(model.id, name).where(model.id.in_(ids), model.organisation_id == organisation_id)  # type: ignore[call-overload]
    return dict(db.session.execute(statement).all())


def _ids(entries: Iterable[AuditEntry], key: str) -> set[int]:
    return {number for entry in entries if (number := _id(entry, key)) is not None}


def _id(entry: AuditEntry, key: str) -> int | None:
    value = entry.subject.get(key)
    return value if isinstance(value, int) else None
