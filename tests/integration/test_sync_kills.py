"""A sync that is killed at any point, again and again: the next one ends where an undisturbed one ends."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from tests.harness.sync_histories import Facts, history, kill_often

RUNS_KILLED = 9
"""Histories on SQLite, and one on PostgreSQL; sixteen more kills are of real processes."""
KILLS = 10
"""Before each of the two syncs of a history."""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def undisturbed(app_context: Flask) -> tuple[Facts, int]:
    """How it ends if nothing is killed, and how many points a sync passes."""
    points: list[int] = []
    return history(lambda reaper, world: points.append(reaper.run(world.sync, None))), points[0]


@pytest.mark.timeout(400)  # some twenty seconds where nothing else runs
def test_two_hundred_kills_change_nothing(undisturbed: tuple[Facts, int], database_url: str) -> None:
    expected, points = undisturbed
    seeds = range(RUNS_KILLED) if database_url.startswith("sqlite") else range(RUNS_KILLED, RUNS_KILLED + 1)
    for seed in seeds:
        known = history(kill_often(random.Random(seed), KILLS, points))
        for kind in expected:
            assert known[kind] == expected[kind], f"{kind} of seed {seed}"


def test_processes_that_are_killed_change_nothing(tmp_path: Path) -> None:
    """The same with real processes and SIGKILL, on a file."""
    module = [
        sys.executable,
        "-m",
        "tests.harness.sync_histories",
        str(tmp_path / "killed.sqlite3"),
        "7",
        "8",
    ]
    ended = subprocess.run(module, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["known"] == found["undisturbed"]
    assert len(found["deaths"]) == 16
    assert found["deaths"].count(signal.SIGKILL) >= 12  # a sync that has little left to do may end first
