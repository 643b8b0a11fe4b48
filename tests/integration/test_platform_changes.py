"""What is stored about a known platform changes: by an update, by hand, twice, at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import ACTIVE, PENDING, Deployment, Platform
from lti_tool import registration
from lti_tool.config import Settings
from tests.harness.lti_platform import TestPlatform

DETAILS = TestPlatform().details()


@pytest.fixture
def platform(app: Flask, settings: Settings, now: datetime) -> Iterator[Platform]:
    """A platform that is let in, with one place."""
    with app.app_context():
        yield registration.add_platform(DETAILS, settings, now)


def bring_up_to_date(platform: Platform, settings: Settings, now: datetime, **changes: Any) -> Platform:
    terms = {"organisation_id": platform.organisation_id, "status": PENDING, "updates": platform}
    saved = registration.save_platform(replace(DETAILS, **changes), settings, now, **terms)
    db.session.commit()
    return saved


def places(platform: Platform) -> dict[str, str]:
    return {row.deployment_id: row.status for row in platform.deployments}


def test_a_new_client_may_have_a_place_of_the_same_id(
    platform: Platform, settings: Settings, now: datetime
) -> None:
    """Moodle counts its places per site, others per client: then both are called "1"."""
    former = platform.id
    saved = bring_up_to_date(platform, settings, now, client_id="client-2")
    assert (saved.id, saved.client_id, places(saved)) == (former, "client-2", {"1": PENDING})
    assert db.session.query(Deployment).count() == 1
    again = bring_up_to_date(platform, settings, now, client_id="client-2", jwks_url="https://lms.example/k")
    assert (again.jwks_url, places(again)) == ("https://lms.example/k", {"1": PENDING})
    assert saved.status == ACTIVE
