"""What a process remembers of a platform for a second lets nobody in who was shut out, and keeps nobody out.

Changes of other processes are made past the objects of this one, which then knows nothing of them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update

from course_sync.database import db
from course_sync.models import ACTIVE, REFUSED, Deployment, Platform
from course_sync.vocabulary import CLAIM_DEPLOYMENT_ID as DEPLOYMENT
from lti_tool import registration_lookup
from lti_tool.models import LoginState
from tests.harness.lti_platform import TestPlatform, begin_login, code_on, launch, post_launch


@pytest.fixture
def platform(platform: TestPlatform, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> TestPlatform:
    """A platform that has just launched, and is remembered for longer than any test takes."""
    monkeypatch.setattr(registration_lookup, "KEEP_SECONDS", 3600.0)
    assert launch(client, platform).status_code == 303
    return platform


def change_elsewhere(app: Flask, statement: Any) -> None:
    with app.app_context():
        db.session.execute(statement.execution_options(synchronize_session=False))
        db.session.commit()


def test_a_platform_stopped_elsewhere_is_out_at_once(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    login = begin_login(client, platform)
    change_elsewhere(app, update(Platform).values(status=REFUSED))
    answer = post_launch(client, platform.sign(platform.claims(login.nonce)), login.state)
    assert (answer.status_code, code_on(answer)) == (403, "platform_stopped")
    with app.app_context():
        consumed = db.session.scalars(select(LoginState.consumed_at)).all()
    assert sorted(moment is None for moment in consumed) == [False, True]


def test_a_deployment_approved_elsewhere_is_in_at_once(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    assert code_on(launch(client, platform, **{DEPLOYMENT: "new"})) == "deployment_unknown"
    row = {"deployment_id": "new", "status": ACTIVE, "seen_at": datetime.now(UTC)}
    with app.app_context():
        platform_id = db.session.scalars(select(Platform.id)).one()
    change_elsewhere(app, insert(Deployment).values(platform_id=platform_id, **row))
    assert launch(client, platform, **{DEPLOYMENT: "new"}).status_code == 303


def test_a_deployment_refused_here_is_out_at_once(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    with app.app_context():
        db.session.scalars(select(Deployment)).one().status = REFUSED
        db.session.commit()
    assert code_on(launch(client, platform)) == "deployment_refused"


def test_a_deployment_refused_elsewhere_is_out_at_once(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    change_elsewhere(app, update(Deployment).values(status=REFUSED))
    assert code_on(launch(client, platform)) == "deployment_refused"
