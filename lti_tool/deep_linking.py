"""Deep linking: what a platform may ask to place in its course, and the signed answer (LTI Deep Linking 2.0).

Pure. Only links to our own pages are offered; who may place them is decided in mentor_console.access.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from course_sync import vocabulary as lti
from course_sync.registrations import Registration
from lti_tool.addresses import MAX_ADDRESS_CHARS, AddressInvalid, origin_of
from lti_tool.refusals import LaunchRefused

RESPONSE_SECONDS = 300
"""Life of an answer; the browser carries it to the platform at once."""
MAX_DATA_CHARS = 16 * 1024
"""Of what the platform wants to have back unchanged."""
PAGE_PARAMETER = "ementor_page"
"""Custom parameter of a placed link, which says where it leads."""
MY_E_MENTOR = "my_e_mentor"
CONSOLE = "console"
PAGES = (MY_E_MENTOR, CONSOLE)


@dataclass(frozen=True)
class Placing:
    """A deep-linking request that holds: plain values, since it is kept with its session."""

    deployment_id: str
    return_url: str
    data: str | None
    """To be sent back unchanged; None = the platform gave none."""
    accepts_multiple: bool
    locale: str
    """Of the course's page, as the platform wrote it; "" = unknown."""


@dataclass(frozen=True)
class PlacedLink:
    """One link as the course page will show it."""

    page: str
    """One of PAGES."""
    title: str
    text: str


def check_settings(claims: Mapping[str, Any], registration: Registration) -> None:
    """Whether a deep-linking request can be answered, and where to. Raises LaunchRefused."""
    settings = claims.get(lti.CLAIM_DEEP_LINKING_SETTINGS)
    if not isinstance(settings, dict):
        raise LaunchRefused("placing_malformed")
    types = settings.get("accept_types")
    if not isinstance(types, list):
        raise LaunchRefused("placing_malformed", "accept_types")
    if lti.CONTENT_RESOURCE_LINK not in types:
        raise LaunchRefused("placing_not_accepted")
    data = settings.get("data")
    if data is not None and (not isinstance(data, str) or len(data) > MAX_DATA_CHARS):
        raise LaunchRefused("placing_malformed", "data")
    _check_return_url(settings.get("deep_link_return_url"), claims, registration)


def read_settings(claims: Mapping[str, Any], locale: str) -> Placing | None:
    """What `check_settings` accepted; None for a message that is not a deep-linking request."""
    if claims[lti.CLAIM_MESSAGE_TYPE] != lti.MESSAGE_DEEP_LINKING:
        return None
    settings = claims[lti.CLAIM_DEEP_LINKING_SETTINGS]
    return Placing(
        deployment_id=claims[lti.CLAIM_DEPLOYMENT_ID],
        return_url=settings["deep_link_return_url"],
        data=settings.get("data"),
        accepts_multiple=settings.get("accept_multiple") is True,
        locale=locale,
    )


def response_claims(
    placing: Placing,
    links: Iterable[PlacedLink],
    *,
    registration: Registration,
    launch_url: str,
    nonce: str,
    real_now: datetime,
) -> dict[str, Any]:
    """Claims of the answer, to be signed with the tool's key. No line item is ever asked for."""
    issued_at = int(real_now.timestamp())
    claims: dict[str, Any] = {
        "iss": registration.client_id,
        "aud": registration.issuer,
        "iat": issued_at,
        "exp": issued_at + RESPONSE_SECONDS,
        "nonce": nonce,
        lti.CLAIM_MESSAGE_TYPE: lti.MESSAGE_DEEP_LINKING_RESPONSE,
        lti.CLAIM_VERSION: lti.LTI_VERSION,
        lti.CLAIM_DEPLOYMENT_ID: placing.deployment_id,
        lti.CLAIM_CONTENT_ITEMS: [_content_item(link, launch_url) for link in links],
    }
    if placing.data is not None:
        claims[lti.CLAIM_DEEP_LINKING_DATA] = placing.data
    return claims


def _content_item(link: PlacedLink, launch_url: str) -> dict[str, Any]:
    return {
        "type": lti.CONTENT_RESOURCE_LINK,
        "title": link.title,
        "text": link.text,
        "url": launch_url,
        "custom": {PAGE_PARAMETER: link.page},
    }


def _check_return_url(address: Any, claims: Mapping[str, Any], registration: Registration) -> None:
    """The answer may only go where this platform is known to be."""
    if not isinstance(address, str) or not 0 < len(address) <= MAX_ADDRESS_CHARS:
        raise LaunchRefused("placing_malformed", "deep_link_return_url")
    presentation = claims.get(lti.CLAIM_LAUNCH_PRESENTATION)
    return_url = presentation.get("return_url") if isinstance(presentation, dict) else None
    known = [registration.issuer, registration.auth_login_url, registration.auth_token_url]
    known.append(registration.jwks_url)
    try:
        origin = origin_of(address)
    except AddressInvalid:
        raise LaunchRefused("placing_malformed", "deep_link_return_url") from None
    # Hosted Canvas has one issuer for all its customers; the signed return_url names the customer's site.
    if origin not in _origins([*known, return_url]) or not _is_as_safe(origin, registration.issuer):
        raise LaunchRefused("placing_return_foreign")


def _is_as_safe(origin: str, issuer: str) -> bool:
    """Https, unless the platform itself has none (loopback in demonstrations; checked when registered)."""
    return origin.startswith("https://") or issuer.startswith("http://")


def _origins(addresses: Iterable[Any]) -> set[str]:
    found = set()
    for address in addresses:
        try:
            found.add(origin_of(address))
        except (AddressInvalid, AttributeError, TypeError):
            continue
    return found
