"""Pulling a course with tokens that people of it gave of their own accounts, one after the other.

Only where the site as a whole gave none. Each account tells what it may see; nobody leaves by its silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol

from sqlalchemy import update

from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.errors import PlatformError, PlatformRefused
from course_sync.facts import Roster
from course_sync.models import SOURCE_LTI, SOURCE_MOODLE, Context
from course_sync.moodle_access import OwnToken, find_site_url, open_token
from course_sync.platform_client import PlatformClient
from course_sync.progress_records import LearnerRow, list_learners
from course_sync.pull import Pull
from course_sync.records import record_failure, record_read
from course_sync.roster_records import ContextRef
from course_sync.sources.moodle_own import OWN_REFUSED, OwnMoodleSource
from course_sync.sync_runs import RunKeeper

UNREAD_BY_ACCOUNTS = "unread_by_accounts"
"""Our code where learners were named by no account that read the course; the detail is how many they are."""


class OwnServices(Protocol):
    """What is needed of sync.PlatformServices."""

    @property
    def client(self) -> PlatformClient: ...

    @property
    def open_secret(self) -> Callable[[str], str]: ...

    @property
    def list_own_tokens(self) -> Callable[[int], Sequence[OwnToken]]: ...


def run_own_pulls(
    context: Context,
    services: OwnServices,
    ref: ContextRef,
    keeper: RunKeeper,
    pool: ThreadPoolExecutor,
    beside: Mapping[str, Roster],
) -> list[Pull]:
    """Pull with each token that may be used for this course; none where the site has its own.

    `beside` are the lists of members that this run has read whole: an account's list adds to them.
    """
    if context.platform.moodle_url:
        return []
    connected = frozenset({SOURCE_LTI} if context.memberships_url else ())
    pulls: list[Pull] = []
    for token, source in _list_sources(context, services, keeper):
        pull = Pull(ref, [source], connected, source, keeper, pool, keeper.as_of, beside=beside)
        pull.run()
        error = pull.roster_errors.get(SOURCE_MOODLE)
        if error and error.code == OWN_REFUSED:
            _note_dead(token, keeper.pulse.real_now())
        pulls.append(pull)
    _record_outcomes(context.id, pulls, keeper.as_of)
    return pulls


def _record_outcomes(context_id: int, pulls: Sequence[Pull], now: datetime) -> None:
    """Note how each kind of fact came out for the course as a whole, and which lists failed. Commits."""
    learners = list_learners(context_id)
    for kind in {kind: None for pull in pulls for kind in pull.outcomes}:
        asked = [pull for pull in pulls if kind in pull.outcomes]
        left = _list_left([pull for pull in asked if pull.outcomes[kind] is None], learners)
        error = _find_failure(kind, asked, left)
        if error is None or (error.code == UNREAD_BY_ACCOUNTS and _is_as_known_as_ever(kind, left)):
            record_read(context_id, kind, SOURCE_MOODLE, now)
        if error:
            record_failure(context_id, kind, SOURCE_MOODLE, error.code, error.detail, now)
    errors = [error for pull in pulls if (error := pull.roster_errors.get(SOURCE_MOODLE))]
    for error in errors:  # the list of the next account does not make up for it
        record_failure(context_id, "roster", SOURCE_MOODLE, error.code, error.detail, now)
    unread = _list_left(pulls, learners)
    if pulls and unread:  # the lists that came say nothing of when these were here
        error = errors[0] if errors else _unread_by_accounts(unread)
        record_failure(context_id, "access", SOURCE_MOODLE, error.code, error.detail, now)
    db.session.commit()


def _list_left(pulls: Sequence[Pull], learners: Sequence[LearnerRow]) -> list[LearnerRow]:
    """Learners whom none of these accounts names."""
    named = frozenset[str]().union(*(pull.named for pull in pulls))
    return [row for row in learners if row.external_id not in named]


def _find_failure(kind: str, pulls: Sequence[Pull], left: Sequence[LearnerRow]) -> PlatformError | None:
    """Why a kind of fact was not read of some learner; None = of each by some account that could read it.

    A failure counts where its account names learners whom no account names that read this kind (`left`): the
    time of the others' reading must not speak for them. Else it concerns the account alone, and stands in the
    run.
    """
    for pull in pulls:
        error = pull.outcomes[kind]
        if error and (_read_by_nobody(kind, pulls) or any(row.external_id in pull.named for row in left)):
            return error
    return _unread_by_accounts(left) if left and kind != "structure" else None


def _read_by_nobody(kind: str, pulls: Sequence[Pull]) -> bool:
    return all(pull.outcomes[kind] for pull in pulls)


def _is_as_known_as_ever(kind: str, left: Sequence[LearnerRow]) -> bool:
    """Whether nothing that is known of somebody grows older: no list ever named those who are left. Whether
    questions about them are settled is another matter."""
    return kind != "extensions" and not any(row.access_known for row in left)


def _unread_by_accounts(left: Sequence[LearnerRow]) -> PlatformError:
    return PlatformRefused(str(len(left)), code=UNREAD_BY_ACCOUNTS)


def _list_sources(
    context: Context, services: OwnServices, keeper: RunKeeper
) -> Iterator[tuple[OwnToken, OwnMoodleSource]]:
    base_url, course_id = find_site_url(context.platform) or "", context.external_id
    for token in _list_tokens(context.id, services) if base_url else ():
        if not _is_still_at(context, base_url):
            return
        try:
            secret = open_token(token.sealed, services.open_secret)
        except PlatformError as error:
            # A key of ours that is missing is no fault of the token: it is good again when the key is back.
            keeper.note("roster", SOURCE_MOODLE, error)
            continue
        yield token, OwnMoodleSource(services.client, base_url, secret, course_id, token.external_id)


def _list_tokens(context_id: int, services: OwnServices) -> Iterator[OwnToken]:
    """One after the other, looking again before each: a token may be erased, or its owner go, meanwhile."""
    tried: set[int] = set()
    while left := [row for row in services.list_own_tokens(context_id) if row.person_id not in tried]:
        tried.add(left[0].person_id)
        yield left[0]


def _is_still_at(context: Context, base_url: str) -> bool:
    """Whether the site is where it was when the run began: a token given meanwhile may be meant for another
    address. Asked after the token was looked up, so that neither is newer than the other allows."""
    db.session.refresh(context.platform)
    return not context.platform.moodle_url and find_site_url(context.platform) == base_url


def _note_dead(token: OwnToken, real_now: datetime) -> None:
    """Its owner is told, and it is not tried again. One that was given meanwhile is another."""
    this_one = (PersonToken.person_id == token.person_id, PersonToken.token_sealed == token.sealed)
    statement = update(PersonToken).where(*this_one).values(refused_at=real_now)
    db.session.execute(statement, execution_options={"synchronize_session": False})
    db.session.commit()
