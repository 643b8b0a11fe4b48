"""Running calls in threads: four at a time, results as they come, an end when all fails."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from course_sync.calls import Calls
from course_sync.errors import PlatformError, PlatformRefused


def run(calls: list[tuple[int, Callable[[], int]]]) -> tuple[dict[int, int | PlatformError], bool]:
    with ThreadPoolExecutor(4) as pool:
        runner: Calls[int, int] = Calls(pool, calls)
        return dict(runner), runner.gave_up


def test_every_result_with_its_key() -> None:
    results, gave_up = run([(n, lambda n=n: n * n) for n in range(50)])  # type: ignore[misc]
    assert results == {n: n * n for n in range(50)}
    assert not gave_up


def test_at_most_four_are_under_way() -> None:
    barrier = threading.Barrier(4, timeout=5)
    results, _gave_up = run([(n, barrier.wait) for n in range(8)])
    assert len(results) == 8


def refuse() -> int:
    raise PlatformRefused("no")


def test_gives_up_after_five_failures_in_a_row() -> None:
    asked: list[int] = []

    def count() -> int:
        asked.append(1)
        return refuse()

    results, gave_up = run([(n, count) for n in range(100)])
    assert gave_up
    assert 5 <= len(asked) <= 8
    assert all(isinstance(outcome, PlatformRefused) for outcome in results.values())


def test_single_failures_do_not_stop_it() -> None:
    calls: list[tuple[int, Callable[[], int]]] = [(n, refuse if n % 5 == 0 else lambda: 1) for n in range(60)]
    results, gave_up = run(calls)
    assert len(results) == 60
    assert not gave_up


def test_bugs_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run([(1, lambda: 1 // 0)])
