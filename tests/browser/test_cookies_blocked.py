"""A browser that refuses the tool's cookies inside the platform's page, partitioned ones too.

The first way, partitioned cookies, is in test_two_tabs.py. Here: the platform's storage, then a new tab.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import BrowserContext, Frame, Page, Playwright, expect

from lti_tool.demo_lms import constants
from tests.browser.conftest import tool_frame
from tests.harness.chromium import FLAGS, Watch, find_chromium
from tests.harness.live_demo import LiveDemo

FORGER = """
if (location.hostname === "localhost") {
  const real = crypto.randomUUID.bind(crypto);
  crypto.randomUUID = () => {
    const number = real();
    for (const what of ["get", "put"]) {
      const subject = `lti.${what}_data.response`;
      window.postMessage({ subject, message_id: number, key: "any", value: "f".repeat(43) }, "*");
    }
    return number;
  };
}
"""
"""Answers each question before the platform can, from an origin that is not the platform's."""
SLOW = """
if (location.hostname !== "localhost") {
  const add = window.addEventListener.bind(window);
  const opened = Date.now();
  window.addEventListener = (name, hear, ...more) => add(name, name !== "message" ? hear : (event) => {
    if (Date.now() - opened > 1000) setTimeout(hear, 2000, event);
  }, ...more);
}
"""
"""The platform does not listen at first, and answers after the new tab was offered."""


@pytest.fixture
def refusing(
    playwright: Playwright, live_demo: LiveDemo, tmp_path: Path, watch: Watch
) -> Iterator[BrowserContext]:
    """A profile in which the tool may keep nothing inside the platform's page; in its own tab it may."""
    pair = f"{live_demo.tool_url},{live_demo.lms_url}"
    cookies = {"exceptions": {"cookies": {pair: {"setting": 2}}}}
    folder = tmp_path / "profile" / "Default"
    folder.mkdir(parents=True)
    (folder / "Preferences").write_text(json.dumps({"profile": {"content_settings": cookies}}))
    context = playwright.chromium.launch_persistent_context(
        tmp_path / "profile",
        executable_path=find_chromium(playwright),
        args=FLAGS,
        locale="en-GB",
        viewport={"width": 1100, "height": 800},
    )
    context.on("page", watch.attach)
    yield context
    context.close()


@pytest.fixture
def no_storage(live_demo: LiveDemo) -> Iterator[None]:
    """The platform keeps nothing for tools, as Moodle 4.5 does not."""
    faults = f"{live_demo.lms_url}/demo/faults"
    assert requests.post(faults, json={"no_platform_storage": True}, timeout=10).ok
    yield
    assert requests.post(faults, json={}, timeout=10).ok


def open_frame(context: BrowserContext, demo: LiveDemo, *scripts: str) -> Frame:
    """The platform's page with the tool in its frame, as an e-mentor."""
    page = context.new_page()
    for script in scripts:
        page.add_init_script(script)
    page.goto(demo.tool_page(constants.MENTOR_1_ID))
    return tool_frame(page, demo)


def cookies_of_tool(context: BrowserContext, demo: LiveDemo) -> list[str]:
    """Names of the cookies the tool was allowed to keep."""
    return [cookie["name"] for cookie in context.cookies(demo.tool_url + "/lti/x")]


def test_the_platform_s_storage_lets_the_person_in(
    refusing: BrowserContext, live_demo: LiveDemo, watch: Watch
) -> None:
    """Nobody is asked anything, however late it answers; a click and a form work; others are not heard."""
    for scripts in ((SLOW,), (FORGER,), ()):
        frame = open_frame(refusing, live_demo, *scripts)
        assert "." in urlsplit(frame.url).path.split("/")[2], "this browser kept a cookie it should not"
    assert cookies_of_tool(refusing, live_demo) == []
    language = frame.locator("html").get_attribute("lang")
    wanted = "fr" if language == "en" else "en"
    frame.locator(f"button[name=locale][value={wanted}]").click()
    expect(frame.locator("html")).to_have_attribute("lang", wanted)
    frame.locator(f"button[name=locale][value={language}]").click()
    expect(frame.locator("html")).to_have_attribute("lang", language or "")
    frame.locator("a[href*='/learners/']").first.click()
    frame.wait_for_url("**/learners/*")
    watch.expect("401")
    copied = refusing.new_page().goto(frame.url)
    assert copied is not None
    assert copied.status == 401


@pytest.mark.usefixtures("no_storage")
def test_a_new_tab_lets_the_person_in(
    refusing: BrowserContext, live_demo: LiveDemo, axe: Callable[[Page | Frame], list[str]], watch: Watch
) -> None:
    """One button in the frame, one in the tab that names the person; a second use of it leads nowhere."""
    page = refusing.new_page()
    page.goto(live_demo.tool_page(constants.MENTOR_1_ID))
    frame = page.locator("iframe#contentframe").element_handle().content_frame()
    assert frame is not None
    button = frame.locator("form[target=_blank] button")
    expect(button).to_be_visible()
    assert axe(frame) == []
    with refusing.expect_page() as opened:
        button.click()
    tab = opened.value
    expect(tab.locator("main")).to_contain_text("Amadou Sarr-Petit")
    assert axe(tab) == []
    tab.locator("form[action='/lti/enter'] button").click()
    tab.wait_for_url(f"{live_demo.tool_url}/s/**")
    assert "." not in urlsplit(tab.url).path.split("/")[2]
    expect(tab.locator("a[href*='/learners/']").first).to_be_visible()
    watch.expect("403")
    with refusing.expect_page() as again:
        button.click()
    expect(again.value.locator("main code")).to_have_text("ticket_unknown")
