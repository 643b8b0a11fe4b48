"""Who is what and who looks after whom: granted roles, requests for access, assignments, caps.

Rows are ended, never deleted; each change of a caseload is a row of its own, so that it can be taken back.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
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


class RoleMapping(Model):
    """One saving of what a platform's own role names mean in the tool; the newest is in force."""

    __tablename__ = "role_mapping"
    __table_args__ = (UniqueConstraint("platform_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    version: Mapped[int]
    """1, 2, 3 ... of each platform; of two who save at once the index lets one through."""
    created_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    created_by: Mapped[Person] = relationship()


class RoleRule(Model):
    """People with this role of the platform are e-mentors, or may be offered as such. Rows are ended only."""

    __tablename__ = "role_rule"
    __table_args__ = (
        Index(
            "uq_role_rule_open",
            "platform_id",
            "role_name",
            unique=True,
            sqlite_where=text("ended_by_id IS NULL"),
            postgresql_where=text("ended_by_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    role_name: Mapped[str] = mapped_column(String(64))
    """As the platform writes it, letter by letter: a Moodle short name, a Canvas role."""
    means: Mapped[str] = mapped_column(String(16))
    """mentor | offered."""
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("role_mapping.id"), index=True)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("role_mapping.id"), index=True)


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

    opened_by_change_id: Mapped[int | None] = mapped_column(ForeignKey("caseload_change.id"), index=True)
    ended_by_change_id: Mapped[int | None] = mapped_column(ForeignKey("caseload_change.id"), index=True)

    mentor: Mapped[Person] = relationship(foreign_keys=[mentor_id])
    membership: Mapped[Membership] = relationship()


class CaseloadChange(Model):
    """One thing a trainer did to who looks after whom; what it opened and ended is taken back with it."""

    __tablename__ = "caseload_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"), index=True)
    action: Mapped[str] = mapped_column(String(16))
    """name | end_mentor | assign | unassign | balance | cap."""
    role_grant_id: Mapped[int | None] = mapped_column(ForeignKey("role_grant.id"))
    """The grant that was opened (name) or ended (end_mentor)."""
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None where several mentors are concerned (balance, the limit for all)."""
    learners: Mapped[int] = mapped_column(default=0)
    """How many assignments it opened or ended."""
    made_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    made_by: Mapped[Person] = relationship(foreign_keys=[made_by_id])
    mentor: Mapped[Person | None] = relationship(foreign_keys=[mentor_id])


class MentorCap(Model):
    """How many learners a mentor of a course should have at most; the newest row of each that stands wins."""

    __tablename__ = "mentor_cap"

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"), index=True)
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None = every mentor of the course who has none of their own."""
    learners: Mapped[int | None]
    """None = no cap."""
    set_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)
    change_id: Mapped[int | None] = mapped_column(ForeignKey("caseload_change.id"))
    """Taken back with it; None = set before limits were changes."""
