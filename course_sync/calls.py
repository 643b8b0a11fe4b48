"""Running calls to a platform in a few threads. Only HTTP happens there: the database stays with the caller.

Gives up on a kind of call that keeps failing, so that a site that is down is not asked 2,000 times.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Generic, TypeVar

from course_sync.errors import PlatformError

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

PARALLEL = 4
FAILURES_IN_A_ROW = 5
_WAIT_SECONDS = 1.0
"""How soon somebody who asks to stop is heard while calls are slow."""


class Calls(Generic[K, T]):
    """Results of many calls as they arrive, as (key, result or PlatformError)."""

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        calls: Iterable[tuple[K, Callable[[], T]]],
        while_waiting: Callable[[], None] = lambda: None,
        must_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._pool = pool
        self._calls = iter(calls)
        self._while_waiting = while_waiting
        self._must_stop = must_stop
        self._pending: dict[Future[T], K] = {}
        self._failures = 0
        self.gave_up = False
        """Whether calls were left out because too many before them failed."""
        self.was_stopped = False
        """Whether calls were left out, or not waited for, because of `must_stop`."""

    def __iter__(self) -> Iterator[tuple[K, T | PlatformError]]:
        try:
            self._submit(PARALLEL)
            while self._pending and not self.was_stopped:
                done, _rest = wait(self._pending, timeout=_WAIT_SECONDS, return_when=FIRST_COMPLETED)
                self._while_waiting()
                if not done and self._must_stop():
                    self.was_stopped = True  # what is still under way is not waited for
                for future in done:
                    yield self._pending.pop(future), self._outcome(future)
                    self._submit(1)
        finally:
            for future in self._pending:
                future.cancel()

    def _submit(self, count: int) -> None:
        if self._failures >= FAILURES_IN_A_ROW:
            self.gave_up = self.gave_up or next(self._calls, None) is not None
            return
        if self._must_stop():
            self.was_stopped = bool(self._pending) or next(self._calls, None) is not None
            return
        for key, call in islice(self._calls, count):
            self._pending[self._pool.submit(call)] = key

    def _outcome(self, future: Future[T]) -> T | PlatformError:
        try:
            result = future.result()
        except PlatformError as error:
            self._failures += 1
            return error
        self._failures = 0
        return result
