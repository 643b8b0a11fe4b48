"""What a mentor reads on Today when something sent fails to arrive: beside the form, with the words kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import update

from course_sync.database import db
from mentor_console.models import Assignment
from tests.harness.chromium import Watch, run_axe
from tests.harness.state_site import StateSite, state_site
from tests.integration.console_world import NOW

TYPED = "Prefers to be called in the evening."
NOTE_FORM = "form[action$='/notes']"
CONSOLE = ("status of 4", "status of 5", "htmx:", "Response Status Error Code", "ERR_INTERNET_DISCONNECTED")
"""What Chromium and htmx write down about an answer that is refused or does not come."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateSite]:
    """One course, small."""
    with state_site(tmp_path_factory.mktemp("failed"), {"many": 20}) as running:
        yield running


@pytest.fixture
def page(site: StateSite, new_context: Callable[..., BrowserContext], watch: Watch) -> Page:
    """Today, with a note written on the first card and not yet sent."""
    for part in CONSOLE:
        watch.expect(part)
    context = new_context()
    context.add_cookies(site.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(site.address("mentor of many", "/today"))
    card = page.locator(".card").first
    card.locator("summary", has_text="Note").click()
    card.locator(f"{NOTE_FORM} textarea").fill(TYPED)
    return page


def press(page: Page) -> Locator:
    """Send the note; gives what is said about it beside the form."""
    page.locator(NOTE_FORM).first.get_by_role("button").click()
    return page.locator(f"{NOTE_FORM} [role=alert]")


def expect_refusal(page: Page, said: str) -> None:
    """The words stand in the form, the reader is brought to them, and what was typed is still there."""
    alert = press(page)
    expect(alert).to_contain_text(said)
    expect(alert).to_be_focused()
    expect(alert).to_be_in_viewport()
    expect(page.locator(f"{NOTE_FORM} textarea").first).to_have_value(TYPED)


def test_a_learner_who_was_taken_away_meanwhile(page: Page, site: StateSite) -> None:
    taken_away = int(str(page.locator(".card").first.get_attribute("id")).removeprefix("card-"))
    with site.app.app_context():
        db.session.execute(
            update(Assignment).where(Assignment.membership_id == taken_away).values(ended_at=NOW)
        )
        db.session.commit()
        db.session.remove()
    expect_refusal(page, "This page is not for you")
    page.set_viewport_size({"width": 320, "height": 700})
    assert run_axe(page.context, page) == []


def test_a_visit_that_is_over(page: Page) -> None:
    page.context.clear_cookies()
    expect_refusal(page, "Open the activity again")


def test_a_server_that_cannot_say_why(page: Page) -> None:
    page.route("**/notes", lambda route: route.fulfill(status=502, body="Bad gateway"))
    expect_refusal(page, "This could not be saved.")


def test_no_connection_and_then_one(page: Page) -> None:
    page.context.set_offline(True)
    expect_refusal(page, "No answer came")
    page.context.set_offline(False)
    press(page)
    expect(page.locator("#undo-bar")).to_contain_text("note")
    expect(page.locator("#failed")).to_have_count(0)
