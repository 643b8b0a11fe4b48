"""Deep-linking requests as a real Moodle sends them and as nobody should, and the claims of the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_sync.registrations import Registration
from lti_tool.deep_linking import (
    CONSOLE,
    MAX_DATA_CHARS,
    MY_E_MENTOR,
    PlacedLink,
    check_settings,
    response_claims,
)
from lti_tool.id_token import check_claims
from lti_tool.launch_claims import read_launch
from lti_tool.refusals import LaunchRefused

RECORDED = Path(__file__).parents[2] / "recorded" / "moodle" / "id_token__deeplink_teacher1.json"
SETTINGS = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
PRESENTATION = "https://purl.imsglobal.org/spec/lti/claim/launch_presentation"
CUSTOM = "https://purl.imsglobal.org/spec/lti/claim/custom"
MESSAGE_TYPE = "https://purl.imsglobal.org/spec/lti/claim/message_type"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
TOOL = "http://127.0.0.1:9010"
MOODLE = Registration(
    1,
    1,
    "http://127.0.0.1:8880",
    "Npu40h7GMafatLC",
    "http://127.0.0.1:8880/auth",
    "http://127.0.0.1:8880/token",
    "http://127.0.0.1:8880/certs",
    frozenset({"1"}),
)
CANVAS = replace(
    MOODLE,
    issuer="https://canvas.instructure.com",
    auth_login_url="https://sso.canvaslms.com/api/lti/authorize_redirect",
    auth_token_url="https://sso.canvaslms.com/login/oauth2/token",
    jwks_url="https://sso.canvaslms.com/api/lti/security/jwks",
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["return_url", "x"]), inner),
    max_leaves=4,
)


@pytest.fixture
def claims() -> dict[str, Any]:
    """What a Moodle 4.5 sent when a teacher added the tool to a course."""
    recorded: dict[str, Any] = json.loads(RECORDED.read_text("utf-8"))["claims"]
    return recorded


def refusal(claims: dict[str, Any], registration: Registration = MOODLE) -> str:
    """The code with which the settings are refused; "" = they are not."""
    try:
        check_settings(claims, registration)
    except LaunchRefused as refused:
        return refused.code
    return ""


def test_a_real_moodle_s_request_is_accepted(claims: dict[str, Any]) -> None:
    """Every check of a launch but the resource link, which there is none of."""
    check_claims(claims, MOODLE, TOOL, datetime.fromtimestamp(claims["iat"], UTC))
    launch = read_launch(claims)
    assert launch.placing is not None
    assert launch.placing.return_url == claims[SETTINGS]["deep_link_return_url"]
    assert launch.placing.accepts_multiple
    assert launch.placing.data is None
    assert (launch.placing.deployment_id, launch.placing.locale) == ("1", "en")


def test_an_ordinary_launch_places_nothing(claims: dict[str, Any]) -> None:
    """Whatever settings it carries along."""
    launch = read_launch(claims | {MESSAGE_TYPE: "LtiResourceLinkRequest"})
    assert launch.placing is None


@pytest.mark.parametrize(
    ("given_settings", "code"),
    [
        (None, "placing_malformed"),
        ([], "placing_malformed"),
        ({"accept_types": "ltiResourceLink"}, "placing_malformed"),
        ({"accept_types": ["link", "file"]}, "placing_not_accepted"),
        ({"data": 7}, "placing_malformed"),
        ({"data": "x" * (MAX_DATA_CHARS + 1)}, "placing_malformed"),
        ({"deep_link_return_url": None}, "placing_malformed"),
        ({"deep_link_return_url": "javascript:alert(1)"}, "placing_malformed"),
        ({"deep_link_return_url": "http://127.0.0.1:8880@evil.example/"}, "placing_malformed"),
        ({"deep_link_return_url": "http://127.0.0.1:8881/"}, "placing_return_foreign"),
        ({"deep_link_return_url": "https://evil.example/"}, "placing_return_foreign"),
        ({"data": "as long as it likes"}, ""),
    ],
)
def test_settings_that_cannot_be_answered_are_refused(
    claims: dict[str, Any], given_settings: dict[str, Any] | None, code: str
) -> None:
    """Each with the code that says what is wrong."""
    is_change = isinstance(given_settings, dict)
    changed = claims[SETTINGS] | given_settings if is_change else given_settings
    assert refusal(claims | {SETTINGS: changed}) == code


@settings(deadline=None)
@given(
    changes=st.dictionaries(st.sampled_from(["accept_types", "data", "deep_link_return_url"]), ANYTHING),
    presentation=ANYTHING,
)
def test_settings_of_any_type_are_accepted_or_refused(changes: dict[str, Any], presentation: Any) -> None:
    """A platform gone mad gets a page, never a crash; what is accepted goes to the platform."""
    recorded = json.loads(RECORDED.read_text("utf-8"))["claims"]
    claims = recorded | {SETTINGS: recorded[SETTINGS] | changes, PRESENTATION: presentation}
    if refusal(claims) == "":
        assert claims[SETTINGS]["deep_link_return_url"].startswith(MOODLE.issuer + "/")


def test_hosted_canvas_answers_go_to_the_customer_s_site(claims: dict[str, Any]) -> None:
    """Its issuer is the vendor's; the signed return address names the site. Plain http never does."""

    def placing_at(site: str, returned_to: str) -> str:
        asked = claims[SETTINGS] | {"deep_link_return_url": f"{site}/courses/1/deep_linking_response"}
        presentation = {"return_url": f"{returned_to}/courses/1"}
        return refusal(claims | {SETTINGS: asked, PRESENTATION: presentation}, CANVAS)

    school = "https://school.instructure.com"
    assert placing_at(school, school) == ""
    assert placing_at("https://evil.example", school) == "placing_return_foreign"
    plain = "http://school.instructure.com"
    assert placing_at(plain, plain) == "placing_return_foreign"


def test_the_answer_says_what_the_platform_must_know(claims: dict[str, Any]) -> None:
    """Addressed to the platform, short-lived, with `data` only where there was some, and no line item."""
    placing = read_launch(claims).placing
    assert placing is not None
    links = [PlacedLink(MY_E_MENTOR, "My e-mentor", "Yours."), PlacedLink(CONSOLE, "Console", "All.")]
    now = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
    made = {"registration": MOODLE, "launch_url": f"{TOOL}/lti/launch", "nonce": "n", "real_now": now}
    answer = response_claims(placing, links, **made)
    assert (answer["iss"], answer["aud"], answer["nonce"]) == (MOODLE.client_id, MOODLE.issuer, "n")
    assert 0 < answer["exp"] - answer["iat"] <= 300
    assert answer[MESSAGE_TYPE] == "LtiDeepLinkingResponse"
    assert DL + "data" not in answer
    assert answer[DL + "content_items"][1] == {
        "type": "ltiResourceLink",
        "title": "Console",
        "text": "All.",
        "url": f"{TOOL}/lti/launch",
        "custom": {"ementor_page": "console"},
    }
    assert response_claims(replace(placing, data="back"), links, **made)[DL + "data"] == "back"


@pytest.mark.parametrize(
    ("given", "page"), [("console", "console"), ("my_e_mentor", "my_e_mentor"), ("admin", ""), (7, "")]
)
def test_a_placed_link_leads_only_where_one_can_be_placed_to(
    claims: dict[str, Any], given: object, page: str
) -> None:
    """A course's editor can change the parameter; anything else is as if it were not there."""
    assert read_launch(claims | {CUSTOM: {"ementor_page": given}}).page == page
