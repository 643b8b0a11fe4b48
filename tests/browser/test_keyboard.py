"""A mentor's whole day with nothing but a keyboard: Tab, Shift+Tab, Enter, Space and letters.

Wherever the keyboard arrives the focus is to be seen, and after each answer it is where one would go on.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Frame, Page, expect

from lti_tool.demo_lms import constants
from tests.harness.chromium import Watch
from tests.harness.live_demo import LiveDemo

Open = Callable[..., tuple[Page, Frame]]

MOST_KEYS = 90
"""More than this nobody presses to get to something that is there."""
IS_FOCUSED = "wanted => document.activeElement.matches(wanted)"
UNDO = "#undo-bar button"
CARD = ".card.act h2 a"


class Keyboard:
    """Somebody in front of the page who has no pointer."""

    def __init__(self, page: Page, frame: Frame) -> None:
        self.page, self.frame = page, frame

    def reach(self, wanted: str, key: str = "Tab", most: int = MOST_KEYS) -> None:
        """Press a key until this has the focus, and see it there."""
        for _ in range(most):
            self.page.keyboard.press(key)
            if self.frame.evaluate(IS_FOCUSED, wanted):
                return self.see()
        raise AssertionError(f"{wanted} was not reached with {most} times {key}")

    def use(self, wanted: str, key: str = "Enter") -> None:
        """Go there and press it."""
        self.reach(wanted)
        self.page.keyboard.press(key)

    def see(self) -> None:
        """The focus is inside the window, with a line around it."""
        held = self.frame.locator(":focus")
        expect(held).to_be_in_viewport()
        expect(held).to_have_css("outline-style", "solid")

    def arrive(self, wanted: str) -> None:
        """The answer came, and put the focus here."""
        expect(self.frame.locator(wanted).first).to_be_focused()
        self.see()

    def take_back(self) -> None:
        """One key from where one is after something was done."""
        self.arrive("#undo-bar")
        self.reach(UNDO, most=1)
        self.page.keyboard.press("Enter")
        expect(self.frame.locator(UNDO)).to_have_count(0)
        self.arrive("#undo-bar")

    def go_to_today(self) -> None:
        """Back to the navigation."""
        self.reach("nav a[href$='/today']", key="Shift+Tab", most=9)
        self.page.keyboard.press("Enter")
        self.frame.wait_for_url("**/today")


@pytest.fixture
def hands(open_tool: Open, live_demo: LiveDemo) -> Keyboard:
    """In the platform's page, in front of the frame with Today."""
    keyboard = Keyboard(*open_tool(constants.MENTOR_1_ID))
    assert keyboard.frame.url.endswith("/today")
    return keyboard


def test_a_card_a_contact_and_its_undo(hands: Keyboard, watch: Watch) -> None:
    """From the platform's own page into the frame; a form that is refused says so where the reader is."""
    watch.expect("status of 422")
    hands.reach(CARD)
    hands.reach(".skip", key="Shift+Tab")
    hands.page.keyboard.press("Enter")
    expect(hands.frame.locator("main")).to_be_focused()
    hands.use(CARD)
    hands.frame.wait_for_url("**/learners/*")
    hands.use(".flag .btn.main")
    hands.frame.wait_for_url("**#contact")
    hands.reach("#field-duration_minutes", most=20)
    hands.page.keyboard.type("long")
    hands.page.keyboard.press("Enter")
    hands.arrive(".notice.problem")
    hands.use(".notice.problem a")
    hands.arrive("#field-duration_minutes")
    hands.page.keyboard.press("Control+A")
    hands.page.keyboard.type("10")
    hands.reach("#field-summary", most=2)
    hands.page.keyboard.type("Typed without a mouse.")
    hands.use("#contact button[type=submit]", key="Space")
    expect(hands.frame.locator("#history .bubble").first).to_have_text("Typed without a mouse.")
    hands.take_back()
    hands.go_to_today()


def test_not_a_problem_later_a_task_and_their_undo(hands: Keyboard, watch: Watch) -> None:
    """Where only a part of the page is exchanged, the focus goes to what was done or to what is wrong."""
    watch.expect("status of 422")
    hands.use(".card.act details:has([value=already_handled]) > summary", key="Space")
    hands.use(".card.act [value=already_handled]")
    hands.take_back()
    hands.use(".card.act details:has([value=tomorrow]) > summary")
    hands.use(".card.act [value=tomorrow]", key="Space")
    hands.take_back()
    hands.use(".card.act details:has([value=other]) > summary")
    hands.use(".card.act [value=other]")
    hands.arrive("textarea[aria-invalid=true]")
    hands.page.keyboard.type("On a field trip.")
    hands.use("[value=other]")
    hands.take_back()
    hands.use(CARD)
    hands.frame.wait_for_url("**/learners/*")
    hands.use("#tasks details:has([id^=new-task-][id$=-title]) > summary")
    hands.reach("[id^=new-task-][id$=-title]", most=3)
    hands.page.keyboard.type("Read page 3 together")
    hands.page.keyboard.press("Enter")
    agreed = hands.frame.locator("#tasks .task").filter(has_text="Read page 3 together")
    expect(agreed).to_have_count(1)
    hands.take_back()
    expect(agreed).to_have_count(0)
