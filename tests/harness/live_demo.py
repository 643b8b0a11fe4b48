"""The whole demo as people run it: one command, three processes, a state folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from lti_tool.demo_lms import constants
from tests.harness.plain_browser import PlainBrowser
from tests.harness.servers import free_ports

READY_SECONDS = 90
STOP_SECONDS = 15


@dataclass(frozen=True)
class LiveDemo:
    """Where the running demo is."""

    lms_url: str
    tool_url: str
    output: Path
    process: subprocess.Popen[bytes]

    def tool_page(self, user_id: int) -> str:
        """Address of the platform's page with the tool in its frame, for one of its people."""
        course = PlainBrowser().get(f"{self.lms_url}/course/view.php?id={constants.COURSE_ID}&user={user_id}")
        assert course.status == 200, course.words
        return next(
            urljoin(course.url, a.get("href", ""))
            for a in course.tree.iter("a")
            if a.get("id") == "open-tool"
        )


@contextmanager
def running_demo(folder: Path) -> Iterator[LiveDemo]:
    """Start `ementor demo`, wait until it says it is ready, and stop it as Ctrl-C does."""
    tool_port, lms_port = free_ports(2)
    output = folder / "demo.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lti_tool.cli", "demo", "--state", str(folder / "state")]
            + ["--port", str(tool_port), "--lms-port", str(lms_port)],
            env={key: value for key, value in os.environ.items() if not key.startswith("EMENTOR_")},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, output)
        yield LiveDemo(f"http://127.0.0.1:{lms_port}", f"http://localhost:{tool_port}", output, process)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> int:
    """Interrupt the demo and all it started, as a terminal does; its exit status."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.wait(STOP_SECONDS)


def _wait_until_ready(process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        said = output.read_text(errors="replace")
        if any(line.startswith("Ready") for line in said.splitlines()):
            return
        if process.poll() is not None:
            raise AssertionError(f"the demo ended by itself ({process.returncode}):\n{said[-4000:]}")
        time.sleep(0.1)
    raise AssertionError(f"the demo was not ready within {READY_SECONDS} s:\n{said[-4000:]}")
