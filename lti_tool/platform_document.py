"""What a platform says of itself at its registration (openid_configuration), checked before it is believed.

Pure (dynamic registration 1.0, 2.2). The document comes from an address somebody typed, so everything in it
must belong to the host of that address; hosted Canvas, one issuer for all its customers, is the exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lti_tool.addresses import MAX_ADDRESS_CHARS, AddressInvalid, check_platform_address, origin_of
from lti_tool.registration_refusals import RegistrationRefused

PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
_FIELDS = {
    "issuer": "issuer",
    "auth_login_url": "authorization_endpoint",
    "auth_token_url": "token_endpoint",
    "jwks_url": "jwks_uri",
    "registration_url": "registration_endpoint",
}
_CANVAS_STAGES = ("", "beta.", "test.")
"""Production, beta and test of hosted Canvas."""
MAX_ISSUER_CHARS = 512


@dataclass(frozen=True)
class PlatformDescription:
    """A platform's own description, as far as the tool uses it."""

    issuer: str
    auth_login_url: str
    auth_token_url: str
    jwks_url: str
    registration_url: str
    auth_audience: str | None
    product: str
    """moodle | canvas | "" for any other."""

    @property
    def host(self) -> str:
        """The host people know it by: of its registration address, since hosted Canvas shares its issuer."""
        return urlsplit(self.registration_url).netloc


def check_document_address(address: str, *, allow_loopback: bool) -> str:
    """The address of the document, if it is one the tool may ask. Raises RegistrationRefused."""
    if not address:
        raise RegistrationRefused("configuration_missing")
    try:
        return check_platform_address(address, allow_loopback=allow_loopback)
    except AddressInvalid:
        raise RegistrationRefused("configuration_address_refused") from None


def read_document(document: Any, address: str, *, allow_loopback: bool) -> PlatformDescription:
    """The description in a document that was fetched from this address. Raises RegistrationRefused."""
    if not isinstance(document, dict):
        raise RegistrationRefused("configuration_not_json")
    values = {field: _address(document, name, allow_loopback) for field, name in _FIELDS.items()}
    if len(values["issuer"]) > MAX_ISSUER_CHARS:
        raise RegistrationRefused("configuration_incomplete", "issuer")
    described = document.get(PLATFORM_CONFIGURATION)
    product = _product(described if isinstance(described, dict) else {})
    _check_hosts(values, address)
    return PlatformDescription(**values, auth_audience=_audience(document, values), product=product)


def canvas_stage(address: str) -> str | None:
    """Which stage of hosted Canvas serves this address: "", "beta." or "test."; None for anything else."""
    try:
        host = urlsplit(origin_of(address)).hostname or ""
    except AddressInvalid:
        return None
    for stage in reversed(_CANVAS_STAGES):
        own = (f"canvas.{stage}instructure.com", f"sso.{stage}canvaslms.com")
        if host in own or host.endswith(f".{stage}instructure.com"):
            return stage
    return None


def _address(document: dict[str, Any], name: str, allow_loopback: bool) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise RegistrationRefused("configuration_incomplete", name)
    try:
        return check_platform_address(value, allow_loopback=allow_loopback)
    except AddressInvalid:
        raise RegistrationRefused("configuration_address_refused", name) from None


def _check_hosts(values: dict[str, str], address: str) -> None:
    """Issuer and every address are of the document's own origin, or all of one stage of hosted Canvas."""
    origin = origin_of(address)
    if all(origin_of(value) == origin for value in values.values()):
        return
    stage = canvas_stage(address)
    if stage is None or values["issuer"] != f"https://canvas.{stage}instructure.com":
        wrong = next(_FIELDS[field] for field, value in values.items() if origin_of(value) != origin)
        raise RegistrationRefused("configuration_foreign", wrong)
    for field, value in values.items():
        if canvas_stage(value) != stage:
            raise RegistrationRefused("configuration_foreign", _FIELDS[field])


def _product(described: dict[str, Any]) -> str:
    family = str(described.get("product_family_code", "")).lower()
    return family if family in ("moodle", "canvas") else ""


def _audience(document: dict[str, Any], values: dict[str, str]) -> str | None:
    """The authorisation server, if the platform names one by its address.

    Canvas names a bare host there, yet expects its token address as the audience.
    """
    server = document.get("authorization_server")
    if not isinstance(server, str) or server == values["auth_token_url"]:
        return None
    if len(server) > MAX_ADDRESS_CHARS or not server.startswith(("https://", "http://")):
        return None
    try:
        origin_of(server)
    except AddressInvalid:
        raise RegistrationRefused("configuration_address_refused", "authorization_server") from None
    return server
