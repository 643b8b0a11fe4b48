"""The audit log: who did what to roles, registrations and keys. Ids and codes only; nothing is ever changed.

Refused launches are counted elsewhere (the door's refusal log): anybody on the internet can cause them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from course_sync.database import db
from mentor_console.models import AuditEntry


def note_audit(
    action: str,
    subject: dict[str, Any],
    now: datetime,
    *,
    organisation_id: int | None = None,
    actor_id: int | None = None,
) -> None:
    """Write one entry inside the caller's transaction; if the change is in it too, both stand or neither.

    `subject` holds ids and codes, never a name, an address or a token.
    """
    db.session.add(
        AuditEntry(
            happened_at=now,
            organisation_id=organisation_id,
            actor_id=actor_id,
            action=action,
            subject=subject,
        )
    )
