"""What is no plain address gets into no header: stored before anybody looked, or given with a request."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from course_sync.database import db
from course_sync.models import Platform
from tests.harness.lti_platform import LEARNER, TestPlatform, begin_login, code_on, launch


@pytest.mark.parametrize(
    ("stored", "framed_by"),
    [
        (
            "https://\u0448\u043a\u043e\u043b\u0430.example",
            "https://xn--80atdl2c.example https://lms.example",
        ),
        ("https://*;sandbox", "https://lms.example"),
    ],
)
def test_an_address_stored_before_hosts_were_looked_at_breaks_no_page(
    app: Flask, client: FlaskClient, platform: TestPlatform, stored: str, framed_by: str
) -> None:
    with app.app_context():
        db.session.execute(update(Platform).values(issuer=stored))
        db.session.commit()
    platform.issuer = stored
    came = launch(client, platform, roles=[LEARNER])
    page = client.get(came.headers["Location"].rstrip("/") + "/me")
    assert page.status_code == 200
    assert page.headers["Content-Security-Policy"].endswith(f"frame-ancestors 'self' {framed_by}")


def test_an_address_of_a_request_adds_nothing_to_the_policy(client: FlaskClient) -> None:
    given = {"invite": "x", "openid_configuration": "https://*;sandbox"}
    refused = client.get("/lti/register", query_string=given)
    assert code_on(refused) == "invite_unknown"
    assert refused.headers["Content-Security-Policy"].endswith("frame-ancestors 'self'")


@pytest.mark.parametrize("stored", ["https://*;sandbox/auth", "https://" + "\u0448" * 64 + ".example/auth"])
def test_no_browser_is_sent_to_what_is_no_address(
    app: Flask, client: FlaskClient, platform: TestPlatform, stored: str
) -> None:
    with app.app_context():
        db.session.execute(update(Platform).values(auth_login_url=stored))
        db.session.commit()
    answer = begin_login(client, platform).response
    assert (answer.status_code, code_on(answer)) == (403, "platform_unknown")
