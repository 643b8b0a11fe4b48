"""Launches that must be refused: the bad cases of the 1EdTech certification, and attacks it does not try.

Each is refused with its own code, answers 4xx with a page for a person, and records nothing.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.harness.lti_platform import (
    OMIT,
    TARGET,
    TestPlatform,
    begin_login,
    code_on,
    count_people_and_sessions,
    launch,
    post_launch,
    private_key,
)


def assert_refused(app: Flask, response: TestResponse, code: str) -> None:
    """4xx, the code, words for a person, nothing recorded, nothing set."""
    assert code_on(response) == code
    assert 400 <= response.status_code < 500
    assert response.content_type.startswith("text/html")
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    assert count_people_and_sessions(app) == (0, 0)


NOW = int(time.time())

BAD_CLAIMS = [
    # 1EdTech
    ("wrong LTI version", {"version": "11.3"}, "version_wrong"),
    ("no LTI version", {"version": OMIT}, "version_missing"),
    ("no message type", {"message_type": OMIT}, "message_type_missing"),
    ("no roles", {"roles": OMIT}, "roles_missing"),
    ("no deployment", {"deployment_id": OMIT}, "deployment_missing"),
    ("no resource link", {"resource_link": OMIT}, "resource_link_missing"),
    ("no resource link id", {"resource_link": {"title": "x"}}, "resource_link_missing"),
    ("no user", {"sub": OMIT}, "user_missing"),
    ("bad timestamps", {"iat": 11111, "exp": 22222}, "token_expired"),
    # parties
    ("no issuer", {"iss": OMIT}, "issuer_missing"),
    ("unknown issuer", {"iss": "https://other.example"}, "platform_unknown"),
    ("no audience", {"aud": OMIT}, "audience_invalid"),
    ("other audience", {"aud": "client-2"}, "platform_unknown"),
    ("empty audience list", {"aud": []}, "audience_invalid"),
    ("audience of numbers", {"aud": [1]}, "audience_invalid"),
    ("several audiences without azp", {"aud": ["client-1", "x"]}, "authorised_party_missing"),
    ("several audiences, azp elsewhere", {"aud": ["client-1", "x"], "azp": "x"}, "platform_unknown"),
    ("azp not among the audiences", {"aud": ["x", "y"], "azp": "client-1"}, "audience_invalid"),
    ("one audience, wrong azp", {"azp": "client-2"}, "authorised_party_wrong"),
    ("one audience, azp of another type", {"azp": ["client-1"]}, "authorised_party_wrong"),
    # times
    ("expired", {"iat": NOW - 200, "exp": NOW - 100}, "token_expired"),
    ("no expiry", {"exp": OMIT}, "expiry_missing"),
    ("expiry null", {"exp": None}, "expiry_missing"),
    ("expiry as text", {"exp": str(NOW + 60)}, "time_malformed"),
    ("expiry true", {"exp": True}, "time_malformed"),
    ("expiry absurd", {"exp": 10**30}, "time_malformed"),
    ("expiry below zero", {"exp": -1}, "time_malformed"),
    ("expiry in a list", {"exp": [NOW + 60]}, "time_malformed"),
    ("expired by a fraction", {"iat": NOW - 200.5, "exp": NOW - 100.5}, "token_expired"),
    ("not before as text", {"nbf": "now"}, "time_malformed"),
    ("no issue time", {"iat": OMIT}, "issue_time_missing"),
    ("issue time as text", {"iat": "now"}, "time_malformed"),
    ("issued in the future", {"iat": NOW + 300, "exp": NOW + 400}, "token_from_future"),
    ("issued long ago", {"iat": NOW - 3600, "exp": NOW + 3600}, "token_too_old"),
    ("not valid yet", {"nbf": NOW + 300}, "token_not_yet_valid"),
    # contents
    ("empty version", {"version": ""}, "version_missing"),
    ("version as a number", {"version": 1.3}, "version_missing"),
    ("another message", {"message_type": "LtiSubmissionReviewRequest"}, "message_type_wrong"),
    ("deep linking", {"message_type": "LtiDeepLinkingRequest"}, "placing_malformed"),
    ("other deployment", {"deployment_id": "2"}, "deployment_unknown"),
    ("deployment as a number", {"deployment_id": 1}, "deployment_missing"),
    ("roles as text", {"roles": "Learner"}, "roles_malformed"),
    ("roles null", {"roles": None}, "roles_malformed"),
    ("a role as a number", {"roles": [1]}, "roles_malformed"),
    ("empty user", {"sub": ""}, "user_missing"),
    ("user as a number", {"sub": 5}, "user_missing"),
    ("user of spaces", {"sub": "  "}, "user_missing"),
    ("user too long", {"sub": "u" * 256}, "user_missing"),
    ("resource link as text", {"resource_link": "link"}, "resource_link_missing"),
    ("resource link id as a number", {"resource_link": {"id": 1}}, "resource_link_missing"),
    ("no target", {"target_link_uri": OMIT}, "target_missing"),
    ("foreign target", {"target_link_uri": "https://evil.example/lti/launch"}, "target_foreign"),
    (
        "target that only starts like ours",
        {"target_link_uri": TARGET[:21] + ".evil.example"},
        "target_foreign",
    ),
    ("target with a user name", {"target_link_uri": "http://localhost:8000@evil.example/"}, "target_foreign"),
    ("relative target", {"target_link_uri": "/lti/launch"}, "target_foreign"),
    ("no nonce", {"nonce": OMIT}, "nonce_missing"),
    ("nonce as a list", {"nonce": ["x"]}, "nonce_missing"),
    ("context as text", {"context": "7"}, "claim_malformed"),
    ("context without id", {"context": {"title": "x"}}, "claim_malformed"),
    ("context id as a number", {"context": {"id": 7}}, "claim_malformed"),
    ("name as a list", {"name": ["Ada"]}, "claim_malformed"),
    ("e-mail as an object", {"email": {"a": 1}}, "claim_malformed"),
    ("presentation as text", {"launch_presentation": "iframe"}, "claim_malformed"),
    ("observed learners as text", {"role_scope_mentor": "user-2"}, "claim_malformed"),
    ("NUL in a name", {"name": "Ada\x00"}, "token_malformed"),
]


@pytest.mark.parametrize(
    ("changes", "code"), [case[1:] for case in BAD_CLAIMS], ids=[c[0] for c in BAD_CLAIMS]
)
def test_bad_claims_are_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform, changes: dict[str, Any], code: str
) -> None:
    """One claim is wrong, everything else is right."""
    moved = {k: v + int(time.time()) - NOW if _is_recent(v) else v for k, v in changes.items()}
    assert_refused(app, launch(client, platform, **moved), code)


def _is_recent(value: Any) -> bool:
    return type(value) is int and abs(value - NOW) < 10_000


def test_a_message_that_is_not_lti_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """1EdTech "invalid message": a signed token without any claim of LTI."""
    login = begin_login(client, platform)
    token = platform.sign({"name": "badltilaunch"})
    assert_refused(app, post_launch(client, token, login.state), "issuer_missing")


def test_missing_claims_are_refused(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """1EdTech "missing claims": who and whom for, and nothing else."""
    login = begin_login(client, platform)
    token = platform.sign({"iss": platform.issuer, "aud": platform.client_id, "nonce": login.nonce})
    assert_refused(app, post_launch(client, token, login.state), "expiry_missing")


def test_no_key_id_is_refused(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """1EdTech "no kid"."""
    login = begin_login(client, platform)
    token = platform.sign(platform.claims(login.nonce), kid=None)
    assert_refused(app, post_launch(client, token, login.state), "key_id_missing")


def test_a_wrong_key_id_is_refused(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """1EdTech "wrong kid"."""
    login = begin_login(client, platform)
    token = platform.sign(platform.claims(login.nonce), kid="imstester_66067")
    assert_refused(app, post_launch(client, token, login.state), "key_unknown")


def test_a_foreign_signature_is_refused(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """Signed by a key that the platform did not publish, under a key id that it did."""
    platform.key_name = "attacker"
    assert_refused(app, launch(client, platform), "signature_invalid")


def test_a_changed_payload_is_refused(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """The signature of one launch does not cover another."""
    login = begin_login(client, platform)
    head, _, signature = platform.sign(platform.claims(login.nonce)).split(".")
    _, payload, _ = platform.sign(platform.claims(login.nonce, sub="user-2")).split(".")
    assert_refused(
        app, post_launch(client, f"{head}.{payload}.{signature}", login.state), "signature_invalid"
    )


def _encode(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_the_public_key_as_hmac_secret_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """HS256 with the published key as secret (algorithm confusion)."""
    login = begin_login(client, platform)
    public_pem = (
        private_key("platform")
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    head = _encode({"alg": "HS256", "typ": "JWT", "kid": "key-1"})
    signed = f"{head}.{_encode(platform.claims(login.nonce))}"
    mac = hmac.new(public_pem, signed.encode(), hashlib.sha256).digest()
    token = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert_refused(app, post_launch(client, token, login.state), "algorithm_refused")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 1, ["RS256"], "rs256", "PS256"])
def test_any_other_algorithm_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform, algorithm: Any
) -> None:
    """RS256 only, written exactly so."""
    login = begin_login(client, platform)
    _, payload, signature = platform.sign(platform.claims(login.nonce)).split(".")
    head = _encode({"alg": algorithm, "kid": "key-1"})
    for end in (signature, ""):
        response = post_launch(client, f"{head}.{payload}.{end}", login.state)
        assert_refused(app, response, "algorithm_refused")


def test_another_strong_algorithm_with_the_right_key_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """RS512 with the platform's own key: not what LTI allows."""
    login = begin_login(client, platform)
    token = jwt.encode(
        platform.claims(login.nonce), private_key("platform"), algorithm="RS512", headers={"kid": "key-1"}
    )
    assert_refused(app, post_launch(client, token, login.state), "algorithm_refused")


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", "token_missing"),
        ("abc", "token_malformed"),
        ("a.b.c", "token_malformed"),
        ("a.b.c.d.e", "token_malformed"),
        ("é.é.é", "token_malformed"),
        (f"{_encode([])}.{_encode({})}.x", "token_malformed"),
        (f"{_encode({'alg': 'RS256', 'kid': 'k'})}.{_encode('text')}.x", "token_malformed"),
        (f"{_encode({'alg': 'RS256', 'kid': 'k', 'crit': ['b64']})}.{_encode({})}.x", "token_malformed"),
        ("a" * 300_000, "token_too_large"),
    ],
    ids=["none", "text", "junk", "five parts", "accents", "array", "payload text", "crit", "huge"],
)
def test_what_is_no_token_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform, token: str, code: str
) -> None:
    """Whatever is posted, the answer is a page."""
    login = begin_login(client, platform)
    assert_refused(app, post_launch(client, token, login.state), code)


def test_deeply_nested_claims_are_refused(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """A payload that would exhaust a recursive parser."""
    login = begin_login(client, platform)
    payload = base64.urlsafe_b64encode(b'{"a":' + b"[" * 60_000 + b"]" * 60_000 + b"}").rstrip(b"=").decode()
    token = f"{_encode({'alg': 'RS256', 'kid': 'key-1'})}.{payload}.x"
    assert_refused(app, post_launch(client, token, login.state), "token_malformed")


def test_a_body_that_is_too_large_is_refused(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """More than any launch has."""
    response = client.post("/lti/launch", data={"id_token": "a" * 2_000_000})
    assert response.status_code == 413
    assert count_people_and_sessions(app) == (0, 0)


def test_an_error_of_the_platform_is_explained(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """The platform may answer a login with an error instead of a token."""
    login = begin_login(client, platform)
    response = client.post(
        "/lti/launch",
        data={"error": "login_required", "error_description": "<b>who</b>", "state": login.state},
    )
    assert_refused(app, response, "platform_error")
    assert "<b>who</b>" not in response.text


def test_a_launch_by_get_is_explained(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """A bookmark or a reload of the launch address."""
    assert_refused(app, client.get("/lti/launch"), "launch_by_get")


def test_keys_out_of_reach_refuse_the_launch(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """The platform's key address does not answer: nobody gets in unchecked."""
    platform.is_down = True
    assert_refused(app, launch(client, platform), "platform_keys_unreachable")
