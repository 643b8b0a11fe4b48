"""The two clocks: the offset moves the console's time only, and a broken file changes nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lti_tool.clock import Clock

REAL = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def write(path: Path, text: str) -> None:
    """Write and make sure the time stamp differs from any before."""
    path.write_text(text)
    stamp = write.stamp = getattr(write, "stamp", 10**18) + 10**9  # type: ignore[attr-defined]
    os.utime(path, ns=(stamp, stamp))


def test_without_a_file_both_are_real() -> None:
    clock = Clock(None, lambda: REAL)
    assert clock.now() == clock.real_now() == REAL
    assert not clock.is_demo


def test_the_real_clock_is_aware_utc() -> None:
    assert Clock().real_now().tzinfo is UTC


def test_the_offset_moves_the_console_only(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    clock = Clock(path, lambda: REAL)
    assert clock.now() == REAL
    write(path, '{"offset_seconds": 86400, "seen_at": "2026-11-21T12:00:00+00:00"}')
    assert clock.now() == REAL + timedelta(days=1)
    assert clock.real_now() == REAL
    write(path, '{"offset_seconds": 691200}')
    assert clock.now() == REAL + timedelta(days=8)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[]",
        "7",
        "{}",
        '{"offset_seconds": "1"}',
        '{"offset_seconds": true}',
        '{"offset_seconds": 1e300}',
        '{"offset_seconds": NaN}',
    ],
)
def test_a_broken_file_keeps_the_last_offset(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "clock.json"
    clock = Clock(path, lambda: REAL)
    write(path, '{"offset_seconds": 60}')
    assert clock.now() == REAL + timedelta(minutes=1)
    write(path, broken)
    assert clock.now() == REAL + timedelta(minutes=1)
    path.unlink()
    assert clock.now() == REAL + timedelta(minutes=1)
    write(path, '{"offset_seconds": 120}')
    assert clock.now() == REAL + timedelta(minutes=2)
