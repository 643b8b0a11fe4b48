"""How tests are shared out among workers: one file is one worker's, all of the live demo's are one worker's.

By file, because what a file's tests share is then made once; the longest begin first, so that none is left
over at the end.

Before that each worker collects all tests, and begins where no other does: pytest prepares the asserts of
each file for saying more, and in a fresh clone what one worker has prepared is there when others come to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

_BROWSER = "tests/browser/"
_OF_THEIR_OWN = ("tests/browser/test_states.py", "tests/browser/test_demo_process.py")
"""Beside the tests of the demo, but with a site, or demos, of their own."""
_LONGEST = (
    *_OF_THEIR_OWN,
    _BROWSER,
    "tests/functional/test_access_walk.py",
    "tests/integration/test_sync_kills.py",
    "tests/functional/test_two_workers.py",
    "tests/functional/",
    "tests/certification/",
)


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """A unit of work is a file, or all browser tests of the demo, which needs its calendar to itself."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return _BROWSER if path.startswith(_BROWSER) and path not in _OF_THEIR_OWN else path


def longest_first(items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """The tests in the order in which their files shall begin, wherever collecting began."""
    return sorted(items, key=lambda item: _rank(item.nodeid.split("::", 1)[0]))


def _rank(path: str) -> tuple[int, str]:
    first = (rank for rank, place in enumerate(_LONGEST) if path.startswith(place))
    return next(first, len(_LONGEST)), path


def parts_from(tests: Path, worker: int, workers: int) -> list[str]:
    """What holds tests, in order, begun about where this worker's share of the files begins."""
    held = {path: len(list(path.rglob("test_*.py"))) + path.match("test_*.py") for path in tests.iterdir()}
    parts = sorted(path for path, files in held.items() if files)
    *before, total = accumulate((held[part] for part in parts), initial=0)
    begin = min(range(len(parts)), key=lambda part: abs(before[part] * workers - worker * total))
    return [str(part) for part in parts[begin:] + parts[:begin]]
