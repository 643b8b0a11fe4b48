"""Flags with what they said day by day, what people decided about them, and the rules of a course.

Readings, decisions and settings are appended; only the open flag itself is refreshed in place.
"""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from course_sync.database import Model, UtcDateTime
from course_sync.models import Activity, Membership, Person


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
    """Up to when the facts were known that the rules last went by."""
    cleared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    membership: Mapped[Membership] = relationship()


class FlagReading(Model):
    """What a flag said from one moment until its next reading; written when level or reasons change."""

    __tablename__ = "flag_reading"
    __table_args__ = (UniqueConstraint("flag_id", "read_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    flag_id: Mapped[int] = mapped_column(ForeignKey("flag.id"))
    read_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When the rules said so."""
    facts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Up to when the facts were known that they went by."""
    level: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    clears: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)


class CohortReading(Model):
    """The figures of a course's cohort as the rules last went by them; rewritten at each refresh."""

    __tablename__ = "cohort_reading"

    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"), primary_key=True)
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime)
    figures: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Medians and counts of the whole cohort (cohort_readings.py); of no single learner."""


class FlagDecision(Model):
    """Somebody set the flags of a learner aside: not a problem, or not now."""

    __tablename__ = "flag_decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    action: Mapped[str] = mapped_column(String(16))
    """dismiss | snooze."""
    reason: Mapped[str] = mapped_column(String(32), default="")
    """Why it is no problem (decisions.REASONS); "" for a snooze."""
    text: Mapped[str] = mapped_column(Text, default="")
    until: Mapped[dt.date | None] = mapped_column(Date)
    """Last day of a snooze is the day before; None = until something new happens."""
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The start of `until` in the zone of whoever decided."""
    seen: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """The flags it is about as they stood: [{"flag_id", "rule", "level", "evidence": [...]}]."""
    seen_answer_id: Mapped[int] = mapped_column(default=0, server_default="0")
    """The learner's newest answer that whoever decided had before them; 0 = none. Later ones are news."""
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    decided_by: Mapped[Person] = relationship(foreign_keys=[decided_by_id])
    membership: Mapped[Membership] = relationship()


class RuleSetting(Model):
    """Thresholds that a course or an organisation has changed; the newest version of each is in force."""

    __tablename__ = "rule_setting"
    __table_args__ = (
        Index(
            "uq_rule_setting_course",
            "context_id",
            "version",
            unique=True,
            sqlite_where=text("context_id IS NOT NULL"),
            postgresql_where=text("context_id IS NOT NULL"),
        ),
        Index(
            "uq_rule_setting_organisation",
            "organisation_id",
            "version",
            unique=True,
            sqlite_where=text("context_id IS NULL"),
            postgresql_where=text("context_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    context_id: Mapped[int | None] = mapped_column(ForeignKey("context.id"))
    """None = the organisation's own, for all its courses."""
    version: Mapped[int]
    """1, 2, 3 ... of each; the unique index lets only one of two simultaneous savers through."""
    thresholds: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Only the numbers that differ from what is inherited, by name."""
    created_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    created_by: Mapped[Person] = relationship()


class CourseBreak(Model):
    """Days on which a course rests: silence there is no silence."""

    __tablename__ = "course_break"

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    starts_on: Mapped[dt.date] = mapped_column(Date)
    ends_on: Mapped[dt.date] = mapped_column(Date)
    """The last day of it."""
    added_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    request_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Key of the form that added it: a form sent twice adds one break."""

    added_by: Mapped[Person] = relationship(foreign_keys=[added_by_id])
    removed_by: Mapped[Person | None] = relationship(foreign_keys=[removed_by_id])


class Extension(Model):
    """A learner's own, later deadline that the platform does not know of. Nothing is written there.

    At most one stands for each learner and activity: neither withdrawn nor replaced by a newer one.
    """

    __tablename__ = "extension"
    __table_args__ = (
        Index(
            "uq_extension_standing",
            "membership_id",
            "activity_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL AND replaced_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL AND replaced_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    given_by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("extension.id"))
    """The one that stood before; it stands again when this one is withdrawn."""
    replaced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    request_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Key of the form that gave it: a form sent twice gives it once."""

    activity: Mapped[Activity] = relationship()
    given_by: Mapped[Person] = relationship(foreign_keys=[given_by_id])
    withdrawn_by: Mapped[Person | None] = relationship(foreign_keys=[withdrawn_by_id])
