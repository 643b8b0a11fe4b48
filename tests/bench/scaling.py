"""SQLite and PostgreSQL, one worker and several: rows taken in a second, and what a page's small write waits.

`make bench` runs it. Workers are processes that take in one made-up course of 50 learners and 60 activities
after the other as fast as they can, while this process writes a row every 25 ms, as a request does.
PostgreSQL writes to the disk at each commit here. Prints a table and judges nothing: docs/scaling.md says
what follows from it. With as many workers as processors or more, this process waits for the processor too.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Organisation, Progress
from tests.bench.ingest import make_moodle
from tests.harness import databases
from tests.harness.fake_moodle import FakeClient
from tests.harness.sync_world import SyncWorld, add_context

WORKERS = (1, 2, 4)
LEARNERS = 50
SECONDS = 5.0
WRITE_EVERY_SECONDS = 0.025


def take_in_courses(url: str, number: int, together: Barrier) -> None:
    """One worker: courses of its own, one after the other, until the time is over."""
    with databases.bare_app(url).app_context():
        _take_in_course(f"{number}-first", number)  # the statements are compiled by it
        together.wait()
        deadline = time.monotonic() + SECONDS
        for course in itertools.takewhile(lambda _: time.monotonic() < deadline, itertools.count()):
            _take_in_course(f"{number}-{course}", number)
        db.engine.dispose()


def _take_in_course(name: str, worker: int) -> None:
    moodle = make_moodle(LEARNERS)
    context = add_context(f"https://m{name}.example", organisation=f"Worker {worker}")
    SyncWorld(moodle=moodle, client=FakeClient(moodle), context_id=context).sync()
    db.session.remove()


def write_as_pages_do() -> list[float]:
    """Milliseconds each small write took, while the workers work."""
    taken: list[float] = []
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        start = time.perf_counter()
        db.session.add(Organisation(name=f"Page {len(taken)}", created_at=datetime.now(UTC)))
        db.session.commit()
        taken.append((time.perf_counter() - start) * 1000)
        time.sleep(WRITE_EVERY_SECONDS)
    return taken


def measure(url: str, workers: int) -> tuple[float, list[float]]:
    """(rows a second taken in by all workers, milliseconds of each small write)."""
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(["tests.bench.ingest"])
    together = forked.Barrier(workers + 1)
    processes = [
        forked.Process(target=take_in_courses, args=(url, number, together), daemon=True)
        for number in range(workers)
    ]
    with databases.bare_app(url).app_context():
        for process in processes:
            process.start()
        together.wait()
        before = count_rows()
        taken = write_as_pages_do()
        rows = count_rows() - before
        db.session.remove()
        db.engine.dispose()
    for process in processes:
        process.join(60)
    return rows / SECONDS, taken


def count_rows() -> int:
    """Rows of progress there are."""
    return db.session.scalars(select(func.count(Progress.id))).one()


@contextmanager
def a_postgresql(folder: Path) -> Iterator[str]:
    """A server of this run, as careful with what it was given as one is in production."""
    os.environ[databases.RUN_FOLDER_KEY] = str(folder)
    server = databases.find_postgresql()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM RESET ALL")
        connection.execute("SELECT pg_reload_conf()")
    try:
        yield server
    finally:
        databases.stop_postgresql()


def make_database(stack: ExitStack, server: str, folder: Path, kind: str, workers: int) -> str:
    """A new database with every table."""
    name = f"scaling_{workers}"
    if kind == "SQLite":
        url = f"sqlite:///{folder / name}.sqlite3"
    else:
        url = stack.enter_context(databases.temporary_database(server, name))
    databases.create_tables(url)
    return url


def main() -> int:
    """Always 0: nothing is judged."""
    print(f"{os.cpu_count()} processors; courses of {LEARNERS} learners; a small write every 25 ms meanwhile")
    names = ("database", "workers", "rows/s", "write ms", "95 % ms", "worst ms")
    print(" ".join(f"{name:>10}" for name in names))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(a_postgresql(folder))
        for kind in ("SQLite", "PostgreSQL"):
            for workers in WORKERS:
                url = make_database(stack, server, folder, kind, workers)
                report(kind, workers, *measure(url, workers))
    return 0


def report(kind: str, workers: int, rows: float, taken: list[Any]) -> None:
    """One line of the table."""
    worst = statistics.quantiles(taken, n=20)[-1]
    figures = f"{rows:>10.0f} {statistics.median(taken):>10.1f} {worst:>10.1f} {max(taken):>10.1f}"
    print(f"{kind:>10} {workers:>10} {figures}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
