"""Tables of what was written in forums: how often and when, never a word of it.

Kept by discussion, so that a reading asks only for the discussions that changed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from course_sync.database import Model, UtcDateTime


class Discussion(Model):
    """A discussion of a forum, so that only those that changed are read again."""

    __tablename__ = "discussion"
    __table_args__ = (UniqueConstraint("activity_id", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"))
    external_id: Mapped[str] = mapped_column(String(255))
    changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The platform's own moment of the last change, as it stood when the posts were read."""
    replies: Mapped[int] = mapped_column(default=0)
    """The platform's own count, as it stood then."""


class PostCount(Model):
    """What one learner wrote in one discussion: how often and when last; never the words."""

    __tablename__ = "post_count"
    __table_args__ = (UniqueConstraint("discussion_id", "membership_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    discussion_id: Mapped[int] = mapped_column(ForeignKey("discussion.id"))
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    posts: Mapped[int]
    last_posted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
