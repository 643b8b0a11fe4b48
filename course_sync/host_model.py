"""The table of hosts: what all workers and courses share about a host that is asked for facts.

Technical only: how often it was asked this minute, and whether it is left alone because it kept failing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from course_sync.database import Model, UtcDateTime


class HostHealth(Model):
    """One host that syncs have asked. Times are real ones, not the demo's."""

    __tablename__ = "host_health"

    origin: Mapped[str] = mapped_column(String(300), primary_key=True)
    """Scheme, host and port."""
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    """Calls in a row, over all courses and workers, that got no answer."""
    pauses: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often in a row it was left alone; the next pause is the longer."""
    open_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Not asked before this moment; None = asked freely. Once past, who claims the row tries one call."""
    minute_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The minute `minute_requests` counts in."""
    minute_requests: Mapped[int] = mapped_column(default=0, server_default="0")
