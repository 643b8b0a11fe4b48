"""The parts of the demo as processes: each in a session of its own, so that Ctrl-C reaches only us.

We tell each part once; whatever does not end in time is killed with all it started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

GRACE_SECONDS = 1
"""What the tool and its worker are given to finish what they are at."""
STOP_SECONDS = 2.0
"""After this nothing of the demo runs any more."""


@dataclass
class DemoProcesses:
    """The running parts, stopped together."""

    environ: Mapping[str, str]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `python -m ...` with the demo's settings."""
        command = [sys.executable, "-m", "lti_tool.with_parent", str(os.getpid()), *arguments]
        # Arguments are our own module names and numbers, never input from outside.
        process = subprocess.Popen(  # noqa: S603
            command, env=dict(self.environ), stdin=subprocess.DEVNULL, start_new_session=True
        )
        self.running.append(process)
        return process

    def find_ended(self) -> subprocess.Popen[bytes] | None:
        """A part that stopped by itself, if one did."""
        return next((process for process in self.running if process.poll() is not None), None)

    def stop(self) -> None:
        """Ask every part to end, and make those end that do not, with everything they started."""
        for process in self.running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.05, deadline - time.monotonic()))
        for process in self.running:
            _kill_session(process)


def _kill_session(process: subprocess.Popen[bytes]) -> None:
    """What is left of a part: itself, or children that outlived it. Usually nothing."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
