"""The harness over HTTP: launches work as in a browser that blocks third-party cookies."""

from __future__ import annotations

from collections.abc import Callable

from lti_tool.demo_lms import constants
from tests.harness.demo_site import DemoSite
from tests.harness.pages import Page
from tests.harness.plain_browser import PlainBrowser


def test_a_launch_ends_on_a_page_of_the_tool(
    demo_site: DemoSite, launch: Callable[..., Page], browser: PlainBrowser
) -> None:
    """Login, redirect, signed message, session: all in one browser."""
    page = launch(constants.TRAINER_ID)
    assert page.status == 200, page.words
    assert page.url.startswith(f"{demo_site.tool_url}/s/")
    assert {cookie.host for cookie in browser.cookies.values()} == {"127.0.0.1", "localhost"}


def test_pages_need_the_cookie_of_their_launch(demo_site: DemoSite, launch: Callable[..., Page]) -> None:
    """The same address in another browser is nobody's."""
    page = launch(constants.TRAINER_ID)
    assert PlainBrowser().get(page.url).status == 401
