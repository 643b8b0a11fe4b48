"""The id_token of a launch: every check spelled out (LTI 1.3 core 5.3-5.4, OpenID Connect core 3.1.3.7).

Pure: no database, no HTTP, no clock. State and nonce are bound and consumed in launches.py. Whatever a token
holds, the answer is a `Launch` or a LaunchRefused.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from course_sync import vocabulary as lti
from course_sync.registrations import Registration
from lti_tool.addresses import AddressInvalid, origin_of, plain_address
from lti_tool.deep_linking import check_settings
from lti_tool.refusals import LaunchRefused

MAX_TOKEN_CHARS = 256 * 1024
LEEWAY_SECONDS = 60
"""How far the platform's clock may be from ours."""
MAX_AGE_SECONDS = 600
"""A launch is used at once; Moodle's id_token lives 60 s, Canvas's an hour."""
MAX_SECONDS = 1 << 40
"""Times beyond are no times; they would also be too large to count with."""
MAX_IDENTIFIER_CHARS = 255
"""LTI core 5.3.6.1 limits `sub` and the other identifiers to this."""

MAX_PLAIN_PARTS = 100
"""Objects and lists; a token of more may be nested too deeply to be written again."""
_NUL = "\\u0000"
_PADDING, _HASH = PKCS1v15(), SHA256()
"""RS256 (RFC 7518, 3.3), and nothing else."""


@dataclass(frozen=True)
class UnverifiedToken:
    """A token as it arrived; only good for finding the registration and the key."""

    signed: bytes
    """Header and claims in the very characters that were signed."""
    signature: str
    unverified_claims: dict[str, Any]
    """Nobody's word yet: `verify_signature` gives them back as somebody's."""
    kid: str
    issuer: str
    client_id: str
    """The audience, or the authorised party where there are several audiences."""


def read_unverified(token: str) -> UnverifiedToken:
    """What is needed to look up registration and key, from a token nobody has verified yet."""
    header_part, claims_part, signature = _split_token(token)
    header, claims = (_parse_object(_decode_segment(part)) for part in (header_part, claims_part))
    if header.get("alg") != "RS256":
        raise LaunchRefused("algorithm_refused")
    if "crit" in header or "b64" in header:
        raise LaunchRefused("token_malformed", "critical header")
    kid = header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise LaunchRefused("key_id_missing")
    return UnverifiedToken(
        signed=f"{header_part}.{claims_part}".encode("ascii"),
        signature=signature,
        unverified_claims=claims,
        kid=kid,
        issuer=required_text(claims, "iss", "issuer_missing"),
        client_id=_read_client_id(claims),
    )


def verify_signature(unverified: UnverifiedToken, key: RSAPublicKey) -> dict[str, Any]:
    """The claims, now known to come from the holder of the key. RS256 only, whatever the header asks for.

    They are those parsed before, from the very characters that were signed: nothing is read twice.
    """
    try:
        key.verify(_decode_segment(unverified.signature), unverified.signed, _PADDING, _HASH)
    except (InvalidSignature, LaunchRefused):
        raise LaunchRefused("signature_invalid") from None
    return unverified.unverified_claims


def check_claims(claims: dict[str, Any], registration: Registration, own_origin: str, now: datetime) -> None:
    """Every check of a launch that needs no state. Raises LaunchRefused for the first that fails."""
    _check_parties(claims, registration)
    _check_times(claims, int(now.timestamp()))
    required_text(claims, "nonce", "nonce_missing")
    if required_text(claims, lti.CLAIM_VERSION, "version_missing") != lti.LTI_VERSION:
        raise LaunchRefused("version_wrong")
    message_type = required_text(claims, lti.CLAIM_MESSAGE_TYPE, "message_type_missing")
    if message_type not in (lti.MESSAGE_RESOURCE_LINK, lti.MESSAGE_DEEP_LINKING):
        raise LaunchRefused("message_type_wrong")
    if not registration.knows_deployment(
        required_text(claims, lti.CLAIM_DEPLOYMENT_ID, "deployment_missing")
    ):
        raise LaunchRefused("deployment_unknown")
    check_target(required_text(claims, lti.CLAIM_TARGET_LINK_URI, "target_missing"), own_origin)
    if message_type == lti.MESSAGE_DEEP_LINKING:
        check_settings(claims, registration)
    else:
        _check_resource_link(claims)
    _check_roles(claims)
    required_text(claims, "sub", "user_missing")


def check_target(address: str, own_origin: str) -> None:
    """A launch may only lead to our own pages. Raises LaunchRefused target_foreign."""
    try:
        is_own = origin_of(address) == own_origin
    except AddressInvalid:
        is_own = False
    if not is_own:
        raise LaunchRefused("target_foreign")


def required_text(claims: dict[str, Any], name: str, missing: str) -> str:
    """A non-empty text claim of at most 255 characters (1024 for addresses), or LaunchRefused."""
    value = claims.get(name)
    if value is None or value == "":
        raise LaunchRefused(missing)
    limit = 1024 if name == lti.CLAIM_TARGET_LINK_URI else MAX_IDENTIFIER_CHARS
    if not isinstance(value, str) or not value.strip() or len(value) > limit:
        raise LaunchRefused(missing, "not a text")
    return value


def _split_token(token: str) -> list[str]:
    """Its three parts: header, claims, signature."""
    if not token:
        raise LaunchRefused("token_missing")
    if len(token) > MAX_TOKEN_CHARS:
        raise LaunchRefused("token_too_large")
    segments = token.split(".")
    if len(segments) != 3 or not token.isascii():
        raise LaunchRefused("token_malformed")
    return segments


def _decode_segment(segment: str) -> bytes:
    try:
        return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise LaunchRefused("token_malformed") from None


def _parse_object(data: bytes) -> dict[str, Any]:
    """A JSON object whose texts any database can store: no NUL, no half of a surrogate pair, no NaN."""
    try:
        text = data.decode("utf-8")
        value = _DECODER.decode(text)
        if "\\u" in text or text.count("[") + text.count("{") > MAX_PLAIN_PARTS:
            _check_storable(value)
    except (ValueError, RecursionError):
        raise LaunchRefused("token_malformed") from None
    if not isinstance(value, dict):
        raise LaunchRefused("token_malformed")
    return value


def _check_storable(value: Any) -> None:
    """Raises ValueError or RecursionError. Without escapes, UTF-8 and JSON hold nothing else anyway."""
    written = json.dumps(value, ensure_ascii=False)
    written.encode("utf-8")
    if _NUL in written:
        raise ValueError("NUL")


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _read_client_id(claims: dict[str, Any]) -> str:
    """Which client this token is for: the only audience, or the authorised party among several."""
    audiences = _audiences(claims)
    if len(audiences) == 1:
        return audiences[0]
    return required_text(claims, "azp", "authorised_party_missing")


def _audiences(claims: dict[str, Any]) -> list[str]:
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if (
        not isinstance(audiences, list)
        or not audiences
        or not all(isinstance(a, str) and a for a in audiences)
    ):
        raise LaunchRefused("audience_invalid")
    return audiences


def _check_parties(claims: dict[str, Any], registration: Registration) -> None:
    issuer = str(claims.get("iss"))
    if issuer != registration.issuer and plain_address(issuer) != registration.issuer:
        raise LaunchRefused("platform_unknown")
    audiences = _audiences(claims)
    if registration.client_id not in audiences:
        raise LaunchRefused("audience_invalid")
    if len(audiences) > 1 and claims.get("azp") is None:
        raise LaunchRefused("authorised_party_missing")
    if "azp" in claims and claims["azp"] != registration.client_id:
        raise LaunchRefused("authorised_party_wrong")


def _check_times(claims: dict[str, Any], now: int) -> None:
    expires = _seconds(claims, "exp", "expiry_missing")
    issued = _seconds(claims, "iat", "issue_time_missing")
    if now >= expires + LEEWAY_SECONDS:
        raise LaunchRefused("token_expired", f"{now - expires} s ago")
    if issued > now + LEEWAY_SECONDS:
        raise LaunchRefused("token_from_future", f"{issued - now} s ahead")
    if now > issued + MAX_AGE_SECONDS + LEEWAY_SECONDS:
        raise LaunchRefused("token_too_old", f"issued {now - issued} s ago")
    if (
        claims.get("nbf") is not None
        and _seconds(claims, "nbf", "token_not_yet_valid") > now + LEEWAY_SECONDS
    ):
        raise LaunchRefused("token_not_yet_valid")


def _seconds(claims: dict[str, Any], name: str, missing: str) -> int:
    """A NumericDate of JWT (RFC 7519, 2): seconds, of which some platforms write fractions."""
    value = claims.get(name)
    if value is None:
        raise LaunchRefused(missing)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < MAX_SECONDS:  # infinity (1e999) is not below it either
        raise LaunchRefused("time_malformed", name)
    return math.floor(value)


def _check_resource_link(claims: dict[str, Any]) -> None:
    link = claims.get(lti.CLAIM_RESOURCE_LINK)
    if not isinstance(link, dict):
        raise LaunchRefused("resource_link_missing")
    required_text(link, "id", "resource_link_missing")


def _check_roles(claims: dict[str, Any]) -> None:
    """The claim must be there; an empty list is a person without a role (certification case "no role")."""
    if lti.CLAIM_ROLES not in claims:
        raise LaunchRefused("roles_missing")
    roles = claims[lti.CLAIM_ROLES]
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise LaunchRefused("roles_malformed")
