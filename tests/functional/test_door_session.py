"""Sessions in a browser: one launch, one tab; stale, foreign and forged requests; headers of every answer."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from course_sync.database import db
from course_sync.models import ACTIVE, REFUSED, Deployment, Person, Platform
from lti_tool import approvals
from lti_tool.csrf import token_for
from lti_tool.models import LaunchSession
from lti_tool.registration import PlatformDetails, save_platform
from lti_tool.services import current_services
from lti_tool.session import SESSION_COOKIE, SESSION_LIFE
from tests.harness.lti_platform import (
    LEARNER,
    OMIT,
    TestPlatform,
    begin_login,
    code_on,
    launch,
    post_launch,
)


def sign_in(client: FlaskClient, platform: TestPlatform, sub: str = "user-1", **claims: object) -> str:
    """Launch as a learner; returns the path of the session."""
    response = launch(client, platform, sub=sub, roles=[LEARNER], **claims)
    assert response.status_code == 303, code_on(response)
    return response.headers["Location"].rstrip("/")


def secret_of(client: FlaskClient, path: str) -> str:
    cookie = client.get_cookie(SESSION_COOKIE, path=path)
    assert cookie is not None
    return cookie.value


def choose_language(client: FlaskClient, path: str, token: str | None, **headers: str) -> int:
    """The one form everybody has."""
    form = {"locale": "en", "back": f"{path}/me"} | ({"csrf_token": token} if token is not None else {})
    return client.post(f"{path}/language", data=form, headers=headers).status_code


@pytest.mark.parametrize(
    "back",
    [
        "{path}/../x/me",
        "{path}/%2e%2e/x",
        "{path}/%2E./x",
        "{path}/..",
        "https://evil.example/",
        "//evil.example",
    ],
)
def test_the_way_back_never_leads_out_of_the_session(
    client: FlaskClient, platform: TestPlatform, back: str
) -> None:
    path = sign_in(client, platform)
    token = token_for(path.removeprefix("/s/"), secret_of(client, path))
    form = {"locale": "en", "back": back.format(path=path), "csrf_token": token}
    assert client.post(f"{path}/language", data=form).headers["Location"] == f"{path}/"
    for own in (f"{path}/me", f"{path}/course?q=a..b"):
        form["back"] = own
        assert client.post(f"{path}/language", data=form).headers["Location"] == own


def test_another_person_in_a_second_tab_changes_nothing_in_the_first(
    client: FlaskClient, platform: TestPlatform
) -> None:
    """Same browser, same cookie jar: each tab stays who it was, also after the other one has acted."""
    first = sign_in(client, platform, "user-1", name="Ada Beck", given_name="Ada")
    second = sign_in(client, platform, "user-2", name="Bo Chen", given_name="Bo")
    assert first != second
    for path, own, other in ((first, "Ada Beck", "Bo Chen"), (second, "Bo Chen", "Ada Beck")):
        page = client.get(f"{path}/me").text
        assert own in page
        assert other not in page
        assert choose_language(client, path, token_for(path[3:], secret_of(client, path))) == 303


def test_what_one_tab_does_is_done_by_its_own_person(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """The first tab acts after the second has launched: the first person is changed, not the second."""
    first = sign_in(client, platform, "user-1")
    sign_in(client, platform, "user-2")
    assert choose_language(client, first, token_for(first[3:], secret_of(client, first))) == 303
    with app.app_context():
        chosen = {p.external_id: p.chosen_locale for p in db.session.query(Person)}
    assert chosen == {"user-1": "en", "user-2": ""}


def test_another_course_in_a_second_tab_changes_nothing_in_the_first(
    client: FlaskClient, platform: TestPlatform
) -> None:
    first = sign_in(client, platform, context={"id": "1", "title": "Botany"})
    second = sign_in(client, platform, context={"id": "2", "title": "Zoology"})
    assert "Botany" in client.get(f"{first}/me").text
    assert "Zoology" in client.get(f"{second}/me").text
    assert "Zoology" not in client.get(f"{first}/me").text


def assert_stale(client: FlaskClient, path: str) -> None:
    response = client.get(f"{path}/me")
    assert response.status_code == 401
    assert "Open the activity again" in response.text
    assert code_on(response) == "session_over"


def test_without_the_cookie_the_address_is_worth_nothing(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """An address in a history, a log or a Referer opens nothing."""
    path = sign_in(client, platform)
    assert_stale(app.test_client(), path)


def test_the_cookie_of_another_session_opens_nothing(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    first, second = sign_in(client, platform, "user-1"), sign_in(client, platform, "user-2")
    thief = app.test_client()
    thief.set_cookie(SESSION_COOKIE, secret_of(client, second), path=first)
    assert_stale(thief, first)


@pytest.mark.parametrize("handle", ["x", "a" * 22, "%00", "..%2f..", "é" * 22, "a" * 5000])
def test_a_made_up_handle_is_stale(client: FlaskClient, platform: TestPlatform, handle: str) -> None:
    client.set_cookie(SESSION_COOKIE, "s" * 43, path="/s/")
    assert client.get(f"/s/{handle}/me").status_code in (401, 404)


def test_a_session_ends_after_its_fixed_life(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """Eight hours after the launch, used or not."""
    path = sign_in(client, platform)
    assert client.get(f"{path}/me").status_code == 200
    with app.app_context():
        row = db.session.query(LaunchSession).one()
        assert row.expires_at - row.created_at == SESSION_LIFE == timedelta(hours=8)
        db.session.execute(update(LaunchSession).values(expires_at=row.created_at))
        db.session.commit()
    assert_stale(client, path)


def test_the_secret_is_not_stored(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    path = sign_in(client, platform)
    with app.app_context():
        row = db.session.query(LaunchSession).one()
        assert secret_of(client, path) not in str(vars(row))


def test_a_form_needs_the_token_of_its_session(client: FlaskClient, platform: TestPlatform) -> None:
    first, second = sign_in(client, platform, "user-1"), sign_in(client, platform, "user-2")
    token = token_for(first[3:], secret_of(client, first))
    foreign = token_for(second[3:], secret_of(client, second))
    assert choose_language(client, first, None) == 403
    assert choose_language(client, first, "") == 403
    assert choose_language(client, first, foreign) == 403
    assert choose_language(client, first, "é") == 403
    assert choose_language(client, first, token) == 303


def test_the_token_may_come_as_a_header(client: FlaskClient, platform: TestPlatform) -> None:
    path = sign_in(client, platform)
    token = token_for(path[3:], secret_of(client, path))
    assert choose_language(client, path, None, **{"X-CSRF-Token": token}) == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "https://lms.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8001"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
    ],
)
def test_a_form_of_another_site_is_refused_even_with_the_token(
    client: FlaskClient, platform: TestPlatform, headers: dict[str, str], status: int
) -> None:
    path = sign_in(client, platform)
    token = token_for(path[3:], secret_of(client, path))
    assert choose_language(client, path, token, **headers) == status


def test_every_form_of_a_page_carries_the_token(client: FlaskClient, platform: TestPlatform) -> None:
    path = sign_in(client, platform)
    page = client.get(f"{path}/me").text
    assert page.count("<form") == page.count('name="csrf_token"') > 0
    assert f'value="{token_for(path[3:], secret_of(client, path))}"' in page


def test_pages_carry_strict_headers(client: FlaskClient, platform: TestPlatform) -> None:
    """Nothing inline, nothing from elsewhere, framed by the platform only, never cached."""
    path = sign_in(client, platform)
    headers = client.get(f"{path}/me").headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'self' https://lms.example"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_only_the_own_platform_may_frame_a_page(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """And the site a launch came from, where the issuer is a vendor's (hosted Canvas)."""
    TestPlatform(issuer="https://other.example").register(app)
    path = sign_in(client, platform, launch_presentation={"return_url": "https://school.example/courses/1"})
    policy = client.get(f"{path}/me").headers["Content-Security-Policy"]
    assert policy.endswith("frame-ancestors 'self' https://lms.example https://school.example")


def test_a_stale_page_may_still_be_framed_by_its_platform(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Else the person would see an empty frame instead of what to do."""
    path = sign_in(client, platform)
    response = app.test_client().get(f"{path}/me")
    assert response.status_code == 401
    assert "https://lms.example" in response.headers["Content-Security-Policy"]
    refused = client.get("/lti/launch")
    assert "https://lms.example" in refused.headers["Content-Security-Policy"]


def test_a_place_that_is_refused_is_out_at_once_and_no_other(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Its visits end, and its launches are told why; what a platform has no place of lives on."""
    with app.app_context():
        known = db.session.query(Platform).one()
        known.deployments.append(Deployment(deployment_id="other"))
        db.session.commit()
    path, other = sign_in(client, platform), sign_in(client, platform, deployment_id="other")
    with app.app_context():
        db.session.execute(update(Deployment).where(Deployment.deployment_id == "1").values(status=REFUSED))
        db.session.commit()
    assert_stale(client, path)
    assert client.get(f"{other}/me").status_code == 200
    refused = launch(client, platform)
    assert (refused.status_code, code_on(refused)) == (403, "deployment_refused")
    assert "was refused by an admin of Organisation" in refused.text
    with app.app_context():
        db.session.execute(delete(Deployment))
        db.session.commit()
    assert client.get(f"{other}/me").status_code == 200


def test_visits_that_ended_with_their_place_never_live_again(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Neither by letting it in again, nor by a new client, whose platform forgets the former places."""
    paths = []
    for stopped in ("1", None, "1"):
        paths.append(sign_in(client, platform))
        with app.app_context():
            known, now = db.session.query(Platform).one(), datetime.now(UTC)
            if stopped is None:
                approvals.refuse_platform(known, now)
                approvals.approve_platform(known, now)
            else:
                place = approvals.get_deployment(known, stopped)
                approvals.decide_deployment(known, place, now, approve=False)
                approvals.decide_deployment(known, place, now, approve=True)
    live = sign_in(client, platform)
    with app.app_context():
        known, now = db.session.query(Platform).one(), datetime.now(UTC)
        details = PlatformDetails(
            name=known.name,
            issuer=known.issuer,
            client_id="another",
            deployment_ids=("1",),
            **{field: getattr(known, field) for field in ("auth_login_url", "auth_token_url", "jwks_url")},
        )
        settings, here = current_services().settings, known.organisation_id
        save_platform(details, settings, now, organisation_id=here, status=ACTIVE, updates=known)
    assert client.get(f"{live}/me").status_code == 200
    for path in paths:
        assert_stale(client, path)


def test_a_platform_that_is_stopped_is_out_at_once(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Its visits end, and its site is named to nobody any more."""
    path = sign_in(client, platform)
    with app.app_context():
        db.session.execute(update(Platform).values(status=REFUSED))
        db.session.commit()
    assert_stale(client, path)
    assert "lms.example" not in client.get("/lti/launch").headers["Content-Security-Policy"]


def test_over_https_browsers_are_told_to_stay_there(app: Flask, client: FlaskClient) -> None:
    """Also on pages of errors; on localhost without https the header would be ignored."""
    assert "Strict-Transport-Security" not in client.get("/healthz").headers
    services = app.extensions["ementor"]
    public = replace(services.settings, public_url="https://tool.example")
    app.extensions["ementor"] = replace(services, settings=public)
    for path in ("/healthz", "/nowhere", "/lti/launch"):
        answer = client.get(path)
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "camera=()" in answer.headers["Permissions-Policy"]


def test_refusals_speak_the_language_of_the_browser(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    page = client.get("/lti/launch", headers={"Accept-Language": "xx, en;q=0.5"}).text
    assert '<html lang="en" dir="ltr">' in page


def test_a_page_that_does_not_exist_says_so(client: FlaskClient, platform: TestPlatform) -> None:
    response = client.get("/nowhere")
    assert (response.status_code, code_on(response)) == (404, "not_found")
    assert client.put("/lti/login").status_code == 405
    assert "POST" in client.put("/lti/login").headers["Allow"]


def test_a_crash_is_a_page_with_a_reference_and_no_details(
    app: Flask, client: FlaskClient, platform: TestPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has class and place of the error, not what it quotes."""
    path = sign_in(client, platform)

    def crash() -> str:
        raise RuntimeError("Ada Beck's secret")

    app.view_functions["console.own_page"] = crash
    with caplog.at_level(logging.ERROR):
        response = client.get(f"{path}/me")
    assert response.status_code == 500
    code = code_on(response)
    assert code.startswith("crash_")
    assert "Ada Beck's secret" not in response.text
    (record,) = [record for record in caplog.records if record.message == "crash"]
    assert code == f"crash_{record.reference}"  # type: ignore[attr-defined]


def test_logs_hold_no_name_token_or_query(
    app: Flask,
    client: FlaskClient,
    platform: TestPlatform,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Every line is JSON; a launch leaves method, route, status and time."""
    client.get("/lti/login?iss=x&login_hint=secret-hint&target_link_uri=y")
    login = begin_login(client, platform)
    token = platform.sign(platform.claims(login.nonce))
    path = post_launch(client, token, login.state).headers["Location"]
    client.get(path + "me")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {"/lti/login", "/lti/launch", "/s/<handle>/me"} <= {line.get("route") for line in lines}
    everything = json.dumps(lines)
    private = ("secret-hint", login.state, login.nonce, token, "Ada", "Beck", "ada@", path[3:25])
    assert [word for word in private if word in everything] == []


def test_health_and_readiness(app: Flask, client: FlaskClient) -> None:
    """Alive without a database; ready only with the tables of this version."""
    assert client.get("/healthz").get_json()["status"] == "ok"
    unready = client.get("/readyz")
    assert (unready.status_code, unready.get_json()["reason"]) == (503, "database_not_migrated")


def test_the_public_keys_are_public_only(client: FlaskClient) -> None:
    """One RSA key of 2048 bits or more, the same at the next look."""
    keys = client.get("/.well-known/jwks.json").get_json()["keys"]
    assert len(keys) == 1
    assert set(keys[0]) == {"kty", "n", "e", "kid", "alg", "use"}
    assert keys[0]["alg"] == "RS256"
    assert client.get("/.well-known/jwks.json").get_json()["keys"] == keys


def test_a_launch_outside_a_course_has_its_page(client: FlaskClient, platform: TestPlatform) -> None:
    """Reloading it shows it again."""
    path = sign_in(client, platform, context=OMIT)
    assert path.endswith("/outside")
    for _ in range(2):
        assert "Opened outside a course" in client.get(path).text
