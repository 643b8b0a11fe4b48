"""What the tool says of itself: as Moodle was seen to accept it, as Canvas documents it, and no grades."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from course_sync.vocabulary import SCOPE_NRPS
from lti_tool.tool_description import TOOL_CONFIGURATION, canvas_configuration, registration_document

ORIGIN = "https://tool.example:8443"
NAMES = {name: name for name in ("name", "name_fr", "description", "console", "learner_page")}
RECORDED = Path(__file__).parents[2] / "recorded" / "moodle" / "dynamic-registration-request.json"


def accepted_by_moodle() -> dict[str, Any]:
    """A request that a real Moodle took."""
    recorded: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))
    return recorded


def shape(value: Any) -> Any:
    """Which kinds of values stand where, whatever they say."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [type(value[0])] if isinstance(value, list) and value else type(value)


def test_has_the_shape_a_real_moodle_took() -> None:
    ours, theirs = registration_document(ORIGIN, "moodle", NAMES), accepted_by_moodle()
    tool, tool_there = ours.pop(TOOL_CONFIGURATION), theirs.pop(TOOL_CONFIGURATION)
    assert set(theirs) - set(ours) == {"contacts"}, "which is optional, and an empty list there"
    assert {name: shape(ours[name]) for name in theirs if name in ours} == {
        name: shape(value) for name, value in theirs.items() if name in ours
    }
    assert set(tool) == set(tool_there)
    assert {name: shape(tool[name]) for name in tool if name != "custom_parameters"} == {
        name: shape(tool_there[name]) for name in tool if name != "custom_parameters"
    }
    assert [message["type"] for message in tool["messages"]] == [
        message["type"] for message in tool_there["messages"]
    ]
    assert tool["messages"][1]["placements"] == ["ContentArea"]
    assert set(tool["custom_parameters"].items()) <= set(tool_there["custom_parameters"].items())


@pytest.mark.parametrize("product", ["moodle", "canvas", ""])
def test_asks_for_the_roster_and_never_for_grades(product: str) -> None:
    document = registration_document(ORIGIN, product, NAMES)
    assert document["scope"] == SCOPE_NRPS
    assert "ags" not in json.dumps(document)
    assert "ags" not in json.dumps(canvas_configuration(ORIGIN, NAMES))


def test_addresses_are_of_this_site() -> None:
    document = registration_document(ORIGIN, "moodle", NAMES)
    assert document["redirect_uris"] == [ORIGIN + "/lti/launch"]
    assert document["initiate_login_uri"] == ORIGIN + "/lti/login"
    assert document["jwks_uri"] == ORIGIN + "/.well-known/jwks.json"
    assert document[TOOL_CONFIGURATION]["domain"] == "tool.example:8443"


def test_canvas_gets_its_own_variables_and_placements() -> None:
    tool = registration_document(ORIGIN, "canvas", NAMES)[TOOL_CONFIGURATION]
    assert tool["https://canvas.instructure.com/lti/privacy_level"] == "public"
    placements = {placement for message in tool["messages"] for placement in message["placements"]}
    configured = canvas_configuration(ORIGIN, NAMES)
    (extension,) = configured["extensions"]
    assert placements == {one["placement"] for one in extension["settings"]["placements"]}
    assert "course_navigation" in placements
    assert extension["privacy_level"] == "public"
    assert configured["custom_fields"] == tool["custom_parameters"]
    assert configured["custom_fields"]["canvas_membership_roles"] == "$Canvas.membership.roles"
    assert configured["public_jwk_url"] == ORIGIN + "/.well-known/jwks.json"
    assert configured["oidc_initiation_url"] == ORIGIN + "/lti/login"
