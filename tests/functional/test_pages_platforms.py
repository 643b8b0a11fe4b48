"""The admin's pages about platforms: invites, approval, stopping, by hand; nothing typed is lost."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import update

from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.errors import PlatformError, PlatformRefused
from course_sync.models import PENDING, Deployment, Platform
from course_sync.records import REPORT, record_outcome
from lti_tool.models import LaunchSession
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
    same = act(desk, changed, f"/platforms/{number}")
    assert "Nothing was different" in same.words
    stopped = desk.follow("admin", there + "/state", {"do": "refuse"})
    assert "not let in any more" in stopped.words
    assert stored(app, "north-1").status == "refused"


def test_nobody_locks_themselves_out(app: Flask, desk: Desk) -> None:
    own = desk.world.courses["main"].platform.id
    page = desk.follow("admin", f"{HOME}/{own}/state", {"do": "refuse"})
    assert "stopping it would lock you out" in page.words


def test_nobody_refuses_the_place_they_came_through(app: Flask, desk: Desk) -> None:
    """Nor, where a visit does not know its own, the last one of its platform."""
    own = desk.world.courses["main"].platform.id

    def refuse(deployment_id: str) -> str:
        with app.app_context():
            (row,) = db.session.query(Deployment).filter_by(platform_id=own, deployment_id=deployment_id)
            number = row.id
            db.session.remove()
        return desk.follow("admin", f"{HOME}/{own}/deployments/{number}", {"do": "refuse"}).words

    there = f"{HOME}/{own}/deployments"
    desk.follow("admin", there, {"deployment_ids": "first"})
    assert "would lock you out" in refuse("first")
    desk.follow("admin", there, {"deployment_ids": "second"})
    with app.app_context():
        mine = LaunchSession.handle == desk.sessions["admin"].handle
        db.session.execute(update(LaunchSession).where(mine).values(deployment_id="second"))
        db.session.commit()
    assert "would lock you out" in refuse("second")
    assert "The place is not let in any more." in refuse("first")


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


def connect(app: Flask, platform_id: int, report: int | None = None) -> None:
    with app.app_context():
        row = db.session.get_one(Platform, platform_id)
        row.moodle_url, row.moodle_token_sealed = "https://moodle.example", "sealed"
        row.moodle_report_id = report
        db.session.commit()


def report_of(app: Flask, platform_id: int) -> int | None:
    with app.app_context():
        number = db.session.get_one(Platform, platform_id).moodle_report_id
        db.session.rollback()
    return number


def test_a_report_is_named_changed_and_removed(app: Flask, desk: Desk) -> None:
    own = desk.world.courses["main"].platform.id
    there = f"{HOME}/{own}"
    unconnected = desk.follow("admin", f"{there}/report", {"report": "3"})
    assert "nothing to read a report with" in unconnected.words
    connect(app, own)
    page = desk.open("admin", there)
    assert "No report is read." in page.words
    named = act(desk, page, "/report", report=" 12 ")
    assert "The report is read from the next update on." in named.words
    assert "Report 12 is read." in named.words
    again = act(desk, named, "/report", report="13")
    assert "Report 13 is read." in again.words
    gone = desk.follow("admin", f"{there}/report", {"do": "remove"})
    assert "No report is read any more." in gone.words
    assert report_of(app, own) is None
    with app.app_context():
        actions = [row.action for row in db.session.query(AuditEntry).order_by(AuditEntry.id)]
        db.session.rollback()
    assert actions[-3:] == ["report_named", "report_named", "report_dropped"]


@pytest.mark.parametrize("typed", ["", "0", "-3", "three", "3.5", "2147483648", "٣"])
def test_what_is_no_number_of_a_report_is_refused(app: Flask, desk: Desk, typed: str) -> None:
    own = desk.world.courses["main"].platform.id
    connect(app, own, report=3)
    page = desk.open("admin", f"{HOME}/{own}/report", {"report": typed})
    assert page.status == 422
    assert "Needs the number of a report" in page.words
    assert typed in [dict(form.fields).get("report") for form in page.forms]
    assert report_of(app, own) == 3


def note_reading(app: Flask, context_id: int, problem: PlatformError | None) -> None:
    with app.app_context():
        record_outcome(context_id, REPORT, "moodle", problem, current_services().clock.real_now())
        db.session.commit()


def test_what_the_last_reading_said_of_the_report(app: Flask, desk: Desk) -> None:
    course = desk.world.courses["main"]
    own = course.platform.id
    connect(app, own, report=3)
    detail = "no column tells e-mail address, id number or username: Correo"
    assert "No update has read it yet." in desk.open("admin", f"{HOME}/{own}").words
    note_reading(app, course.context.id, PlatformRefused(detail, code="report_not_understood"))
    page = desk.open("admin", f"{HOME}/{own}")
    assert "not what Moodle writes in English or French" in page.words
    assert "In 1 course." in page.words
    assert detail in page.words
    assert detail not in desk.open("admin", "course").words, "the sums are no fact that a course lacks"
    note_reading(app, course.context.id, None)
    assert "Nothing went wrong when it was last read" in desk.open("admin", f"{HOME}/{own}").words
    named = act(desk, desk.open("admin", f"{HOME}/{own}"), "/report", report="13")
    assert "No update has read it yet." in named.words, "what was read was another one"


def test_a_report_is_of_one_site(app: Flask, desk: Desk) -> None:
    own, token = desk.world.courses["main"].platform.id, "0123456789abcdef0123456789abcdef"
    connect(app, own, report=3)
    desk.follow("admin", f"{HOME}/{own}/moodle", {"moodle_url": "https://moodle.example", "token": token})
    assert report_of(app, own) == 3, "another token of the same site"
    desk.follow("admin", f"{HOME}/{own}/moodle", {"moodle_url": "https://other.example", "token": token})
    assert report_of(app, own) is None


def test_at_another_address_nobodys_own_token_is_sent(app: Flask, desk: Desk) -> None:
    course = desk.world.courses["main"]
    owner, there = course.people["mentor"].id, f"{HOME}/{course.platform.id}"
    with app.app_context():
        moment = current_services().clock.real_now()
        db.session.add(PersonToken(person_id=owner, token_sealed="sealed", connected_at=moment))
        db.session.commit()

    def kept() -> int:
        with app.app_context():
            number = db.session.query(PersonToken).count()
            db.session.rollback()
        return number

    page, action = desk.open("admin", there), f"/platforms/{course.platform.id}"
    typed = TYPED | {"client_id": "another"}
    wrong = next(form for form in page.forms if form.action.endswith(action))
    refused = desk.open("admin", wrong.action, dict(wrong.fields) | typed | {"jwks_url": "http://x.example"})
    assert (refused.status, kept()) == (422, 1)
    same = typed | {"issuer": dict(wrong.fields)["issuer"]}
    assert "The platform is changed." in act(desk, page, action, **same).words
    assert kept() == 1
    assert "The platform is changed." in act(desk, page, action, **typed).words
    assert kept() == 0
    with app.app_context():
        newest = db.session.query(AuditEntry).order_by(AuditEntry.id.desc()).limit(2)
        noted = {entry.action: entry.subject for entry in newest}
        assert noted == {
            "own_token_erased": {"person_id": owner},
            "platform_changed": {"platform_id": course.platform.id, "changed": ["issuer"]},
        }
        db.session.rollback()
