"""Two clocks: the real one for door, sessions and tokens; the demo's, an offset from it, for the rest.

The offset is read from the demo's clock.json. A missing or half-written file keeps the last offset known.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

MAX_OFFSET_SECONDS = 10 * 366 * 86_400
"""Ten years: a larger one is a broken file."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Clock:
    """Gives the real time and the console's time. Safe to share between threads."""

    def __init__(self, path: Path | None = None, read_real: Callable[[], datetime] = _utc_now) -> None:
        self._path = path
        self._read_real = read_real
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._offset = timedelta()

    def real_now(self) -> datetime:
        """Aware UTC."""
        return self._read_real()

    def now(self) -> datetime:
        """Aware UTC, moved by the demo's offset where there is one."""
        return self.real_now() + self._current_offset()

    @property
    def is_demo(self) -> bool:
        """Whether the console's day is the demo's."""
        return self._path is not None

    def _current_offset(self) -> timedelta:
        if self._path is None:
            return self._offset
        with self._lock:
            self._reread(self._path)
            return self._offset

    def _reread(self, path: Path) -> None:
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                return
            self._offset = _read_offset(path.read_text("utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return
        self._stamp = stamp


def _read_offset(text: str) -> timedelta:
    seconds = json.loads(text)["offset_seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or abs(seconds) > MAX_OFFSET_SECONDS:
        raise ValueError("offset_seconds is not a number of seconds")
    return timedelta(seconds=seconds)
