"""Tools that register themselves with the site (LTI dynamic registration), as Moodle and as Canvas take them.

In memory: a restarted demo knows only the tool it began with. Registering changes nothing until the site's
admin activates the new registration; the course's activity then launches that one.
"""

import json
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.platform import PlatformKeys
from lti_tool.demo_lms.tickets import Tickets

TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
PLATFORM_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-platform-configuration"
MOODLE, CANVAS = "moodle", "canvas"
CONFIGURATION_PATHS = {
    MOODLE: "/mod/lti/openid-configuration.php",
    CANVAS: "/api/lti/security/openid-configuration",
}
REGISTRATION_PATHS = {MOODLE: "/mod/lti/openid-registration.php", CANVAS: "/api/lti/registrations"}
START_PATHS = {MOODLE: "/mod/lti/startltiadvregistration.php", CANVAS: "/api/lti/register"}
TOKEN_SECONDS = 3600
FIRST_NAME = "E-mentor"
_NEEDED = ("response_types", "initiate_login_uri", "redirect_uris", "client_name", "jwks_uri")
_FIRST_CANVAS_CLIENT = 10_000_000_000_001


class RegistrationRefused(Exception):
    """A registration that is not taken; `code` is what the product answers, `status` its HTTP status."""

    def __init__(self, code: str, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass(frozen=True)
class RegisteredTool:
    """A tool as it was registered."""

    client_id: str
    deployment_id: str
    product: str
    document: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.document["client_name"])


@dataclass
class ToolRegistrations:
    """Every registration of this run of the site, and which of them the course uses."""

    keys: PlatformKeys
    tokens: Tickets = field(default_factory=lambda: Tickets(TOKEN_SECONDS))
    tools: list[RegisteredTool] = field(default_factory=list)
    first: RegisteredTool = field(init=False)
    """The one the site began with; the course may go back to it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        begun = self.keys.registration
        document = {
            "client_name": FIRST_NAME,
            "redirect_uris": [begun.get_launch_url()],
            "initiate_login_uri": begun.get_oidc_login_url(),
            "jwks_uri": begun.get_tool_key_set_url(),
        }
        self.first = RegisteredTool(
            str(begun.get_client_id()), str(begun.get_deployment_id()), MOODLE, document
        )

    @property
    def offered(self) -> list[RegisteredTool]:
        """What the course may use, once there is a choice."""
        return [self.first, *self.tools] if self.tools else []

    @property
    def active_client_id(self) -> str:
        return str(self.keys.registration.get_client_id())

    def begin(self, registration_url: str, product: str, base_url: str) -> str:
        """The tool's registration address with what a tool needs to register: once, within the hour."""
        token = secrets.token_urlsafe(24)
        self.tokens.put(token, product)
        added = {
            "openid_configuration": base_url + CONFIGURATION_PATHS[product],
            "registration_token": token,
        }
        parts = urlsplit(registration_url)
        query = "&".join(part for part in (parts.query, urlencode(added)) if part)
        return urlunsplit(parts._replace(query=query))

    def register(self, token: str, document: Any, product: str) -> RegisteredTool:
        """Take a registration. Raises RegistrationRefused."""
        if not token:
            raise RegistrationRefused("missing_registration_token", 401)
        if not isinstance(document, dict):
            raise RegistrationRefused("invalid_client_metadata")
        check_document(document)
        if self.tokens.take(token) != product:
            raise RegistrationRefused("token_already_used", 401)
        with self._lock:
            number = len(self.tools) + 2  # the tool the site began with is the first
            is_moodle = product == MOODLE
            client_id = secrets.token_hex(8) if is_moodle else str(_FIRST_CANVAS_CLIENT + number)
            deployment_id = str(number) if is_moodle else f"{number}:{secrets.token_hex(20)}"
            tool = RegisteredTool(client_id, deployment_id, product, document)
            self.tools.append(tool)
        return tool

    def activate(self, client_id: str) -> None:
        """Let the course use a registration. Raises KeyError for an unknown one."""
        found = {tool.client_id: tool for tool in self.offered}[client_id]
        registration = self.keys.registration
        registration.set_client_id(found.client_id).set_deployment_id(found.deployment_id)
        registration.set_launch_url(found.document["redirect_uris"][0])
        registration.set_oidc_login_url(found.document["initiate_login_uri"])
        registration.set_tool_key_set_url(found.document["jwks_uri"])
        self.keys.tool_key_set = None


def check_document(document: dict[str, Any]) -> None:
    """As Moodle's registration helper does. Raises RegistrationRefused."""
    tool = document.get(TOOL_CONFIGURATION)
    missing = next((name for name in _NEEDED if not document.get(name)), None)
    if missing or not isinstance(tool, dict):
        raise RegistrationRefused(f"missing required attribute {missing or TOOL_CONFIGURATION}")
    for name in ("domain", "target_link_uri"):
        if not tool.get(name):
            raise RegistrationRefused(f"missing required attribute {name}")
    if "id_token" not in document["response_types"]:
        raise RegistrationRefused("invalid_response_types")
    if not isinstance(document["redirect_uris"], list):
        raise RegistrationRefused("invalid_redirect_uris")
    if document.get("token_endpoint_auth_method") != "private_key_jwt":
        raise RegistrationRefused("invalid_token_endpoint_auth_method")


def registration_answer(tool: RegisteredTool) -> dict[str, Any]:
    """What the product answers: Moodle names the deployment, Canvas does not."""
    answer: dict[str, Any] = json.loads(json.dumps(tool.document)) | {"client_id": tool.client_id}
    if tool.product == MOODLE:
        answer[TOOL_CONFIGURATION] |= {"version": "1.3.0", "deployment_id": tool.deployment_id}
    return answer


def configuration(base_url: str, product: str) -> dict[str, Any]:
    """What the site supports, as one product describes itself."""
    described: dict[str, Any] = {
        "product_family_code": product,
        "version": constants.MOODLE_RELEASE if product == MOODLE else "OpenSource",
        "messages_supported": [{"type": "LtiResourceLinkRequest"}, {"type": "LtiDeepLinkingRequest"}],
        "variables": [],
    }
    common = {
        "issuer": base_url,
        "token_endpoint": base_url + constants.TOKEN_PATH,
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "jwks_uri": base_url + constants.CERTS_PATH,
        "authorization_endpoint": base_url + constants.AUTH_PATH,
        "registration_endpoint": base_url + REGISTRATION_PATHS[product],
        "scopes_supported": [constants.NRPS_SCOPE, "openid"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", "name", "given_name", "family_name", "email"],
        PLATFORM_CONFIGURATION: described,
    }
    return common | ({"authorization_server": urlsplit(base_url).netloc} if product == CANVAS else {})
