"""Chromium against the whole running demo. The demo's tests share one worker, one browser and one demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, Playwright, expect, sync_playwright

from tests.harness.chromium import FLAGS, Watch, find_shell, run_axe
from tests.harness.live_demo import LiveDemo, running_demo

HERE = Path(__file__).parent
WAIT_MILLISECONDS = 30_000
"""What hangs, hangs for good; a machine with too much to do is only slow."""
LOADED = """() => document.readyState === "complete"
    || new Promise(done => addEventListener("load", () => done(true)))"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of this folder may be chosen, or left out, by their mark."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for the run; fails, never skips, where there is none."""
    browser = playwright.chromium.launch(executable_path=find_shell(playwright), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def live_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveDemo]:
    """The demo as `make demo` runs it, seeded and synced."""
    with running_demo(tmp_path_factory.mktemp("demo")) as demo:
        yield demo


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Fails the test for any console error or content-policy refusal that the test did not expect."""
    watched = Watch()
    yield watched
    assert watched.unexpected() == []


@pytest.fixture
def new_context(chromium: Browser, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """`new_context(viewport=..., color_scheme="dark", java_script_enabled=False, ...)`: a fresh profile."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = chromium.new_context(
            **{"locale": "en-GB", "viewport": {"width": 1100, "height": 800}, **options}
        )
        context.set_default_timeout(WAIT_MILLISECONDS)
        context.on("page", watch.attach)
        contexts.append(context)
        return context

    expect.set_options(timeout=WAIT_MILLISECONDS)
    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(new_context: Callable[..., BrowserContext]) -> Callable[..., Page]:
    """`open_page(url, **options)`: a page in a profile of its own."""

    def make(url: str | None = None, **options: Any) -> Page:
        page = new_context(**options).new_page()
        if url:
            page.goto(url)
        return page

    return make


@pytest.fixture
def open_tool(open_page: Callable[..., Page], live_demo: LiveDemo) -> Callable[..., tuple[Page, Frame]]:
    """`open_tool(user_id, **options)`: the platform's page and the frame in which the tool came up."""

    def make(user_id: int, **options: Any) -> tuple[Page, Frame]:
        page = open_page(live_demo.tool_page(user_id), **options)
        return page, tool_frame(page, live_demo)

    return make


@pytest.fixture
def axe() -> Callable[[Page | Frame], list[str]]:
    """`axe(page_or_frame)`: accessibility violations, one line each; assert that there are none."""

    def check(target: Page | Frame) -> list[str]:
        page = target if isinstance(target, Page) else target.page
        return run_axe(page.context, target)

    return check


def tool_frame(page: Page, demo: LiveDemo) -> Frame:
    """The frame of the platform's page, once the launch has arrived at a page of the tool."""
    frame = page.locator("iframe#contentframe").element_handle().content_frame()
    assert frame is not None
    # Not until a state of loading is reached: of a frame that sends itself on, its event may be missed.
    frame.wait_for_url(f"{demo.tool_url}/s/**", wait_until="commit")
    expect(frame.locator("main")).to_be_visible()
    # Not wait_for_function either: when it has to wait, it meets the content policy, which forbids eval.
    frame.evaluate(LOADED)
    return frame
