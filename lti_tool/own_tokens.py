"""Tokens that e-mentors and trainers give of their own Moodle accounts: connecting, using, erasing them.

A token is used for courses where its owner is e-mentor or trainer now, and is erased when that holds nowhere.
It must belong to the person who gives it. It is never shown again, logged or audited.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from course_sync.bulk import insert_new
from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.errors import PlatformError
from course_sync.models import Person, Platform
from course_sync.moodle_access import find_site_url
from course_sync.moodle_wire import may_be_token
from lti_tool.audit import record_audit
from lti_tool.rate_limits import Limit, count_use
from lti_tool.services import current_services
from mentor_console.access import AccessDenied, Viewer
from mentor_console.audit import note_audit
from mentor_console.errors import Conflict
from mentor_console.own_accounts import has_part

TRIES = Limit("own token", 6)
"""Of one person: each asks the site who the token belongs to."""
_TRY_SECONDS = 12.0


@dataclass(frozen=True)
class OwnConnection:
    """What the page of a person says of their own token. `obstacle`: code why none can be given; "" = can."""

    site_url: str
    obstacle: str
    connected_at: datetime | None = None
    refused_at: datetime | None = None


def get_connection(viewer: Viewer) -> OwnConnection:
    """How things stand for the viewer."""
    platform = db.session.get_one(Platform, viewer.platform_id)
    token = db.session.get(PersonToken, viewer.person_id)
    return OwnConnection(
        find_site_url(platform) or "",
        _find_obstacle(platform, viewer),
        token.connected_at if token else None,
        token.refused_at if token else None,
    )


def connect(viewer: Viewer, typed: str, real_now: datetime) -> None:
    """Keep the viewer's own token. Raises Conflict with a code, TooMany, AccessDenied."""
    platform = db.session.get_one(Platform, viewer.platform_id)
    obstacle = _find_obstacle(platform, viewer)
    if obstacle:
        raise Conflict(obstacle)
    token = typed.strip()
    if not may_be_token(token):
        raise Conflict("token_malformed")
    site_url, subject = find_site_url(platform) or "", _subject_of(viewer)
    count_use(TRIES, str(viewer.person_id), real_now)
    db.session.commit()
    _check_owner(site_url, token, subject)
    _check_still_there(platform, viewer, site_url)
    _keep(viewer.person_id, current_services().sealer.seal(token), real_now)
    _audit(viewer, "own_token_connected", real_now)


def remove(viewer: Viewer, real_now: datetime) -> None:
    """Erase the viewer's own token; without one nothing happens."""
    token = db.session.get(PersonToken, viewer.person_id)
    if token is not None:
        db.session.delete(token)
        _audit(viewer, "own_token_erased", real_now)


def erase_unentitled(real_now: datetime) -> int:
    """Erase tokens of people who are e-mentor or trainer nowhere any more; how many. Commits."""
    is_unentitled = ~has_part(PersonToken.person_id, None)
    owners = select(Person.id, Person.organisation_id).join(PersonToken, PersonToken.person_id == Person.id)
    erased = 0
    for person_id, organisation_id in db.session.execute(owners.where(is_unentitled)).all():
        own = delete(PersonToken).where(PersonToken.person_id == person_id, is_unentitled)
        if db.session.execute(own).rowcount:  # type: ignore[attr-defined]  # else its owner was faster
            subject = {"person_id": person_id}
            note_audit("own_token_erased", subject, real_now, organisation_id=organisation_id)
            erased += 1
    db.session.commit()
    return erased


def erase_of_platform(platform_id: int) -> list[int]:
    """Erase all tokens given by people of a platform; whose they were. The caller audits and commits."""
    statement = select(PersonToken).join(PersonToken.person).where(Person.platform_id == platform_id)
    gone = db.session.scalars(statement).all()
    for token in gone:
        db.session.delete(token)
    return [token.person_id for token in gone]


def _find_obstacle(platform: Platform, viewer: Viewer) -> str:
    if find_site_url(platform) is None:
        return "no_moodle"
    if platform.moodle_url:
        return "site_connected"
    entitled = db.session.scalar(select(has_part(viewer.person_id, None)))
    return "" if entitled else "no_part"


def _check_owner(site_url: str, token: str, subject: str) -> None:
    """Raises Conflict unless Moodle says that the token is of this very person."""
    try:
        told = current_services().client.call_moodle(
            site_url, token, "core_webservice_get_site_info", retry=False, timeout_seconds=_TRY_SECONDS
        )
    except PlatformError as problem:
        known = {"invalidtoken": "token_unknown", "accessexception": "token_without_rights"}
        raise Conflict(known.get(problem.code, "site_unanswered")) from None
    owner = told.get("userid") if isinstance(told, dict) else None
    if str(owner) != subject:
        raise Conflict("token_of_another")


def _check_still_there(platform: Platform, viewer: Viewer, site_url: str) -> None:
    """Raises Conflict where the platform changed while it was asked; until the commit it changes no more."""
    db.session.refresh(platform, with_for_update=True)
    obstacle = _find_obstacle(platform, viewer)
    if obstacle or find_site_url(platform) != site_url:
        db.session.rollback()
        raise Conflict(obstacle or "site_changed")


def _keep(person_id: int, sealed: str, real_now: datetime) -> None:
    """In place of the one before; of two that are given at once the later stays."""
    given = {"token_sealed": sealed, "connected_at": real_now, "refused_at": None}
    if not insert_new(PersonToken, [{"person_id": person_id, **given}]):
        db.session.execute(update(PersonToken).where(PersonToken.person_id == person_id).values(given))


def _subject_of(viewer: Viewer) -> str:
    person = db.session.get(Person, viewer.person_id)
    if person is None:
        raise AccessDenied("own token")
    return person.external_id


def _audit(viewer: Viewer, action: str, real_now: datetime) -> None:
    """Note the change the transaction holds, and commit both."""
    subject = {"person_id": viewer.person_id}
    record_audit(action, subject, real_now, organisation_id=viewer.organisation_id, actor_id=viewer.person_id)
