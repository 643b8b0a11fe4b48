"""`ementor serve` as a process: a terminal's Ctrl-C, a closed terminal and a polite kill, all under load."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import tool_environ
from tests.harness.processes import Command, traffic
from tests.harness.servers import free_ports


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a tool whose database is ready; no server that ends leaves anything in it."""
    folder = tmp_path_factory.mktemp("served")
    environ = tool_environ(f"sqlite:///{folder / 'served.sqlite3'}") | {"EMENTOR_LOG_LEVEL": "WARNING"}
    command = Command(["db", "upgrade"], folder / "upgrade", [], environ)
    assert command.process.wait(60) == 0, command.said()
    command.close()
    return environ


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_the_server_ends_with_all_its_workers(tmp_path: Path, environ: dict[str, str], how: str) -> None:
    """The signal reaches master and workers alike, while requests are being answered."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/healthz"
    arguments = ["serve", "--port", str(port), "--workers", "2", "--grace", "2"]
    server = Command(arguments, tmp_path / "log", [port], environ)
    try:
        _wait_until_up(server, url)
        with traffic(url):
            _wait_for_workers(server)
            server.send(how)
            server.assert_all_gone()
        assert server.process.wait(10) == 0, server.said()
        assert "Traceback" not in server.said()
    finally:
        server.close()


SECRET = "handle.secret"
BROKEN = """
import sys
from flask import Flask
from lti_tool.serve import serve

app = Flask("broken")
app.add_url_rule("/s/<part>", "page", lambda part: ("", 200, {"X-Host": "\u0448\u043a\u043e\u043b\u0430"}))
serve(app, host="127.0.0.1", port=int(sys.argv[1]), workers=1, threads=1)
"""


def test_the_server_itself_writes_no_address(tmp_path: Path) -> None:
    """Neither of an answer that cannot be sent nor of a request that cannot be read."""
    (port,) = free_ports(1)
    log = (tmp_path / "log").open("wb")
    server = subprocess.Popen([sys.executable, "-c", BROKEN, str(port)], stdout=log, stderr=log)
    try:
        assert _answer_to(port, f"GET /s/{SECRET} HTTP/1.1") == "500"
        assert _answer_to(port, f"GET /s/{SECRET} HTTP/1.1 {SECRET}") == "400"
        assert _answer_to(port, f"GET /s/{SECRET} HTTP/1.1\r\nX {SECRET}: x") == "400"
    finally:
        server.terminate()
        server.wait(20)
        log.close()
    said = (tmp_path / "log").read_text()
    assert SECRET not in said
    errors = [json.loads(line)["error"]["class"] for line in said.splitlines()]
    assert [name.rpartition(".")[2] for name in errors] == [
        "InvalidResponseHeader",
        "InvalidHTTPVersion",
        "InvalidHeaderName",
    ]


def _answer_to(port: int, request: str) -> str:
    """The status of the answer to these lines; waits until the server is up."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(f"{request}\r\nHost: localhost\r\n\r\n".encode())
                return connection.recv(65536).decode().split()[1]
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _wait_for_workers(server: Command) -> None:
    """The master and its two workers."""
    deadline = time.monotonic() + 30
    while len(server.family()) < 3:
        assert time.monotonic() < deadline, server.said()
        time.sleep(0.05)


def _wait_until_up(server: Command, url: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.process.poll() is None, server.said()
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(url, timeout=2).close()
            return
        time.sleep(0.1)
    raise AssertionError(server.said())
