"""The demo platform and the tool as two live sites in this process, and launches from one to the other."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from course_sync.database import db
from tests.harness.pages import Page
from tests.harness.plain_browser import PlainBrowser
from tests.harness.servers import port_of, served

SECRET_KEY = "functional-tests-secret-key-long-enough-0001"


@dataclass(frozen=True)
class Ports:
    """Two reserved ports: the tool on `localhost`, the platform on `127.0.0.1`: two sites to a browser."""

    tool: socket.socket
    lms: socket.socket

    @property
    def tool_url(self) -> str:
        """Address of the tool."""
        return f"http://localhost:{port_of(self.tool)}"

    @property
    def lms_url(self) -> str:
        """Address of the demo platform, which is also its issuer."""
        return f"http://127.0.0.1:{port_of(self.lms)}"


@dataclass(frozen=True)
class DemoSite:
    """Both sites, running."""

    lms_url: str
    tool_url: str
    lms: Flask
    tool: Flask

    def launch(
        self,
        user_id: int,
        browser: PlainBrowser | None = None,
        *,
        language: str | None = None,
        target: str = "iframe",
    ) -> Page:
        """Open the tool from the course page as one of the platform's people; the page one arrives at."""
        browser = browser or PlainBrowser()
        query = f"?id={self._tool_activity()}&user={user_id}&target={target}"
        query += f"&lang={language}" if language else ""
        return browser.follow_launch(browser.get(f"{self.lms_url}/mod/lti/launch.php{query}"))

    def set_faults(self, **faults: Any) -> None:
        """Let the platform misbehave; nothing = heal it."""
        answer = requests.post(f"{self.lms_url}/demo/faults", json=faults, timeout=10)
        assert answer.ok, answer.text

    def advance(self, days: int) -> None:
        """Move the demo's calendar on by 1 or 7 days."""
        answer = requests.post(
            f"{self.lms_url}/demo/clock/advance", {"days": days}, timeout=10, allow_redirects=False
        )
        assert answer.status_code == 303, answer.text

    def run_jobs(self) -> int:
        """What the worker would do now; number of jobs that ran."""
        from lti_tool.worker import run_queued

        return run_queued(self.tool)

    def _tool_activity(self) -> int:
        from lti_tool.demo_lms.site import EXTENSION

        return int(self.lms.extensions[EXTENSION].course.tool.cmid)


@contextmanager
def running(folder: Path, ports: Ports) -> Iterator[DemoSite]:
    """Both sites over the state in a folder (`tool.sqlite3` with every table, `lms/`)."""
    from lti_tool.app import create_app
    from lti_tool.config import load_settings
    from lti_tool.demo_lms.app import create_demo_lms

    state = folder / "lms"
    state.mkdir(exist_ok=True)
    lms = create_demo_lms(state, ports.lms_url, ports.tool_url)
    environ = {
        "EMENTOR_DATABASE_URL": f"sqlite:///{folder / 'tool.sqlite3'}",
        "EMENTOR_PUBLIC_URL": ports.tool_url,
        "EMENTOR_SECRET_KEY": SECRET_KEY,
        "EMENTOR_ALLOW_LOOPBACK_PLATFORMS": "1",
        "EMENTOR_DEMO_CLOCK": str(_clock_file(state)),
        "EMENTOR_LOG_LEVEL": "ERROR",
    }
    tool = create_app(load_settings(environ))
    try:
        with served(lms, ports.lms), served(tool, ports.tool):
            yield DemoSite(ports.lms_url, ports.tool_url, lms, tool)
    finally:
        with tool.app_context():
            db.session.remove()
            db.engine.dispose()


def register(site: DemoSite) -> None:
    """Make the platform known to the tool and connect its web services; nothing is synced yet."""
    from lti_tool import moodle_services, registration
    from lti_tool.demo_lms import constants
    from lti_tool.services import current_services

    with site.tool.app_context():
        services = current_services()
        details = registration.PlatformDetails(
            name="Demo LMS",
            issuer=site.lms_url,
            client_id=constants.CLIENT_ID,
            auth_login_url=site.lms_url + constants.AUTH_PATH,
            auth_token_url=site.lms_url + constants.TOKEN_PATH,
            jwks_url=site.lms_url + constants.CERTS_PATH,
            deployment_ids=(constants.DEPLOYMENT_ID,),
        )
        now = services.clock.now()
        platform = registration.add_platform(details, services.settings, now)
        moodle_services.connect_moodle(
            platform.id,
            site.lms_url,
            constants.WS_TOKEN,
            sealer=services.sealer,
            allow_loopback=True,
            now=now,
        )
        db.session.remove()


def seed(site: DemoSite, ports: Ports) -> None:
    """All that `make demo` sets up: registration, first sync, e-mentors, caseloads."""
    from lti_tool.demo import DemoAddresses
    from lti_tool.demo_seed import seed_demo

    with site.tool.app_context():
        seed_demo(DemoAddresses(port_of(ports.tool), port_of(ports.lms)))
        db.session.remove()


def _clock_file(state: Path) -> Path:
    file = state / "clock.json"
    if not file.exists():
        file.write_text(json.dumps({"offset_seconds": 0}))
    return file
