"""Sessions: one launch, one tab. The handle stands in the address, the secret in a cookie of its path.

Both are needed, so another launch in the same browser never changes what a tab shows. Fixed life, real time.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from flask import Response

from course_sync.database import db
from lti_tool.models import LaunchSession
from lti_tool.secrets import hash_of
from mentor_console.access import LaunchFacts

SESSION_COOKIE = "__Secure-ementor"
SESSION_LIFE = timedelta(hours=8)
"""A working day; not prolonged by use."""
_HANDLE = re.compile(r"[A-Za-z0-9_-]{22}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class OpenedSession:
    """A new session and the two things its browser needs."""

    handle: str
    secret: str

    @property
    def path(self) -> str:
        """Where the session's pages begin, without the trailing slash."""
        return session_path(self.handle)


def session_path(handle: str) -> str:
    """Path of the cookie and prefix of every page of one session."""
    return f"/s/{handle}"


def open_session(
    *,
    person_id: int,
    platform_id: int,
    context_id: int | None,
    roles: Iterable[str],
    real_now: datetime,
    is_platform_administrator: bool = False,
    mentored_subjects: Iterable[str] = (),
    return_url: str | None = None,
) -> OpenedSession:
    """Open a session for an accepted launch and commit it. `roles` are principal context roles."""
    opened = OpenedSession(handle=secrets.token_urlsafe(16), secret=secrets.token_urlsafe(32))
    db.session.add(
        LaunchSession(
            handle=opened.handle,
            secret_hash=hash_of(opened.secret),
            person_id=person_id,
            platform_id=platform_id,
            context_id=context_id,
            roles=sorted(roles),
            is_platform_administrator=is_platform_administrator,
            mentored_subjects=sorted(mentored_subjects),
            return_url=return_url,
            created_at=real_now,
            expires_at=real_now + SESSION_LIFE,
        )
    )
    db.session.commit()
    return opened


def find_session(handle: str, secret: str | None, real_now: datetime) -> LaunchSession | None:
    """The live session behind a handle and its secret; None for anything stale, unknown or foreign."""
    row = find_by_handle(handle)
    if row is None or secret is None or not _SECRET.fullmatch(secret):
        return None
    is_theirs = compare_digest(row.secret_hash, hash_of(secret))
    return row if is_theirs and real_now < row.expires_at else None


def find_by_handle(handle: str) -> LaunchSession | None:
    """The row of a handle, live or not. Proves nothing about who asks."""
    return db.session.get(LaunchSession, handle) if _HANDLE.fullmatch(handle) else None


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


def set_session_cookie(response: Response, opened: OpenedSession) -> None:
    """Give the browser the secret, for this session's pages only and usable inside the platform's frame."""
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
