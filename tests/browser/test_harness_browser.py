"""The browser harness itself: it sees what it must see, and the demo comes up in its frame."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from playwright.sync_api import Frame, Page

from lti_tool.demo_lms import constants
from tests.harness.chromium import Watch
from tests.harness.servers import listen, port_of, served

BROKEN = """<!doctype html><html><head><title></title></head><body>
<img src="/nothing.png"><p onclick="alert(1)">words</p><script>throw new Error("thrown")</script>
</body></html>"""


def test_the_watch_and_axe_see_a_broken_page(
    open_page: Callable[..., Page], axe: Callable[[Page | Frame], list[str]], watch: Watch
) -> None:
    """Missing file, refused inline script, missing alternative text and language: each is noticed."""
    app = Flask("broken")
    app.add_url_rule("/", view_func=lambda: (BROKEN, {"Content-Security-Policy": "default-src 'self'"}))
    listener = listen()
    with served(app, listener):
        page = open_page(f"http://127.0.0.1:{port_of(listener)}/")
        found = axe(page)
        page.close()
    listener.close()
    said, watch.said = "\n".join(watch.said), []
    assert "404" in said
    assert "Content Security Policy" in said
    assert {line.split(":")[0] for line in found} >= {"image-alt", "html-has-lang", "document-title"}


def test_the_tool_comes_up_in_the_frame(open_tool: Callable[..., tuple[Page, Frame]]) -> None:
    """Launched from another site's page, with a session that survives the next click."""
    page, frame = open_tool(constants.TRAINER_ID)
    assert page.url.startswith("http://127.0.0.1:")
    assert frame.url.startswith("http://localhost:")
    assert frame.locator("main").inner_text().strip()


def test_axe_is_the_vendored_one() -> None:
    """With its licence beside it."""
    vendor = Path(__file__).parent / "vendor"
    assert (vendor / "axe.min.js").stat().st_size > 100_000
    assert any("LICENSE" in path.name for path in vendor.iterdir())
