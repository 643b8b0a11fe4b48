"""Whatever is sent to the door, the answer is a page below 500, and nobody gets in by it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from course_sync.registrations import Registration
from lti_tool import landing, launches
from lti_tool.id_token import check_claims, read_unverified
from lti_tool.launch_claims import read_launch
from lti_tool.refusals import LaunchRefused
from tests.harness.lti_platform import (
    LTI,
    TestPlatform,
    begin_login,
    count_people_and_sessions,
    post_launch,
)

SLOW_IS_FINE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
CLAIM_NAMES = [
    "iss",
    "aud",
    "azp",
    "exp",
    "iat",
    "nbf",
    "nonce",
    "sub",
    "name",
    "email",
    "zoneinfo",
    "locale",
] + [
    LTI + name
    for name in (
        "version",
        "message_type",
        "deployment_id",
        "target_link_uri",
        "resource_link",
        "roles",
        "context",
        "custom",
        "launch_presentation",
        "role_scope_mentor",
    )
]


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example has to reach the checks; the limits are tried in test_limits."""
    for room, name in ((launches, "LOGINS"), (landing, "STRANGERS")):
        monkeypatch.setattr(room, name, replace(getattr(room, name), uses=10**6))


@SLOW_IS_FINE
@given(token=st.text() | st.binary().map(lambda b: base64.urlsafe_b64encode(b).decode()), state=st.text())
def test_junk_is_answered_with_a_page(app: Flask, platform: TestPlatform, token: str, state: str) -> None:
    response = app.test_client().post("/lti/launch", data={"id_token": token, "state": state})
    assert 400 <= response.status_code < 500
    assert "<code>" in response.text
    assert count_people_and_sessions(app) == (0, 0)


@SLOW_IS_FINE
@given(
    parameters=st.dictionaries(
        st.sampled_from(["iss", "login_hint", "target_link_uri", "client_id", "x"]), st.text()
    )
)
def test_junk_logins_are_answered_with_a_page(
    app: Flask, platform: TestPlatform, parameters: dict[str, str]
) -> None:
    response = app.test_client().post("/lti/login", data=parameters)
    assert 400 <= response.status_code < 500
    assert "Set-Cookie" not in response.headers


@SLOW_IS_FINE
@given(header=JSON, payload=JSON)
def test_any_json_in_a_token_is_answered_with_a_page(
    app: Flask, platform: TestPlatform, header: Any, payload: Any
) -> None:
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (header, payload)
    ]
    response = app.test_client().post(
        "/lti/launch", data={"id_token": ".".join([*parts, "AAAA"]), "state": "s"}
    )
    assert 400 <= response.status_code < 500


@SLOW_IS_FINE
@given(name=st.sampled_from(CLAIM_NAMES), value=JSON)
def test_one_signed_claim_of_any_type_is_accepted_or_refused(
    app: Flask, platform: TestPlatform, name: str, value: Any
) -> None:
    """Even a platform gone mad gets a page: 303 or 4xx, never a crash."""
    client = app.test_client()
    login = begin_login(client, platform)
    token = platform.sign(platform.claims(login.nonce) | {name: value})
    response = post_launch(client, token, login.state)
    assert response.status_code == 303 or 400 <= response.status_code < 500


@given(changes=st.dictionaries(st.sampled_from(CLAIM_NAMES), JSON, max_size=5))
@settings(max_examples=300, deadline=None)
def test_pure_checks_raise_nothing_but_refusals(changes: dict[str, Any]) -> None:
    """The claim checks alone, many more times."""
    platform = TestPlatform()
    registration = Registration(1, 1, platform.issuer, platform.client_id, "", "", "", frozenset({"1"}))
    claims = platform.claims("n") | changes
    try:
        check_claims(claims, registration, "http://localhost:8000", datetime.now(UTC))
        launch = read_launch(claims)
    except LaunchRefused:
        return
    assert launch.subject == claims["sub"]
    assert all(isinstance(role, str) for role in launch.roles)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_reading_a_token_raises_nothing_but_refusals(token: str) -> None:
    with pytest.raises(LaunchRefused):
        read_unverified(token)
