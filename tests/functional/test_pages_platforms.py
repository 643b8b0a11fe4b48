"""The admin's pages about platforms: invites, approval, stopping, by hand; nothing typed is lost."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import PENDING, Deployment, Platform
from lti_tool.services import current_services
from mentor_console.models import AuditEntry
from tests.harness.desk import Desk, prepare_desk
from tests.harness.pages import Page

HOME = "organisation/platforms"
TYPED = {
    "name": "School of the north",
    "product": "moodle",
    "issuer": "https://north.example",
    "client_id": "north-1",
    "auth_login_url": "https://north.example/auth",
    "auth_token_url": "https://north.example/token",
    "jwks_url": "https://north.example/certs",
    "deployment_ids": "1, 2",
}


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def act(desk: Desk, page: Page, action: str, **data: str) -> Page:
    """Send one of the forms of a page, and follow where it leads."""
    form = next(form for form in page.forms if form.action.endswith(action))
    return desk.follow("admin", form.action, dict(form.fields) | data)


def stored(app: Flask, client_id: str) -> Platform:
    """One platform as the database has it."""
    with app.app_context():
        row = db.session.query(Platform).filter_by(client_id=client_id).one()
        _ = row.deployments
        db.session.expunge_all()
        db.session.rollback()
    return row


def test_an_invite_is_shown_once_and_can_be_taken_back(app: Flask, desk: Desk) -> None:
    page = desk.open("admin", HOME)
    form = next(form for form in page.forms if form.action.endswith("/invites"))
    made = desk.open("admin", form.action, dict(form.fields) | {"approve": "yes"})
    link = re.search(r"http://localhost:8000/lti/register\?invite=([\w-]{43})", made.text)
    assert link is not None
    again = desk.open("admin", HOME)
    assert link.group(1) not in again.text
    assert "lets in at once" in again.words
    withdrawn = act(desk, again, "/withdraw")
    assert "The invite is taken back." in withdrawn.words
    assert "taken back" in withdrawn.words
    late = next(form for form in again.forms if form.action.endswith("/withdraw"))
    assert "used or taken back in the meantime" in desk.follow("admin", late.action, dict(late.fields)).words
    with app.app_context():
        actions = [row.action for row in db.session.query(AuditEntry).order_by(AuditEntry.id)]
        db.session.rollback()
    assert actions[-2:] == ["invite_made", "invite_withdrawn"]


def test_a_number_no_database_holds_leads_nowhere(desk: Desk) -> None:
    far = "9" * 30
    assert desk.open("admin", f"{HOME}/{far}").status == 404
    form = next(form for form in desk.open("admin", HOME).forms if form.action.endswith("/invites"))
    assert desk.open("admin", form.action, dict(form.fields) | {"platform": far}).status == 403


def test_connected_by_hand_with_what_to_fill_in_there(app: Flask, desk: Desk) -> None:
    page = desk.open("admin", HOME + "/new")
    assert "http://localhost:8000/.well-known/jwks.json" in page.text
    added = act(desk, page, "/platforms/new", **TYPED)
    assert "The platform is connected." in added.words
    assert added.title.startswith("School of the north")
    row = stored(app, "north-1")
    assert {place.deployment_id: place.status for place in row.deployments} == {"1": "active", "2": "active"}
    again = desk.open("admin", HOME + "/new", TYPED | {"name": "Another"})
    assert again.status == 422
    assert "None may be registered with it yet." in again.words
    assert "Another" in [dict(form.fields).get("name") for form in again.forms]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("jwks_url", "http://north.example/certs", "begins with https://"),
        ("auth_token_url", "https://me:word@north.example/token", "begins with https://"),
        ("name", "", "1 to 200 characters"),
        ("product", "blackboard", "Choose one of the list."),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(desk: Desk, field: str, value: str, said: str) -> None:
    page = desk.open("admin", HOME + "/new", TYPED | {field: value})
    assert page.status == 422
    assert said in page.words
    assert "north-1" in [dict(form.fields).get("client_id") for form in page.forms]


def test_approved_corrected_and_stopped(app: Flask, desk: Desk) -> None:
    act(desk, desk.open("admin", HOME + "/new"), "/platforms/new", **TYPED)
    with app.app_context():
        row = db.session.query(Platform).filter_by(client_id="north-1").one()
        number, row.status = row.id, PENDING
        waits = Deployment(platform_id=number, deployment_id="3", status=PENDING)
        db.session.add(waits)
        db.session.commit()
        db.session.rollback()
    there = f"{HOME}/{number}"
    assert "waits for approval" in desk.open("admin", HOME).words
    approved = desk.follow("admin", there + "/state", {"do": "approve"})
    assert "The platform is let in." in approved.words
    assert {place.status for place in stored(app, "north-1").deployments} == {"active"}
    changed = act(desk, approved, f"/platforms/{number}", jwks_url="https://north.example/keys")
    assert "The platform is changed." in changed.words
    assert stored(app, "north-1").jwks_url == "https://north.example/keys"
    stopped = desk.follow("admin", there + "/state", {"do": "refuse"})
    assert "not let in any more" in stopped.words
    assert stored(app, "north-1").status == "refused"


def test_nobody_locks_themselves_out(app: Flask, desk: Desk) -> None:
    own = desk.world.courses["main"].platform.id
    page = desk.follow("admin", f"{HOME}/{own}/state", {"do": "refuse"})
    assert "stopping it would lock you out" in page.words


def test_sessions_of_a_stopped_platform_are_over(app: Flask, desk: Desk) -> None:
    assert desk.open("trainer", "course").status == 200
    with app.app_context():
        db.session.get_one(Platform, desk.world.courses["main"].platform.id).status = "refused"
        db.session.commit()
        db.session.rollback()
    assert desk.open("trainer", "course").status == 401


def test_web_services_are_connected_and_the_token_never_shown(app: Flask, desk: Desk) -> None:
    own, token = desk.world.courses["main"].platform.id, "0123456789abcdef0123456789abcdef"
    there = f"{HOME}/{own}/moodle"
    wrong = desk.open("admin", there, {"moodle_url": "https://moodle.example", "token": "no token!"})
    assert wrong.status == 422
    assert "32 letters and digits" in wrong.words
    done = desk.follow("admin", there, {"moodle_url": "https://moodle.example", "token": token})
    assert "The web services are connected." in done.words
    assert token not in done.text
    with app.app_context():
        row = db.session.get_one(Platform, own)
        assert current_services().sealer.open(row.moodle_token_sealed or "") == token
        db.session.rollback()
