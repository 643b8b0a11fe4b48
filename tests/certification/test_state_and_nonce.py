"""State and nonce: bound to each other, to the registration and to the browser, and used once."""

from __future__ import annotations

import threading
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from course_sync.database import db
from course_sync.models import Platform
from lti_tool.login_cookies import LOGIN_COOKIE_PREFIX, LOGIN_LIFE, MAX_LOGIN_COOKIES
from lti_tool.models import LoginState, RefusalCount
from lti_tool.secrets import hash_of
from tests.harness.lti_platform import (
    TARGET,
    TestPlatform,
    begin_login,
    code_on,
    count_people_and_sessions,
    launch,
    post_launch,
    use_keys_of,
)


def test_a_login_is_answered_with_state_and_nonce(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """302 with everything OpenID Connect and LTI ask for; the cookie is of the door only."""
    response = begin_login(client, platform).response
    assert response.status_code == 302
    address = urlsplit(response.headers["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://lms.example/auth"
    query = {name: values[0] for name, values in parse_qs(address.query, strict_parsing=True).items()}
    state, nonce = query.pop("state"), query.pop("nonce")
    assert query == {
        "site": "1",
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": "client-1",
        "redirect_uri": "http://localhost:8000/lti/launch",
        "login_hint": "user-1",
        "lti_message_hint": '{"launchid":"7"}',
    }
    assert len(state) >= 32
    assert len(nonce) >= 32
    assert state != nonce
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith(LOGIN_COOKIE_PREFIX)
    parts = set(cookie.split("; ")[1:])
    assert parts >= {"Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/lti", "Max-Age=600"}
    assert "Domain" not in cookie


def test_a_login_by_get_is_as_good(client: FlaskClient, platform: TestPlatform) -> None:
    """Canvas posts, other platforms send a query."""
    query = {"iss": platform.issuer, "login_hint": "5", "target_link_uri": TARGET, "client_id": "client-1"}
    response = client.get("/lti/login", query_string=query)
    assert response.status_code == 302
    assert "lti_message_hint" not in response.headers["Location"]


def test_the_client_id_may_be_left_out_where_it_is_clear(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """`client_id` is optional in a login; with two registrations of one issuer it is needed."""
    form = {"iss": platform.issuer, "login_hint": "5", "target_link_uri": TARGET}
    assert client.post("/lti/login", data=form).status_code == 302
    TestPlatform(client_id="client-2").register(app)
    refused = client.post("/lti/login", data=form)
    assert (refused.status_code, code_on(refused)) == (403, "platform_ambiguous")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"iss": ""}, "login_incomplete"),
        ({"login_hint": ""}, "login_incomplete"),
        ({"target_link_uri": ""}, "login_incomplete"),
        ({"iss": "https://other.example"}, "platform_unknown"),
        ({"client_id": "client-9"}, "platform_unknown"),
        ({"target_link_uri": "https://evil.example/"}, "target_foreign"),
        ({"target_link_uri": "http://localhost:8000.evil.example/"}, "target_foreign"),
        ({"target_link_uri": "javascript:alert(1)"}, "target_foreign"),
        ({"login_hint": "a\x00b"}, "login_malformed"),
        ({"lti_message_hint": "x" * 5000}, "login_malformed"),
    ],
)
def test_a_login_that_does_not_hold_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform, changes: dict[str, str], code: str
) -> None:
    """4xx, a code, no cookie, no state."""
    response = begin_login(client, platform, **changes).response
    assert code_on(response) == code
    assert 400 <= response.status_code < 500
    assert "Set-Cookie" not in response.headers
    with app.app_context():
        assert db.session.scalars(select(LoginState)).all() == []


def test_a_replayed_launch_is_refused(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """The very same form again, in the same browser: one session, not two."""
    login = begin_login(client, platform)
    token = platform.sign(platform.claims(login.nonce))
    assert post_launch(client, token, login.state).status_code == 303
    again = post_launch(client, token, login.state)
    assert (again.status_code, code_on(again)) == (403, "launch_replayed")
    assert count_people_and_sessions(app) == (1, 1)


def test_a_new_token_cannot_reuse_a_state(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """State and nonce are spent, whatever else the second token says."""
    login = begin_login(client, platform)
    post_launch(client, platform.sign(platform.claims(login.nonce)), login.state)
    second = post_launch(client, platform.sign(platform.claims(login.nonce, sub="user-2")), login.state)
    assert code_on(second) == "launch_replayed"
    assert count_people_and_sessions(app) == (1, 1)


def test_the_nonce_of_another_login_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Two logins of one browser: their parts do not mix."""
    first, second = begin_login(client, platform), begin_login(client, platform)
    token = platform.sign(platform.claims(first.nonce))
    refused = post_launch(client, token, second.state)
    assert (refused.status_code, code_on(refused)) == (403, "nonce_foreign")
    assert count_people_and_sessions(app) == (0, 0)
    assert post_launch(client, token, first.state).status_code == 303


def test_a_nonce_nobody_issued_is_refused(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """The platform must send back the nonce of the login."""
    assert code_on(launch(client, platform, nonce="made-up")) == "nonce_foreign"
    assert count_people_and_sessions(app) == (0, 0)


@pytest.mark.parametrize(("state", "code"), [("", "state_missing"), ("made-up", "state_unknown")])
def test_a_state_nobody_issued_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform, state: str, code: str
) -> None:
    """A launch nobody began here (login CSRF)."""
    login = begin_login(client, platform)
    refused = post_launch(client, platform.sign(platform.claims(login.nonce)), state)
    assert (refused.status_code // 100, code_on(refused)) == (4, code)
    assert count_people_and_sessions(app) == (0, 0)


def test_the_state_of_another_browser_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """A whole launch carried to somebody else's browser does not sign them in as the attacker."""
    login = begin_login(client, platform)
    token = platform.sign(platform.claims(login.nonce))
    other = app.test_client()
    refused = post_launch(other, token, login.state)
    assert (refused.status_code, code_on(refused)) == (403, "browser_unknown")
    name = LOGIN_COOKIE_PREFIX + hash_of(login.state)[:12]
    other.set_cookie(name, "x" * 43, path="/lti")
    assert code_on(post_launch(other, token, login.state)) == "browser_foreign"
    assert count_people_and_sessions(app) == (0, 0)
    assert post_launch(client, token, login.state).status_code == 303


def test_the_state_of_another_registration_is_refused(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """A login begun at one platform cannot be finished by another one."""
    other = TestPlatform(issuer="https://other.example", client_id="client-2")
    other.register(app)
    login = begin_login(client, other)
    refused = post_launch(client, platform.sign(platform.claims(login.nonce)), login.state)
    assert (refused.status_code, code_on(refused)) == (403, "state_foreign")
    assert count_people_and_sessions(app) == (0, 0)


def test_two_clients_of_one_issuer_are_two_registrations(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Hosted Canvas: one issuer and one key for all its customers."""
    other = TestPlatform(client_id="client-2", deployment_id="9")
    other.register(app)
    login = begin_login(client, platform)
    refused = post_launch(client, other.sign(other.claims(login.nonce)), login.state)
    assert code_on(refused) == "state_foreign"
    assert launch(client, other).status_code == 303


def test_a_login_expires(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """Ten minutes on the way are enough."""
    login = begin_login(client, platform)
    with app.app_context():
        row = db.session.scalars(select(LoginState)).one()
        db.session.execute(update(LoginState).values(created_at=row.created_at - LOGIN_LIFE))
        db.session.commit()
    refused = post_launch(client, platform.sign(platform.claims(login.nonce)), login.state)
    assert (refused.status_code, code_on(refused)) == (403, "state_expired")
    assert count_people_and_sessions(app) == (0, 0)


def test_a_bad_signature_does_not_spend_the_state(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Somebody who guesses cannot lock the right person out."""
    login = begin_login(client, platform)
    good = platform.sign(platform.claims(login.nonce))
    platform.key_name = "attacker"
    bad = platform.sign(platform.claims(login.nonce))
    assert code_on(post_launch(client, bad, login.state)) == "signature_invalid"
    assert post_launch(client, good, login.state).status_code == 303


def test_logins_in_several_tabs_do_not_disturb_each_other(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Begun one after the other, finished the other way round."""
    logins = [begin_login(client, platform) for _ in range(4)]
    for login in reversed(logins):
        token = platform.sign(platform.claims(login.nonce))
        assert post_launch(client, token, login.state).status_code == 303
    assert count_people_and_sessions(app) == (1, 4)


def test_neither_state_nor_nonce_is_stored(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """Whoever reads the database cannot finish a login."""
    login = begin_login(client, platform)
    with app.app_context():
        row = db.session.scalars(select(LoginState)).one()
        stored = " ".join(str(value) for value in vars(row).values())
    assert login.state not in stored
    assert login.nonce not in stored
    assert row.state_hash == hash_of(login.state)


def test_a_refusal_is_counted_with_code_and_platform(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """The admin finds the code of the page again; no name is kept, and many refusals are one row."""
    for _ in range(3):
        launch(client, platform, version="2.0")
    with app.app_context():
        row = db.session.scalars(select(RefusalCount)).one()
        assert (row.code, row.refusals) == ("version_wrong", 3)
        assert row.platform_id == db.session.scalars(select(Platform.id)).one()
        assert "Ada" not in str(vars(row))


class TestTwice:
    """The same launch sent twice at the same moment, on both databases."""

    @pytest.fixture(params=["sqlite", "postgresql"])
    def database_url(self, request: pytest.FixtureRequest) -> str:
        return str(request.getfixturevalue(f"{request.param}_url"))

    def test_one_of_two_simultaneous_launches_is_accepted(self, app: Flask) -> None:
        """Eight threads, one state: exactly one session."""
        platform = TestPlatform()
        platform.register(app)
        use_keys_of(app, platform)
        client = app.test_client()
        login = begin_login(client, platform)
        token = platform.sign(platform.claims(login.nonce))
        cookie = login.response.headers["Set-Cookie"].split(";")[0]
        start, statuses = threading.Barrier(8), []

        def send() -> None:
            browser = app.test_client(use_cookies=False)
            start.wait()
            form = {"id_token": token, "state": login.state}
            statuses.append(browser.post("/lti/launch", data=form, headers={"Cookie": cookie}).status_code)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [303] + [403] * 7
        assert count_people_and_sessions(app) == (1, 1)


def test_the_life_of_a_login_is_short() -> None:
    """Long enough to sign in at the platform on the way, no longer."""
    assert timedelta(minutes=2) <= LOGIN_LIFE <= timedelta(minutes=15)


def test_unfinished_logins_do_not_pile_up_in_a_browser(client: FlaskClient, platform: TestPlatform) -> None:
    """However often somebody clicks; the newest ones still work, each in its own tab."""

    def kept() -> list[str]:
        return [cookie for _, _, cookie in client._cookies if cookie.startswith(LOGIN_COOKIE_PREFIX)]

    logins = [begin_login(client, platform) for _ in range(20)]
    assert len(kept()) == MAX_LOGIN_COOKIES
    for login in logins[-MAX_LOGIN_COOKIES:]:
        token = platform.sign(platform.claims(login.nonce))
        assert post_launch(client, token, login.state).status_code == 303
    assert kept() == []
