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

from sqlalchemy import or_, select, update

from course_sync.database import db
from course_sync.models import Platform
from lti_tool.audit import record_audit
from lti_tool.models import Invite
from lti_tool.registration_refusals import RegistrationRefused
from lti_tool.secrets import hash_of
from mentor_console.audit import note_audit
from mentor_console.models import AuditEntry

REGISTER_PATH = "/lti/register"
DEFAULT_DAYS = 7
MAX_DAYS = 30
"""A link that nobody used for a month is rather lost than waited for."""
UNDER_WAY = timedelta(minutes=1)
"""So long after an invite was taken its platform may still be asked; far longer than that may last."""
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
    """Give an invite back whose registration came to nothing, so that it can be tried again.

    Not one that was taken back meanwhile.
    """
    db.session.rollback()
    still = Invite.id == invite.id, Invite.withdrawn_at.is_(None)
    db.session.execute(update(Invite).where(*still).values(used_at=None))
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


def withdraw_updates(platform: Platform, now: datetime) -> list[int]:
    """Make every invite worthless that would bring a platform up to date, one in use right now as well.

    Their ids; the caller notes and commits.
    """
    own = Invite.platform_id == platform.id, Invite.withdrawn_at.is_(None)
    is_open = or_(Invite.used_at.is_(None), Invite.used_at > now - UNDER_WAY)
    found = db.session.scalars(select(Invite).where(*own, is_open).order_by(Invite.id)).all()
    open_ids = [row.id for row in found if row.used_at is None or not list_outcomes(row)]
    taken_back = update(Invite).where(Invite.id.in_(open_ids), *own).values(withdrawn_at=now)
    return sorted(db.session.scalars(taken_back.returning(Invite.id)).all())


def hold_invite(invite: Invite) -> bool:
    """Whether a taken invite still counts; if so, nobody takes it back before the caller commits."""
    kept = (
        update(Invite).where(Invite.id == invite.id, Invite.withdrawn_at.is_(None)).values(withdrawn_at=None)
    )
    held = db.session.execute(kept.execution_options(synchronize_session=False))
    return bool(held.rowcount == 1)  # type: ignore[attr-defined]


def list_outcomes(invite: Invite) -> list[AuditEntry]:
    """Entries of what an invite brought; they bear the moment at which it was taken."""
    at_once = AuditEntry.happened_at == invite.used_at
    own = select(AuditEntry).where(AuditEntry.organisation_id == invite.organisation_id, at_once)
    found = db.session.scalars(own)
    return [row for row in found if row.subject.get("invite_id") == invite.id and "offer" in row.subject]


def is_under_way(invite: Invite, now: datetime) -> bool:
    """Whether its platform may still be asked: taken just now, and nothing is noted of it yet."""
    is_fresh = invite.used_at is not None and now - invite.used_at <= UNDER_WAY
    return is_fresh and not list_outcomes(invite)
