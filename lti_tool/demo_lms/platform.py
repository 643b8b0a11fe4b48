"""Adapter over lti1p3platform: registration, keys, access tokens (1EdTech Security Framework 1.1, section 4).

Covers what the library leaves open: it checks only the signature of a client assertion, keeps a tool's keys
for ever, grants scopes nobody agreed, and cannot be shared between threads (so: one object per request).
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lti1p3platform.exceptions import LtiException
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.registration import Registration

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.clock import DemoStateError
from lti_tool.demo_lms.tickets import Tickets

KEY_FILE = "platform_key.pem"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_FIELDS = ("grant_type", "client_assertion_type", "client_assertion", "scope")
LONGEST_ASSERTION_SECONDS = 3600


class TokenRefused(Exception):
    """A token request that is not granted; `code` is the OAuth 2 error."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


class DemoRegistration(Registration):
    """The library reads the key and works its id out for each signature, far more work than signing."""

    _kid: str | None = None

    def sign_with(self, key: rsa.RSAPrivateKey) -> None:
        """The private key goes to PyJWT as it is, which takes one that was read as well as its text."""
        public_pem = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.set_platform_private_key(key)
        self.set_platform_public_key(public_pem.decode())
        self._kid = self.get_jwk(public_pem.decode())["kid"]

    def get_kid(self) -> str | None:
        return self._kid


@dataclass
class PlatformKeys:
    """What outlives a request: registration and key pair, the tool's keys, assertions already seen."""

    registration: DemoRegistration
    token_url: str
    tool_key_set: dict[str, Any] | None = None
    seen_assertions: Tickets = field(default_factory=Tickets)

    def platform(self) -> "DemoPlatform":
        """A platform object for one request."""
        return DemoPlatform(keys=self)


class DemoPlatform(LTI1P3PlatformConfAbstract):
    """The library's platform, with the checks it lacks."""

    def init_platform_config(self, **kwargs: Any) -> None:
        self._keys: PlatformKeys = kwargs["keys"]
        self._registration = self._keys.registration

    def get_registration_by_params(self, **kwargs: Any) -> Registration:
        return self._keys.registration

    def get_tool_key_set(self) -> dict[str, Any]:
        """The tool's keys, fetched again (5 s at most) when the key asked for is not among them."""
        kid = self._jwt.get("header", {}).get("kid")
        known = self._keys.tool_key_set
        if known is None or all(key.get("kid") != kid for key in known["keys"]):
            known = self.fetch_public_key(self._keys.registration.get_tool_key_set_url())
            if not isinstance(known, dict) or not isinstance(known.get("keys"), list):
                raise LtiException("the tool's key set holds no list of keys")
            self._keys.tool_key_set = known
        return known

    def decode_message(self, token: str) -> dict[str, Any]:
        """Claims of a message the tool signed; its content is for the caller to check. The library raises."""
        claims: dict[str, Any] = super().tool_validate_and_decode(token)
        return claims

    def tool_validate_and_decode(self, jwt_token_string: str) -> dict[str, Any]:
        """Claims of a client assertion. Raises TokenRefused."""
        try:
            claims = self.decode_message(jwt_token_string)
        except (LtiException, jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
            raise TokenRefused("invalid_client", f"client assertion: {error}") from error
        self._check_assertion(claims)
        return claims

    def _check_assertion(self, claims: dict[str, Any]) -> None:
        client_id = str(self._keys.registration.get_client_id())
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        expires, issued = claims.get("exp"), claims.get("iat")
        problems = {
            "iss is not the client": claims.get("iss") != client_id,
            "sub is not the client": claims.get("sub") != client_id,
            "aud is not the token endpoint": self._keys.token_url not in audiences,
            "exp is missing": not isinstance(expires, int | float),
            "iat is missing": not isinstance(issued, int | float),
            "jti is missing": not isinstance(claims.get("jti"), str) or not claims["jti"],
        }
        problem = next((text for text, wrong in problems.items() if wrong), None)
        if problem is None and expires - issued > LONGEST_ASSERTION_SECONDS:  # type: ignore[operator]
            problem = "it is valid for too long"
        if problem is None and not self._keys.seen_assertions.put(claims["jti"], True, until=expires):
            problem = "jti was used before"
        if problem:
            raise TokenRefused("invalid_client", f"client assertion: {problem}")

    def get_access_token(self, token_request_data: dict[str, Any]) -> dict[str, Any]:
        """Answer of the token endpoint. Raises TokenRefused."""
        missing = next((name for name in TOKEN_FIELDS if not token_request_data.get(name)), None)
        if missing or token_request_data["client_assertion_type"] != ASSERTION_TYPE:
            raise TokenRefused("invalid_request", f"{missing or 'client_assertion_type'} is missing or wrong")
        if token_request_data["grant_type"] != "client_credentials":
            raise TokenRefused("unsupported_grant_type", "only client_credentials")
        asked = token_request_data["scope"].split(" ")
        agreed = " ".join(scope for scope in dict.fromkeys(asked) if scope == constants.NRPS_SCOPE)
        answer: dict[str, Any] = dict(super().get_access_token({**token_request_data, "scope": agreed}))
        if not agreed:
            raise TokenRefused("invalid_scope", "none of these scopes is agreed for this tool")
        return {**answer, "token_type": "Bearer"}

    def validate_token(
        self, token: str, allowed_scopes: list[str] | None = None, audience: str | None = None
    ) -> bool:
        """False for a token that is not ours, has expired or lacks the scope; the library raises."""
        try:
            return bool(super().validate_token(token, allowed_scopes, audience))
        except (LtiException, jwt.PyJWTError, ValueError):
            return False


def _read_or_make_key(path: Path) -> rsa.RSAPrivateKey:
    if path.exists():
        try:
            pem = path.read_bytes()
            # Whether its numbers fit each other is not asked of a demo's own key: it takes 35 ms.
            key = serialization.load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
        except (OSError, ValueError) as error:
            raise DemoStateError(
                f"{path} is no private key ({error}); remove it to make a new one"
            ) from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise DemoStateError(f"{path} is no RSA key; remove it to make a new one")
        return key
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(_private_pem(made))
    return made


def _private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def make_platform(
    base_url: str, tool_url: str, state_dir: Path, tool_jwks_url: str | None = None
) -> PlatformKeys:
    """The registration of the one tool this site knows, with the key pair from the state folder."""
    key = _read_or_make_key(state_dir / KEY_FILE)
    registration = DemoRegistration()
    registration.set_iss(base_url).set_client_id(constants.CLIENT_ID).set_deployment_id(
        constants.DEPLOYMENT_ID
    )
    registration.set_launch_url(tool_url + constants.TOOL_LAUNCH_PATH)
    registration.set_oidc_login_url(tool_url + constants.TOOL_LOGIN_PATH)
    registration.set_tool_key_set_url(tool_jwks_url or tool_url + constants.TOOL_JWKS_PATH)
    registration.sign_with(key)
    return PlatformKeys(registration=registration, token_url=base_url + constants.TOKEN_PATH)
