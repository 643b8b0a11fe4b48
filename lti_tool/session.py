"""Sessions: one launch, one tab. The handle stands in the address, the secret in a cookie of its path.

Both are needed, so another launch in the same browser never changes what a tab shows. Where a browser keeps
no cookie in a frame, the secret stands in the address too, under conditions (docs/decisions/0008). Fixed
life, real time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from flask import Response
from sqlalchemy import Connection, bindparam, insert, select, update
from werkzeug.datastructures import Headers

from course_sync.database import db, one_writer, table_of
from course_sync.models import ACTIVE, REFUSED, Deployment, Organisation, Person, Platform
from lti_tool.deep_linking import Placing
from lti_tool.models import LaunchSession
from lti_tool.secrets import hash_of
from mentor_console.access import LaunchFacts

SESSION_COOKIE = "__Secure-ementor"
SESSION_LIFE = timedelta(hours=8)
"""A working day; not prolonged by use."""
ADDRESS_LIFE = timedelta(hours=2)
"""Of a session whose address is all one needs."""
_OPEN = insert(table_of(LaunchSession)).inline()
_FIND = (
    select(
        LaunchSession.handle,
        LaunchSession.secret_hash,
        LaunchSession.secret_in_address,
        LaunchSession.expires_at,
        LaunchSession.person_id,
        Platform.organisation_id,
        LaunchSession.platform_id,
        LaunchSession.deployment_id,
        LaunchSession.context_id,
        LaunchSession.roles,
        LaunchSession.is_platform_administrator,
        LaunchSession.mentored_subjects,
        LaunchSession.return_url,
        LaunchSession.placing,
        Platform.issuer,
        Platform.auth_login_url,
        Platform.status.label("platform_status"),
        Deployment.status.label("place_status"),
        Person.chosen_locale,
        Person.locale.label("told_locale"),
        Organisation.locale.label("organisation_locale"),
        Person.time_zone,
        Organisation.time_zone.label("organisation_time_zone"),
        Person,
        Organisation,
    )
    .join(LaunchSession.person)
    .join(LaunchSession.platform)
    .join(Platform.organisation)
    .outerjoin(LaunchSession.place)
    .where(LaunchSession.handle == bindparam("handle"))
)
"""Every page asks for it. Both made once: putting a statement together costs as much as running it."""
_HANDLE = re.compile(r"[A-Za-z0-9_-]{22}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_OWN_FRAME = frozenset({"iframe", "frame", "empty"})
"""What a browser asks for when a page in a frame goes on to another one, or a script of it fetches a part."""


@dataclass(frozen=True)
class OpenedSession:
    """A new session and the two things its browser needs."""

    handle: str
    secret: str
    secret_in_address: bool = False

    @property
    def path(self) -> str:
        """Where the session's pages begin, without the trailing slash; also the path of its cookie."""
        return f"/s/{self.handle}.{self.secret}" if self.secret_in_address else f"/s/{self.handle}"


@dataclass(frozen=True)
class KnownSession:
    """A session as it was found, live or not, with what every page asks of its person and its platform.

    Values in the order of `_FIND`: rows of the database would be read anew after each commit.
    """

    handle: str
    secret_hash: str
    secret_in_address: bool
    expires_at: datetime
    person_id: int
    organisation_id: int
    platform_id: int
    deployment_id: str | None
    context_id: int | None
    roles: Sequence[str]
    is_platform_administrator: bool
    mentored_subjects: Sequence[str]
    return_url: str | None
    placing: Mapping[str, Any] | None
    issuer: str
    auth_login_url: str
    platform_status: str
    place_status: str | None
    """None = of no place that is known."""
    chosen_locale: str
    told_locale: str
    """Of the person, by the platform."""
    organisation_locale: str
    time_zone: str
    organisation_time_zone: str
    person: Person
    organisation: Organisation
    """Held for those who ask the database session for one of them by its id, as most pages do."""


@dataclass(frozen=True)
class Credentials:
    """What a request brings to be let into a session; proves nothing yet."""

    handle: str
    secret: str
    """"" = none came along."""
    in_address: bool = False


def read_credentials(address_part: str, cookies: Mapping[str, str], headers: Headers) -> Credentials:
    """What stands after /s/, and the cookie or the second half of the address.

    An address that holds the secret counts only where the browser says that a page of ours, inside a frame,
    leads to it: pasted into a browser, a copied or shared one opens nothing. A program can claim the same, so
    whoever gets hold of the address has the session for as long as it lives.
    """
    handle, dot, secret = address_part.partition(".")
    if not dot:
        return Credentials(handle, cookies.get(SESSION_COOKIE, ""))
    return Credentials(handle, secret if is_from_own_frame(headers) else "", in_address=True)


def is_from_own_frame(headers: Headers) -> bool:
    """Whether the browser says so (Fetch metadata); one that says nothing is not believed to."""
    return headers.get("Sec-Fetch-Site") == "same-origin" and headers.get("Sec-Fetch-Dest") in _OWN_FRAME


def open_session(
    *,
    person_id: int,
    platform_id: int,
    deployment_id: str | None = None,
    context_id: int | None,
    roles: Iterable[str],
    real_now: datetime,
    is_platform_administrator: bool = False,
    mentored_subjects: Iterable[str] = (),
    return_url: str | None = None,
    placing: Placing | None = None,
    secret_in_address: bool = False,
    first: Callable[[Connection], None] | None = None,
) -> OpenedSession:
    """Open a session for a launch and commit it. `roles` are principal context roles.

    `first` is done in the same transaction; where it raises, there is no session.
    """
    opened = OpenedSession(secrets.token_urlsafe(16), secrets.token_urlsafe(32), secret_in_address)
    row = {
        "handle": opened.handle,
        "secret_hash": hash_of(opened.secret),
        "person_id": person_id,
        "platform_id": platform_id,
        "deployment_id": deployment_id,
        "context_id": context_id,
        "roles": sorted(roles),
        "is_platform_administrator": is_platform_administrator,
        "mentored_subjects": sorted(mentored_subjects),
        "return_url": return_url,
        "secret_in_address": secret_in_address,
        "placing": asdict(placing) if placing else None,
        "created_at": real_now,
        "expires_at": real_now + (ADDRESS_LIFE if secret_in_address else SESSION_LIFE),
    }
    if db.session.registry.has():  # what was written on the way here holds before the session does
        db.session.commit()
    with one_writer() as connection:
        if first is not None:
            first(connection)
        connection.execute(_OPEN, row)
    return opened


def opens_to(session: KnownSession, given: Credentials, real_now: datetime) -> bool:
    """Whether the session is live and opens to these credentials.

    Sessions of a platform that an admin stopped, or of a place of it, are over at once, also one that was
    opened in the same moment.
    """
    if session.secret_in_address != given.in_address or not _SECRET.fullmatch(given.secret):
        return False
    is_theirs = compare_digest(session.secret_hash, hash_of(given.secret))
    is_let_in = session.platform_status == ACTIVE and session.place_status != REFUSED
    return is_theirs and is_let_in and real_now < session.expires_at


def find_by_handle(handle: str) -> KnownSession | None:
    """The session of a handle, live or not. Proves nothing about who asks."""
    if not _HANDLE.fullmatch(handle):
        return None
    row = db.session.execute(_FIND, {"handle": handle}).one_or_none()
    return KnownSession(*tuple(row)) if row is not None else None


def end_visits(platform_id: int, real_now: datetime, *, deployment_id: str | None = None) -> None:
    """End the sessions of a platform, or of one place of it, for good: who is let in again launches again.

    Flushes nothing and commits nothing; the caller does.
    """
    theirs = [LaunchSession.platform_id == platform_id, LaunchSession.expires_at > real_now]
    if deployment_id is not None:
        theirs.append(LaunchSession.deployment_id == deployment_id)
    db.session.execute(update(LaunchSession).where(*theirs).values(expires_at=real_now))


def facts_of(session: KnownSession) -> LaunchFacts:
    """What the console may know of a session."""
    return LaunchFacts(
        person_id=session.person_id,
        organisation_id=session.organisation_id,
        platform_id=session.platform_id,
        context_id=session.context_id,
        roles=frozenset(session.roles),
        is_platform_administrator=session.is_platform_administrator,
        mentored_subjects=frozenset(session.mentored_subjects),
    )


def find_placing(session: KnownSession) -> Placing | None:
    """What the platform asked to place in its course; None for an ordinary launch."""
    return Placing(**session.placing) if session.placing else None


def set_session_cookie(response: Response, opened: OpenedSession) -> None:
    """Give the browser the secret, for this session's pages only and usable inside the platform's frame."""
    if opened.secret_in_address:
        return
    response.set_cookie(
        SESSION_COOKIE,
        opened.secret,
        max_age=int(SESSION_LIFE.total_seconds()),
        path=opened.path,
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )
