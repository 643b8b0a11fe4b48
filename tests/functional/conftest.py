"""The demo platform and the tool over HTTP: two sites, launches between them, people at the other end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.harness import demo_site as sites
from tests.harness.demo_site import DemoSite, Ports
from tests.harness.pages import Page
from tests.harness.plain_browser import PlainBrowser
from tests.harness.servers import listen


@pytest.fixture(scope="session")
def ports() -> Iterator[Ports]:
    """Two ports for the whole run: the issuer of a saved demo contains its port."""
    reserved = Ports(tool=listen(), lms=listen())
    yield reserved
    reserved.tool.close()
    reserved.lms.close()


@pytest.fixture
def demo_site(ports: Ports, sqlite_template: Path, tmp_path: Path) -> Iterator[DemoSite]:
    """Both sites; the platform is registered and its web services connected, nobody has launched yet."""
    shutil.copyfile(sqlite_template, tmp_path / "tool.sqlite3")
    with sites.running(tmp_path, ports) as site:
        sites.register(site)
        yield site


@pytest.fixture(scope="session")
def seeded_folder(ports: Ports, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State of a demo after its first sync, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("seeded")
    shutil.copyfile(sqlite_template, folder / "tool.sqlite3")
    with sites.running(folder, ports) as site:
        sites.seed(site, ports)
    return folder


@pytest.fixture
def seeded_site(ports: Ports, seeded_folder: Path, tmp_path: Path) -> Iterator[DemoSite]:
    """Both sites as `make demo` shows them: synced, flagged, two e-mentors with 40 and 25 learners."""
    shutil.copytree(seeded_folder, tmp_path, dirs_exist_ok=True)
    with sites.running(tmp_path, ports) as site:
        yield site


@pytest.fixture
def browser() -> PlainBrowser:
    """A browser profile that blocks third-party cookies and runs no script."""
    return PlainBrowser()


@pytest.fixture
def launch(demo_site: DemoSite, browser: PlainBrowser) -> Callable[..., Page]:
    """`launch(user_id)` opens the tool from the platform in the test's browser."""

    def open_tool(user_id: int, **choices: str) -> Page:
        return demo_site.launch(user_id, browser, **choices)

    return open_tool
