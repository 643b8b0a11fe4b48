"""`ementor demo`: the demo LMS, the tool and its worker on one machine, with two caseloads shared out.

Composition only. Everything it keeps lies in one state folder; removing the folder forgets the demo.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lti_tool.demo_lms import constants
from lti_tool.demo_processes import GRACE_SECONDS, DemoProcesses

START_SECONDS = 30.0
STOP_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Ctrl-C, a polite kill, a closed terminal."""


class DemoError(Exception):
    """The demo cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class DemoAddresses:
    """Where things are. LMS and tool have different host names, so that they are two sites to a browser."""

    port: int
    lms_port: int

    @property
    def tool_url(self) -> str:
        """Address of the tool."""
        return f"http://localhost:{self.port}"

    @property
    def lms_url(self) -> str:
        """Address of the demo LMS, and its issuer."""
        return f"http://127.0.0.1:{self.lms_port}"


def lms_state(state: Path) -> Path:
    """Folder the demo LMS keeps its keys, first day and clock in; it must exist before the tool starts."""
    return state / "lms"


def demo_environment(state: Path, addresses: DemoAddresses, base: Mapping[str, str]) -> dict[str, str]:
    """Settings of the demo: everything of the caller's environment except other EMENTOR_ settings."""
    kept = {key: value for key, value in base.items() if not key.startswith("EMENTOR_")}
    return kept | {
        "EMENTOR_DATABASE_URL": f"sqlite:///{(state / 'ementor.sqlite3').resolve()}",
        "EMENTOR_PUBLIC_URL": addresses.tool_url,
        "EMENTOR_SECRET_KEY": _secret_key(state),
        "EMENTOR_ALLOW_LOOPBACK_PLATFORMS": "1",
        "EMENTOR_DEMO_CLOCK": str((lms_state(state) / "clock.json").resolve()),
        "EMENTOR_DEFAULT_TIME_ZONE": constants.TIME_ZONE,
        "EMENTOR_LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }


def run_demo(state: Path, addresses: DemoAddresses, seed: Callable[[DemoAddresses], None]) -> int:
    """Run the demo until Ctrl-C; returns the exit status. `seed` fills the database once the LMS answers.

    Raises DemoError when a port is taken or a part does not come up.
    """
    _check_ports(addresses)
    stopping = _stop_on_signals()
    processes = DemoProcesses(dict(os.environ))
    ended = None
    try:
        _start_all(processes, state, addresses, seed)
        print(_welcome(addresses), flush=True)
        while (ended := processes.find_ended()) is None:
            time.sleep(0.2)
    except KeyboardInterrupt:
        ended = None
    finally:
        _ignore_signals()
        processes.stop()
    if ended is not None and not stopping():
        raise DemoError(f"A part of the demo stopped by itself (exit status {ended.returncode}); see above.")
    return 0


def _start_all(
    processes: DemoProcesses, state: Path, addresses: DemoAddresses, seed: Callable[[DemoAddresses], None]
) -> None:
    processes.start(
        "lti_tool.demo_lms",
        *(
            "--port",
            str(addresses.lms_port),
            "--state",
            str(lms_state(state)),
            "--tool-url",
            addresses.tool_url,
        ),
    )
    grace = ("--grace", str(GRACE_SECONDS))
    processes.start("lti_tool.cli", "serve", "--host", "localhost", "--port", str(addresses.port), *grace)
    _wait_until_up(processes, addresses.lms_url + "/")
    _wait_until_up(processes, addresses.tool_url + "/healthz")
    seed(addresses)
    processes.start("lti_tool.cli", "worker", *grace)


def _wait_until_up(processes: DemoProcesses, url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if processes.find_ended() is not None:
            raise DemoError(f"A part of the demo ended before {url} answered; its own message stands above.")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - loopback addresses built above
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.1)
    raise DemoError(f"{url} did not answer within {START_SECONDS:.0f} s.")


def _check_ports(addresses: DemoAddresses) -> None:
    if addresses.port == addresses.lms_port:
        raise DemoError(
            f"Tool and LMS need two ports, and both were given {addresses.port}. "
            f"Choose another for one of them: make demo LMS_PORT={_another(addresses.port)}"
        )
    for port, name in ((addresses.port, "PORT"), (addresses.lms_port, "LMS_PORT")):
        _check_port_is_free(port, name)


def _check_port_is_free(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise DemoError(
                f"Port {port} is in use. Stop it, or choose another: make demo {name}={_another(port)}"
            ) from problem


def _stop_on_signals() -> Callable[[], bool]:
    asked: list[int] = []

    def ask(number: int, _frame: object) -> None:
        if not asked:
            asked.append(number)
            raise KeyboardInterrupt

    for number in STOP_SIGNALS:
        # nohup ignores SIGHUP, and is obeyed; a shell's "&" ignores SIGINT, and whoever sends it means it.
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, ask)
    return lambda: bool(asked)


def _ignore_signals() -> None:
    """Stopping takes three seconds at most; a second Ctrl-C must not leave half of it undone."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _another(port: int) -> int:
    return port + 10 if port + 10 <= 65535 else port - 10


def _secret_key(state: Path) -> str:
    state.mkdir(parents=True, exist_ok=True)
    file = state / "secret.json"
    if not file.exists():
        file.write_text(json.dumps({"secret_key": secrets.token_urlsafe(48)}), encoding="utf-8")
        file.chmod(0o600)
    return str(json.loads(file.read_text(encoding="utf-8"))["secret_key"])


def _welcome(addresses: DemoAddresses) -> str:
    return f"""
Ready.

  Open the demo LMS   {addresses.lms_url}/
  The tool itself     {addresses.tool_url}/

What to click
  1. On the course page choose an e-mentor and open "E-mentor console": Today shows who needs help and why.
  2. Open a card, read the reasons, log a contact.
  3. Choose the trainer to name e-mentors and share learners out, or a learner to see the learner's own page.
  4. "Next day" and "Next week" move the demo's calendar on: flags rise and clear on what really happened.

300 real, anonymous learning histories (OULAD, CC BY 4.0); names are invented.
Ctrl-C stops everything; the demo continues here next time. "make demo-reset" forgets it.
"""
