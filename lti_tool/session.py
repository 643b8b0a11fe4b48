"""Sessions: one launch, one tab. The handle stands in the address, the secret in a cookie of its path.

Both are needed, so another launch in the same browser never changes what a tab shows. Where a browser keeps
no cookie in a frame, the secret stands in the address too, under conditions (docs/decisions/0008). Fixed
life, real time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from flask import Response
from sqlalchemy import Connection, insert, update
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import Headers

from course_sync.database import db, one_writer, table_of
from course_sync.models import ACTIVE, REFUSED, Platform
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
"""Made once: putting a statement together costs as much as running it."""
_WITH_OWNERS = (
    joinedload(LaunchSession.person),
    joinedload(LaunchSession.platform).joinedload(Platform.organisation),
    joinedload(LaunchSession.place),
)
"""Every page asks for them: in whose language and zone, for whose platform."""
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


def find_session(given: Credentials, real_now: datetime) -> LaunchSession | None:
    """The live session that opens to these credentials; None for anything stale, unknown or foreign.

    Sessions of a platform that an admin stopped, or of a place of it, are over at once, also one that was
    opened in the same moment.
    """
    row = find_by_handle(given.handle)
    if row is None or row.secret_in_address != given.in_address or not _SECRET.fullmatch(given.secret):
        return None
    is_theirs = compare_digest(row.secret_hash, hash_of(given.secret))
    is_let_in = row.platform.status == ACTIVE and (row.place is None or row.place.status != REFUSED)
    is_live = real_now < row.expires_at and is_let_in
    return row if is_theirs and is_live else None


def end_visits(platform_id: int, real_now: datetime, *, deployment_id: str | None = None) -> None:
    """End the sessions of a platform, or of one place of it, for good: who is let in again launches again.

    Flushes nothing and commits nothing; the caller does.
    """
    theirs = [LaunchSession.platform_id == platform_id, LaunchSession.expires_at > real_now]
    if deployment_id is not None:
        theirs.append(LaunchSession.deployment_id == deployment_id)
    db.session.execute(update(LaunchSession).where(*theirs).values(expires_at=real_now))


def find_by_handle(handle: str) -> LaunchSession | None:
    """The row of a handle, live or not. Proves nothing about who asks."""
    return db.session.get(LaunchSession, handle, options=_WITH_OWNERS) if _HANDLE.fullmatch(handle) else None


def facts_of(session: LaunchSession) -> LaunchFacts:
    """What the console may know of a session."""
    return LaunchFacts(
        person_id=session.person_id,
        organisation_id=session.platform.organisation_id,
        platform_id=session.platform_id,
        context_id=session.context_id,
        roles=frozenset(session.roles),
        is_platform_administrator=session.is_platform_administrator,
        mentored_subjects=frozenset(session.mentored_subjects),
    )


def find_placing(session: LaunchSession) -> Placing | None:
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
