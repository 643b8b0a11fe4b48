"""Pulling a course with tokens that people of it gave of their own accounts, one after the other.

Only where the site as a whole gave none. Each account tells what it may see; nobody leaves by its silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol

from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.errors import PlatformError
from course_sync.models import SOURCE_LTI, SOURCE_MOODLE, Context
from course_sync.moodle_access import find_site_url, open_token
from course_sync.platform_client import PlatformClient
from course_sync.pull import Pull
from course_sync.roster_records import ContextRef
from course_sync.sources.moodle_own import OwnMoodleSource
from course_sync.sync_runs import RunKeeper

_DEAD = frozenset({"invalidtoken", "token_unreadable", "wsaccessuserdeleted", "wsaccessusersuspended"})
"""After one of these a token is of no use until its owner gives another."""


class OwnServices(Protocol):
    """What is needed of sync.PlatformServices."""

    @property
    def client(self) -> PlatformClient: ...

    @property
    def open_secret(self) -> Callable[[str], str]: ...

    @property
    def list_own_tokens(self) -> Callable[[int], Sequence[PersonToken]]: ...


def run_own_pulls(
    context: Context,
    services: OwnServices,
    ref: ContextRef,
    keeper: RunKeeper,
    pool: ThreadPoolExecutor,
    now: datetime,
) -> list[Pull]:
    """Pull with each token that may be used for this course; none where the site has its own."""
    if context.platform.moodle_url:
        return []
    connected = frozenset({SOURCE_LTI} if context.memberships_url else ())
    pulls = []
    for token, source in _list_sources(context, services, keeper, now):
        pull = Pull(ref, [source], connected, source, keeper, pool, now)
        pull.run()
        error = pull.roster_errors.get(SOURCE_MOODLE)
        if error and error.code in _DEAD:
            _note_dead(token, now)
        pulls.append(pull)
    return pulls


def _list_sources(
    context: Context, services: OwnServices, keeper: RunKeeper, now: datetime
) -> Iterator[tuple[PersonToken, OwnMoodleSource]]:
    base_url = find_site_url(context.platform)
    for token in services.list_own_tokens(context.id) if base_url else ():
        try:
            secret = open_token(token.token_sealed, services.open_secret)
            source = OwnMoodleSource(
                services.client, base_url or "", secret, context.external_id, token.person.external_id
            )
        except PlatformError as error:
            keeper.note("roster", SOURCE_MOODLE, error)
            if error.code in _DEAD:
                _note_dead(token, now)
            continue
        yield token, source


def _note_dead(token: PersonToken, now: datetime) -> None:
    """Its owner is told, and it is not tried again."""
    token.refused_at = now
    db.session.commit()
