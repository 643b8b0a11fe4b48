"""The page of one's own Moodle token: kept only if it is the person's own, never shown, erased on request."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.models import Context, JobRun, Membership, Person, Platform
from course_sync.records import LaunchedContext, record_launch
from lti_tool import own_tokens
from lti_tool.demo_lms import constants
from lti_tool.moodle_services import disconnect_moodle
from lti_tool.secrets import Sealer
from lti_tool.services import current_services
from mentor_console.grants import grant_role
from mentor_console.models import AuditEntry, RoleGrant
from tests.harness.demo_site import DemoSite
from tests.harness.pages import Page
from tests.harness.plain_browser import PlainBrowser
from tests.harness.sync_world import START


@pytest.fixture
def site(demo_site: DemoSite) -> DemoSite:
    """A Moodle without web services of its own, and one named e-mentor."""
    with demo_site.tool.app_context():
        platform, now = db.session.query(Platform).one(), current_services().clock.now()
        platform.product = "moodle"
        disconnect_moodle(platform, now)
        person = {
            "subject": str(constants.MENTOR_1_ID),
            "names": {},
            "email": "",
            "locale": "",
            "time_zone": "",
        }
        place = {"platform_id": platform.id, "organisation_id": platform.organisation_id}
        course = LaunchedContext(str(constants.COURSE_ID), "Course")
        mentor = record_launch(**place, **person, context=course, roles=["Instructor"], now=now)  # type: ignore[arg-type]
        grant_role(mentor.person, "mentor", mentor.context, None, now)
        db.session.remove()
    return demo_site


def open_own(site: DemoSite, browser: PlainBrowser, user_id: int = constants.MENTOR_1_ID) -> Page:
    first = site.launch(user_id, browser, language="en")
    return browser.get(first.url.rpartition("/")[0] + "/own-token")


def give(browser: PlainBrowser, page: Page, token: str) -> Page:
    form = next(form for form in page.forms if "token" in dict(form.fields))
    return browser.submit(page, form, token=token)


def test_given_used_and_erased(site: DemoSite, browser: PlainBrowser) -> None:
    page = open_own(site, browser)
    assert "Nothing else, and nothing is ever written" in page.words
    for token, said in (
        ("short", "32 letters and digits"),
        (constants.MENTOR_2_WS_TOKEN, "belongs to another Moodle account"),
        ("0" * 32, "does not know this token"),
    ):
        assert said in give(browser, page, token).words
    with site.tool.app_context():
        assert db.session.query(PersonToken).count() == 0
        db.session.query(JobRun).delete()
        db.session.commit()
        db.session.remove()
    done = give(browser, page, constants.MENTOR_1_WS_TOKEN)
    assert "Your account is connected." in done.words
    assert constants.MENTOR_1_WS_TOKEN not in done.text
    with site.tool.app_context():
        (kept,) = db.session.query(PersonToken)
        assert constants.MENTOR_1_WS_TOKEN not in kept.token_sealed
        assert [job.name for job in db.session.query(JobRun)] == ["sync_context"]
        db.session.remove()
    with site.tool.app_context():
        kept_row = db.session.query(PersonToken).one()
        kept_row.refused_at = current_services().clock.real_now()
        db.session.commit()
        db.session.remove()
    for path in ("/today", "/sync"):
        told = browser.get(page.url.removesuffix("/own-token") + path)
        assert "nothing is read with it any more" in told.words, path
    form = next(form for form in done.forms if form.action.endswith("/remove"))
    assert "Your token is erased." in browser.submit(done, form).words
    with site.tool.app_context():
        assert db.session.query(PersonToken).count() == 0
        audited = list(
            db.session.query(AuditEntry).filter(AuditEntry.action.like("own_%")).order_by(AuditEntry.id)
        )
        assert [row.action for row in audited] == ["own_token_connected", "own_token_erased"]
        assert constants.MENTOR_1_WS_TOKEN not in repr([row.subject for row in audited])
        db.session.query(Platform).one().moodle_url = site.lms_url
        db.session.commit()
        db.session.remove()
    assert "by its own service user" in give(browser, page, constants.MENTOR_1_WS_TOKEN).words


def test_given_twice_at_once_the_later_stays(
    site: DemoSite, browser: PlainBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, seal = open_own(site, browser), Sealer.seal

    def be_overtaken(sealer: Sealer, secret: str) -> str:
        row = {"person_id": db.session.scalar(owner), "token_sealed": "x", "connected_at": START}
        with db.engine.begin() as other:
            other.execute(insert(PersonToken).values(row))
        return seal(sealer, secret)

    owner = select(Person.id).where(Person.external_id == str(constants.MENTOR_1_ID))
    monkeypatch.setattr(Sealer, "seal", be_overtaken)
    assert "Your account is connected." in give(browser, page, constants.MENTOR_1_WS_TOKEN).words
    with site.tool.app_context():
        (kept,) = db.session.query(PersonToken)
        assert current_services().sealer.open(kept.token_sealed) == constants.MENTOR_1_WS_TOKEN
        db.session.remove()


def test_at_an_address_that_changed_meanwhile_nothing_is_kept(
    site: DemoSite, browser: PlainBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was asked is not the one that would be asked from now on."""
    page, ask = open_own(site, browser), own_tokens._check_owner

    def change_after(site_url: str, token: str, subject: str) -> None:
        ask(site_url, token, subject)
        with db.engine.begin() as other:
            other.execute(update(Platform).values(moodle_url=None, issuer="https://elsewhere.example"))

    monkeypatch.setattr(own_tokens, "_check_owner", change_after)
    assert "was changed just now" in give(browser, page, constants.MENTOR_1_WS_TOKEN).words
    with site.tool.app_context():
        assert db.session.query(PersonToken).count() == 0
        db.session.remove()


def test_a_token_its_owner_erases_at_the_same_moment(site: DemoSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that must go, one is gone already: the other goes all the same, and is the one noted."""
    with site.tool.app_context():
        mentor = db.session.query(Person).filter_by(external_id=str(constants.MENTOR_1_ID)).one()
        db.session.query(RoleGrant).delete()
        db.session.query(Membership).delete()
        here = {"platform_id": mentor.platform_id, "organisation_id": mentor.organisation_id}
        other = Person(**here, external_id="other")
        db.session.add(other)
        db.session.flush()
        left = other.id
        for owner in (mentor.id, left):
            db.session.add(PersonToken(person_id=owner, token_sealed="x", connected_at=START))
        db.session.commit()
        before = db.session.query(AuditEntry).count()

        def be_overtaken(table: type[PersonToken]) -> Any:
            monkeypatch.undo()
            with db.engine.begin() as faster:
                faster.execute(delete(table).where(table.person_id != left))
            return delete(table)

        monkeypatch.setattr(own_tokens, "delete", be_overtaken)
        db.session.commit()
        assert own_tokens.erase_unentitled(START) == 1
        assert db.session.query(PersonToken).count() == 0
        (noted,) = db.session.query(AuditEntry).order_by(AuditEntry.id).offset(before)
        assert noted.subject == {"person_id": left}
        db.session.remove()


def test_who_has_no_part_gives_none(site: DemoSite) -> None:
    browser = PlainBrowser()
    assert open_own(site, browser, constants.FIRST_LEARNER_ID).status == 403
    with site.tool.app_context():
        assert {row.external_id for row in db.session.query(Context)} == {str(constants.COURSE_ID)}
        assert db.session.query(Person).filter_by(external_id=str(constants.FIRST_LEARNER_ID)).count() == 1
        db.session.remove()
