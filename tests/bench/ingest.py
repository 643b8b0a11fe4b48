"""How fast a course is taken in where the network costs nothing, and with how much memory, on SQLite.

`make bench` runs it. Each size is a whole first sync in a process of its own, from a Moodle that makes its
answers up as it is asked; their making is counted too. Prints a table; fails where a bound is not held.
Judged is processor time: everything happens in the process; others only slow the wall.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Progress
from tests.harness import databases
from tests.harness.fake_moodle import FakeClient, FakeMoodle, Module, User
from tests.harness.sync_world import START, SyncWorld, unix

SIZES = (200, 2000, 20000)
GROUP_SIZE = 50
ASSIGNMENTS, QUIZZES, PAGES = 6, 4, 50
ACTIVITIES = ASSIGNMENTS + QUIZZES + PAGES
DONE = unix(START) - 40 * 86_400
MIN_ROWS_PER_SECOND = 10_000
MAX_MEGABYTES = 250
MAX_GROWTH = 1.25
"""Cost of a learner at 20,000 over that at 2,000. Below, what a run costs by itself weighs too much."""


class MadeUp:
    """A mapping by (user, activity) that holds nothing: whoever asks is told as FakeMoodle's own would."""

    def __init__(self, users: dict[int, User], instances: list[int], value: tuple[Any, ...]) -> None:
        self._users = users
        self._instances = frozenset(instances)
        self._value = value

    def get(self, key: tuple[int, int], default: Any = None) -> Any:
        """The value for every second activity of a learner, else the default."""
        return self._value if key[1] in self._instances and sum(key) % 2 else default

    def items(self) -> Iterator[tuple[tuple[int, int], tuple[Any, ...]]]:
        """All there is, one after the other."""
        for instance in self._instances:
            for user_id in self._users:
                yield (user_id, instance), self._value


class MadeUpMoodle(FakeMoodle):
    """Keeps people and activities only; finds the members of a group without looking at everybody."""

    def answer(self, function: str, params: dict[str, Any]) -> Any:
        """As the fake, without a memory of what was asked."""
        told = super().answer(function, params)
        self.calls.clear()
        return told

    def _gradereport_user_get_grade_items(self, params: dict[str, Any]) -> Any:
        group, person = params.get("groupid"), params["userid"]
        if group:
            first = (group - 1) * GROUP_SIZE + 1
            asked = range(first, min(first + GROUP_SIZE, len(self.users) + 1))
        else:
            asked = range(person, person + 1) if person else range(1, len(self.users) + 1)
        return {"usergrades": [self._grades(self.users[key]) for key in asked], "warnings": []}


def make_moodle(learners: int) -> MadeUpMoodle:
    """A course of so many learners in groups of 50."""
    kinds = ["assign"] * ASSIGNMENTS + ["quiz"] * QUIZZES + ["page"] * PAGES
    modules = [Module(cmid, kind, cmid) for cmid, kind in enumerate(kinds, start=1)]
    moodle = MadeUpMoodle(modules=modules, page_size=1000)
    moodle.add(
        *(
            User(key, first=f"Ada{key}", groups=(1 + (key - 1) // GROUP_SIZE,), last_access=DONE + 86_400)
            for key in range(1, learners + 1)
        )
    )
    tasks = [module.cmid for module in modules if module.modname != "page"]
    moodle.completions = _made_up(moodle, [module.cmid for module in modules], (1, DONE, None))
    moodle.submissions = _made_up(moodle, tasks[:ASSIGNMENTS], ("submitted", DONE))
    moodle.grades = _made_up(moodle, tasks, (70.0, DONE))
    return moodle


def _made_up(moodle: FakeMoodle, instances: list[int], value: tuple[Any, ...]) -> Any:
    return MadeUp(moodle.users, instances, value)


def take_in(learners: int) -> dict[str, float]:
    """One first sync here: rows, seconds, processor seconds, and megabytes this process had at most."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
        databases.create_tables(url)
        with databases.bare_app(url).app_context():
            moodle = make_moodle(learners)
            world = SyncWorld(moodle=moodle, client=FakeClient(moodle))
            start, busy = time.perf_counter(), time.process_time()
            report = world.sync()
            taken, busy = time.perf_counter() - start, time.process_time() - busy
            assert report.state == "done", report.errors
            rows = db.session.scalars(select(func.count(Progress.id))).one()
            db.session.remove()
            db.engine.dispose()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"rows": rows, "seconds": taken, "busy": busy, "megabytes": kilobytes / 1024}


def measure(learners: int) -> dict[str, float]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.ingest", str(learners)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def main() -> int:
    """Exit status 1 where a bound is not held."""
    found = {size: measure(size) for size in SIZES}
    names = ("learners", "rows", "wall s", "busy s", "rows/s", "ms/learner", "MB")
    print(" ".join(f"{name:>10}" for name in names))
    for size, taken in found.items():
        figures = (
            taken["seconds"],
            taken["busy"],
            taken["rows"] / taken["busy"],
            1000 * taken["busy"] / size,
        )
        told = " ".join(f"{figure:>10.1f}" for figure in (*figures, taken["megabytes"]))
        print(f"{size:>10} {taken['rows']:>10.0f} {told}")
    largest, middle = found[SIZES[-1]], found[SIZES[-2]]
    growth = (largest["busy"] / SIZES[-1]) / (middle["busy"] / SIZES[-2])
    kept = largest["rows"] / largest["busy"] >= MIN_ROWS_PER_SECOND and growth <= MAX_GROWTH
    kept = kept and largest["megabytes"] < MAX_MEGABYTES
    print(f"a learner among 20,000 costs {growth:.2f} x one among 2,000")
    bounds = f"{MIN_ROWS_PER_SECOND} rows/s, {MAX_MEGABYTES} MB, {MAX_GROWTH} x"
    print(f"bounds ({bounds}): {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(take_in(int(sys.argv[1]))))
        sys.exit(0)
    sys.exit(main())
