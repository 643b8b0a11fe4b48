"""Login initiation and launch: state and nonce bound to each other, registration and browser, used once.

OpenID Connect third-party initiated login as LTI uses it (1EdTech security framework 5.1.1). Real time only.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Response
from sqlalchemy import update

from course_sync.database import db
from course_sync.registrations import Registration
from lti_tool.id_token import check_claims, check_target, read_unverified, verify_signature
from lti_tool.launch_claims import Launch, read_launch
from lti_tool.models import LoginState
from lti_tool.platform_keys import PlatformKeys
from lti_tool.refusals import LaunchRefused
from lti_tool.registration import find_registration, list_registrations
from lti_tool.secrets import hash_of

LOGIN_PATH = "/lti/login"
LAUNCH_PATH = "/lti/launch"
LOGIN_LIFE = timedelta(minutes=10)
"""How long a login may take; a person may have to sign in at the platform on the way."""
LOGIN_COOKIE_PREFIX = "__Secure-ementor-login-"
LOGIN_COOKIE_PATH = "/lti"
"""Login and launch: the one counts what the other needs."""
MAX_LOGIN_COOKIES = 5
"""Logins one browser may have under way; those nobody finished must not swell its requests."""
_LOGIN_COOKIE = re.compile(re.escape(LOGIN_COOKIE_PREFIX) + r"[0-9a-f]{12}")
MAX_PARAMETER_CHARS = 4096


@dataclass(frozen=True)
class LoginRedirect:
    """Where to send the browser, and what it must keep until it comes back."""

    registration: Registration
    address: str
    cookie_name: str
    browser_secret: str


@dataclass(frozen=True)
class AcceptedLaunch:
    """A launch that passed every check, with its state consumed."""

    registration: Registration
    launch: Launch


def begin_login(parameters: Mapping[str, str], own_origin: str, real_now: datetime) -> LoginRedirect:
    """Answer a login initiation: remember state and nonce, and say where to go. Raises LaunchRefused.

    Each login has a cookie of its own, so that several activities opened at once do not disturb each other.
    """
    issuer, login_hint, target = (
        _required(parameters, name) for name in ("iss", "login_hint", "target_link_uri")
    )
    message_hint = _optional(parameters, "lti_message_hint")
    registration = _choose_registration(issuer, _optional(parameters, "client_id"))
    check_target(target, own_origin)
    state, nonce, browser_secret = (secrets.token_urlsafe(32) for _ in range(3))
    db.session.add(
        LoginState(
            state_hash=hash_of(state),
            nonce_hash=hash_of(nonce),
            browser_hash=hash_of(browser_secret),
            platform_id=registration.platform_id,
            created_at=real_now,
        )
    )
    db.session.commit()
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
    return LoginRedirect(registration, address, login_cookie_name(state), browser_secret)


def set_login_cookie(response: Response, login: LoginRedirect) -> None:
    """Bind the login to this browser; sent back to the door only."""
    response.set_cookie(
        login.cookie_name,
        login.browser_secret,
        max_age=int(LOGIN_LIFE.total_seconds()),
        path=LOGIN_COOKIE_PATH,
        secure=True,
        httponly=True,
        samesite="None",
        partitioned=True,
    )


def delete_login_cookies(response: Response, names: Iterable[str]) -> None:
    """Take cookies of logins back from this browser."""
    for name in names:
        response.delete_cookie(
            name, path=LOGIN_COOKIE_PATH, secure=True, httponly=True, samesite="None", partitioned=True
        )


def list_surplus_cookies(cookies: Iterable[str]) -> list[str]:
    """Names of the oldest login cookies of a browser that is about to get one more; it sends oldest first."""
    names = [name for name in cookies if _LOGIN_COOKIE.fullmatch(name)]
    return names[: max(0, len(names) - (MAX_LOGIN_COOKIES - 1))]


def login_cookie_name(state: str) -> str:
    """Name of the cookie of one login."""
    return LOGIN_COOKIE_PREFIX + hash_of(state)[:12]


def find_login_registration(parameters: Mapping[str, str]) -> Registration | None:
    """Which registration a login initiation is for, if it says so rightly; to address a refusal."""
    try:
        return _choose_registration(_required(parameters, "iss"), _optional(parameters, "client_id"))
    except LaunchRefused:
        return None


def find_launch_registration(token: str) -> Registration | None:
    """Which registration a token *claims* to be for; to address a refusal, never to trust it."""
    try:
        unverified = read_unverified(token)
    except LaunchRefused:
        return None
    return find_registration(unverified.issuer, unverified.client_id)


def accept_launch(
    form: Mapping[str, str],
    cookies: Mapping[str, str],
    *,
    platform_keys: PlatformKeys,
    own_origin: str,
    real_now: datetime,
) -> AcceptedLaunch:
    """Check a launch to the letter and consume its state. Raises LaunchRefused; then nothing was recorded."""
    if form.get("error"):
        raise LaunchRefused("platform_error", _safe_code(form["error"]))
    unverified = read_unverified(form.get("id_token", ""))
    registration = find_registration(unverified.issuer, unverified.client_id)
    if registration is None:
        raise LaunchRefused("platform_unknown")
    db.session.rollback()  # no transaction stays open while the platform is asked for its keys
    claims = verify_signature(unverified, platform_keys.get_key(registration, unverified.kid))
    check_claims(claims, registration, own_origin, real_now)
    launch = read_launch(claims)
    _consume_state(form.get("state", ""), launch.nonce, registration, cookies, real_now)
    return AcceptedLaunch(registration, launch)


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


def _consume_state(
    state: str, nonce: str, registration: Registration, cookies: Mapping[str, str], real_now: datetime
) -> None:
    """One UPDATE decides: of two identical launches exactly one changes the row."""
    if not state:
        raise LaunchRefused("state_missing")
    browser_secret = cookies.get(login_cookie_name(state), "")
    consumed = db.session.execute(
        update(LoginState)
        .where(
            LoginState.state_hash == hash_of(state),
            LoginState.nonce_hash == hash_of(nonce),
            LoginState.browser_hash == hash_of(browser_secret),
            LoginState.platform_id == registration.platform_id,
            LoginState.created_at > real_now - LOGIN_LIFE,
            LoginState.consumed_at.is_(None),
        )
        .values(consumed_at=real_now)
    )
    db.session.commit()
    if consumed.rowcount != 1:  # type: ignore[attr-defined]
        raise _why_not(state, nonce, browser_secret, registration, real_now)


def _why_not(
    state: str, nonce: str, browser_secret: str, registration: Registration, real_now: datetime
) -> LaunchRefused:
    row = db.session.get(LoginState, hash_of(state))
    if row is None:
        return LaunchRefused("state_unknown")
    if row.platform_id != registration.platform_id:
        return LaunchRefused("state_foreign")
    if row.consumed_at is not None:
        return LaunchRefused("launch_replayed")
    if not browser_secret:
        return LaunchRefused("browser_unknown")
    if not compare_digest(row.browser_hash, hash_of(browser_secret)):
        return LaunchRefused("browser_foreign")
    if not compare_digest(row.nonce_hash, hash_of(nonce)):
        return LaunchRefused("nonce_foreign")
    if row.created_at <= real_now - LOGIN_LIFE:
        return LaunchRefused("state_expired")
    return LaunchRefused("launch_replayed")  # its twin got there between our two statements


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
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in value)


def _with_query(address: str, query: Mapping[str, str]) -> str:
    parts = urlsplit(address)
    joined = "&".join(part for part in (parts.query, urlencode(query)) if part)
    return urlunsplit(parts._replace(query=joined))


def _safe_code(error: str) -> str:
    """An OAuth error code as the platform gave it, if it looks like one (`login_required`)."""
    return error if re.fullmatch(r"[a-z_]{1,40}", error) else "other"
