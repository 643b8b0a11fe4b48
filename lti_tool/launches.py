"""Login initiation and launch: state and nonce bound to each other, registration and browser, used once.

OpenID Connect third-party initiated login as LTI uses it (1EdTech security framework 5.1.1). Real time only.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from sqlalchemy import Connection, bindparam, exists, insert, update
from werkzeug.datastructures import Headers

from course_sync.database import db, one_writer, table_of
from course_sync.models import ACTIVE, REFUSED, Deployment, Platform
from course_sync.records import registration_of
from course_sync.registrations import Registration
from lti_tool.addresses import AddressInvalid, origin_of
from lti_tool.approvals import check_place, check_platform, refuse_deployment
from lti_tool.id_token import (
    UnverifiedToken,
    check_claims,
    check_target,
    read_unverified,
    verify_signature,
)
from lti_tool.launch_claims import Launch, read_launch
from lti_tool.login_cookies import LOGIN_LIFE, login_cookie_name
from lti_tool.models import LoginState
from lti_tool.platform_keys import PlatformKeys
from lti_tool.platform_storage import MAX_TARGET_CHARS, StorageSlot, slot_of
from lti_tool.rate_limits import LOGINS, count_use
from lti_tool.refusals import LaunchRefused, refusing_signed
from lti_tool.registration import find_registration, list_registrations
from lti_tool.registration_lookup import read_registration
from lti_tool.secrets import hash_of

LOGIN_PATH = "/lti/login"
LAUNCH_PATH = "/lti/launch"
MAX_PARAMETER_CHARS = 4096

# Statements of every launch are made once: putting one together costs as much as running it.
_LOGIN, _PLATFORM, _PLACE = table_of(LoginState).c, table_of(Platform).c, table_of(Deployment).c
_REMEMBER = insert(table_of(LoginState)).inline()
_CONSUME = (
    update(table_of(LoginState))
    .where(
        _LOGIN.state_hash == bindparam("state"),
        _LOGIN.nonce_hash == bindparam("nonce"),
        _LOGIN.platform_id == bindparam("platform"),
        _LOGIN.created_at > bindparam("since"),
        _LOGIN.consumed_at.is_(None),
        exists().where(_PLATFORM.id == bindparam("platform"), _PLATFORM.status == ACTIVE),
        ~exists().where(
            _PLACE.platform_id == bindparam("platform"),
            _PLACE.deployment_id == bindparam("place"),
            _PLACE.status == REFUSED,
        ),
    )
    .values(consumed_at=bindparam("now"))
)
_CONSUME_IN_BROWSER = _CONSUME.where(_LOGIN.browser_hash == bindparam("browser"))
_FRAMES = frozenset({"iframe", "frame"})


@dataclass(frozen=True)
class LoginRedirect:
    """Where to send the browser, and what it must keep until it comes back."""

    registration: Registration
    address: str
    cookie_name: str
    browser_secret: str
    slot: StorageSlot | None
    """Where the secret may be kept as well; None = in the cookie only."""


@dataclass(frozen=True)
class ArrivedToken:
    """An id_token before any check that needs a key, or why it is none."""

    token: UnverifiedToken | LaunchRefused
    registration: Registration | None


class StateNotConsumed(Exception):
    """The login of a launch cannot be finished; `find_refusal` says why."""


@dataclass(frozen=True)
class CheckedLaunch:
    """A launch that passed every check but the last: its state is consumed where its session opens."""

    registration: Registration
    launch: Launch
    state_hash: str
    browser_secret: str | None
    """None = the person at the browser has confirmed who they are (waiting_launches); "" = none came."""


@dataclass(frozen=True)
class CookielessLaunch:
    """A launch whose every check passed but one: the browser, in a frame, sent no cookie of its login.

    Either the browser keeps none there, or the launch was carried to it. Its login is live and not consumed.
    """

    registration: Registration
    launch: Launch
    claims: dict[str, Any]
    state_hash: str
    slot: StorageSlot | None


def begin_login(
    parameters: Mapping[str, str], headers: Headers, own_origin: str, real_now: datetime
) -> LoginRedirect:
    """Answer a login initiation: remember state and nonce, and say where to go. Raises LaunchRefused.

    Each login has a cookie of its own, so that several activities opened at once do not disturb each other.
    Raises TooMany for one person's too many.
    """
    issuer, login_hint, target = (
        _required(parameters, name) for name in ("iss", "login_hint", "target_link_uri")
    )
    message_hint = _optional(parameters, "lti_message_hint")
    registration = _choose_registration(issuer, _optional(parameters, "client_id"))
    _check_way_out(registration)
    check_target(target, own_origin)
    storage_target = _storage_target(parameters, headers)
    state, nonce, browser_secret = (secrets.token_urlsafe(32) for _ in range(3))
    row = {
        "state_hash": hash_of(state),
        "nonce_hash": hash_of(nonce),
        "browser_hash": hash_of(browser_secret),
        "platform_id": registration.platform_id,
        "storage_target": storage_target,
        "created_at": real_now,
    }
    with one_writer() as connection:
        count_use(LOGINS, f"{registration.platform_id}:{login_hint}", real_now, connection)
        connection.execute(_REMEMBER, row)
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": registration.client_id,
        "redirect_uri": own_origin + LAUNCH_PATH,
        "login_hint": login_hint,
        "state": state,
        "nonce": nonce,
    } | ({"lti_message_hint": message_hint} if message_hint else {})
    address = _with_query(registration.auth_login_url, query)
    slot = slot_of(storage_target, registration, hash_of(state))
    return LoginRedirect(registration, address, login_cookie_name(state), browser_secret, slot)


def find_login_registration(parameters: Mapping[str, str]) -> Registration | None:
    """Which registration a login initiation is for, if it says so rightly; to address a refusal."""
    try:
        return _choose_registration(_required(parameters, "iss"), _optional(parameters, "client_id"))
    except LaunchRefused:
        return None


def read_arrived(token: str) -> ArrivedToken:
    """What came, and which registration it *claims* to be for; to address a refusal, never to trust it."""
    try:
        unverified = read_unverified(token)
    except LaunchRefused as refusal:
        return ArrivedToken(refusal, None)
    return ArrivedToken(unverified, find_registration(unverified.issuer, unverified.client_id))


def find_registration_of_state(state: str) -> Registration | None:
    """For which registration a login was begun: a platform that answers with an error sends no token."""
    row = db.session.get(LoginState, hash_of(state)) if state else None
    return registration_of(db.session.get_one(Platform, row.platform_id)) if row else None


def check_launch(
    arrived: ArrivedToken,
    form: Mapping[str, str],
    cookies: Mapping[str, str],
    headers: Headers,
    *,
    platform_keys: PlatformKeys,
    own_origin: str,
    real_now: datetime,
) -> CheckedLaunch | CookielessLaunch:
    """Check a launch to the letter. Raises LaunchRefused. Consumes and records nothing.

    Without the login's cookie, in a frame, another proof may be asked for.
    """
    if form.get("error"):
        raise LaunchRefused("platform_error", _safe_code(form["error"]))
    unverified, registration = arrived.token, arrived.registration
    if isinstance(unverified, LaunchRefused):
        raise unverified
    if registration is None:
        raise LaunchRefused("platform_unknown")
    # No transaction is open while the platform is asked for its keys.
    claims = verify_signature(unverified, platform_keys.get_key(registration, unverified.kid))
    return _check_browser(claims, registration, form, cookies, headers, own_origin, real_now)


@refusing_signed()
def _check_browser(
    claims: dict[str, Any],
    registration: Registration,
    form: Mapping[str, str],
    cookies: Mapping[str, str],
    headers: Headers,
    own_origin: str,
    real_now: datetime,
) -> CheckedLaunch | CookielessLaunch:
    _check_signed(claims, registration, own_origin, real_now)
    launch = read_launch(claims)
    state = form.get("state", "")
    if not state:
        raise LaunchRefused("state_missing")
    browser_secret = cookies.get(login_cookie_name(state), "")
    if not browser_secret and _is_framed(headers, launch):
        return _without_cookie(registration, launch, claims, hash_of(state), real_now)
    return CheckedLaunch(registration, launch, hash_of(state), browser_secret)


def _check_signed(
    claims: dict[str, Any], registration: Registration, own_origin: str, real_now: datetime
) -> None:
    """The checks of claims that stand; a deployment we do not remember may have been approved since."""
    try:
        check_claims(claims, registration, own_origin, real_now)
    except LaunchRefused as refusal:
        if refusal.code != "deployment_unknown":
            raise
        registration = _read_anew(registration)
        try:
            check_claims(claims, registration, own_origin, real_now)
        except LaunchRefused as still:
            raise refuse_deployment(registration, claims, still, real_now) from None
    check_platform(registration)


def _read_anew(registration: Registration) -> Registration:
    found = read_registration(registration.issuer, registration.client_id)
    if found is None:
        raise LaunchRefused("platform_unknown")
    return found


def _choose_registration(issuer: str, client_id: str) -> Registration:
    if client_id:
        found = find_registration(issuer, client_id)
        candidates = [found] if found else []
    else:
        candidates = list_registrations(issuer)
    if not candidates:
        raise LaunchRefused("platform_unknown")
    if len(candidates) > 1:
        raise LaunchRefused("platform_ambiguous")
    return candidates[0]


def consume_state(checked: CheckedLaunch, connection: Connection, real_now: datetime) -> None:
    """One UPDATE decides: of two identical launches exactly one changes the row. Raises StateNotConsumed."""
    given = {
        "state": checked.state_hash,
        "nonce": hash_of(checked.launch.nonce),
        "platform": checked.registration.platform_id,
        "place": checked.launch.deployment_id,
        "since": real_now - LOGIN_LIFE,
        "now": real_now,
    }
    if checked.browser_secret is None:
        consumed = connection.execute(_CONSUME, given)
    else:
        given["browser"] = hash_of(checked.browser_secret)
        consumed = connection.execute(_CONSUME_IN_BROWSER, given)
    if consumed.rowcount != 1:
        raise StateNotConsumed


def find_refusal(checked: CheckedLaunch, real_now: datetime) -> LaunchRefused:
    """Why the state of a launch was not consumed; asked for outside of the transaction that tried."""
    registration = checked.registration
    try:
        current = _read_anew(registration)
        check_platform(current)
        check_place(current, checked.launch.deployment_id)
    except LaunchRefused as refusal:
        return refusal
    db.session.rollback()  # what follows must not look at rows as they were before
    row = db.session.get(LoginState, checked.state_hash)
    why_not = _why_not(row, checked.launch.nonce, checked.browser_secret, registration, real_now)
    # None: its twin got there between our two statements
    return why_not or LaunchRefused("launch_replayed")


def _why_not(
    row: LoginState | None,
    nonce: str,
    browser_secret: str | None,
    registration: Registration,
    real_now: datetime,
) -> LaunchRefused | None:
    """What keeps this login from being finished; None = nothing."""
    if row is None:
        return LaunchRefused("state_unknown")
    if row.platform_id != registration.platform_id:
        return LaunchRefused("state_foreign")
    if row.consumed_at is not None:
        return LaunchRefused("launch_replayed")
    if not compare_digest(row.nonce_hash, hash_of(nonce)):
        return LaunchRefused("nonce_foreign")
    if row.created_at <= real_now - LOGIN_LIFE:
        return LaunchRefused("state_expired")
    if browser_secret == "":
        return LaunchRefused("browser_unknown")
    if browser_secret is not None and not compare_digest(row.browser_hash, hash_of(browser_secret)):
        return LaunchRefused("browser_foreign")
    return None


def _without_cookie(
    registration: Registration, launch: Launch, claims: dict[str, Any], state_hash: str, real_now: datetime
) -> CookielessLaunch:
    row = db.session.get(LoginState, state_hash)
    obstacle = _why_not(row, launch.nonce, None, registration, real_now)
    if obstacle is not None:
        raise obstacle
    slot = slot_of(row.storage_target if row else None, registration, state_hash)
    return CookielessLaunch(registration, launch, claims, state_hash, slot)


def _is_framed(headers: Headers, launch: Launch) -> bool:
    """Whether it arrives inside another page: as the browser says, or an old one, as the platform does."""
    said = headers.get("Sec-Fetch-Dest")
    return (launch.document_target if said is None else said) in _FRAMES


def _check_way_out(registration: Registration) -> None:
    """An address stored before hosts were looked at may be none that a browser can be sent to."""
    try:
        origin_of(registration.auth_login_url)
    except AddressInvalid:
        raise LaunchRefused("platform_unknown", "auth_login_url") from None


def _storage_target(parameters: Mapping[str, str], headers: Headers) -> str | None:
    """Name of the frame that keeps data for tools. A tab of its own keeps cookies and needs none."""
    target = _optional(parameters, "lti_storage_target")
    if len(target) > MAX_TARGET_CHARS:
        raise LaunchRefused("login_malformed", "lti_storage_target")
    return target if target and headers.get("Sec-Fetch-Dest") != "document" else None


def _required(parameters: Mapping[str, str], name: str) -> str:
    value = _optional(parameters, name)
    if not value:
        raise LaunchRefused("login_incomplete", name)
    return value


def _optional(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name, "")
    if len(value) > MAX_PARAMETER_CHARS or "\x00" in value or not _is_unicode(value):
        raise LaunchRefused("login_malformed", name)
    return value


def _is_unicode(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _with_query(address: str, query: Mapping[str, str]) -> str:
    parts = urlsplit(address)
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit(parts._replace(query=joined))


def _safe_code(error: str) -> str:
    """An OAuth error code as the platform gave it, if it looks like one (`login_required`)."""
    return error if re.fullmatch(r"[a-z_]{1,40}", error) else "other"
