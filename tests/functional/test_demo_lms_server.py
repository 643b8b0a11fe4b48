"""The demo site as a process of its own: starts, answers, keeps its day, stops cleanly."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lti_tool.demo_lms import constants


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(port: int, state: Path) -> list[str]:
    return [sys.executable, "-m", "lti_tool.demo_lms", "--port", str(port), "--state", str(state)]


@contextmanager
def running(port: int, state: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command(port, state),
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_until_up(port)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until_up(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the demo site did not start")


def day(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/demo/clock", timeout=5) as answer:
        return int(json.load(answer)["day"])


def test_start_move_on_stop_and_start_again(tmp_path: Path) -> None:
    port = free_port()
    with running(port, tmp_path) as process:
        assert day(port) == constants.START_DAY
        request = urllib.request.Request(f"http://127.0.0.1:{port}/demo/clock/advance", data=b"days=7")
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.status == 200
        assert day(port) == constants.START_DAY + 7
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    kept = json.loads((tmp_path / "clock.json").read_text())
    assert kept["offset_seconds"] == 7 * constants.SECONDS_PER_DAY
    with running(port, tmp_path) as process:  # the port is free again
        assert day(port) == constants.START_DAY + 7
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_port_in_use_and_a_state_that_is_no_folder_are_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        failed = subprocess.run(command(port, tmp_path / "state"), capture_output=True, text=True, timeout=60)
    assert failed.returncode != 0
    assert "in use" in failed.stderr
    (tmp_path / "file").write_text("not a folder")
    failed = subprocess.run(
        command(free_port(), tmp_path / "file"), capture_output=True, text=True, timeout=60
    )
    assert failed.returncode == 2
    assert "cannot start" in failed.stderr
    assert "file" in failed.stderr
