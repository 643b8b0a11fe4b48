"""Logging a contact with a learner: what is refused, and how a form sent twice records one.

The summary is part of the shared history: the learner reads it too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import joinedload

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.errors import Conflict
from mentor_console.form_checks import check_choice, check_key, check_length, clean_text, refuse
from mentor_console.models import Contact
from mentor_console.ownership import require_doer
from mentor_console.writes import insert_once, is_as_sent, update_rows

KINDS = ("methodological", "educational", "social", "technical")
CHANNELS = ("message", "email", "phone", "video", "face_to_face", "chat")
OUTCOMES = ("reached", "answered", "no_answer", "left_message")

SUMMARY_MAX_CHARACTERS = 4000
DURATION_MAX_MINUTES = 600
_CLOCK_TOLERANCE = timedelta(minutes=5)
"""Clocks of browsers and servers differ; a contact is not planned here, so nothing lies further ahead."""
_OLDEST = timedelta(days=730)
"""Older than any course session that still needs its history; usually a mistyped year."""
_SPOKEN = ("phone", "video", "face_to_face")
"""Where nobody answers on these, nothing was said."""
_SAID_NOTHING = (Contact.outcome == "no_answer") & Contact.channel.in_(_SPOKEN)


@dataclass(frozen=True)
class LastContacts:
    """The newest contacts of one learner; one taken back is none."""

    newest: Contact | None = None
    reply: Contact | None = None
    """The newest by which something was said to the learner: a call nobody took is none."""


NO_CONTACTS = LastContacts()


def record_contact(
    viewer: Viewer,
    membership: Membership,
    *,
    kind: str,
    channel: str,
    outcome: str,
    summary: str,
    occurred_at: datetime,
    duration_minutes: int | None,
    request_key: str,
    now: datetime,
) -> Contact:
    """Log one contact of the viewer with a learner they may see.

    `request_key` names the form: sent again as it was, it returns what was recorded.
    Raises InvalidInput with every problem at once, Conflict("request_key_used") for a key of somebody else's
    or a form that said something else or was taken back, AccessDenied for a learner the viewer may not see.
    """
    learner = get_learner(viewer, membership.id)
    text = clean_text(summary)
    row = {
        "kind": kind,
        "channel": channel,
        "outcome": outcome,
        "summary": text,
        "occurred_at": occurred_at,
        "duration_minutes": duration_minutes,
        "request_key": request_key,
    }
    refuse(_check(row, now))
    row |= {"membership_id": learner.id, "mentor_id": viewer.person_id}
    insert_once(Contact, [{**row, "recorded_at": now}])
    db.session.commit()
    return _get_recorded(request_key, row)


def take_back_contact(viewer: Viewer, contact_id: int, now: datetime) -> bool:
    """The contact never was: only that much of it is still told. False = it was taken back before.

    Raises AccessDenied for anybody but who logged it and the trainer of the course.
    """
    contact = db.session.get(Contact, contact_id)
    if contact is None:
        raise AccessDenied("undo")
    require_doer(viewer, contact.mentor_id, contact.membership_id)
    statement = (
        update(Contact)
        .where(Contact.id == contact_id, Contact.undone_at.is_(None))
        .values(undone_at=now, undone_by_id=viewer.person_id)
    )
    undone = update_rows(statement) == 1
    db.session.commit()
    return undone


def list_contacts(membership: Membership) -> list[Contact]:
    """Every contact with this learner, whoever made it, newest first; those taken back too."""
    statement = (
        select(Contact)
        .options(joinedload(Contact.mentor))
        .where(Contact.membership_id == membership.id)
        .order_by(Contact.occurred_at.desc(), Contact.id.desc())
    )
    return list(db.session.scalars(statement))


def find_last_contacts(membership_ids: Collection[int]) -> dict[int, LastContacts]:
    """The newest contacts of each learner who has one, in one query."""
    place = func.row_number().over(
        partition_by=(Contact.membership_id, case((_SAID_NOTHING, 1), else_=0)),
        order_by=(Contact.occurred_at.desc(), Contact.id.desc()),
    )
    ranked = (
        select(Contact.id, place.label("place"))
        .where(Contact.membership_id.in_(membership_ids), Contact.undone_at.is_(None))
        .subquery()
    )
    statement = (
        select(Contact)
        .options(joinedload(Contact.mentor))
        .join(ranked, ranked.c.id == Contact.id)
        .where(ranked.c.place == 1)
        .order_by(Contact.occurred_at.desc(), Contact.id.desc())
    )
    found: dict[int, list[Contact]] = defaultdict(list)
    for contact in db.session.scalars(statement):
        found[contact.membership_id].append(contact)
    return {membership_id: last_of(contacts) for membership_id, contacts in found.items()}


def last_of(contacts: Iterable[Contact]) -> LastContacts:
    """Of the contacts of one learner, given newest first."""
    made = [contact for contact in contacts if contact.undone_at is None]
    return LastContacts(next(iter(made), None), next(filter(is_reply, made), None))


def is_reply(contact: Contact) -> bool:
    """Whether the learner was reached, or written to."""
    return not (contact.outcome == "no_answer" and contact.channel in _SPOKEN)


def _get_recorded(request_key: str, sent: Mapping[str, Any]) -> Contact:
    contact = db.session.scalars(select(Contact).where(Contact.request_key == request_key)).one()
    if contact.undone_at is not None or not is_as_sent(contact, sent):
        raise Conflict("request_key_used")
    return contact


def _check(row: dict[str, object], now: datetime) -> dict[str, str | None]:
    """A code for each field that cannot be recorded, None for those that can."""
    return {
        "kind": check_choice(row["kind"], KINDS),
        "channel": check_choice(row["channel"], CHANNELS),
        "outcome": check_choice(row["outcome"], OUTCOMES),
        "occurred_at": _check_moment(row["occurred_at"], now),
        "duration_minutes": _check_duration(row["duration_minutes"]),
        "summary": check_length(str(row["summary"]), SUMMARY_MAX_CHARACTERS),
        "request_key": check_key(str(row["request_key"])),
    }


def _check_moment(value: object, now: datetime) -> str | None:
    if not isinstance(value, datetime):
        return "required"
    if value.utcoffset() is None:
        return "no_time_zone"
    if value > now + _CLOCK_TOLERANCE:
        return "in_future"
    return "too_old" if value < now - _OLDEST else None


def _check_duration(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        return "not_a_number"
    return None if 0 <= value <= DURATION_MAX_MINUTES else "out_of_range"
