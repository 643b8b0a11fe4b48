"""Security headers of every answer: content policy, who may frame the page, caching.

No X-Frame-Options: it cannot name a platform. A page may be framed by the platform of its own session only,
so that no organisation reads in a header which others use this tool.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from flask import Flask, Response, g, request

from course_sync.models import ACTIVE
from course_sync.registrations import Registration
from lti_tool.addresses import AddressInvalid, origin_of
from lti_tool.registration import list_platforms
from lti_tool.services import current_services

_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; "
)
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PRIVATE_PATHS = ("/s/", "/lti/")
_HSTS = "max-age=31536000"


def init_headers(app: Flask) -> None:
    """Put the headers on every answer of the application."""
    app.after_request(_add_headers)


def frame_by(platform: Registration, *others: str | None) -> None:
    """Let this platform frame the answer to this request, and the origins of these addresses.

    Hosted Canvas has an issuer that frames nothing; there the launch's return address names the site.
    """
    g.frame_origins = _origins([platform.issuer, platform.auth_login_url, *others])


def frame_by_addresses(*addresses: str | None) -> None:
    """Let the sites of these addresses frame the answer to this request; what is no address is left out."""
    g.frame_origins = _origins(addresses)


def frame_by_nobody() -> None:
    """For a page that is shown in a tab of its own."""
    g.frame_origins = []


def post_to(address: str) -> None:
    """Let a form on the answer to this request go to this address's site as well. Raises AddressInvalid."""
    g.form_origins = [origin_of(address)]


def frame_by_any_platform() -> None:
    """For a refusal of somebody whose platform is not known; with several organisations, none is named."""
    platforms = [platform for platform in list_platforms() if platform.status == ACTIVE]
    is_one_house = len({platform.organisation_id for platform in platforms}) == 1
    addresses = [address for p in platforms for address in (p.issuer, p.auth_login_url)]
    g.frame_origins = _origins(addresses if is_one_house else [])


def _add_headers(response: Response) -> Response:
    forms, frames = g.get("form_origins", ()), g.get("frame_origins", ())
    is_private = request.path.startswith(_PRIVATE_PATHS)
    if is_private:
        response.headers.remove("Cache-Control")
    is_https = current_services().settings.public_url.startswith("https://")
    response.headers.extend(_headers(tuple(forms), tuple(frames), is_private, is_https))
    return response


@lru_cache(maxsize=256)
def _headers(
    forms: tuple[str, ...], frames: tuple[str, ...], is_private: bool, is_https: bool
) -> tuple[tuple[str, str], ...]:
    """Put together once: setting one after the other looks through all of them each time."""
    form_action = " ".join(["form-action 'self'", *forms])
    policy = _CONTENT_POLICY + form_action + "; " + " ".join(["frame-ancestors 'self'", *frames])
    headers = {"Content-Security-Policy": policy, **_FIXED}
    if is_private:
        headers["Cache-Control"] = "no-store"
    if is_https:
        headers["Strict-Transport-Security"] = _HSTS
    return tuple(headers.items())


def _origins(addresses: Iterable[str | None]) -> list[str]:
    found: dict[str, None] = {}
    for address in addresses:
        try:
            found[origin_of(address or "")] = None
        except AddressInvalid:
            continue
    return list(found)
