"""What a platform says of itself is believed only where it speaks of its own host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lti_tool.platform_document import canvas_stage, check_document_address, read_document
from lti_tool.registration_refusals import RegistrationRefused

RECORDED = Path(__file__).parents[2] / "recorded" / "moodle" / "openid-configuration.json"
MOODLE = "https://moodle.example"
SSO = "https://sso.canvaslms.com"


def moodle(**changes: Any) -> dict[str, Any]:
    """The recorded document, as a site behind https would give it."""
    text = RECORDED.read_text("utf-8").replace("http://127.0.0.1:8880", MOODLE)
    document: dict[str, Any] = json.loads(text) | changes
    return {name: value for name, value in document.items() if value is not None}


def canvas(host: str = "https://school.instructure.com", **changes: Any) -> dict[str, Any]:
    """As hosted Canvas describes itself."""
    return {
        "issuer": "https://canvas.instructure.com",
        "authorization_endpoint": f"{SSO}/api/lti/authorize_redirect",
        "registration_endpoint": f"{host}/api/lti/registrations",
        "jwks_uri": f"{SSO}/api/lti/security/jwks",
        "token_endpoint": f"{SSO}/login/oauth2/token",
        "authorization_server": "canvas.instructure.com",
        "https://purl.imsglobal.org/spec/lti-platform-configuration": {"product_family_code": "canvas"},
    } | changes


def code_of(document: Any, address: str = MOODLE + "/mod/lti/openid-configuration.php", **how: bool) -> str:
    """With which code a document is refused."""
    with pytest.raises(RegistrationRefused) as refused:
        read_document(document, address, allow_loopback=how.get("allow_loopback", False))
    return refused.value.code


def test_the_recorded_moodle() -> None:
    found = read_document(moodle(), MOODLE + "/mod/lti/openid-configuration.php", allow_loopback=False)
    assert (found.issuer, found.product, found.host) == (MOODLE, "moodle", "moodle.example")
    assert found.registration_url == MOODLE + "/mod/lti/openid-registration.php"
    assert found.auth_audience is None


def test_hosted_canvas_shares_issuer_and_sign_in() -> None:
    address = "https://school.instructure.com/api/lti/security/openid-configuration"
    found = read_document(canvas(), address, allow_loopback=False)
    assert (found.issuer, found.product) == ("https://canvas.instructure.com", "canvas")
    assert found.host == "school.instructure.com"
    assert found.auth_audience is None, "its bare host is not what it accepts as an audience"


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.example"},
        {"registration_endpoint": "https://other.example/register"},
        {"authorization_endpoint": "https://moodle.example:8443/auth"},
        {"jwks_uri": "https://moodle.example.attacker.example/certs"},
        {"token_endpoint": "https://sso.canvaslms.com/login/oauth2/token"},
    ],
)
def test_addresses_of_another_host_are_a_lie(changes: dict[str, str]) -> None:
    assert code_of(moodle(**changes)) == "configuration_foreign"


@pytest.mark.parametrize(
    ("address", "document"),
    [
        ("https://evil.example/config", canvas("https://evil.example")),
        ("https://instructure.com.evil.example/config", canvas("https://instructure.com.evil.example")),
        ("https://school.instructure.com/config", canvas("https://evil.example")),
        ("https://school.instructure.com/config", canvas(issuer="https://canvas.beta.instructure.com")),
        ("https://school.beta.instructure.com/config", canvas("https://school.beta.instructure.com")),
        ("https://school.instructure.com/config", canvas(jwks_uri="https://evil.example/jwks")),
    ],
)
def test_nobody_else_can_speak_for_hosted_canvas(address: str, document: dict[str, Any]) -> None:
    assert code_of(document, address) == "configuration_foreign"


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ([], "configuration_not_json"),
        (moodle(registration_endpoint=None), "configuration_incomplete"),
        (moodle(jwks_uri=7), "configuration_incomplete"),
        (moodle(issuer=MOODLE + "/" + "i" * 600), "configuration_incomplete"),
        (moodle(token_endpoint="http://moodle.example/token"), "configuration_address_refused"),
        (moodle(token_endpoint="https://127.0.0.1/token"), "configuration_address_refused"),
        (moodle(jwks_uri="file:///etc/passwd"), "configuration_address_refused"),
    ],
)
def test_what_a_document_must_hold(document: Any, code: str) -> None:
    assert code_of(document) == code


@pytest.mark.parametrize("end", ["\ud800", "\u202e", "\u00a0", "\n", " "])
@pytest.mark.parametrize(
    "name", ["issuer", "registration_endpoint", "authorization_endpoint", "jwks_uri", "authorization_server"]
)
def test_an_address_nobody_can_read_is_refused(name: str, end: str) -> None:
    """Such as half of a character, which no request and no database takes."""
    assert code_of(moodle(**{name: f"{MOODLE}/{end}"})) == "configuration_address_refused"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", "configuration_missing"),
        ("http://moodle.example/c", "configuration_address_refused"),
        ("https://localhost/c", "configuration_address_refused"),
        ("https://user:word@moodle.example/c", "configuration_address_refused"),
        ("javascript:alert(1)", "configuration_address_refused"),
    ],
)
def test_the_address_of_the_document(address: str, code: str) -> None:
    with pytest.raises(RegistrationRefused) as refused:
        check_document_address(address, allow_loopback=False)
    assert refused.value.code == code


def test_a_platform_may_name_its_own_audience() -> None:
    found = read_document(moodle(authorization_server=MOODLE), MOODLE + "/c", allow_loopback=False)
    assert found.auth_audience == MOODLE


@pytest.mark.parametrize(
    ("host", "stage"),
    [
        ("school.instructure.com", ""),
        ("sso.canvaslms.com", ""),
        ("school.beta.instructure.com", "beta."),
        ("sso.test.canvaslms.com", "test."),
        ("instructure.com", None),
        ("notinstructure.com", None),
        ("canvaslms.com.evil.example", None),
    ],
)
def test_stages_of_hosted_canvas(host: str, stage: str | None) -> None:
    assert canvas_stage(f"https://{host}/x") == stage


def test_what_is_no_address_is_no_canvas() -> None:
    assert [canvas_stage(text) for text in ("", "https://[", "https://school.instructure.com\n")] == [
        None
    ] * 3
