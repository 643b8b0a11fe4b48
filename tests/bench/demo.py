"""How long the demo takes to come up, to begin the sync of a new day, to end it, and to stop.

`make bench` runs it. Prints a table; fails where a bound is not held.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from lti_tool.demo_lms import constants
from tests.harness.processes import Command
from tests.harness.servers import free_ports

BOUNDS = {
    "up": 30.0,
    "new day at once: sync begun": 5.0,
    "new day at once: sync done": 60.0,
    "new day later: sync begun": 5.0,
    "new day later: sync done": 60.0,
    "stopped": 4.0,
    "the platform's roster": 0.3,
    "the platform's grades of all": 0.3,
    "the platform's completion of one": 0.05,
}
"""Seconds. "At once" is the moment the demo says it is ready, while its worker is still starting."""
QUESTIONS = {
    "the platform's roster": ("core_enrol_get_enrolled_users", {}),
    "the platform's grades of all": ("gradereport_user_get_grade_items", {"userid": 0}),
    "the platform's completion of one": (
        "core_completion_get_activities_completion_status",
        {"userid": constants.FIRST_LEARNER_ID},
    ),
}
GIVE_UP_SECONDS = 120


def main() -> int:
    """Exit status 1 where a bound is not held."""
    with tempfile.TemporaryDirectory() as folder:
        taken = measure(Path(folder))
    print(f"{'the demo':<30} {'s':>6} {'bound':>6}")
    for what, seconds in taken.items():
        print(f"{what:<30} {seconds:>6.1f} {BOUNDS[what]:>6.0f}")
    kept = all(seconds <= BOUNDS[what] for what, seconds in taken.items())
    print(f"bounds: {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


def measure(folder: Path) -> dict[str, float]:
    """Seconds each part of one life of a demo took."""
    ports, state = free_ports(2), folder / "state"
    start = time.monotonic()
    running = Command(
        ["demo", "--state", str(state), "--port", str(ports[0]), "--lms-port", str(ports[1])],
        folder / "demo.log",
        ports,
        {},
    )
    try:
        running.wait_for("Ready.", GIVE_UP_SECONDS)
        taken = {"up": time.monotonic() - start}
        wait(lambda: count(state, "state = 'running'") == 0)
        for when in ("at once", "later"):
            known = count(state, "1 = 1")
            start = time.monotonic()
            move_on(ports[1])
            wait(lambda known=known: count(state, "1 = 1") > known)
            taken[f"new day {when}: sync begun"] = time.monotonic() - start
            wait(lambda: count(state, "state = 'running'") == 0)
            taken[f"new day {when}: sync done"] = time.monotonic() - start
        taken |= {what: best_of_several(ports[1], *question) for what, question in QUESTIONS.items()}
        start = time.monotonic()
        running.send("SIGINT")
        running.assert_all_gone(GIVE_UP_SECONDS)
        taken["stopped"] = time.monotonic() - start
    finally:
        running.close()
    return taken


def best_of_several(lms_port: int, function: str, params: dict[str, int]) -> float:
    """Seconds of one answer of the platform's web service; the best, since other processes may be busy."""
    fixed = {"wstoken": constants.WS_TOKEN, "wsfunction": function, "moodlewsrestformat": "json"}
    sent = urlencode({**fixed, "courseid": constants.COURSE_ID, **params}).encode()
    times = []
    for _ in range(8):
        start = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{lms_port}{constants.WS_PATH}", sent) as answer:
            assert b"exception" not in answer.read(200)
        times.append(time.perf_counter() - start)
    return min(times)


def move_on(lms_port: int) -> None:
    """As the button "Next day" of the demo LMS."""
    url = f"http://127.0.0.1:{lms_port}/demo/clock/advance"
    urllib.request.urlopen(urllib.request.Request(url, data=b"days=1"), timeout=10).close()


def count(state: Path, condition: str) -> int:
    """Rows of sync_run for which a condition of this file holds; -1 while the database is being written."""
    address = f"file:{state}/ementor.sqlite3?mode=ro"
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(address, uri=True)) as database,
    ):
        return int(database.execute(f"select count(*) from sync_run where {condition}").fetchone()[0])
    return -1


def wait(is_so: Callable[[], bool]) -> None:
    """Until it is so."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise SystemExit("the demo did not get on; run it by hand and look")
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
