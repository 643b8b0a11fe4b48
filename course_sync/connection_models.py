"""Tables about connections: what the newest test of a Moodle's web services found, and people's own tokens.

No learner's facts live here. Tokens are sealed by the composition root; this package never sees the key.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from course_sync.database import Model, UtcDateTime
from course_sync.models import Context, Person


class ConnectionCheck(Model):
    """The newest test of a platform's web services, tried on one course, or on none where none is known."""

    __tablename__ = "connection_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"), index=True)
    context_id: Mapped[int | None] = mapped_column(ForeignKey("context.id"))
    checked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Real time, not the demo's."""
    release: Mapped[str] = mapped_column(String(64), default="")
    """Version of Moodle in its own words; "" = it did not tell."""
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """One entry per thing that was tried (connection_check.ProbeResult)."""

    context: Mapped[Context | None] = relationship()


class PersonToken(Model):
    """The web-service token of one person's own Moodle account, given by that person, sealed."""

    __tablename__ = "person_token"

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    token_sealed: Mapped[str] = mapped_column(Text)
    connected_at: Mapped[datetime] = mapped_column(UtcDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When Moodle last refused it as such; None = it was taken at the last use, or never used."""

    person: Mapped[Person] = relationship()
