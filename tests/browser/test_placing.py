"""The trainer's way through deep linking: from the course page, through the tool's choice, and back."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Frame, Page, expect

from lti_tool.demo_lms import constants
from tests.browser.conftest import tool_frame
from tests.harness.live_demo import LiveDemo


def test_a_trainer_adds_a_link_to_the_course(
    open_page: Callable[..., Page], live_demo: LiveDemo, axe: Callable[[Page | Frame], list[str]]
) -> None:
    """Three clicks; the answer sends itself, past the content policies of both sites."""
    course = f"/course/view.php?id={constants.COURSE_ID}&user={constants.TRAINER_ID}"
    page = open_page(live_demo.lms_url + course)
    page.click("#add-activity")
    frame = tool_frame(page, live_demo)
    assert axe(frame) == []
    frame.click("main button[type=submit]")
    back = page.frame_locator("#contentframe").locator("#to-course")
    back.click()
    page.wait_for_url("**/course/view.php?*")
    link = page.locator("ul.added a")
    expect(link).to_have_text("My e-mentor")
    link.click()
    assert tool_frame(page, live_demo).url.endswith("/course")
