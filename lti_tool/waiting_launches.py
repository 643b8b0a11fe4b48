"""Launches that passed every check but the login's cookie: kept sealed, usable for two minutes with a ticket.

The ticket is used once, with the secret from the platform's storage or by a person who confirms in a tab of
its own who they are. Why that is safe: docs/decisions/0008-ways-without-cookies.md.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from flask import Response
from sqlalchemy import delete, update

from course_sync.database import db
from course_sync.models import Platform
from course_sync.records import registration_of
from course_sync.registrations import Registration
from lti_tool.approvals import check_place, check_platform
from lti_tool.launch_claims import Launch, read_launch
from lti_tool.launches import CheckedLaunch, CookielessLaunch
from lti_tool.login_cookies import LOGIN_COOKIE_PATH, LOGIN_LIFE
from lti_tool.models import WaitingLaunch
from lti_tool.refusals import LaunchRefused, refusing_signed
from lti_tool.secrets import Sealer, hash_of

TICKET_LIFE = timedelta(minutes=2)
ROW_LIFE = timedelta(days=1)
"""So long a used or late ticket still tells which platform it was of. The claims of a used one are erased at
once, those of a late one by the next hourly `purge_door`."""
SPENT = ""
"""In the place of the claims, once they are erased."""
CONFIRM_COOKIE_PREFIX = "__Secure-ementor-confirm-"


@dataclass(frozen=True)
class HeldLaunch:
    """A launch behind a ticket. Not accepted yet: nobody has shown that it is theirs."""

    registration: Registration
    launch: Launch
    platform_name: str
    state_hash: str
    ticket: str


def keep_waiting(launch: CookielessLaunch, sealer: Sealer, real_now: datetime) -> str:
    """Keep a launch, and return its ticket, in place of an older one of the same login.

    So the same id_token, sent without end, fills no table. What waited too long is forgotten on the way.
    """
    ticket = secrets.token_urlsafe(32)
    forget_expired(real_now)
    # A login lives no longer than that, so its rows are found by the moment, of which there is an index.
    same = WaitingLaunch.state_hash == launch.state_hash, WaitingLaunch.created_at > real_now - LOGIN_LIFE
    db.session.execute(delete(WaitingLaunch).where(*same))
    db.session.add(
        WaitingLaunch(
            ticket_hash=hash_of(ticket),
            state_hash=launch.state_hash,
            platform_id=launch.registration.platform_id,
            claims_sealed=sealer.seal(json.dumps(launch.claims)),
            created_at=real_now,
        )
    )
    db.session.commit()
    return ticket


def get_held(ticket: str, sealer: Sealer, real_now: datetime) -> HeldLaunch:
    """What waits behind a ticket; it goes on waiting. Raises LaunchRefused for one spent, late or made up."""
    row = _find_row(ticket)
    if row is None or row.claims_sealed == SPENT or row.created_at <= real_now - TICKET_LIFE:
        raise LaunchRefused("ticket_unknown")
    platform = db.session.get_one(Platform, row.platform_id)
    registration = registration_of(platform)
    launch = read_launch(json.loads(sealer.open(row.claims_sealed)))
    with refusing_signed():
        check_platform(registration)
        check_place(registration, launch.deployment_id)
    return HeldLaunch(registration, launch, platform.name, row.state_hash, ticket)


def find_registration_of_ticket(ticket: str) -> Registration | None:
    """From which platform the launch of a ticket came, used and late ones too; to address a refusal."""
    row = _find_row(ticket)
    return registration_of(db.session.get_one(Platform, row.platform_id)) if row else None


def prove_with_secret(held: HeldLaunch, browser_secret: str) -> CheckedLaunch:
    """The launch with what the platform's page kept for this browser."""
    return CheckedLaunch(held.registration, held.launch, held.state_hash, browser_secret)


@refusing_signed()
def prove_by_word(held: HeldLaunch, cookies: Mapping[str, str]) -> CheckedLaunch:
    """The launch in the tab that has shown its person whose it is. Raises LaunchRefused."""
    shown = cookies.get(_confirm_cookie_name(held.ticket), "")
    if not shown:
        raise LaunchRefused("browser_unknown")
    if not compare_digest(shown.encode(), _confirm_value(held.ticket).encode()):
        raise LaunchRefused("ticket_foreign")
    return CheckedLaunch(held.registration, held.launch, held.state_hash, None)


def spend_ticket(ticket: str) -> None:
    """Erase the claims of a launch whose state is consumed: its ticket leads nowhere any more."""
    own = WaitingLaunch.ticket_hash == hash_of(ticket)
    db.session.execute(update(WaitingLaunch).where(own).values(claims_sealed=SPENT))
    db.session.commit()


def forget_expired(real_now: datetime) -> None:
    """Erase the claims of launches nobody finished, and delete the rows of yesterday; not committed."""
    late = WaitingLaunch.created_at <= real_now - TICKET_LIFE
    db.session.execute(
        update(WaitingLaunch).where(late, WaitingLaunch.claims_sealed != SPENT).values(claims_sealed=SPENT)
    )
    db.session.execute(delete(WaitingLaunch).where(WaitingLaunch.created_at <= real_now - ROW_LIFE))


def set_confirm_cookie(response: Response, ticket: str) -> None:
    """Bind the page that names the person to the click on it; also shows that this tab keeps cookies."""
    response.set_cookie(
        _confirm_cookie_name(ticket),
        _confirm_value(ticket),
        max_age=int(TICKET_LIFE.total_seconds()),
        path=LOGIN_COOKIE_PATH,
        secure=True,
        httponly=True,
        samesite="Strict",
    )


def delete_confirm_cookie(response: Response, ticket: str) -> None:
    """Take the cookie of a finished launch back."""
    response.delete_cookie(
        _confirm_cookie_name(ticket), path=LOGIN_COOKIE_PATH, secure=True, httponly=True, samesite="Strict"
    )


def _find_row(ticket: str) -> WaitingLaunch | None:
    return db.session.get(WaitingLaunch, hash_of(ticket)) if ticket else None


def _confirm_cookie_name(ticket: str) -> str:
    return CONFIRM_COOKIE_PREFIX + hash_of(ticket)[:12]


def _confirm_value(ticket: str) -> str:
    return hash_of("confirm " + ticket)
