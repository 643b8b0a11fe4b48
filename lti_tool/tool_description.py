"""What a platform should know of this tool: addresses, services asked for, custom parameters, placements.

Pure. One description, from which the registration document (dynamic registration 1.0, 2.3.1) and the
configuration of Canvas are made. No grading scope is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from course_sync import vocabulary as lti
from lti_tool.deep_linking import CONSOLE, MY_E_MENTOR, PAGE_PARAMETER
from lti_tool.launches import LAUNCH_PATH, LOGIN_PATH

TOOL_CONFIGURATION = "https://purl.imsglobal.org/spec/lti-tool-configuration"
KEYS_PATH = "/.well-known/jwks.json"
CANVAS_EXTENSION = "https://canvas.instructure.com/lti"
CLAIMS = ("iss", "sub", "name", "given_name", "family_name", "email", "locale", "zoneinfo")
CUSTOM = {
    "coursesection_timeframe_begin": "$CourseSection.timeFrame.begin",
    "coursesection_timeframe_end": "$CourseSection.timeFrame.end",
    "person_address_timezone": "$Person.address.timezone",
}
"""When a course begins and ends, and a person's time zone; LTI itself tells neither."""
CUSTOM_OF_CANVAS = {
    "coursesection_timeframe_begin": "$Canvas.course.startAt",
    "coursesection_timeframe_end": "$Canvas.course.endAt",
    "person_address_timezone": "$Person.address.timezone",
    "canvas_course_id": "$Canvas.course.id",
    "canvas_user_id": "$Canvas.user.id",
    "canvas_user_sis_id": "$Canvas.user.sisSourceId",
    "canvas_membership_roles": "$Canvas.membership.roles",
    "canvas_section_names": "$com.instructure.User.sectionNames",
}
"""Canvas has names of its own; its ids join people of LTI to those of its REST API."""

MENU, HOME_PAGE, MODULES = "course_navigation", "course_home_sub_navigation", "link_selection"
"""Placements of Canvas. What a link shows is decided by who opens it; these say who finds it where."""


@dataclass(frozen=True)
class ToolAddresses:
    """Where platforms find the tool."""

    origin: str

    @property
    def launch(self) -> str:
        """Tool URL, redirection URI and target of every link."""
        return self.origin + LAUNCH_PATH

    @property
    def login(self) -> str:
        """Initiate login URL."""
        return self.origin + LOGIN_PATH

    @property
    def keys(self) -> str:
        """Public keyset URL."""
        return self.origin + KEYS_PATH

    @property
    def canvas_configuration(self) -> str:
        """The configuration Canvas can read by itself."""
        return f"{self.origin}/lti/canvas.json"

    @property
    def domain(self) -> str:
        """Host and port."""
        return urlsplit(self.origin).netloc


def registration_document(origin: str, product: str, names: dict[str, str]) -> dict[str, Any]:
    """The client registration to post to a platform.

    `names` holds what people read: name, name_fr, description, console, learner_page.
    """
    addresses = ToolAddresses(origin)
    tool: dict[str, Any] = {
        "domain": addresses.domain,
        "description": names["description"],
        "target_link_uri": addresses.launch,
        "claims": list(CLAIMS),
        "custom_parameters": CUSTOM_OF_CANVAS if product == "canvas" else CUSTOM,
        "messages": _messages(addresses, product, names),
    }
    if product == "canvas":
        tool |= {f"{CANVAS_EXTENSION}/privacy_level": "public", f"{CANVAS_EXTENSION}/tool_id": "ementor"}
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": addresses.login,
        "redirect_uris": [addresses.launch],
        "client_name": names["name"],
        "client_name#fr": names["name_fr"],
        "jwks_uri": addresses.keys,
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": lti.SCOPE_NRPS,
        TOOL_CONFIGURATION: tool,
    }


def _messages(addresses: ToolAddresses, product: str, names: dict[str, str]) -> list[dict[str, Any]]:
    """What can be launched. Moodle knows one placement and ignores parameters of a message."""
    link = {"type": lti.MESSAGE_RESOURCE_LINK, "target_link_uri": addresses.launch}
    deep = {"type": lti.MESSAGE_DEEP_LINKING, "target_link_uri": addresses.launch, "label": names["name"]}
    if product != "canvas":
        return [link | {"label": names["name"]}, deep | {"placements": ["ContentArea"]}]
    visibility = f"{CANVAS_EXTENSION}/visibility"
    return [
        link | {"label": names["console"], "placements": [MENU], visibility: "admins"} | _leads_to(CONSOLE),
        link
        | {"label": names["learner_page"], "placements": [HOME_PAGE], visibility: "members"}
        | _leads_to(MY_E_MENTOR),
        deep | {"placements": [MODULES]},
    ]


def _leads_to(page: str, field: str = "custom_parameters") -> dict[str, dict[str, str]]:
    return {field: {PAGE_PARAMETER: page}}


def canvas_configuration(origin: str, names: dict[str, str]) -> dict[str, Any]:
    """What Canvas reads when a developer key is made "by URL"."""
    addresses = ToolAddresses(origin)
    return {
        "title": names["name"],
        "description": names["description"],
        "oidc_initiation_url": addresses.login,
        "target_link_uri": addresses.launch,
        "public_jwk_url": addresses.keys,
        "scopes": [lti.SCOPE_NRPS],
        "custom_fields": CUSTOM_OF_CANVAS,
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "domain": addresses.domain,
                "tool_id": "ementor",
                "privacy_level": "public",
                "settings": {"text": names["name"], "placements": _canvas_placements(addresses, names)},
            }
        ],
    }


def _canvas_placements(addresses: ToolAddresses, names: dict[str, str]) -> list[dict[str, Any]]:
    """The console in the course's menu for staff, the learner's page on its home page, links in modules."""
    link = {"message_type": lti.MESSAGE_RESOURCE_LINK, "target_link_uri": addresses.launch, "enabled": True}
    deep = {"message_type": lti.MESSAGE_DEEP_LINKING, "target_link_uri": addresses.launch, "enabled": True}
    return [
        link
        | {"placement": MENU, "text": names["console"], "visibility": "admins", "default": "enabled"}
        | _leads_to(CONSOLE, "custom_fields"),
        link
        | {"placement": HOME_PAGE, "text": names["learner_page"], "visibility": "members"}
        | _leads_to(MY_E_MENTOR, "custom_fields"),
        deep | {"placement": MODULES, "text": names["name"], "selection_width": 640, "selection_height": 600},
    ]
