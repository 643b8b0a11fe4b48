"""The connection test over HTTP, from the admin's page and the command line, against the demo platform."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from flask_migrate import stamp

from course_sync.connection_records import find_check
from course_sync.database import db
from course_sync.models import Context, Freshness, Membership, Person, Platform, SyncRun
from lti_tool.cli import main
from lti_tool.connection_desk import CHECKS
from lti_tool.demo_lms import constants
from lti_tool.migrating import add_migrations
from lti_tool.moodle_services import disconnect_moodle
from lti_tool.services import current_services
from mentor_console.grants import grant_role
from tests.harness.demo_site import DemoSite
from tests.harness.pages import Page
from tests.harness.plain_browser import PlainBrowser

LACKS = ["moodle/site:accessallgroups", "mod/assign:viewgrades"]


@pytest.fixture
def site(demo_site: DemoSite) -> Iterator[DemoSite]:
    """A course that was opened by its trainer, who is admin too, and whose members LTI told."""
    with demo_site.tool.app_context():
        platform = db.session.query(Platform).one()
        person = Person(
            organisation_id=platform.organisation_id,
            platform_id=platform.id,
            external_id=str(constants.TRAINER_ID),
        )
        db.session.add(person)
        db.session.commit()
        grant_role(person, "admin", None, None, current_services().clock.now())
        db.session.remove()
    yield demo_site
    demo_site.set_faults()


def open_platform(site: DemoSite, browser: PlainBrowser) -> Page:
    """The admin's page of the one platform."""
    first = site.launch(constants.TRAINER_ID, browser)
    home = re.match(r"(.*/s/[^/]+)/", first.url)
    assert home
    return browser.get(f"{home.group(1)}/organisation/platforms/1")


def send(browser: PlainBrowser, page: Page, action: str, **data: str) -> Page:
    form = next(form for form in page.forms if form.action.endswith(action))
    return browser.submit(page, form, **data)


def run(site: DemoSite, *arguments: str) -> Result:
    """`ementor platform check` of this installation, in a process of its own as far as the tool can tell."""
    with site.tool.app_context():
        url = db.engine.url.render_as_string(hide_password=False)
    environ = {
        "EMENTOR_DATABASE_URL": url,
        "EMENTOR_PUBLIC_URL": site.tool_url,
        "EMENTOR_SECRET_KEY": current_secret(site),
        "EMENTOR_ALLOW_LOOPBACK_PLATFORMS": "1",
    }
    return CliRunner(env=environ).invoke(main, ["platform", "check", "--platform", "1", *arguments])


def current_secret(site: DemoSite) -> str:
    return str(site.tool.extensions["ementor"].settings.secret_keys[0])


def test_the_admin_reads_what_is_missing_and_what_it_costs(site: DemoSite, browser: PlainBrowser) -> None:
    page = open_platform(site, browser)
    site.set_faults(missing_capabilities=LACKS, missing_functions=["mod_quiz_get_user_attempts"])
    found = send(browser, page, "/check")
    assert "The connection was tested." in found.words
    assert "things are missing" in found.words
    assert "Moodle 4.5.6" in found.words
    assert "The list came back empty, without any error." in found.words
    assert "“moodle/site:accessallgroups”" in found.words
    assert "No access rights in module context" in found.words
    assert "“Missed deadlines” says nothing about assignments" in found.words
    assert "add “mod_quiz_get_user_attempts”" in found.words
    assert "Capabilities to allow: moodle/site:accessallgroups, mod/assign:viewgrades" in found.words
    site.set_faults()
    healed = send(browser, found, "/check")
    assert "Nothing is missing" in healed.words
    assert constants.WS_TOKEN not in healed.text
    again = browser.get(healed.url.partition("?")[0])
    assert "Nothing is missing" in again.words, "kept, so that it can be looked at again"
    with site.tool.app_context():
        kept = find_check(1)
        assert kept is not None
        assert kept.course_title == constants.COURSE_FULLNAME
        untouched = {row.kind for row in db.session.query(Freshness).filter_by(source="moodle")}
        assert untouched == set(), "a test keeps no facts"
        assert db.session.query(SyncRun).count() == 0
        assert db.session.query(Membership).filter(Membership.platform_roles.is_not(None)).count() == 0
        db.session.remove()


def test_it_is_not_tested_without_end_and_the_token_is_erased_on_request(
    site: DemoSite, browser: PlainBrowser
) -> None:
    page = open_platform(site, browser)
    site.set_faults(invalid_token=True)
    for _ in range(CHECKS.uses):
        answer = send(browser, page, "/check")
    assert "Invalid token - token not found" in answer.words
    assert "Manage tokens" in answer.words
    assert send(browser, page, "/check").status == 429
    erased = send(browser, page, "/moodle/remove")
    assert "The token is erased." in erased.words
    assert "Test the connection" not in erased.words
    assert "there is nothing to test" in send(browser, page, "/check").words
    with site.tool.app_context():
        platform = db.session.query(Platform).one()
        assert (platform.moodle_url, platform.moodle_token_sealed) == (None, None)
        db.session.remove()


def test_the_command_says_the_same_and_ends_with_a_code_for_scripts(
    site: DemoSite, browser: PlainBrowser
) -> None:
    site.launch(constants.TRAINER_ID, browser)
    with site.tool.app_context():
        add_migrations(site.tool)
        stamp()  # the template's tables were made without migrations
        db.session.remove()
    fine = run(site)
    assert fine.exit_code == 0, fine.output
    assert "Nothing is missing." in fine.output
    assert constants.COURSE_FULLNAME in fine.output
    site.set_faults(missing_capabilities=LACKS)
    lacking = run(site, "--context", str(constants.COURSE_ID))
    assert lacking.exit_code == 1
    assert re.search(r"left out without a word +Members of the course", lacking.output)
    assert "moodle/site:accessallgroups" in lacking.output
    told = json.loads(run(site, "--json").output)
    assert told["fine"] is False
    assert {row["code"]: row["state"] for row in told["results"]}["hand_ins"] == "silent"
    assert "no known course" in run(site, "--context", "99").output
    with site.tool.app_context():
        assert [context.external_id for context in db.session.query(Context)] == [str(constants.COURSE_ID)]
        db.session.remove()


def test_with_lti_alone_each_page_says_what_is_not_known_and_who_can_turn_it_on(
    site: DemoSite, browser: PlainBrowser
) -> None:
    with site.tool.app_context():
        disconnect_moodle(db.session.query(Platform).one(), current_services().clock.real_now())
        db.session.remove()
    course = site.launch(constants.TRAINER_ID, browser)
    site.run_jobs()
    course = browser.get(course.url)
    assert "what is not known here" in course.words
    assert "Not known here: last visits, activities and due dates, hand-ins" in course.words
    assert "An admin of your organisation turns the rest on" in course.words
    home = course.url.rpartition("/")[0]
    state = browser.get(f"{home}/sync")
    assert "Not known here" in state.words
    assert "All facts could be read" not in state.words
    learner = browser.get(course.link("Aarav Agarwal"))
    assert "neither visits nor steps have been read" in learner.words
    assert "Connect them" in browser.get(f"{home}/organisation").words
    own = site.launch(constants.FIRST_LEARNER_ID, PlainBrowser())
    assert "only who is in the course" in own.words
    assert "Platforms and invites" not in own.words, "nothing a learner could do"
