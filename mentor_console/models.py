"""Tables of what people of the console decide: who mentors whom, flags, contacts, requests for access.

Facts from platforms live in course_sync.models. History is appended, not overwritten.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from course_sync.database import Model, UtcDateTime
from course_sync.models import Context, Membership, Person


class RoleGrant(Model):
    """A role given by a person or by the command line; ended, never deleted.

    trainer and mentor are per context; admin is per organisation (context_id None).
    """

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            "uq_role_grant_open",
            "person_id",
            "role",
            "context_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND context_id IS NOT NULL"),
            postgresql_where=text("ended_at IS NULL AND context_id IS NOT NULL"),
        ),
        Index(
            "uq_role_grant_open_organisation",
            "person_id",
            "role",
            unique=True,
            sqlite_where=text("ended_at IS NULL AND context_id IS NULL"),
            postgresql_where=text("ended_at IS NULL AND context_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    context_id: Mapped[int | None] = mapped_column(ForeignKey("context.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    """trainer | mentor | admin."""
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None = the command line."""
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship(foreign_keys=[person_id])


class AccessRequest(Model):
    """Somebody with a staff role in the LMS, not enrolled here, asks to see this course."""

    __tablename__ = "access_request"
    __table_args__ = (
        Index(
            "uq_access_request_open",
            "context_id",
            "person_id",
            unique=True,
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    granted_role: Mapped[str | None] = mapped_column(String(16))
    """trainer | mentor; None once decided = declined."""

    person: Mapped[Person] = relationship(foreign_keys=[person_id])
    context: Mapped[Context] = relationship()


class Assignment(Model):
    """One e-mentor looks after one learner in one context, from one day until another."""

    __tablename__ = "assignment"
    __table_args__ = (
        Index(
            "uq_assignment_open",
            "mentor_id",
            "membership_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    assigned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    mentor: Mapped[Person] = relationship(foreign_keys=[mentor_id])
    membership: Mapped[Membership] = relationship()


class Flag(Model):
    """One rule raised for one learner, until it cleared.

    The open one is refreshed in place; ended ones are history.
    """

    __tablename__ = "flag"
    __table_args__ = (
        Index(
            "uq_flag_open",
            "membership_id",
            "rule",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    rule: Mapped[str] = mapped_column(String(32))
    level: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    clears: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    urgency: Mapped[float] = mapped_column(default=0.0)
    """Order of the learner on Today, highest first; an ordering only, never shown."""
    raised_at: Mapped[datetime] = mapped_column(UtcDateTime)
    evaluated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    membership: Mapped[Membership] = relationship()


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

    mentor: Mapped[Person] = relationship()
    membership: Mapped[Membership] = relationship()
