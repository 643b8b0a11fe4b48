"""One login is finished once, on either database, and never for a platform that was stopped meanwhile."""

from __future__ import annotations

from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from course_sync.database import db, one_writer
from course_sync.models import ACTIVE, REFUSED, Platform
from lti_tool.launch_claims import read_launch
from lti_tool.launches import CheckedLaunch, StateNotConsumed, consume_state, find_refusal
from lti_tool.registration import find_registration
from lti_tool.secrets import hash_of
from lti_tool.services import current_services
from tests.harness.lti_platform import TestPlatform, begin_login


def test_a_state_is_consumed_once_and_only_for_an_active_platform(app: Flask, client: FlaskClient) -> None:
    platform = TestPlatform()
    platform.register(app)
    login = begin_login(client, platform)
    with app.app_context():
        real_now = current_services().clock.real_now()
        assert refusal_of(platform, login.state, login.nonce, real_now, REFUSED) == "platform_stopped"
        assert refusal_of(platform, login.state, "another", real_now, ACTIVE) == "nonce_foreign"
        assert refusal_of(platform, login.state, login.nonce, real_now, ACTIVE) == ""
        assert refusal_of(platform, login.state, login.nonce, real_now, ACTIVE) == "launch_replayed"


def refusal_of(platform: TestPlatform, state: str, nonce: str, real_now: datetime, status: str) -> str:
    """The code with which a state is not consumed, for a platform with this status; "" where it is."""
    registration = find_registration(platform.issuer, platform.client_id)
    assert registration is not None
    db.session.execute(update(Platform).values(status=status).execution_options(synchronize_session=False))
    db.session.commit()
    launch = read_launch(platform.claims(nonce))
    checked = CheckedLaunch(registration, launch, hash_of(state), None)
    try:
        with one_writer() as connection:
            consume_state(checked, connection, real_now)
    except StateNotConsumed:
        return find_refusal(checked, real_now).code
    return ""
