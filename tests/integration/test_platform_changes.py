"""What is stored about a known platform changes: by an update, by hand, twice, at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy.orm.attributes import set_committed_value

from course_sync import vocabulary as lti
from course_sync.database import db
from course_sync.models import ACTIVE, PENDING, REFUSED, Deployment, Platform
from course_sync.records import registration_of
from lti_tool import approvals, invites, moodle_reports, moodle_services, registration
from lti_tool.config import Settings
from lti_tool.models import Invite
from lti_tool.refusals import LaunchRefused
from lti_tool.secrets import Sealer
from mentor_console.models import AuditEntry
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


def noted(after: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """Action and subject of the entries but for the first so many, without the platform's number."""
    entries = db.session.query(AuditEntry).order_by(AuditEntry.id).offset(after)
    return [(row.action, {k: v for k, v in row.subject.items() if k != "platform_id"}) for row in entries]


def test_a_change_by_hand_names_its_fields_and_no_change_is_noted(
    platform: Platform, settings: Settings, now: datetime
) -> None:
    before = len(noted())
    registration.change_platform(platform, DETAILS, settings, now)
    assert noted(before) == []
    other = replace(DETAILS, name="Other", jwks_url="https://lms.example/k", client_id="client-2")
    registration.change_platform(platform, other, settings, now)
    registration.change_platform(platform, other, settings, now)
    assert noted(before) == [("platform_changed", {"changed": ["client_id", "name", "jwks_url"]})]
    again = replace(other, auth_token_url="https://lms.example/t", deployment_ids=("1", "2"))
    registration.add_platform(again, settings, now)
    assert noted(before + 1) == [("platform_changed", {"changed": ["auth_token_url", "deployment_ids"]})]


def test_a_decision_made_twice_is_noted_once(platform: Platform, now: datetime) -> None:
    before, place = len(noted()), platform.deployments[0]
    for approve in (False, False, True, True):
        approvals.decide_deployment(platform, place, now, approve=approve)
    for decide in (approvals.approve_platform, approvals.refuse_platform):
        decide(platform, now)
        decide(platform, now)
    approvals.add_deployment(platform, "1", now)
    approvals.approve_platform(platform, now)
    own = {"deployment": place.id}
    assert noted(before) == [
        ("deployment_refused", own),
        ("deployment_approved", own),
        ("platform_refused", {}),
        ("platform_approved", {"deployments": []}),
    ]
    known = replace(registration_of(platform), product="canvas")
    claims = {lti.CLAIM_DEPLOYMENT_ID: "new"}
    for _ in range(2):
        approvals.refuse_deployment(known, claims, LaunchRefused("deployment_unknown"), now)
    (new,) = [row for row in db.session.query(Deployment) if row.deployment_id == "new"]
    db.session.expire_all()
    approvals.approve_platform(platform, now)
    assert noted(before + 4) == [
        ("deployment_seen", {"deployment": new.id}),
        ("platform_approved", {"deployments": [new.id]}),
    ]


def test_a_token_and_a_report_are_erased_once(platform: Platform, now: datetime) -> None:
    before = len(noted())
    given: dict[str, Any] = {"sealer": Sealer(["k" * 32]), "allow_loopback": False, "now": now}
    token = "0123456789abcdef" * 2
    for _ in range(2):
        moodle_services.connect_moodle(platform.id, "https://lms.example", token, **given)
        moodle_reports.name_report(platform, 3, now)
        moodle_reports.name_report(platform, 3, now)
    for _ in range(2):
        moodle_services.disconnect_moodle(platform, now)
        moodle_reports.name_report(platform, None, now)
    moodle_services.connect_moodle(platform.id, "https://lms.example", token, **given)
    moodle_reports.name_report(platform, 3, now)
    moodle_services.connect_moodle(platform.id, "https://other.example", token, **given)
    assert [action for action, _ in noted(before)] == [
        *("moodle_connected", "report_named", "moodle_connected"),
        *("report_dropped", "moodle_disconnected"),
        *("moodle_connected", "report_named", "report_dropped", "moodle_connected"),
    ]


def test_a_place_that_another_request_adds_at_the_same_moment(platform: Platform, now: datetime) -> None:
    before = len(noted())
    row = {"platform_id": platform.id, "deployment_id": "2", "status": REFUSED}
    db.session.commit()
    with db.engine.begin() as other:
        other.execute(insert(Deployment).values(row))
    (first,) = db.session.query(Deployment).filter_by(deployment_id="1")
    set_committed_value(platform, "deployments", [first])  # as this request has read it
    approvals.add_deployment(platform, "2", now)
    assert places(platform) == {"1": ACTIVE, "2": ACTIVE}
    assert [action for action, _ in noted(before)] == ["deployment_added"]


def test_who_is_stopped_takes_no_open_invite_along(platform: Platform, now: datetime) -> None:
    """One made afterwards is meant: it shows that the platform is stopped."""
    here = platform.organisation_id
    own, other = (
        invites.make_invite(here, own_origin="https://tool.example", now=now, updates=updates).invite
        for updates in (platform, None)
    )
    before = len(noted())
    approvals.refuse_platform(platform, now)
    assert noted(before) == [("platform_refused", {}), ("invite_withdrawn", {"invite_id": own.id})]
    later = invites.make_invite(here, own_origin="https://tool.example", now=now, updates=platform).invite
    obstacles = {row.id: invites.find_obstacle(row, now) for row in db.session.query(Invite)}
    assert obstacles == {own.id: "invite_withdrawn", other.id: None, later.id: None}
