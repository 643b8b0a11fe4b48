"""Forged requests: every unsafe request of a session needs its token, and must not come from another site.

The token is an HMAC of the handle under the session's secret, so it dies with the session
and needs no storage.
"""

from __future__ import annotations

import hashlib
import hmac

from flask import Request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FIELD = "csrf_token"
HEADER = "X-CSRF-Token"


class ForgedRequest(HTTPException):
    """The request did not come from one of this session's own pages."""

    code = 403
    description = "forged request"


def token_for(handle: str, secret: str) -> str:
    """The token of one session."""
    return hmac.new(secret.encode(), b"csrf:" + handle.encode(), hashlib.sha256).hexdigest()


def field_for(handle: str, secret: str) -> Markup:
    """The hidden field every form of the session carries."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token_for(handle, secret))


def check_request(request: Request, handle: str, secret: str, own_origin: str) -> None:
    """Raises ForgedRequest for an unsafe request that does not come from the session's own pages."""
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin != own_origin:
        raise ForgedRequest
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise ForgedRequest
    given = request.headers.get(HEADER) or request.form.get(FIELD, "")
    expected = token_for(handle, secret)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise ForgedRequest
