"""The audit log: who did what to roles, registrations and keys, and which launches were refused.

Ids and codes only. Refusals come from anybody on the internet, so what they may write is bounded.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

from course_sync.database import db
from lti_tool.models import AuditEntry

MAX_REFUSALS_A_MINUTE = 60
"""Per process; the log line of a refusal is written in any case."""


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


class Allowance:
    """At most so many a minute."""

    def __init__(self, per_minute: int = MAX_REFUSALS_A_MINUTE) -> None:
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._started_at: datetime | None = None
        self._used = 0

    def take(self, now: datetime) -> bool:
        """Whether one more is allowed."""
        with self._lock:
            if self._started_at is None or now - self._started_at >= timedelta(minutes=1):
                self._started_at, self._used = now, 0
            self._used += 1
            return self._used <= self._per_minute
