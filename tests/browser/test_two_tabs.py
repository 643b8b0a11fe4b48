"""Two people in two tabs of one browser, in the platform's frame: neither tab ever becomes the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Playwright, expect

from lti_tool.demo_lms import constants
from tests.browser.conftest import tool_frame
from tests.harness.chromium import FLAGS, Watch, find_chromium
from tests.harness.live_demo import LiveDemo


def open_tab(context: BrowserContext, demo: LiveDemo, user_id: int) -> Frame:
    """The platform's page with the tool in its frame, as this person."""
    page = context.new_page()
    page.goto(demo.tool_page(user_id))
    return tool_frame(page, demo)


def learners_on(frame: Frame) -> set[str]:
    """Addresses of the learners this page leads to, without the session's own part."""
    links = frame.locator("a[href*='/learners/']").evaluate_all("all => all.map(a => a.pathname)")
    return {link.split("/learners/")[1] for link in links}


def reload_frame(frame: Frame) -> None:
    """Load the frame's own address again, as a click on the navigation does."""
    frame.goto(frame.url)
    frame.wait_for_load_state("load")


def test_a_second_person_in_a_second_tab_changes_nothing_in_the_first(
    new_context: Callable[..., BrowserContext], live_demo: LiveDemo
) -> None:
    """Two e-mentors with different learners share one browser profile."""
    profile = new_context()
    first = open_tab(profile, live_demo, constants.MENTOR_1_ID)
    seen_first = learners_on(first)
    second = open_tab(profile, live_demo, constants.MENTOR_2_ID)
    seen_second = learners_on(second)
    assert seen_first
    assert seen_second
    assert seen_first.isdisjoint(seen_second)
    for frame, seen in ((first, seen_first), (second, seen_second), (first, seen_first)):
        reload_frame(frame)
        assert learners_on(frame) == seen


def test_what_the_first_tab_does_after_the_second_launch_is_its_own(
    new_context: Callable[..., BrowserContext], live_demo: LiveDemo
) -> None:
    """A form sent from the first tab acts for the first person: the second tab keeps its language."""
    profile = new_context()
    first = open_tab(profile, live_demo, constants.MENTOR_1_ID)
    second = open_tab(profile, live_demo, constants.TRAINER_ID)
    language = second.locator("html").get_attribute("lang")
    wanted = "fr" if language == "en" else "en"
    first.locator(f"button[name=locale][value={wanted}]").click()
    expect(first.locator("html")).to_have_attribute("lang", wanted)
    reload_frame(second)
    assert second.locator("html").get_attribute("lang") == language
    first.locator(f"button[name=locale][value={language}]").click()
    expect(first.locator("html")).to_have_attribute("lang", language or "")


def test_an_address_without_its_cookie_says_open_the_activity_again(
    new_context: Callable[..., BrowserContext],
    open_tool: Callable[..., tuple[Page, Frame]],
    live_demo: LiveDemo,
    watch: Watch,
) -> None:
    """The same address in another profile, and in the same profile outside the frame (partitioned cookie)."""
    page, frame = open_tool(constants.MENTOR_1_ID)
    for context in (page.context, new_context()):
        elsewhere = context.new_page()
        response = elsewhere.goto(frame.url)
        assert response is not None
        assert response.status == 401
        assert "Open the activity again" in elsewhere.locator("main").inner_text()
    watch.said = [line for line in watch.said if "401" not in line]


@pytest.fixture
def strict_chromium(playwright: Playwright) -> Iterator[Browser]:
    """A browser that blocks third-party cookies; partitioned ones are all that is left."""
    flags = [*FLAGS, "--test-third-party-cookie-phaseout"]
    browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=flags)
    yield browser
    browser.close()


def test_the_tool_works_where_third_party_cookies_are_blocked(
    strict_chromium: Browser, live_demo: LiveDemo
) -> None:
    """Launch, a click, a form: the partitioned cookie carries them all."""
    context = strict_chromium.new_context(locale="en-GB")
    frame = open_tab(context, live_demo, constants.MENTOR_1_ID)
    plain = "document.cookie = 'plain=1; Secure; SameSite=None'; document.cookie"
    assert "plain" not in frame.evaluate(plain), "this browser does not block what it should"
    seen = learners_on(frame)
    assert seen
    reload_frame(frame)
    assert learners_on(frame) == seen
    language = frame.locator("html").get_attribute("lang")
    wanted = "fr" if language == "en" else "en"
    frame.locator(f"button[name=locale][value={wanted}]").click()
    expect(frame.locator("html")).to_have_attribute("lang", wanted)
    frame.locator(f"button[name=locale][value={language}]").click()
    expect(frame.locator("html")).to_have_attribute("lang", language or "")
    cookies = {c["name"]: c for c in context.cookies() if c["name"] == "__Secure-ementor"}
    assert all(c["secure"] and c["httpOnly"] and c["sameSite"] == "None" for c in cookies.values())
    context.close()
