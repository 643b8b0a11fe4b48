"""The cookies that bind logins to a browser: one for each, sent back to the door only.

So several activities opened at once do not disturb each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from flask import Response

from lti_tool.secrets import hash_of

LOGIN_LIFE = timedelta(minutes=10)
"""How long a login may take; a person may have to sign in at the platform on the way."""
LOGIN_COOKIE_PREFIX = "__Secure-ementor-login-"
LOGIN_COOKIE_PATH = "/lti"
"""Login and launch: the one counts what the other needs."""
MAX_LOGIN_COOKIES = 5
"""Logins one browser may have under way; those nobody finished must not swell its requests."""
_LOGIN_COOKIE = re.compile(re.escape(LOGIN_COOKIE_PREFIX) + r"[0-9a-f]{12}")


def login_cookie_name(state: str) -> str:
    """Name of the cookie of one login."""
    return LOGIN_COOKIE_PREFIX + hash_of(state)[:12]


def set_login_cookie(response: Response, name: str, browser_secret: str) -> None:
    """Bind a login to this browser."""
    response.set_cookie(
        name,
        browser_secret,
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
