"""What one running sync may send: so many requests at a time and in this minute, none to a host that rests.

Kept in memory and asked by the threads that send; the caller's thread brings it up to date with what all
workers share (host_watch). Knows neither HTTP nor the database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from course_sync.errors import PlatformError, PlatformUnreachable

FAILURES_TO_REST = 5
"""So many calls in a row without an answer, over all courses and workers, and a host is left alone."""
RESTING = "circuit_open"
"""Code of what was not asked for because the host rests."""
_LOOK_AGAIN_SECONDS = 0.5
_TOO_BUSY = "http_429"
"""The host answers, and asks for patience."""


@dataclass
class HostTally:
    """What this run knows of one host, and what it has not told the others yet."""

    known_failures: int = 0
    """In a row before this run, and of others meanwhile."""
    failures: int = 0
    """In a row since the last answer or the last telling."""
    answered: bool = False
    """Whether there was an answer since the last telling."""
    requests: int = 0
    """Sent since the last telling."""
    resting: bool = False
    probing: bool = False
    """Only one call may go out: what becomes of it decides."""
    probe_is_out: bool = False
    probe_failed: bool = False
    asked_rest_seconds: float = 0.0


class RunGate:
    """Asked before and after each call of one run. Safe to share between threads."""

    def __init__(self, places: int, stopped_by: Callable[[], PlatformError | None] = lambda: None) -> None:
        self._changed = threading.Condition()
        self._stopped_by = stopped_by
        self._closed = False
        self._under_way = 0
        self._places = places
        self._allowance: int | None = None
        self._hosts: dict[str, HostTally] = {}
        self.requests = 0
        """Sent by this run so far, retries included."""

    def enter(self, origin: str) -> None:
        """Wait for a place. Raises PlatformError where this host is not to be asked, or nothing any more."""
        with self._changed:
            host = self._hosts.setdefault(origin, HostTally())
            while not self._may_go(host):
                self._changed.wait(_LOOK_AGAIN_SECONDS)
            self._under_way += 1
            host.probe_is_out = host.probing

    def sent(self, origin: str) -> None:
        """One more request goes out."""
        with self._changed:
            self.requests += 1
            self._hosts.setdefault(origin, HostTally()).requests += 1
            if self._allowance is not None:
                self._allowance -= 1

    def leave(self, origin: str, error: PlatformError | None) -> None:
        """A call has ended, with an answer of whatever kind or with an error."""
        with self._changed:
            self._under_way -= 1
            self._judge(self._hosts.setdefault(origin, HostTally()), error)
            self._changed.notify_all()

    def renew(self, places: int, allowance: int | None) -> None:
        """So many requests at a time from now on, and so many more until the next word (None = any)."""
        with self._changed:
            self._places, self._allowance = places, allowance
            self._changed.notify_all()

    def close(self) -> None:
        """The run is over: whoever still waits for a place gets none."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take_news(self, origin: str) -> HostTally:
        """What happened at a host since the last telling; that counts as told from here on."""
        with self._changed:
            host = self._hosts.setdefault(origin, HostTally())
            news = HostTally(**vars(host))
            host.known_failures = host.failures if host.answered else host.known_failures + host.failures
            host.failures = host.requests = 0
            host.answered, host.probe_failed, host.asked_rest_seconds = False, False, 0.0
            return news

    def probe(self, origin: str) -> None:
        """One call may go to this host; the others wait for what becomes of it."""
        with self._changed:
            self._hosts.setdefault(origin, HostTally()).probing = True

    def hear(self, origin: str, *, failures: int, resting: bool) -> None:
        """How the host stands with everybody."""
        with self._changed:
            host = self._hosts.setdefault(origin, HostTally())
            host.known_failures = failures
            # What was learnt since the news were taken is not known to the others yet.
            news = bool(host.failures or host.asked_rest_seconds)
            host.resting = (resting and not host.probing) or (host.resting and news)
            self._changed.notify_all()

    def _may_go(self, host: HostTally) -> bool:
        stopped = self._stopped_by()
        if stopped or self._closed:
            raise stopped or PlatformError("the update is over", code="cancelled")
        if host.resting:
            raise PlatformUnreachable("the host is left alone for a while", code=RESTING)
        if host.probing and host.probe_is_out:
            return False
        return self._under_way < self._places and (self._allowance is None or self._allowance > 0)

    @staticmethod
    def _judge(host: HostTally, error: PlatformError | None) -> None:
        if error is not None and error.retry_after_seconds:
            host.resting, host.asked_rest_seconds = True, error.retry_after_seconds
        if isinstance(error, PlatformUnreachable) and error.code != _TOO_BUSY:
            host.failures += 1
            before = 0 if host.answered else host.known_failures
            host.probe_failed |= host.probing
            host.resting |= host.probing or before + host.failures >= FAILURES_TO_REST
        else:
            host.failures, host.answered = 0, True
        host.probing = host.probe_is_out = False
