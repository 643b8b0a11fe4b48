"""A real Chromium for tests: where it is, how it is started, what a page must never say, accessibility."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, ConsoleMessage, Error, Frame, Page, Playwright

FEATURES_OFF = (
    # Each window loads two pages for suggestions in an address bar nobody sees: a third of what it costs.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # What Playwright turns off itself; Chromium hears only the last list.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
FLAGS = [
    f"--disable-features={','.join(FEATURES_OFF)}",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # A page is left before code made for long runs has paid for its making: axe costs a sixth less without.
    "--js-flags=--no-turbofan",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SHELL = "chromium-headless-shell"
AXE = Path(__file__).parents[1] / "browser" / "vendor" / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def find_chromium(playwright: Playwright) -> str:
    """Path of a Chromium. Fails, naming the command that installs one, where there is none."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        found = shutil.which(name) if name else None
        if found:
            return found
    if Path(playwright.chromium.executable_path).exists():
        return playwright.chromium.executable_path
    pytest.fail(
        "No Chromium for the browser tests. `make test` installs one; by hand: `apt-get install chromium` "
        "or `.venv/bin/playwright install chromium`, or set CHROMIUM to its path.",
        pytrace=False,
    )


def find_shell(playwright: Playwright) -> str:
    """The same without tabs, settings and histories, where Debian's is installed; a third cheaper.

    For pages alone: what a person may set in a browser (which cookies to keep) it does not know.
    """
    whole = find_chromium(playwright)
    return (shutil.which(SHELL) if Path(whole).name == NAMES[0] else None) or whole


@dataclass
class Watch:
    """Collects what a page should never say: console errors, script errors, content-policy refusals."""

    said: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def attach(self, page: Page) -> None:
        """Listen to a page and its frames."""
        for event, listener in self._listeners():
            page.on(event, listener)  # type: ignore[call-overload]

    def detach(self, page: Page) -> None:
        """Listen no longer: the next test looks at the same page."""
        for event, listener in self._listeners():
            page.remove_listener(event, listener)

    def expect(self, part: str) -> None:
        """A console error that contains this is what the test is about (e.g. "status of 403")."""
        self.expected.append(part)

    def unexpected(self) -> list[str]:
        """What nobody expected."""
        return [line for line in self.said if not any(part in line for part in self.expected)]

    def _listeners(self) -> list[tuple[str, Callable[..., None]]]:
        return [("console", self._on_console), ("pageerror", self._on_error), ("crash", self._on_crash)]

    def _on_error(self, problem: Error) -> None:
        self.said.append(f"script error: {problem}")

    def _on_crash(self, _page: Page) -> None:
        self.said.append("the page crashed")

    def _on_console(self, message: ConsoleMessage) -> None:
        text = message.text
        if message.type == "error" or "Content Security Policy" in text:
            self.said.append(f"{text} ({message.location.get('url', '')})")


def run_axe(
    context: BrowserContext, target: Page | Frame, rules: Sequence[str] = (), within: str = ":root"
) -> list[str]:
    """Accessibility violations of a page or frame, one line each, with the element.

    `rules` names some alone; `within` selects what of the page is looked at.

    axe is brought in through the debugger, since the content security policy rightly refuses any other way.
    """
    session, execution = _debugger(context, target)
    try:
        if not _evaluate(session, execution, "typeof axe === 'object'"):
            _evaluate(session, execution, AXE.read_text(encoding="utf-8") + "\n;undefined")
        chosen = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": AXE_TAGS}
        options = {"runOnly": chosen, "resultTypes": ["violations"]}
        asked = f"axe.run({json.dumps({'include': [[within]]})}, {json.dumps(options)})"
        result = _evaluate(session, execution, asked)
    finally:
        session.detach()
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:160]}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]


def _debugger(context: BrowserContext, target: Page | Frame) -> tuple[CDPSession, int | None]:
    """A debugger session for a page or frame, with the id of the script world where one is needed.

    A frame of another site has a process and a session of its own; a frame of the same site is one of several
    worlds in its page's session.
    """
    if isinstance(target, Page) or target.parent_frame is None:
        return context.new_cdp_session(target if isinstance(target, Page) else target.page), None
    try:
        return context.new_cdp_session(target), None
    except Error:
        session = context.new_cdp_session(target.page)
        return session, _world_of(session, target)


def _world_of(session: CDPSession, frame: Frame) -> int:
    tree = session.send("Page.getFrameTree")["frameTree"]
    frame_id = next(one["id"] for one in _flatten(tree) if one["url"] == frame.url)
    made = session.send("Page.createIsolatedWorld", {"frameId": frame_id, "worldName": "axe"})
    return int(made["executionContextId"])


def _flatten(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return [tree["frame"], *(frame for child in tree.get("childFrames", []) for frame in _flatten(child))]


def _evaluate(session: CDPSession, execution: int | None, expression: str) -> Any:
    asked: dict[str, Any] = {"expression": expression, "awaitPromise": True, "returnByValue": True}
    if execution is not None:
        asked["contextId"] = execution
    answer = session.send("Runtime.evaluate", asked)
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")
