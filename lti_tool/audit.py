"""Entries of the audit log about what the door changes, and reading them for the terminal.

An entry and its change are one transaction: both stand or neither. One change comes first: an invite is used
up before its platform is asked, so that nobody uses it twice. A process that ends before the answer is stored
leaves it used, and perhaps the tool in the platform's own list, without an entry here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Platform
from mentor_console.audit import note_audit
from mentor_console.models import AuditEntry


def record_audit(
    action: str,
    subject: dict[str, Any],
    now: datetime,
    *,
    organisation_id: int | None = None,
    actor_id: int | None = None,
) -> None:
    """Write one entry and commit it with the change it is about, which the transaction holds.

    `subject` holds ids and codes, never a name, an address or a token.
    """
    note_audit(action, subject, now, organisation_id=organisation_id, actor_id=actor_id)
    db.session.commit()


def note_of_platform(
    action: str, platform: Platform, now: datetime, actor_id: int | None = None, **more: Any
) -> None:
    """An entry about a stored platform, inside the caller's transaction. `actor_id`: who did it, if known."""
    note_audit(
        action,
        {"platform_id": platform.id} | more,
        now,
        organisation_id=platform.organisation_id,
        actor_id=actor_id,
    )


def list_newest(limit: int, organisation_id: int | None = None) -> Sequence[AuditEntry]:
    """The newest entries of the whole installation, its own included, or of one organisation."""
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if organisation_id is not None:
        statement = statement.where(AuditEntry.organisation_id == organisation_id)
    return db.session.scalars(statement).all()
