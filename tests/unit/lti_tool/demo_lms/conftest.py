"""A demo site with a fixed clock, and short ways to ask it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.platform import KEY_FILE
from lti_tool.demo_lms.site import EXTENSION, DemoSite

BASE_URL = "http://127.0.0.1:8001"
TOOL_URL = "http://localhost:8000"
RECORDED = Path(__file__).parents[3] / "recorded" / "moodle"


@dataclass
class MovableTime:
    """Real time as the site sees it; a test may move it."""

    now: datetime = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **parts: float) -> None:
        self.now += timedelta(**parts)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values["action"]
        elif tag == "input":
            self.fields[values["name"]] = values["value"]


@pytest.fixture
def real_time() -> MovableTime:
    return MovableTime()


@pytest.fixture(scope="session")
def platform_key(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One key pair for all sites of a run: making one is slow."""
    folder = tmp_path_factory.mktemp("key")
    create_demo_lms(folder, BASE_URL, TOOL_URL)
    return (folder / KEY_FILE).read_bytes()


@pytest.fixture
def state_dir(tmp_path: Path, platform_key: bytes) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / KEY_FILE).write_bytes(platform_key)
    return folder


@pytest.fixture
def demo_app(state_dir: Path, real_time: MovableTime) -> Flask:
    app = create_demo_lms(state_dir, BASE_URL, TOOL_URL, now=real_time)
    app.testing = True
    return app


@pytest.fixture
def site(demo_app: Flask) -> DemoSite:
    found: DemoSite = demo_app.extensions[EXTENSION]
    return found


@pytest.fixture
def lms(demo_app: Flask) -> FlaskClient:
    return demo_app.test_client()


@pytest.fixture
def ws(lms: FlaskClient) -> Callable[..., Any]:
    """ws("function", courseid=21) -> the decoded answer; `_token` names another token."""

    def ask(function: str, /, _token: str = constants.WS_TOKEN, **params: object) -> Any:
        fixed = {"wstoken": _token, "wsfunction": function, "moodlewsrestformat": "json"}
        answer = lms.post(constants.WS_PATH, data={**fixed, **params})
        assert answer.status_code == 200
        return json.loads(answer.data)

    return ask


@pytest.fixture
def read_form() -> Callable[[bytes], tuple[str, dict[str, str]]]:
    """Where the one form of a page goes, and its hidden fields."""

    def read(page: bytes) -> tuple[str, dict[str, str]]:
        reader = _FormReader()
        reader.feed(page.decode())
        return reader.action, reader.fields

    return read


@pytest.fixture
def recorded() -> Callable[[str], Any]:
    """A recorded answer of a real Moodle by file name; `{request, body}` gives the body."""

    def read(name: str) -> Any:
        value = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
        return value["body"] if isinstance(value, dict) and "body" in value and "request" in value else value

    return read
