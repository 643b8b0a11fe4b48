"""Deep linking over HTTP: the demo platform asks, a trainer chooses, the signed answer changes the course."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jwt
import pytest

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.site import EXTENSION
from tests.harness.demo_site import DemoSite
from tests.harness.pages import Page
from tests.harness.plain_browser import PlainBrowser

DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"


def ask_to_place(site: DemoSite, browser: PlainBrowser, user_id: int, language: str = "en") -> Page:
    """Open the tool's choice as one of the platform's people."""
    query = f"?user={user_id}&lang={language}"
    return browser.follow_launch(browser.get(f"{site.lms_url}/mod/lti/contentitem.php{query}"))


def answer_in(page: Page) -> dict[str, Any]:
    """Claims of the signed answer on its way."""
    token = dict(page.form("contentitem_return").filled({}))["JWT"]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def open_link(site: DemoSite, browser: PlainBrowser, cmid: int, user_id: int) -> Page:
    """Launch one of the added links."""
    address = f"{site.lms_url}/mod/lti/launch.php?id={cmid}&user={user_id}&target=iframe"
    return browser.follow_launch(browser.get(address))


def test_a_trainer_places_both_links_and_each_leads_where_it_should(
    seeded_site: DemoSite, browser: PlainBrowser
) -> None:
    """The whole way: request, choice, answer, course page, launches."""
    site = seeded_site
    page = ask_to_place(site, browser, constants.TRAINER_ID)
    assert "Add to your course" in page.words
    nothing = browser.submit(page, "/place", chosen=[])
    assert nothing.status == 400
    assert "Choose what the course shall link to." in nothing.words
    sending = browser.submit(page, "/place", chosen=["my_e_mentor", "console"])
    assert f"form-action 'self' {site.lms_url};" in sending.headers["Content-Security-Policy"]
    assert "csrf_token" not in dict(sending.form("contentitem_return").filled({}))
    claims = answer_in(sending)
    assert (claims["iss"], claims["aud"]) == (constants.CLIENT_ID, site.lms_url)
    assert claims[LTI + "message_type"] == "LtiDeepLinkingResponse"
    assert claims[LTI + "deployment_id"] == constants.DEPLOYMENT_ID
    assert claims[DL + "data"].startswith("add to course 21")
    assert claims["exp"] - claims["iat"] <= 300
    assert [item["custom"] for item in claims[DL + "content_items"]] == [
        {"ementor_page": "my_e_mentor"},
        {"ementor_page": "console"},
    ]
    assert all("lineItem" not in item for item in claims[DL + "content_items"])
    added = browser.submit(sending, "contentitem_return")
    assert "My e-mentor" in added.words
    course = browser.get(f"{site.lms_url}/course/view.php?id=21&user={constants.TRAINER_ID}")
    assert "E-mentor console" in course.words
    placed = site.lms.extensions[EXTENSION].placed.all()
    _check_where_they_lead(site, browser, *(link.cmid for link in placed))
    again = browser.submit(sending, "contentitem_return")
    assert again.status == 400
    assert len(site.lms.extensions[EXTENSION].placed.all()) == 2


def _check_where_they_lead(site: DemoSite, browser: PlainBrowser, own: int, console: int) -> None:
    learner, trainer = constants.FIRST_LEARNER_ID, constants.TRAINER_ID
    assert open_link(site, browser, own, learner).url.endswith("/me")
    assert open_link(site, browser, console, learner).url.endswith("/me")
    assert open_link(site, browser, own, trainer).url.endswith("/course")
    assert open_link(site, browser, console, constants.MENTOR_1_ID).url.endswith("/today")


def test_titles_are_in_the_language_of_the_course_page(seeded_site: DemoSite, browser: PlainBrowser) -> None:
    """Whatever the trainer reads."""
    page = ask_to_place(seeded_site, browser, constants.TRAINER_ID, language="fr")
    sending = browser.submit(page, "/place", chosen="my_e_mentor")
    (item,) = answer_in(sending)[DL + "content_items"]
    assert item["title"] == "Mon e-mentor"


@pytest.mark.parametrize(
    "who",
    [constants.MENTOR_1_ID, constants.FIRST_LEARNER_ID, constants.MANAGER_ID],
    ids=["e-mentor", "learner", "applicant"],
)
def test_nobody_else_places_anything(seeded_site: DemoSite, browser: PlainBrowser, who: int) -> None:
    """A clear word instead, and the choice itself is closed to them."""
    page = ask_to_place(seeded_site, browser, who, language="en")
    assert page.status == 200
    assert "Only trainers add this to a course" in page.words
    place = page.url.replace("/not-placing", "/place")
    assert browser.get(place, referrer=page.url).status == 403
    token = dict(page.form("/language").filled({}))["csrf_token"]
    sent = browser.post(place, {"csrf_token": token, "chosen": "console"}, referrer=page.url)
    assert sent.status == 403


def test_a_role_that_could_not_be_read_is_not_called_missing(
    demo_site: DemoSite, browser: PlainBrowser
) -> None:
    """The roster is down at the trainer's first launch: try again, not "you are none"."""
    demo_site.launch(constants.FIRST_LEARNER_ID)  # the platform's keys are known, the roster is not
    demo_site.set_faults(down=True)
    page = ask_to_place(demo_site, browser, constants.TRAINER_ID)
    assert "could not be read just now" in page.words


def test_added_links_survive_the_platform(seeded_site: DemoSite, browser: PlainBrowser) -> None:
    """They are in its state folder."""
    from lti_tool.demo_lms.placing import FILE, PlacedLinks

    page = ask_to_place(seeded_site, browser, constants.TRAINER_ID)
    browser.submit(browser.submit(page, "/place", chosen="console"), "contentitem_return")
    placed = seeded_site.lms.extensions[EXTENSION].placed
    folder = Path(placed._file).parent
    assert [link.title for link in PlacedLinks(folder).all()] == ["E-mentor console"]
    (folder / FILE).write_text("nonsense")
    assert PlacedLinks(folder).all() == []
