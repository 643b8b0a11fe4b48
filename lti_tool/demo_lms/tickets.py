"""Short-lived things that may be used once: launches under way, client assertions seen. In memory."""

import threading
import time
from collections.abc import Callable
from typing import Any


class Tickets:
    """Keyed values that expire; `take` hands each out at most once. Safe to use from several threads."""

    def __init__(self, lifetime_seconds: float = 600.0, clock: Callable[[], float] = time.time) -> None:
        self._lifetime_seconds = lifetime_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._rows: dict[str, tuple[float, Any]] = {}

    def put(self, key: str, value: Any, until: float | None = None) -> bool:
        """False when the key is taken already. `until` = Unix time of expiry."""
        with self._lock:
            now = self._clock()
            self._rows = {name: row for name, row in self._rows.items() if row[0] > now}
            if key in self._rows:
                return False
            self._rows[key] = (now + self._lifetime_seconds if until is None else until, value)
            return True

    def take(self, key: str) -> Any:
        """The value, or None when there is none, it has expired, or it was taken before."""
        with self._lock:
            until, value = self._rows.pop(key, (0.0, None))
            return value if until > self._clock() else None
