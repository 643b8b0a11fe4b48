"""Tables of the door: logins under way, tool keys, sessions, invites, counts.

No learner's facts live here. Secrets are stored as SHA-256 (session, state, browser) or sealed (keys).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, and_, false
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from course_sync.database import Model, UtcDateTime
from course_sync.models import Context, Deployment, Organisation, Person, Platform


class LoginState(Model):
    """One OIDC login under way: state, nonce, registration and browser bound together; consumed once."""

    __tablename__ = "login_state"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    nonce_hash: Mapped[str] = mapped_column(String(64))
    browser_hash: Mapped[str] = mapped_column(String(64))
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    storage_target: Mapped[str | None] = mapped_column(String(255))
    """Name of the platform's frame that keeps data for tools, where it offers one (LTI platform storage)."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    consumed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WaitingLaunch(Model):
    """A verified launch of a browser that kept no cookie: it waits for another proof of who opens it.

    The ticket is in that browser only. The state of its login is consumed when it is used, not before. The
    claims are erased when it is used or late; the row stays for a day, to know a late ticket's platform.
    """

    __tablename__ = "waiting_launch"

    ticket_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    state_hash: Mapped[str] = mapped_column(String(64))
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    claims_sealed: Mapped[str] = mapped_column(Text)
    """"" = used or late."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class ToolKey(Model):
    """One RSA key of the tool, published until it is retired; keys.py says which one signs."""

    __tablename__ = "tool_key"

    kid: Mapped[str] = mapped_column(String(64), primary_key=True)
    private_key_sealed: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """From then on neither published nor used; may lie ahead."""


class LaunchSession(Model):
    """What one accepted launch opened: one person, at most one context, in one tab.

    The handle stands in the address, the secret in a cookie of that address's path; both are needed. Where
    the browser keeps no cookie in a frame, the secret stands in the address too.
    """

    __tablename__ = "launch_session"

    handle: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    context_id: Mapped[int | None] = mapped_column(ForeignKey("context.id"))
    platform_id: Mapped[int] = mapped_column(ForeignKey("platform.id"))
    deployment_id: Mapped[str | None] = mapped_column(String(255))
    """The place it began through, as the platform names it; None = begun before visits knew theirs."""
    roles: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Principal context roles of this launch."""
    is_platform_administrator: Mapped[bool] = mapped_column(default=False)
    """An institution or system Administrator role came along; may ask for access, sees nothing by it."""
    mentored_subjects: Mapped[list[str]] = mapped_column(JSON, default=list)
    """role_scope_mentor of a membership#Mentor: exactly these learners."""
    return_url: Mapped[str | None] = mapped_column(String(1024))
    secret_in_address: Mapped[bool] = mapped_column(default=False, server_default=false())
    placing: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What a deep-linking request asks for and where its answer goes; None = an ordinary launch."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    person: Mapped[Person] = relationship()
    context: Mapped[Context | None] = relationship()
    platform: Mapped[Platform] = relationship()
    place: Mapped[Deployment | None] = relationship(
        primaryjoin=lambda: and_(
            Deployment.platform_id == foreign(LaunchSession.platform_id),
            Deployment.deployment_id == foreign(LaunchSession.deployment_id),
        ),
        viewonly=True,
    )
    """None also where the platform came under a new client meanwhile: the former places are forgotten."""


class Invite(Model):
    """A link with which one platform may register itself, once, for one organisation."""

    __tablename__ = "invite"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    platform_id: Mapped[int | None] = mapped_column(ForeignKey("platform.id"))
    """What it brings up to date; None until used = it brings a new platform, and then names that."""
    approve_at_once: Mapped[bool] = mapped_column(default=False)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    """None = made on the command line."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    organisation: Mapped[Organisation] = relationship()
    platform: Mapped[Platform | None] = relationship()
    created_by: Mapped[Person | None] = relationship()


class UseCount(Model):
    """How often something limited was used since the first use of its current stretch; see rate_limits."""

    __tablename__ = "use_count"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    uses: Mapped[int]


class RefusalCount(Model):
    """How often logins, launches and registrations were refused for one reason on a day (UTC); never who."""

    __tablename__ = "refusal_count"

    day: Mapped[date] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    platform_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """0 = a platform nobody knows."""
    organisation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default="0")
    """Whose invite it was, where no platform is known yet; 0 = nobody's."""
    refusals: Mapped[int]
    signed: Mapped[int | None] = mapped_column(server_default="0")
    """How many of them came with a valid signature of the platform; None = not known of some of them."""
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
