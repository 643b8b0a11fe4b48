"""Launches of a browser that keeps no cookie in a frame: storage, a new tab, and every misuse of the two."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from course_sync.database import db
from lti_tool.login_cookies import LOGIN_LIFE
from lti_tool.models import LaunchSession, LoginState, WaitingLaunch
from lti_tool.session import ADDRESS_LIFE, SESSION_COOKIE
from lti_tool.waiting_launches import CONFIRM_COOKIE_PREFIX, TICKET_LIFE
from tests.harness.lti_platform import (
    INSTRUCTOR,
    TARGET,
    TOOL,
    TestPlatform,
    code_on,
    count_people_and_sessions,
)

FROM_PLATFORM = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe", "Origin": "https://lms.example"}
FROM_OWN_FRAME = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "iframe", "Origin": TOOL}
FROM_OWN_TAB = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document", "Origin": TOOL}


@dataclass
class Arrival:
    """A launch that came without its cookie, and what its browser has seen."""

    page: TestResponse
    ticket: str
    secret: str
    state: str
    token: str


def attribute(page: str, name: str) -> str:
    """The value of the first attribute of this name; "" = there is none."""
    found = re.search(rf'{name}="([^"]*)"', page)
    return unescape(found[1]) if found else ""


def ticket_in(page: str) -> str:
    """The ticket in a page's form."""
    found = re.search(r'name="ticket" value="([^"]*)"', page)
    return found[1] if found else ""


def arrive(app: Flask, platform: TestPlatform, *, target: str = "_parent", **claims: Any) -> Arrival:
    """Login and launch in a frame by a browser that keeps no cookie."""
    browser = app.test_client(use_cookies=False)
    form = {
        "iss": platform.issuer,
        "client_id": platform.client_id,
        "login_hint": "user-1",
        "target_link_uri": TARGET,
    } | ({"lti_storage_target": target} if target else {})
    login = browser.post("/lti/login", data=form, headers=FROM_PLATFORM)
    onward = attribute(login.text, 'id="go-on"\n         href') if target else login.headers["Location"]
    query = parse_qs(urlsplit(onward).query)
    state, nonce = query["state"][0], query["nonce"][0]
    token = platform.sign(platform.claims(nonce, **claims))
    page = browser.post("/lti/launch", data={"id_token": token, "state": state}, headers=FROM_PLATFORM)
    secret = attribute(login.text, "data-storage-value")
    return Arrival(page, ticket_in(page.text), secret, state, token)


def send(client: FlaskClient, path: str, headers: dict[str, str], **form: str) -> TestResponse:
    """A form of one of our own pages."""
    return client.post(path, data=form, headers=headers)


@pytest.fixture
def bare(app: Flask) -> FlaskClient:
    """A browser that keeps no cookie."""
    return app.test_client(use_cookies=False)


def test_the_login_leaves_its_secret_with_the_platform(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Cookie and storage hold one secret; the target origin is the authorisation address's, never `*`."""
    form = {"iss": platform.issuer, "login_hint": "5", "target_link_uri": TARGET}
    target = {"lti_storage_target": 'a "frame"'}
    login = client.post("/lti/login", data=form | target, headers=FROM_PLATFORM)
    assert login.status_code == 200
    page = login.text
    assert attribute(page, "data-storage-origin") == "https://lms.example"
    assert attribute(page, "data-storage-target") == 'a "frame"'
    assert f"={attribute(page, 'data-storage-value')};" in login.headers["Set-Cookie"]
    state = parse_qs(urlsplit(attribute(page, 'id="go-on"\n         href')).query)["state"][0]
    key = attribute(page, "data-storage-key")
    assert key.startswith("ementor-login-")
    assert state not in key
    assert '<noscript><meta http-equiv="refresh" content="0; url=https://lms.example/auth?' in page
    assert "no-store" in login.headers["Cache-Control"]


def test_a_login_in_a_tab_of_its_own_needs_no_storage(client: FlaskClient, platform: TestPlatform) -> None:
    """There the tool's cookies are first-party: straight on."""
    form = {"iss": platform.issuer, "login_hint": "5", "target_link_uri": TARGET}
    headers = FROM_PLATFORM | {"Sec-Fetch-Dest": "document"}
    answer = client.post("/lti/login", data=form | {"lti_storage_target": "_parent"}, headers=headers)
    assert answer.status_code == 302
    too_long = client.post("/lti/login", data=form | {"lti_storage_target": "x" * 256})
    assert code_on(too_long) == "login_malformed"


def test_with_the_cookie_nothing_else_is_asked(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """A platform that offers storage, a browser that keeps cookies: a session at once."""
    form = {"iss": platform.issuer, "login_hint": "5", "target_link_uri": TARGET}
    login = client.post("/lti/login", data=form | {"lti_storage_target": "_parent"}, headers=FROM_PLATFORM)
    query = parse_qs(urlsplit(attribute(login.text, 'id="go-on"\n         href')).query)
    token = platform.sign(platform.claims(query["nonce"][0]))
    form = {"id_token": token, "state": query["state"][0]}
    assert client.post("/lti/launch", data=form, headers=FROM_PLATFORM).status_code == 303
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(WaitingLaunch)) == 0


def test_the_secret_from_the_storage_opens_a_session(
    app: Flask, bare: FlaskClient, platform: TestPlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its address holds the secret, works from our own frame, and carries forms too; no cookie anywhere."""
    came = arrive(app, platform)
    assert came.page.status_code == 200
    assert came.token not in came.page.text
    assert attribute(came.page.text, "data-storage-key").startswith("ementor-login-")
    assert "https://lms.example" in came.page.headers["Content-Security-Policy"]
    opened = send(bare, "/lti/storage", FROM_OWN_FRAME, ticket=came.ticket, secret=came.secret)
    assert opened.status_code == 303, code_on(opened)
    path = opened.headers["Location"].rstrip("/")
    assert re.fullmatch(r"/s/[\w-]{22}\.[\w-]{43}", path)
    page = bare.get(f"{path}/me", headers=FROM_OWN_FRAME)
    assert page.status_code == 200
    assert f'action="{path}/language"' in page.text
    token = re.search(r'name="csrf_token" value="(\w+)"', page.text)
    assert token
    form = {"locale": "fr", "back": f"{path}/me"}
    assert send(bare, f"{path}/language", FROM_OWN_FRAME, **form).status_code == 403
    sent = send(bare, f"{path}/language", FROM_OWN_FRAME, csrf_token=token[1], **form)
    assert sent.headers["Location"] == f"{path}/me"
    for answer in (opened, page, sent):
        assert SESSION_COOKIE not in answer.headers.get("Set-Cookie", "")
        assert answer.headers["Referrer-Policy"] == "same-origin"
    logged = capsys.readouterr().err
    assert "/s/<handle>/me" in logged
    private = (came.ticket, came.secret, *path.removeprefix("/s/").split("."))
    assert [word for word in private if word in logged] == []


OTHER_WAYS_TO_AN_ADDRESS = {
    "typed or copied": {"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"},
    "opened in a tab from our page": {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"},
    "framed by another site": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe"},
    "framed by a sister site": {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "iframe"},
    "by a program": {},
}


def test_an_address_opens_from_our_own_frame_only(
    app: Flask, bare: FlaskClient, platform: TestPlatform
) -> None:
    """Whoever finds, copies or is sent it comes nowhere; nor does one with the secret in the wrong place."""
    came = arrive(app, platform)
    opened = send(bare, "/lti/storage", FROM_OWN_FRAME, ticket=came.ticket, secret=came.secret)
    path = opened.headers["Location"].rstrip("/")
    for how, headers in OTHER_WAYS_TO_AN_ADDRESS.items():
        assert bare.get(f"{path}/me", headers=headers).status_code == 401, how
    handle, secret = path.removeprefix("/s/").split(".")
    cookie = FROM_OWN_FRAME | {"Cookie": f"{SESSION_COOKIE}={secret}"}
    assert bare.get(f"/s/{handle}/me", headers=cookie).status_code == 401
    assert bare.get(f"/s/{handle}.{'x' * 43}/me", headers=FROM_OWN_FRAME).status_code == 401
    assert bare.get(f"{path}/me", headers=FROM_OWN_FRAME).status_code == 200
    with app.app_context():
        row = db.session.scalars(select(LaunchSession)).one()
        assert row.expires_at - row.created_at == ADDRESS_LIFE < timedelta(hours=8)
        assert secret not in " ".join(map(str, vars(row).values()))


def test_a_cookie_session_never_opens_by_its_address(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """The secret of an ordinary session is no address, even from the right place."""
    login = client.post(
        "/lti/login", data={"iss": platform.issuer, "login_hint": "5", "target_link_uri": TARGET}
    )
    query = parse_qs(urlsplit(login.headers["Location"]).query)
    token = platform.sign(platform.claims(query["nonce"][0]))
    opened = client.post("/lti/launch", data={"id_token": token, "state": query["state"][0]})
    path = opened.headers["Location"].rstrip("/")
    cookie = client.get_cookie(SESSION_COOKIE, path=path)
    assert cookie
    assert client.get(f"{path}.{cookie.value}/me", headers=FROM_OWN_FRAME).status_code == 401


@pytest.mark.parametrize("secret", ["", "x" * 43], ids=["none", "forged"])
def test_a_forged_secret_opens_nothing_and_spends_nothing(
    app: Flask, bare: FlaskClient, platform: TestPlatform, secret: str
) -> None:
    """The state stays whole for the right one, which then works once."""
    came = arrive(app, platform)
    refused = send(bare, "/lti/storage", FROM_OWN_FRAME, ticket=came.ticket, secret=secret)
    assert refused.status_code == 403
    assert code_on(refused) == ("browser_foreign" if secret else "browser_unknown")
    assert count_people_and_sessions(app) == (0, 0)
    right = {"ticket": came.ticket, "secret": came.secret}
    assert send(bare, "/lti/storage", FROM_OWN_FRAME, **right).status_code == 303
    assert code_on(send(bare, "/lti/storage", FROM_OWN_FRAME, **right)) == "ticket_unknown"
    assert count_people_and_sessions(app) == (1, 1)


def test_another_login_s_secret_does_not_fit(app: Flask, bare: FlaskClient, platform: TestPlatform) -> None:
    """Two launches of one browser: their tickets and secrets do not mix."""
    first, second = arrive(app, platform), arrive(app, platform)
    mixed = send(bare, "/lti/storage", FROM_OWN_FRAME, ticket=first.ticket, secret=second.secret)
    assert code_on(mixed) == "browser_foreign"
    assert count_people_and_sessions(app) == (0, 0)


def test_a_browser_that_says_nothing_of_its_requests_gets_no_address(
    app: Flask, bare: FlaskClient, platform: TestPlatform
) -> None:
    """Without Fetch metadata a copied address could not be told from our own frame: a new tab instead."""
    came = arrive(app, platform)
    answer = send(bare, "/lti/storage", {"Origin": TOOL}, ticket=came.ticket, secret=came.secret)
    assert answer.status_code == 200
    assert ticket_in(answer.text) == came.ticket
    assert "bring-back" not in answer.text
    assert count_people_and_sessions(app) == (0, 0)


@pytest.mark.parametrize("told", [{}, {"name": ""}], ids=["whole", "in parts"])
def test_a_new_tab_names_the_person_and_asks(app: Flask, platform: TestPlatform, told: Any) -> None:
    """Cookies there are first-party: a session like any other."""
    came = arrive(app, platform, target="", **told)
    assert "data-storage" not in came.page.text
    assert 'target="_blank" rel="noopener"' in came.page.text
    tab = app.test_client()
    shown = send(tab, "/lti/continue", FROM_OWN_TAB, ticket=came.ticket)
    named = "<bdi>Ada Beck</bdi> opened this in the course <bdi>Course one</bdi> at <bdi>Test LMS</bdi>."
    assert named in unescape(shown.text)
    assert "E-mail address: <bdi>ada@example.invalid</bdi>" in unescape(shown.text)
    assert "frame-ancestors 'self'" in shown.headers["Content-Security-Policy"]
    assert "lms.example" not in shown.headers["Content-Security-Policy"]
    assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(shown.headers["Set-Cookie"].split("; "))
    assert count_people_and_sessions(app) == (0, 0)
    entered = send(tab, "/lti/enter", FROM_OWN_TAB, ticket=came.ticket)
    assert entered.status_code == 303, code_on(entered)
    assert re.fullmatch(r"/s/[\w-]{22}/", entered.headers["Location"])
    assert tab.get(entered.headers["Location"] + "me").status_code == 200
    assert [name for _, _, name in tab._cookies if name.startswith(CONFIRM_COOKIE_PREFIX)] == []


def test_a_ticket_is_used_once(app: Flask, platform: TestPlatform) -> None:
    """A replay, in the same tab or in another browser, is told to open the activity again."""
    came = arrive(app, platform, target="")
    tab = app.test_client()
    send(tab, "/lti/continue", FROM_OWN_TAB, ticket=came.ticket)
    assert send(tab, "/lti/enter", FROM_OWN_TAB, ticket=came.ticket).status_code == 303
    for path in ("/lti/continue", "/lti/enter", "/lti/storage"):
        again = send(tab, path, FROM_OWN_TAB, ticket=came.ticket, secret=came.secret)
        assert (again.status_code, code_on(again)) == (403, "ticket_unknown")
        assert "Open the activity again from your course." in again.text
    replay = app.test_client().post(
        "/lti/launch", data={"id_token": came.token, "state": came.state}, headers=FROM_PLATFORM
    )
    assert code_on(replay) == "launch_replayed"
    assert count_people_and_sessions(app) == (1, 1)


class TestTwice:
    """One ticket used twice at the same moment, on both databases."""

    @pytest.fixture(params=["sqlite", "postgresql"])
    def database_url(self, request: pytest.FixtureRequest) -> str:
        return str(request.getfixturevalue(f"{request.param}_url"))

    def test_one_of_two_simultaneous_uses_succeeds(self, app: Flask, platform: TestPlatform) -> None:
        """Four threads with the right secret, one ticket: exactly one session."""
        came = arrive(app, platform)
        form = {"ticket": came.ticket, "secret": came.secret}
        start, statuses = threading.Barrier(4), []

        def use() -> None:
            browser = app.test_client(use_cookies=False)
            start.wait()
            statuses.append(send(browser, "/lti/storage", FROM_OWN_FRAME, **form).status_code)

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [303] + [403] * 3
        assert count_people_and_sessions(app) == (1, 1)


def test_nobody_enters_without_having_been_shown_whose_launch_it_is(
    app: Flask, platform: TestPlatform
) -> None:
    """A ticket sent to somebody else's browser (login CSRF): no page of another site can press the button."""
    came = arrive(app, platform, target="")
    victim = app.test_client()
    for origin in ("https://evil.example", "null", "http://localhost:8000.evil.example"):
        for path in ("/lti/continue", "/lti/enter", "/lti/storage"):
            forged = send(victim, path, FROM_OWN_TAB | {"Origin": origin}, ticket=came.ticket)
            assert code_on(forged) == "ticket_foreign"
    assert code_on(victim.post("/lti/enter", data={"ticket": came.ticket})) == "ticket_foreign"
    unseen = send(victim, "/lti/enter", FROM_OWN_TAB, ticket=came.ticket)
    assert code_on(unseen) == "browser_unknown"
    other = arrive(app, platform, target="")
    shown = send(victim, "/lti/continue", FROM_OWN_TAB, ticket=other.ticket)
    value = shown.headers["Set-Cookie"].split("=", 1)[1].split(";")[0]
    name = shown.headers["Set-Cookie"].split("=", 1)[0]
    assert code_on(send(victim, "/lti/enter", FROM_OWN_TAB, ticket=came.ticket)) == "browser_unknown"
    victim.set_cookie(name, value[::-1], path="/lti")
    assert code_on(send(victim, "/lti/enter", FROM_OWN_TAB, ticket=other.ticket)) == "ticket_foreign"
    assert count_people_and_sessions(app) == (0, 0)


def test_a_ticket_dies_with_its_two_minutes_and_with_its_login(app: Flask, platform: TestPlatform) -> None:
    """What waited too long is forgotten, sealed claims and all; its platform is known for a day."""
    tab = app.test_client()
    late, stale = arrive(app, platform, target=""), arrive(app, platform, target="")
    with app.app_context():
        (row, _) = db.session.scalars(select(WaitingLaunch).order_by(WaitingLaunch.created_at)).all()
        assert '"Ada' not in row.claims_sealed
        state_hash = row.state_hash
        row.created_at -= TICKET_LIFE
        db.session.execute(
            update(LoginState)
            .where(LoginState.state_hash != state_hash)
            .values(created_at=row.created_at - LOGIN_LIFE)
        )
        db.session.commit()
    assert code_on(send(tab, "/lti/continue", FROM_OWN_TAB, ticket=late.ticket)) == "ticket_unknown"
    send(tab, "/lti/continue", FROM_OWN_TAB, ticket=stale.ticket)
    assert code_on(send(tab, "/lti/enter", FROM_OWN_TAB, ticket=stale.ticket)) == "state_expired"
    arrive(app, platform)
    with app.app_context():
        sealed = [row.claims_sealed for row in db.session.scalars(select(WaitingLaunch))]
        assert (len(sealed), sealed.count("")) == (3, 1)
    for path in ("/lti/continue", "/lti/enter", "/lti/storage"):
        assert code_on(tab.get(path)) == "launch_by_get"


def test_without_a_cookie_every_check_still_counts(app: Flask, platform: TestPlatform) -> None:
    """Signature, claims, state, nonce: no ticket for what would not have been a launch."""
    arrived = arrive(app, platform)
    browser = app.test_client(use_cookies=False)

    def code(token: str, state: str) -> str:
        form = {"id_token": token, "state": state}
        return code_on(browser.post("/lti/launch", data=form, headers=FROM_PLATFORM))

    assert code(arrived.token, "made-up") == "state_unknown"
    assert code(platform.sign(platform.claims("made-up")), arrived.state) == "nonce_foreign"
    assert code(arrived.token[:-8] + "AAAAAAAA", arrived.state) == "signature_invalid"
    other = TestPlatform(client_id="client-2")
    other.register(app)
    assert code(other.sign(other.claims("n")), arrived.state) == "state_foreign"
    assert arrive(app, platform, version="2.0").ticket == ""
    top = FROM_PLATFORM | {"Sec-Fetch-Dest": "document"}
    form = {"id_token": arrived.token, "state": arrived.state}
    assert code_on(browser.post("/lti/launch", data=form, headers=top)) == "browser_unknown"


def test_an_old_browser_in_a_frame_is_known_by_what_the_platform_says(
    app: Flask, platform: TestPlatform
) -> None:
    """No Fetch metadata, but a launch into a frame: the new tab is offered, in the launch's language."""
    browser = app.test_client(use_cookies=False)
    form = {"iss": platform.issuer, "login_hint": "5", "target_link_uri": TARGET}
    login = browser.post("/lti/login", data=form)
    query = parse_qs(urlsplit(login.headers["Location"]).query)
    framed = {"document_target": "iframe", "locale": "fr"}
    token = platform.sign(platform.claims(query["nonce"][0], roles=[INSTRUCTOR], launch_presentation=framed))
    page = browser.post("/lti/launch", data={"id_token": token, "state": query["state"][0]})
    assert page.status_code == 200
    assert '<html lang="fr"' in page.text
    assert ticket_in(page.text)
