"""The demo as a process: started, used, stopped by every signal, killed, started again. Needs no browser."""

from __future__ import annotations

import contextlib
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.processes import Command, traffic
from tests.harness.servers import free_ports

NEW_DAY_SECONDS = 60
"""Not a measure: the next scheduled sync would come after half an hour."""


def start(state: Path, ports: list[int]) -> Command:
    """`ementor demo` over this state; the tool's port first."""
    tool, lms = map(str, ports)
    arguments = ["demo", "--state", str(state), "--port", tool, "--lms-port", lms]
    return Command(arguments, state.with_suffix(".log"), ports, {})


@contextlib.contextmanager
def demo(state: Path, ports: list[int]) -> Iterator[Command]:
    """A demo that has said it is ready."""
    running = start(state, ports)
    try:
        running.wait_for("Ready.")
        yield running
    finally:
        running.close()


def next_day(running: Command) -> None:
    """As the button of the demo LMS: its calendar moves, and the worker syncs."""
    url = f"http://127.0.0.1:{running.ports[1]}/demo/clock/advance"
    urllib.request.urlopen(urllib.request.Request(url, data=b"days=1"), timeout=10).close()


def wait_for_all_parts(running: Command) -> None:
    """Demo, LMS, server, its worker and the job worker are up."""
    deadline = time.monotonic() + 60
    while len(running.family()) < 5:
        assert time.monotonic() < deadline, running.said()
        time.sleep(0.05)


def wait_for_a_running_sync(state: Path) -> None:
    """The very first sync has begun."""
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_open(state)) as database:
            if database.execute("select count(*) from sync_run where state = 'running'").fetchone()[0]:
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _open(state: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{state}/ementor.sqlite3?mode=ro", uri=True)


def newest_day(state: Path) -> str:
    """The demo's day of the newest sync that was begun."""
    with contextlib.closing(_open(state)) as database:
        return str(database.execute("select max(as_of) from sync_run").fetchone()[0])[:10]


@pytest.fixture(scope="module")
def ports() -> list[int]:
    """The same for every start: the issuer of a saved demo holds its port."""
    return free_ports(2)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state for the module: what one start leaves behind is what the next one finds."""
    return tmp_path_factory.mktemp("demo") / "state"


def test_it_can_be_stopped_during_the_first_sync(state: Path, ports: list[int]) -> None:
    """What was interrupted does not keep the next start, that of the next test, away."""
    running = start(state, ports)
    try:
        running.wait_for("Demo LMS at")
        wait_for_a_running_sync(state)
        running.send("SIGINT")
        running.assert_all_gone()
    finally:
        running.close()


def test_a_demo_that_is_killed_takes_its_parts_along(state: Path, ports: list[int]) -> None:
    with demo(state, ports) as running:
        next_day(running)
        wait_for_all_parts(running)
        running.process.kill()
        running.assert_all_gone()
        assert "Traceback" not in running.said()


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_every_way_of_stopping_leaves_nothing(state: Path, ports: list[int], how: str) -> None:
    """The terminal's signal to the whole group, under load and in the middle of a sync."""
    with demo(state, ports) as running:
        with traffic(f"http://localhost:{ports[0]}/readyz"):
            next_day(running)
            wait_for_all_parts(running)
            running.send(how)
            running.assert_all_gone()
        assert running.process.wait(10) == 0, running.said()
        assert "Traceback" not in running.said()


def test_a_new_day_is_synced_at_once_after_any_of_these(state: Path, ports: list[int]) -> None:
    """Even moved on the moment the demo is ready, and again while the first sync runs."""
    with demo(state, ports) as running:
        assert "First sync" not in running.said()
        for _ in range(2):
            before = newest_day(state)
            next_day(running)
            deadline = time.monotonic() + NEW_DAY_SECONDS
            while newest_day(state) == before:
                assert time.monotonic() < deadline, f"no sync of the day after {before}"
                time.sleep(0.05)
