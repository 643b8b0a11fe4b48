"""Who is slowed down at the door, and who never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lti_tool import gate, rate_limits
from lti_tool.clock import Clock
from lti_tool.csrf import token_for
from lti_tool.refusal_log import list_all
from lti_tool.session import SESSION_COOKIE
from tests.harness.lti_platform import (
    LEARNER,
    TARGET,
    TestPlatform,
    begin_login,
    code_on,
    count_people_and_sessions,
    launch,
    post_launch,
)


@pytest.fixture
def platform(platform: TestPlatform, app: Flask, monkeypatch: pytest.MonkeyPatch) -> TestPlatform:
    """A platform, and a tool whose clock stands still: all of this happens within one minute."""
    at = app.extensions["ementor"].clock.real_now()
    monkeypatch.setattr(Clock, "real_now", lambda _clock: at)
    return platform


def test_a_class_of_300_behind_one_address_gets_in_within_a_minute(
    app: Flask, platform: TestPlatform
) -> None:
    for number in range(300):
        client = app.test_client()
        login = begin_login(client, platform, login_hint=f"user-{number}")
        assert login.response.status_code == 302
        if number % 60 == 0:
            token = platform.sign(platform.claims(login.nonce, sub=f"user-{number}", roles=[LEARNER]))
            assert post_launch(client, token, login.state).status_code == 303
    assert count_people_and_sessions(app) == (5, 5)


def test_one_login_hint_is_slowed_and_nobody_else(app: Flask, platform: TestPlatform) -> None:
    client = app.test_client()
    for _ in range(rate_limits.LOGINS.uses):
        assert begin_login(client, platform, login_hint="7").response.status_code == 302
    refused = begin_login(client, platform, login_hint="7").response
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert code_on(refused) == "too_many"
    assert "60 seconds" in refused.text
    assert "https://lms.example" in refused.headers["Content-Security-Policy"]
    assert begin_login(client, platform, login_hint="8").response.status_code == 302


def test_somebody_slowed_gets_in_after_the_time_told(
    app: Flask, platform: TestPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    *_, refused = (begin_login(client, platform).response for _ in range(rate_limits.LOGINS.uses + 1))
    later: datetime = app.extensions["ementor"].clock.real_now() + timedelta(
        seconds=int(refused.headers["Retry-After"])
    )
    monkeypatch.setattr(Clock, "real_now", lambda _clock: later)
    assert begin_login(client, platform).response.status_code == 302


def test_strangers_are_slowed_by_address(app: Flask, platform: TestPlatform) -> None:
    """Platforms nobody knows, and tokens that are none; somebody at another address is not concerned."""
    form = {"iss": "https://other.example", "login_hint": "1", "target_link_uri": TARGET}
    client = app.test_client()
    answers = [client.post("/lti/login", data=form) for _ in range(rate_limits.STRANGERS.uses - 1)]
    answers.append(client.post("/lti/launch", data={"id_token": "junk", "state": "s"}))
    assert {answer.status_code for answer in answers} == {403, 400}
    slowed = client.post("/lti/login", data=form)
    assert (slowed.status_code, code_on(slowed)) == (429, "too_many")
    elsewhere = client.post("/lti/login", data=form, environ_base={"REMOTE_ADDR": "192.0.2.9"})
    assert code_on(elsewhere) == "platform_unknown"
    assert begin_login(client, platform).response.status_code == 302


def test_a_session_that_sends_without_end_is_slowed(
    client: FlaskClient, platform: TestPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading on is possible meanwhile, and another session of the same person is not concerned."""
    monkeypatch.setattr(gate, "ACTIONS", replace(gate.ACTIONS, uses=5))
    paths = [launch(client, platform, roles=[LEARNER]).headers["Location"].rstrip("/") for _ in range(2)]

    def send(path: str) -> int:
        cookie = client.get_cookie(SESSION_COOKIE, path=path)
        assert cookie is not None
        form = {"locale": "en", "csrf_token": token_for(path.removeprefix("/s/"), cookie.value)}
        return client.post(f"{path}/language", data=form).status_code

    statuses = [send(paths[0]) for _ in range(6)]
    assert statuses == [303] * 5 + [429]
    assert client.get(f"{paths[0]}/me").status_code == 200
    assert send(paths[1]) == 303


def test_a_known_platform_that_answers_with_errors_is_no_stranger(app: Flask, platform: TestPlatform) -> None:
    client = app.test_client()
    login = begin_login(client, platform)
    answer = {"error": "login_required", "state": login.state}
    for _ in range(rate_limits.STRANGERS.uses + 2):
        refused = client.post("/lti/launch", data=answer)
        assert (refused.status_code, code_on(refused)) == (403, "platform_error")
    with app.app_context():
        (line,) = list_all(app.extensions["ementor"].clock.real_now())
        assert (line.code, len(line.platform_names)) == ("platform_error", 1)
