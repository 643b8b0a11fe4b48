"""What becomes of words written on Today when something fails to arrive, and when their card is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect
from sqlalchemy import update

from course_sync.database import db
from mentor_console.models import Assignment, Flag, LearnerAnswer
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
    expect(page.locator(".failed")).to_have_count(0)


def test_words_on_a_card_that_went_away(page: Page, site: StateSite) -> None:
    """They stand where it stood, through whatever else is done, and can still be sent."""
    gone, other = page.locator(".card").first, page.locator(".card").nth(1)
    settle(site, int(str(gone.get_attribute("id")).removeprefix("card-")))
    name = gone.locator("h2 bdi").inner_text()
    other.locator("summary", has_text="Later").click()
    other.get_by_role("button", name="Tomorrow").click()
    unsent = page.locator(".unsent")
    expect(unsent.locator("textarea")).to_have_value(TYPED)
    expect(unsent).to_contain_text("Not sent yet.")
    expect(unsent.locator("h2")).to_contain_text(name)
    assert run_axe(page.context, page) == []
    page.locator("#undo-bar button").click()
    expect(page.locator("#undo-bar button")).to_have_count(0)
    expect(unsent.locator("textarea")).to_have_value(TYPED)
    unsent.get_by_role("button", name="Keep the note").click()
    expect(page.locator("#undo-bar")).to_contain_text("note")
    expect(unsent).to_have_count(0)


def settle(site: StateSite, learner_id: int) -> None:
    """Nothing stands out about a learner any more, as after an update of the course data."""
    with site.app.app_context():
        db.session.execute(update(Flag).where(Flag.membership_id == learner_id).values(cleared_at=NOW))
        said = update(LearnerAnswer).where(LearnerAnswer.membership_id == learner_id)
        db.session.execute(said.values(withdrawn_at=NOW))
        db.session.commit()
        db.session.remove()


def test_an_answer_without_the_part_is_loaded_whole(page: Page, site: StateSite) -> None:
    """As where somebody's work lies elsewhere meanwhile."""
    press(page)
    undo = page.locator("#undo-bar form")
    elsewhere = f"{site.sessions['mentor of many'].path}/sync"
    undo.locator("[name=back]").evaluate("(field, path) => { field.value = path }", elsewhere)
    undo.get_by_role("button").click()
    page.wait_for_url(f"**{elsewhere}?done=undone")
    expect(page.locator("#sync-state")).to_be_visible()


def test_a_limit_that_is_refused_is_said_where_it_was_set(page: Page, site: StateSite) -> None:
    """Its fold stays open, although the one it takes the place of was open too."""
    page.goto(site.address("trainer of many", "/course"))
    page.locator("summary", has_text="Limit…").first.click()
    field = page.locator("#mentors details[open] input[name=learners]")
    field.fill("many")
    field.press("Enter")
    expect(page.locator("#mentors .field-error")).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_value("many")
