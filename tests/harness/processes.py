"""Commands as processes: started as a shell does, watched to the end with everything they start (Linux)."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from http.client import HTTPException
from pathlib import Path

ALL_GONE_SECONDS = 30
"""Not a measure: what hangs, hangs for good, and a busy machine is slow to end five processes."""


class Command:
    """One `ementor ...`, leader of a process group, and everything that descends from it."""

    def __init__(self, arguments: list[str], log: Path, ports: list[int], environ: Mapping[str, str]) -> None:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("EMENTOR_")}
        self.ports = ports
        self._log = log.open("w+b")
        self._seen: set[int] = set()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "lti_tool.cli", *arguments],
            env=inherited | dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def said(self) -> str:
        """Everything on its output so far."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def wait_for(self, words: str, seconds: float = 90) -> None:
        """Wait until it says so."""
        deadline = time.monotonic() + seconds
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.05)

    def family(self) -> set[int]:
        """It and all that descends from it, now and earlier, as far as they still run."""
        parents = dict(_list_parents())
        self._seen.add(self.process.pid)
        while new := {pid for pid, parent in parents.items() if parent in self._seen} - self._seen:
            self._seen |= new
        return self._seen & set(parents)

    def send(self, name: str) -> None:
        """A signal to the whole group, as a terminal sends it."""
        self.family()
        os.killpg(self.process.pid, getattr(signal, name))

    def assert_all_gone(self, within_seconds: float = ALL_GONE_SECONDS) -> None:
        """No process left and every port free, in time."""
        deadline = time.monotonic() + within_seconds
        while (left := self.family()) or any(map(_is_listening, self.ports)):
            assert time.monotonic() < deadline, f"left: {[_describe(pid) for pid in left]}\n{self.said()}"
            self.process.poll()
            time.sleep(0.05)

    def close(self) -> None:
        """Leave nothing behind, whatever the test found."""
        for pid in self.family():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)
        self._log.close()


@contextlib.contextmanager
def traffic(url: str) -> Iterator[None]:
    """Requests from several sides until the block ends."""
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError, HTTPException):
                urllib.request.urlopen(url, timeout=2).read()

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


def _list_parents() -> Iterator[tuple[int, int]]:
    """Every process that runs (zombies do not) with its parent."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
                if state not in "ZX":
                    yield int(entry.name), int(parent)


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _describe(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return "gone"
