"""How long Today takes on the server, for a mentor with 30 and with 300 learners: whole requests, SQLite.

The course is in the middle of its term: with answers, decisions, tasks, notes and contacts of weeks.
`make bench` runs it. Prints a table; fails where a bound is not held: 150 ms, 12 queries, the same for both.
Judged is processor time: server and database are this process and wait for nobody; others only slow the wall.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from sqlalchemy import Engine

from course_sync.database import db
from lti_tool.app import create_app
from lti_tool.config import load_settings
from lti_tool.serve import keep_what_exists
from lti_tool.session import SESSION_COOKIE, OpenedSession, open_session
from tests.harness import databases
from tests.harness.busy_course import BusyCourse, fill
from tests.integration.console_world import NOW, counted_queries

MAX_MILLISECONDS = 150.0
MAX_QUERIES = 12
ROUNDS = 15
SIZES = (30, 300)


def make_app(folder: Path) -> Flask:
    """The whole tool on a database with every table and no row."""
    url = f"sqlite:///{folder / 'bench.sqlite3'}"
    databases.create_tables(url)
    clock = folder / "clock.json"
    clock.write_text(json.dumps({"offset_seconds": (NOW - datetime.now(UTC)).total_seconds()}))
    environ = {
        "EMENTOR_DATABASE_URL": url,
        "EMENTOR_DEMO_CLOCK": str(clock),
        "EMENTOR_ALLOW_LOOPBACK_PLATFORMS": "1",
        "EMENTOR_SECRET_KEY": "bench-only-secret-key-of-enough-length",
        "EMENTOR_LOG_LEVEL": "ERROR",
    }
    return create_app(load_settings(environ))


def come_in(course: BusyCourse) -> OpenedSession:
    """The session of its e-mentor."""
    return open_session(
        person_id=course.mentor_id,
        platform_id=course.platform_id,
        context_id=course.course_id,
        roles=["Instructor"],
        real_now=datetime.now(UTC),
    )


def measure(app: Flask, session: OpenedSession, engine: Engine) -> tuple[float, float, int]:
    """(median milliseconds of a request by the wall clock, of the processor, queries of one request).

    To be called in no context of the application: requests would share its memory of what they have read.
    """
    client = app.test_client()
    client.set_cookie(SESSION_COOKIE, session.secret, domain="localhost", path=session.path)

    def look() -> None:
        answer = client.get(f"{session.path}/today")
        assert answer.status_code == 200, answer.status

    look()
    keep_what_exists()
    with counted_queries(engine) as queries:
        look()
    times, busy = [], []
    for _ in range(ROUNDS):
        start, busy_start = time.perf_counter(), time.process_time()
        look()
        times.append((time.perf_counter() - start) * 1000)
        busy.append((time.process_time() - busy_start) * 1000)
    return statistics.median(times), statistics.median(busy), len(queries)


def main() -> int:
    """Exit status 1 where a bound is not held."""
    rows = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            app = make_app(Path(folder))
            with app.app_context():
                session, engine = come_in(fill(size)), db.engine
                db.session.remove()
            rows.append((size, *measure(app, session, engine)))
            engine.dispose()
    print(f"{'learners':>9} {'wall ms':>10} {'server ms':>10} {'queries':>8}")
    for size, wall, busy, queries in rows:
        print(f"{size:>9} {wall:>10.1f} {busy:>10.1f} {queries:>8}")
    kept = rows[-1][2] < MAX_MILLISECONDS and rows[-1][3] <= MAX_QUERIES and rows[0][3] == rows[-1][3]
    bounds = f"{MAX_MILLISECONDS:.0f} ms, {MAX_QUERIES} queries, the same for both"
    print(f"bounds ({bounds}): {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
