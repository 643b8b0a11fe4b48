"""Entries of the audit log for what the door has committed already, and reading them for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from course_sync.database import db
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
    """Write one entry and commit it, with what else the transaction holds.

    A change that was committed before stays without an entry if the process ends between the two.
    `subject` holds ids and codes, never a name, an address or a token.
    """
    note_audit(action, subject, now, organisation_id=organisation_id, actor_id=actor_id)
    db.session.commit()


def list_newest(limit: int, organisation_id: int | None = None) -> Sequence[AuditEntry]:
    """The newest entries of the whole installation, its own included, or of one organisation."""
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if organisation_id is not None:
        statement = statement.where(AuditEntry.organisation_id == organisation_id)
    return db.session.scalars(statement).all()
