"""One demo at a time on one state folder, known from a lock that ends with the process that holds it.

A file that only said "running" would stay behind when the demo is killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

LOCK_FILE = "running.lock"


@contextlib.contextmanager
def hold_state(state: Path) -> Iterator[bool]:
    """Hold the state folder, which must exist, while the block runs. False: another demo holds it."""
    handle = os.open(state / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _lock(handle)
    finally:
        os.close(handle)


def forget_state(state: Path) -> bool:
    """Remove what a demo has kept. False: one is running on it, and nothing was removed."""
    if not state.is_dir():
        return True
    with hold_state(state) as held:
        if held:
            shutil.rmtree(state)
    return held


def _lock(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows removes no file that is in use, and says so
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
