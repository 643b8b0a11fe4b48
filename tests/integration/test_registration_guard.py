"""A platform is asked for its description under guard: private, redirecting, huge, slow, no JSON: refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from course_sync.platform_client import PlatformClient
from lti_tool import dynamic_registration, invites
from lti_tool.config import Settings
from lti_tool.registration import get_default_organisation
from lti_tool.registration_refusals import RegistrationRefused


def drip(_request: Request) -> Response:
    """Never a long silence, and never an end."""

    def parts() -> Iterator[bytes]:
        while True:
            time.sleep(0.05)
            yield b" "

    return Response(parts(), content_type="application/json")


ANSWERS: dict[str, Any] = {
    "configuration_redirected": lambda _: Response(status=302, headers={"Location": "/other"}),
    "configuration_too_large": lambda _: Response(b'{"a": "' + b"a" * 300_000 + b'"}'),
    "configuration_not_json": lambda _: Response("<!doctype html><title>Log in</title>"),
    "configuration_incomplete": lambda _: Response('{"issuer": "http://127.0.0.1"}'),
    "configuration_unreachable": drip,
}


@pytest.fixture
def client() -> Iterator[PlatformClient]:
    made = PlatformClient(sign_assertion=lambda _: "", allow_loopback=True)
    yield made
    made.close()


def code_of(
    address: str, client: PlatformClient, app: Flask, settings: Settings, now: datetime, **how: bool
) -> str:
    """With which code the platform at an address is refused; the invite stays good."""
    with app.app_context():
        organisation = get_default_organisation(settings, now)
        link = invites.make_invite(organisation.id, own_origin="https://tool.example", now=now).link
        given = {"invite": link.partition("invite=")[2], "openid_configuration": address}
        with pytest.raises(RegistrationRefused) as refused:
            dynamic_registration.make_offer(
                given, client, allow_loopback=how.get("allow_loopback", True), now=now
            )
        assert invites.get_invite(given["invite"], now)
        return refused.value.code


@pytest.mark.parametrize("code", ANSWERS)
def test_what_a_platform_may_answer(
    httpserver: HTTPServer,
    client: PlatformClient,
    app: Flask,
    settings: Settings,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
) -> None:
    monkeypatch.setattr(dynamic_registration, "FETCH_SECONDS", 0.5)
    httpserver.expect_request("/config").respond_with_handler(ANSWERS[code])
    assert code_of(httpserver.url_for("/config"), client, app, settings, now) == code


@pytest.mark.parametrize(
    "address",
    ["https://10.0.0.1/c", "https://[::1]/c", "https://169.254.169.254/latest", "http://lms.example/c"],
)
def test_addresses_nobody_outside_can_have(
    app: Flask, settings: Settings, now: datetime, address: str
) -> None:
    client = PlatformClient(sign_assertion=lambda _: "")
    found = code_of(address, client, app, settings, now, allow_loopback=False)
    assert found == "configuration_address_refused"


def test_a_name_that_leads_to_a_private_address(
    app: Flask, settings: Settings, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = [(2, 1, 6, "", ("192.168.7.7", 443))]
    monkeypatch.setattr("course_sync.addresses.socket.getaddrinfo", lambda *_args, **_kwargs: answer)
    client = PlatformClient(sign_assertion=lambda _: "")
    found = code_of("https://lms.example/c", client, app, settings, now, allow_loopback=False)
    assert found == "configuration_address_refused"
