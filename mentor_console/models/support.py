"""What mentors and learners do together: contacts, support tasks, private notes, a learner's answers.

Entries are appended and at most taken back; a task keeps what it was before each change.
"""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from course_sync.database import Model, UtcDateTime
from course_sync.models import Membership, Person


class Contact(Model):
    """One logged attempt to reach a learner, with its channel and outcome. Part of the shared history."""

    __tablename__ = "contact"

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    """methodological | educational | social | technical."""
    channel: Mapped[str] = mapped_column(String(16))
    """message | email | phone | video | face_to_face | chat."""
    outcome: Mapped[str] = mapped_column(String(16))
    """reached | answered | no_answer | left_message."""
    summary: Mapped[str] = mapped_column(Text, default="")
    """What was said; the learner reads it too."""
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    duration_minutes: Mapped[int | None]
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    request_key: Mapped[str] = mapped_column(String(64), unique=True)
    """Key of the form that recorded it: a form sent twice records one contact."""
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Taken back: it counts as no contact, and only this much of it is still shown."""

    mentor: Mapped[Person] = relationship(foreign_keys=[mentor_id])
    membership: Mapped[Membership] = relationship()


class SupportTask(Model):
    """Something to do with or for a learner, in one of the four kinds. Changed only by its `version`."""

    __tablename__ = "support_task"
    __table_args__ = (Index("ix_support_task_open", "membership_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    kind: Mapped[str] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(200))
    due_on: Mapped[dt.date | None] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(16), default="open")
    """open | done | dropped."""
    outcome: Mapped[str] = mapped_column(Text, default="")
    playbook: Mapped[str | None] = mapped_column(String(32))
    """Code of the playbook it came from; None = own idea."""
    shared: Mapped[bool] = mapped_column(default=False)
    """The learner sees it among their next steps."""
    version: Mapped[int] = mapped_column(default=1)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    request_key: Mapped[str] = mapped_column(String(64), unique=True)

    created_by: Mapped[Person] = relationship()
    membership: Mapped[Membership] = relationship()


class TaskChange(Model):
    """One version of a task: who made it, and what the task was before."""

    __tablename__ = "task_change"
    __table_args__ = (UniqueConstraint("task_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("support_task.id"))
    version: Mapped[int]
    """The version that this change made."""
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Values of the changed columns as they were; None = the task was made."""
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    task: Mapped[SupportTask] = relationship()
    changed_by: Mapped[Person] = relationship(foreign_keys=[changed_by_id])
    undone_by: Mapped[Person | None] = relationship(foreign_keys=[undone_by_id])


class PrivateNote(Model):
    """A note for its author's eyes only."""

    __tablename__ = "private_note"
    __table_args__ = (Index("ix_private_note_of", "author_id", "membership_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    taken_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    request_key: Mapped[str] = mapped_column(String(64), unique=True)


class LearnerAnswer(Model):
    """What a learner says to what is known of them, or asks for."""

    __tablename__ = "learner_answer"

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    """ill_until | working_offline | need_help | this_is_wrong."""
    text: Mapped[str] = mapped_column(Text, default="")
    until: Mapped[dt.date | None] = mapped_column(Date)
    """The last day it holds, as the learner said it."""
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Alarms pause until then; None for kinds that pause nothing."""
    flag_id: Mapped[int | None] = mapped_column(ForeignKey("flag.id"))
    fact: Mapped[str] = mapped_column(String(32), default="")
    """Which fact is wrong (KnownFact.what); "" = none in particular."""
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    request_key: Mapped[str] = mapped_column(String(64), unique=True)
