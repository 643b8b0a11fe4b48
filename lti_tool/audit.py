"""The audit log: who did what to roles, registrations and keys. Ids and codes only.

Refused launches are counted elsewhere (refusal_log): anybody on the internet can cause them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from course_sync.database import db
from lti_tool.models import AuditEntry


def record_audit(
    action: str,
    subject: dict[str, Any],
    now: datetime,
    *,
    organisation_id: int | None = None,
    actor_id: int | None = None,
) -> None:
    """Write one entry and commit it. `subject` holds ids and codes, never a name, an address or a token."""
    db.session.add(
        AuditEntry(
            happened_at=now,
            organisation_id=organisation_id,
            actor_id=actor_id,
            action=action,
            subject=subject,
        )
    )
    db.session.commit()
