"""The demo as a process: started, used, stopped by every signal, killed, started again. Needs no browser."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.servers import free_ports

ALL_GONE_SECONDS = 4


class RunningDemo:
    """One `ementor demo`, leader of a process group as a shell makes one, and everything it started."""

    def __init__(self, state: Path, ports: list[int]) -> None:
        self.tool, self.lms = ports
        self.log = state.with_suffix(".log").open("w+b")
        environ = {key: value for key, value in os.environ.items() if not key.startswith("EMENTOR_")}
        command = [sys.executable, "-m", "lti_tool.cli", "demo", "--state", str(state)]
        command += ["--port", str(self.tool), "--lms-port", str(self.lms)]
        self.process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.seen: set[int] = set()

    def said(self) -> str:
        """Everything on its output so far."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def wait_for(self, words: str, seconds: float = 60) -> float:
        """Wait until it says so; seconds since the call."""
        started = time.monotonic()
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() - started < seconds, self.said()
            time.sleep(0.05)
        return time.monotonic() - started

    def family(self) -> set[int]:
        """It and all that descends from it, now and earlier, as far as they still run."""
        parents = dict(_parents())
        self.seen.add(self.process.pid)
        grown = True
        while grown:
            new = {pid for pid, parent in parents.items() if parent in self.seen} - self.seen
            self.seen |= new
            grown = bool(new)
        return {pid for pid in self.seen if pid in parents}

    def next_day(self) -> None:
        """As the button of the demo LMS: its calendar moves, and the worker syncs."""
        url = f"http://127.0.0.1:{self.lms}/demo/clock/advance"
        with contextlib.suppress(urllib.error.URLError):
            urllib.request.urlopen(urllib.request.Request(url, data=b"days=1"), timeout=10)

    def are_ports_free(self) -> bool:
        """Whether nobody listens on either port any more."""
        for port in (self.tool, self.lms):
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return False
        return True

    def assert_all_gone(self, within_seconds: float = ALL_GONE_SECONDS) -> None:
        """Both ports free and no process left, in time."""
        deadline = time.monotonic() + within_seconds
        while (left := self.family()) or not self.are_ports_free():
            assert time.monotonic() < deadline, f"left: {[_command(pid) for pid in left]}\n{self.said()}"
            self.process.poll()
            time.sleep(0.05)

    def close(self) -> None:
        """Leave nothing behind, whatever the test found."""
        for pid in self.family():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)
        self.log.close()


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return "gone"


def _parents() -> Iterator[tuple[int, int]]:
    """Every process that runs (zombies do not) with its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    yield int(entry.name), int(parent)


@contextlib.contextmanager
def demo(state: Path, ports: list[int]) -> Iterator[RunningDemo]:
    """A demo that has said it is ready."""
    running = RunningDemo(state, ports)
    try:
        running.wait_for("Ready.")
        yield running
    finally:
        running.close()


@contextlib.contextmanager
def traffic(port: int) -> Iterator[None]:
    """Requests to the tool from several sides until the block ends."""
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://localhost:{port}/readyz", timeout=2).read()

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


@pytest.fixture(scope="module")
def ports() -> list[int]:
    """The same for every start: the issuer of a saved demo holds its port."""
    return free_ports(2)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One state for the module: what one start leaves behind is what the next one finds."""
    return tmp_path_factory.mktemp("demo") / "state"


@pytest.mark.xdist_group("demo_process")
@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_every_way_of_stopping_leaves_nothing(state: Path, ports: list[int], how: str) -> None:
    """The terminal's signal to the whole group, under load and in the middle of a sync."""
    with demo(state, ports) as running:
        running.wait_for("Ready.")
        with traffic(running.tool):
            running.next_day()
            time.sleep(2.5)
            assert len(running.family()) >= 5, "demo, LMS, server, its worker, job worker"
            os.killpg(running.process.pid, getattr(signal, how))
            running.assert_all_gone()
        assert running.process.wait(1) == 0, running.said()
        assert "Traceback" not in running.said()


@pytest.mark.xdist_group("demo_process")
def test_a_demo_that_is_killed_takes_its_parts_along(state: Path, ports: list[int]) -> None:
    with demo(state, ports) as running:
        running.next_day()
        time.sleep(1.5)
        running.family()
        running.process.kill()
        running.assert_all_gone(15)


@pytest.mark.xdist_group("demo_process")
def test_it_starts_again_at_once_after_any_of_these(state: Path, ports: list[int]) -> None:
    """A second start shows what is known and leaves the sync to the worker."""
    started = time.monotonic()
    with demo(state, ports) as running:
        assert "First sync" not in running.said()
        assert time.monotonic() - started < 12
        os.killpg(running.process.pid, signal.SIGINT)
        running.assert_all_gone()


@pytest.mark.xdist_group("demo_process")
def test_it_can_be_stopped_during_the_first_sync(tmp_path: Path) -> None:
    """And started again right after: what was interrupted does not keep the next start away."""
    ports, state = free_ports(2), tmp_path / "state"
    running = RunningDemo(state, ports)
    try:
        running.wait_for("Demo LMS at")
        time.sleep(4)
        assert "Ready." not in running.said()
        running.family()
        os.killpg(running.process.pid, signal.SIGINT)
        running.assert_all_gone()
    finally:
        running.close()
    with demo(state, ports) as again:
        assert "Traceback" not in again.said()
