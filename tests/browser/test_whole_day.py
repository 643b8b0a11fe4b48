"""A whole day of an e-mentor with forty learners: everybody who stands out hears from them, in few clicks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.harness.state_site import state_site

LEARNERS = 40
MAX_CLICKS = 40
"""Fewer than one a learner: who is fine costs none."""


class Clicks:
    """The only way in which this test uses the page, but for typing."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, target: Locator) -> None:
        """One click."""
        self.count += 1
        target.click()


def deal_with(card: Locator, page: Page, clicks: Clicks, number: int) -> None:
    """Every third time with a decision where there is one to take, else with a contact; back to Today."""
    decide = card.locator("details", has=page.locator("form[action$='/dismiss']"))
    if number % 3 == 0 and decide.count():
        clicks.on(decide.locator("summary"))
        clicks.on(decide.locator("button[value=already_handled]"))
        return
    clicks.on(card.locator(".btn.main"))
    clicks.on(page.get_by_role("button", name="Log this contact"))
    expect(page.get_by_role("status")).to_contain_text("The contact is logged.")
    clicks.on(page.get_by_role("navigation").get_by_role("link", name="Today"))


def test_forty_learners_take_less_than_forty_clicks(
    tmp_path: Path, new_context: Callable[..., BrowserContext]
) -> None:
    clicks = Clicks()
    with state_site(tmp_path, {"many": LEARNERS}) as site:
        context = new_context(locale="en-GB")
        context.add_cookies(site.cookies())  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(site.address("mentor of many", "/today"))
        cards = page.locator("article.card")
        assert cards.count() == 7
        number = 0
        while cards.count():
            number += 1
            card = cards.first.get_attribute("id")
            deal_with(cards.first, page, clicks, number)
            expect(page.locator(f"#{card}")).to_have_count(0)
        expect(page.get_by_role("heading", name="Done for today")).to_be_visible()
        context.close()
    assert number > 7
    assert clicks.count < MAX_CLICKS, f"{clicks.count} clicks for {number} learners who stood out"
