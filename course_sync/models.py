"""Tables of what platforms say: organisations, platforms, contexts, people, memberships and their progress.

Facts only, each with its source and time; what people of the console decide lives in mentor_console.
"""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from course_sync.database import Model, UtcDateTime
from course_sync.host_model import HostHealth as HostHealth

SOURCE_LTI = "lti"
SOURCE_MOODLE = "moodle"
"""Values of every `source` column: which door a fact came through."""

ACTIVE = "active"
PENDING = "pending"
REFUSED = "refused"
"""States of a platform and of a deployment; only `active` ones may launch. Refused ones stay, so that they
do not ask again."""


class Organisation(Model):
    """A training organisation. Nothing of one is ever visible to another."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    locale: Mapped[str] = mapped_column(String(16), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="Europe/Paris")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Platform(Model):
    """One client registration at a Moodle or Canvas, and how its API is reached where that was granted."""

    __tablename__ = "platform"
    __table_args__ = (UniqueConstraint("issuer", "client_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    issuer: Mapped[str] = mapped_column(String(512))
    client_id: Mapped[str] = mapped_column(String(255))
    auth_login_url: Mapped[str] = mapped_column(String(1024))
    auth_token_url: Mapped[str] = mapped_column(String(1024))
    jwks_url: Mapped[str] = mapped_column(String(1024))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE, server_default=ACTIVE)
    product: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """moodle | canvas | "" where nobody said."""
    auth_audience: Mapped[str | None] = mapped_column(String(1024))
    """Audience of our client assertions where the platform wants its own; None = the token address."""
    moodle_url: Mapped[str | None] = mapped_column(String(1024))
    """Base address of the Moodle site whose web services may be called; None = LTI only."""
    moodle_token_sealed: Mapped[str | None] = mapped_column(Text)
    """Web-service token, encrypted by the composition root; this package never sees the key."""
    moodle_connected_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    moodle_report_id: Mapped[int | None]
    """Report of the site that sums up the participants of courses; None = nobody named one."""

    organisation: Mapped[Organisation] = relationship()
    deployments: Mapped[list[Deployment]] = relationship(
        back_populates="platform", cascade="all, delete-orphan"
    )


class Deployment(Model):
    """One placement of the tool at a platform (LTI 1.3 core 3.1.3)."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("platform_id", "deployment_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str] = mapped_column(String(255))
    status: Mapped[str] = mapped_column(String(16), default=ACTIVE, server_default=ACTIVE)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a signed launch first named a deployment nobody had registered; None = registered by a person."""

    platform: Mapped[Platform] = relationship(back_populates="deployments")


class Context(Model):
    """A course (LTI context)."""

    __tablename__ = "context"
    __table_args__ = (UniqueConstraint("platform_id", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    external_id: Mapped[str] = mapped_column(String(255))
    """`context.id` of the launch; on Moodle also the course id of the web services."""
    title: Mapped[str] = mapped_column(String(500), default="")
    label: Mapped[str] = mapped_column(String(255), default="")
    memberships_url: Mapped[str | None] = mapped_column(String(1024))
    """NRPS address from the last launch; None where the platform offers no roster."""
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_launched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    platform: Mapped[Platform] = relationship()
    organisation: Mapped[Organisation] = relationship()


class Person(Model):
    """A user of one platform, named by the platform's own subject (`sub`)."""

    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("platform_id", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    external_id: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(300), default="")
    given_name: Mapped[str] = mapped_column(String(150), default="")
    family_name: Mapped[str] = mapped_column(String(150), default="")
    email: Mapped[str] = mapped_column(String(320), default="")
    locale: Mapped[str] = mapped_column(String(16), default="")
    """What the platform said at the last launch; "" = it said nothing."""
    chosen_locale: Mapped[str] = mapped_column(String(16), default="")
    """What the person chose on our pages; wins over `locale`."""
    time_zone: Mapped[str] = mapped_column(String(64), default="")
    """IANA name; "" = the organisation's (Moodle says 99 when a person never chose)."""

    @property
    def display_name(self) -> str:
        """Full name, or the given one, or the platform's id where the platform keeps names to itself."""
        return (
            self.name
            or " ".join(p for p in (self.given_name, self.family_name) if p)
            or f"#{self.external_id}"
        )

    @property
    def short_name(self) -> str:
        """How one would address the person."""
        return self.given_name or self.display_name


class Membership(Model):
    """One person in one context, as each source tells it. Leavers stay, with `left_at`."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("context_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    standing: Mapped[str] = mapped_column(String(16), default="unknown")
    """learner | staff | unknown, derived by `records.standing_of` from the three columns below."""
    launch_roles: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Principal context roles of the person's last launch, e.g. ["Instructor"]."""
    nrps_roles: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Principal roles in the roster; None = not seen in any roster."""
    platform_roles: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """The platform's own role names from its API (Moodle shortnames); None = unknown."""
    launch_platform_roles: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """The platform's own role names as the person's last launch told them (Canvas); None = it told none."""
    status: Mapped[str] = mapped_column(String(16), default="active")
    """active | suspended | left."""
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    enrolled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Start of the enrolment where a source knows it or it can be concluded; None = unknown."""
    last_access_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Last visit to this course; None with `access_as_of` set = never opened it."""
    access_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a source last told `last_access_at`; None = no source ever did."""
    progress_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the learner's own progress (activity completion) was last read whole."""
    progress_access_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """`last_access_at` as it stood at that reading: if it moved, the learner is read again."""
    grades_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the learner's grades were last read where not all are read in each run."""
    grades_access_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """`last_access_at` as it stood at that reading."""
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Course completed."""
    reported_share: Mapped[float | None]
    """0-1 of the course as a report of the platform sums it up; None = no report tells."""
    reported_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a report was last read that lists this learner."""
    groups: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Names of the learner's groups in this course."""
    source: Mapped[str] = mapped_column(String(16), default=SOURCE_LTI)
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When this membership was last seen in a roster."""

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)
    context: Mapped[Context] = relationship()


class Activity(Model):
    """Something to do in a course. Gone ones stay, with `removed_at`."""

    __tablename__ = "activity"
    __table_args__ = (UniqueConstraint("context_id", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"), index=True)
    external_id: Mapped[str] = mapped_column(String(255))
    """Course-module id on Moodle."""
    instance_id: Mapped[str] = mapped_column(String(255), default="")
    """Id inside its module (assignment id, quiz id)."""
    module: Mapped[str] = mapped_column(String(64))
    """Platform's name of the kind: assign, quiz, page, forum, ..."""
    name: Mapped[str] = mapped_column(String(500))
    section: Mapped[str] = mapped_column(String(500), default="")
    position: Mapped[int] = mapped_column(default=0)
    opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tracked: Mapped[bool] = mapped_column(default=False)
    """The platform tracks completion of it; optional activities are not tracked and never count."""
    accepts_submission: Mapped[bool] = mapped_column(default=False)
    visible: Mapped[bool] = mapped_column(default=True)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    source: Mapped[str] = mapped_column(String(16), default=SOURCE_MOODLE)
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    completion_kind: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """manual (ticked off) | automatic (by what was done) | "" where completion is not tracked or not told."""
    completion_rules: Mapped[list[str]] = mapped_column(JSON, default=list, server_default="[]")
    """What an automatic completion asks for, by the platform's names of the rules."""
    posts_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the discussions of a forum were last read whole; None = never, or it is no forum."""
    posts_access_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The newest visit of any learner as it stood at that reading: who has not come has not posted."""
    hand_ins_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a list of all hand-ins here was last read and believed, or, once a quiz has closed, everybody who
    may have tried at it was asked or listed; None = never, or no source tells of the whole course."""


class Progress(Model):
    """What is known of one learner's work on one activity. Each group of columns has its own source and time.

    `*_as_of` is when the value was read; a value is only rewritten when it changed, so the newest
    confirmation of an unchanged value is the context's or membership's own `*_as_of`.
    """

    __tablename__ = "progress"
    __table_args__ = (UniqueConstraint("membership_id", "activity_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    activity_id: Mapped[int] = mapped_column(ForeignKey("activity.id"), index=True)

    completion: Mapped[str | None] = mapped_column(String(16))
    """incomplete | complete | passed | failed; None = unknown."""
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completion_source: Mapped[str | None] = mapped_column(String(16))
    completion_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)

    submission: Mapped[str | None] = mapped_column(String(16))
    """none | draft | submitted; None = unknown."""
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submission_source: Mapped[str | None] = mapped_column(String(16))
    submission_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)

    score_ratio: Mapped[float | None]
    """0-1 of the maximum; None = not graded or not known."""
    graded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    grade_source: Mapped[str | None] = mapped_column(String(16))
    grade_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)

    due_at_override: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The learner's own deadline (extension); None = the activity's."""
    due_source: Mapped[str | None] = mapped_column(String(16))
    due_as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it was last asked for."""


class ActiveDay(Model):
    """A day, in the organisation's time zone, on which a source shows a trace of the learner.

    A lower bound of real activity.
    """

    __tablename__ = "active_day"
    __table_args__ = (UniqueConstraint("membership_id", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    day: Mapped[dt.date] = mapped_column(Date)
    evidence: Mapped[str] = mapped_column(String(16))
    """visit | completion | submission | post: the first trace seen of that day."""
    source: Mapped[str] = mapped_column(String(16))


class LookDay(Model):
    """A day, in the organisation's time zone, at the end of which a whole course's last visits were read.

    A day without a trace is idle only where such a look came before the learner's next trace.
    """

    __tablename__ = "look_day"

    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"), primary_key=True)
    day: Mapped[dt.date] = mapped_column(Date, primary_key=True)


class Freshness(Model):
    """Per context and kind of fact: when it was last read whole, when last tried, and what went wrong.

    kind: roster | access | structure | submissions | grades | posts | completion | extensions; and report,
    which is no fact of its own and of which the admin's page alone tells, in real time. A failed try moves
    `tried_at` and `error_*` only; what was known stays.
    """

    __tablename__ = "freshness"
    __table_args__ = (UniqueConstraint("context_id", "kind", "source"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"))
    kind: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    as_of: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_detail: Mapped[str | None] = mapped_column(Text)


class SyncRun(Model):
    """One pull of one context: live progress while it runs, history afterwards."""

    __tablename__ = "sync_run"
    __table_args__ = (
        Index(
            "uq_sync_run_running",
            "context_id",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    context_id: Mapped[int] = mapped_column(ForeignKey("context.id"), index=True)
    trigger: Mapped[str] = mapped_column(String(16))
    """schedule | launch | person | cli | clock (the demo's day was moved on) | rest (again, after a rest)."""
    state: Mapped[str] = mapped_column(String(16))
    """running | done | partial | failed | cancelled. At most one running per context (a unique index)."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Real time, not the demo's."""
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Real time of the last sign of life; a running row without one for 2 minutes may be taken over."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    as_of: Mapped[datetime] = mapped_column(UtcDateTime)
    """`now` of the run (the demo's day in the demo)."""
    step: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """What is being read (sync_runs.STEPS); "" = not begun, or of a run before there were names."""
    steps_done: Mapped[int] = mapped_column(default=0)
    steps_total: Mapped[int] = mapped_column(default=0)
    origin: Mapped[str] = mapped_column(String(300), default="", server_default="")
    """The host whose API is asked: runs at one host share its places."""
    cancel_asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Real time at which somebody asked a running one to stop; it does so between two calls."""
    learners_read: Mapped[int] = mapped_column(default=0, server_default="0")
    requests: Mapped[int] = mapped_column(default=0)
    rows_changed: Mapped[int] = mapped_column(default=0)
    errors: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    """[{"kind", "source", "code", "detail"}], at most one entry per kind, source and code."""


class JobRun(Model):
    """One job to run or run: a row is claimed by exactly one worker. (name, slot) is unique."""

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("name", "slot"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    slot: Mapped[str] = mapped_column(String(128))
    """Scheduled jobs: the minute they are due; enqueued ones: the request's own key."""
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(16), index=True)
    """queued | running | done | failed."""
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    beat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Last sign of life of the worker that runs it."""
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    """How often it was claimed since `queued_at`; the two together tell one claim from the others."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
