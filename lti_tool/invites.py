"""Invites: links with which one platform may register itself, once, for one organisation.

The token stands in the link only; the table keeps its hash. Who holds a link may connect a platform, so it is
short-lived, and what it brings waits for approval unless it says otherwise.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import select, update

from course_sync.database import db
from course_sync.models import Platform
from lti_tool.audit import note_of_platform, record_audit
from lti_tool.models import Invite
from lti_tool.registration_refusals import RegistrationRefused
from lti_tool.secrets import hash_of
from mentor_console.audit import note_audit

REGISTER_PATH = "/lti/register"
DEFAULT_DAYS = 7
MAX_DAYS = 30
"""A link that nobody used for a month is rather lost than waited for."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class MadeInvite:
    """A new invite and its link, which is shown once."""

    invite: Invite
    link: str


def make_invite(
    organisation_id: int,
    *,
    own_origin: str,
    now: datetime,
    days: int = DEFAULT_DAYS,
    approve_at_once: bool = False,
    created_by_id: int | None = None,
    updates: Platform | None = None,
) -> MadeInvite:
    """Make an invite; audited, committed. `updates` = the platform of this organisation to bring up to date.

    Raises ValueError for days out of bounds, RegistrationRefused for a platform of another organisation.
    """
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"days: must be from 1 to {MAX_DAYS}")
    if updates is not None and updates.organisation_id != organisation_id:
        raise RegistrationRefused("invite_foreign")
    token = secrets.token_urlsafe(32)
    invite = Invite(
        token_hash=hash_of(token),
        organisation_id=organisation_id,
        platform_id=updates.id if updates else None,
        approve_at_once=approve_at_once,
        created_by_id=created_by_id,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    db.session.add(invite)
    db.session.flush()
    subject = {"invite_id": invite.id, "approve_at_once": approve_at_once}
    record_audit("invite_made", subject, now, organisation_id=organisation_id, actor_id=created_by_id)
    return MadeInvite(invite, f"{own_origin}{REGISTER_PATH}?{urlencode({'invite': token})}")


def get_invite(token: str, now: datetime) -> Invite:
    """The invite behind a token, if it may be used now. Raises RegistrationRefused."""
    if not token:
        raise RegistrationRefused("invite_missing")
    invite = find_invite(token)
    if invite is None:
        raise RegistrationRefused("invite_unknown")
    refusal = find_obstacle(invite, now)
    if refusal:
        raise RegistrationRefused(refusal)
    return invite


def find_invite(token: str) -> Invite | None:
    """The invite behind a token, whether or not it may still be used."""
    if not _TOKEN.fullmatch(token):
        return None
    return db.session.scalars(select(Invite).where(Invite.token_hash == hash_of(token))).one_or_none()


def find_obstacle(invite: Invite, now: datetime) -> str | None:
    """Why an invite cannot be used now, as a code of registration_refusals; None = it can."""
    if invite.withdrawn_at is not None:
        return "invite_withdrawn"
    if invite.used_at is not None:
        return "invite_used"
    return "invite_expired" if now >= invite.expires_at else None


def list_invites(organisation_id: int) -> list[Invite]:
    """Invites of an organisation, newest first."""
    statement = select(Invite).where(Invite.organisation_id == organisation_id)
    return list(db.session.scalars(statement.order_by(Invite.created_at.desc(), Invite.id.desc()).limit(50)))


def list_all_invites() -> list[Invite]:
    """Invites of the installation, in the order they were made."""
    return list(db.session.scalars(select(Invite).order_by(Invite.id)))


def find_by_id(invite_id: int) -> Invite | None:
    """One invite by its number, whoever's it is."""
    return db.session.get(Invite, invite_id)


def consume_invite(invite: Invite, now: datetime) -> None:
    """Take the invite: of two who try at once, one gets it. Raises RegistrationRefused for the other."""
    taken = db.session.execute(
        update(Invite)
        .where(
            Invite.id == invite.id,
            Invite.used_at.is_(None),
            Invite.withdrawn_at.is_(None),
            Invite.expires_at > now,
        )
        .values(used_at=now)
    )
    db.session.commit()
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        db.session.refresh(invite)
        raise RegistrationRefused(find_obstacle(invite, now) or "invite_used")


def release_invite(invite: Invite) -> None:
    """Give an invite back whose registration came to nothing, so that it can be tried again."""
    db.session.rollback()
    db.session.execute(update(Invite).where(Invite.id == invite.id).values(used_at=None))
    db.session.commit()


def withdraw_invite(invite: Invite, now: datetime, *, actor_id: int | None = None) -> bool:
    """Whether it could still be withdrawn: not after it was used. Audited; commits."""
    withdrawn = db.session.execute(
        update(Invite)
        .where(Invite.id == invite.id, Invite.used_at.is_(None), Invite.withdrawn_at.is_(None))
        .values(withdrawn_at=now)
    )
    is_withdrawn = bool(withdrawn.rowcount == 1)  # type: ignore[attr-defined]
    if is_withdrawn:
        subject = {"invite_id": invite.id}
        note_audit(
            "invite_withdrawn", subject, now, organisation_id=invite.organisation_id, actor_id=actor_id
        )
    db.session.commit()
    return is_withdrawn


def withdraw_updates(platform: Platform, now: datetime, *, actor_id: int | None = None) -> None:
    """Make every open invite worthless that would bring a platform up to date. The caller commits."""
    own = Invite.platform_id == platform.id, Invite.used_at.is_(None), Invite.withdrawn_at.is_(None)
    taken_back = update(Invite).where(*own).values(withdrawn_at=now).returning(Invite.id)
    for invite_id in db.session.scalars(taken_back).all():
        note_of_platform("invite_withdrawn", platform, now, actor_id, invite_id=invite_id)
