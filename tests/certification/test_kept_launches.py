"""What is kept of launches without a cookie: one for a login, however often its token is sent."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from course_sync.database import db
from lti_tool.models import WaitingLaunch
from tests.certification.test_without_cookies import FROM_OWN_TAB, FROM_PLATFORM, arrive, send, ticket_in
from tests.harness.lti_platform import TestPlatform, code_on


def test_a_token_sent_without_end_keeps_one_launch(app: Flask, platform: TestPlatform) -> None:
    other, came = arrive(app, platform), arrive(app, platform)
    client: FlaskClient = app.test_client(use_cookies=False)
    form, tickets = {"id_token": came.token, "state": came.state}, [came.ticket]
    for _ in range(3):
        page = client.post("/lti/launch", data=form, headers=FROM_PLATFORM)
        tickets.append(ticket_in(page.text))
    assert len(set(tickets)) == 4
    with app.app_context():
        assert db.session.query(WaitingLaunch).count() == 2
        db.session.remove()
    *former, last = (send(client, "/lti/continue", FROM_OWN_TAB, ticket=ticket) for ticket in tickets)
    assert {code_on(page) for page in former} == {"ticket_unknown"}
    assert (
        last.status_code
        == send(client, "/lti/continue", FROM_OWN_TAB, ticket=other.ticket).status_code
        == 200
    )
