"""Two real workers on a real PostgreSQL, killed at random: every job has its effect once, none is lost.

The same for both runners. What was killed while it ran is run again, and nothing else is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine, create_engine, text

from course_sync.database import db
from course_sync.jobs import enqueue
from lti_tool.app import create_app
from lti_tool.cli import main
from lti_tool.config import load_settings
from lti_tool.worker import RUNNERS
from tests.conftest import tool_environ
from tests.harness import databases
from tests.harness.worker_process import TABLES, start

JOBS = 40
KILLS = 3
GIVE_UP_SECONDS = 60


@pytest.fixture(scope="module")
def upgraded_url(postgresql_server: str, worker_id: str) -> Iterator[str]:
    """A database with the tables of either runner, as `ementor db upgrade` makes them."""
    with databases.temporary_database(postgresql_server, f"ementor_workers_{worker_id}") as url:
        environ = tool_environ(url) | {"EMENTOR_JOBS": "procrastinate"}
        made = CliRunner(env=environ).invoke(main, ["db", "upgrade"])
        assert made.exit_code == 0, made.output
        engine = create_engine(url)
        with engine.begin() as connection:
            for statement in TABLES:
                connection.execute(text(statement))
        engine.dispose()
        yield url


class Crew:
    """Two workers; one that is killed is followed by another."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self._environ = environ
        self._folder = folder
        self._started = 0
        self.workers = [self._start(), self._start()]

    def _start(self) -> BaseProcess:
        self._started += 1
        return start(self._environ, self._folder / f"{self._started}.log")

    def kill_one(self, number: int) -> None:
        """As the machine does when memory runs out."""
        self.workers[number].kill()
        self.workers[number].join(10)
        self.workers[number] = self._start()

    def said(self) -> str:
        """Everything they wrote."""
        return "".join(log.read_text(errors="replace") for log in self._folder.glob("*.log"))

    def is_up(self) -> bool:
        """Whether the newest worker works; before that a signal just ends it."""
        log = self._folder / f"{self._started}.log"
        return log.exists() and '"worker started"' in log.read_text()

    def stop(self) -> list[int | None]:
        """Ask both to end; their exit statuses."""
        for worker in self.workers:
            worker.terminate()
            worker.join(30)
        return [worker.exitcode for worker in self.workers]

    def close(self) -> None:
        """Leave nothing behind."""
        for worker in self.workers:
            worker.kill()
            worker.join(10)


def wait(is_so: Callable[[], bool], crew: Crew) -> None:
    """Until it is so."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, crew.said()
        assert all(worker.is_alive() for worker in crew.workers), crew.said()
        time.sleep(0.02)


def count(engine: Engine, what: str) -> int:
    """Rows of a table, or of a condition on it."""
    with engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {what}")) or 0)


def ask(app: Flask, numbers: range) -> None:
    """Queue one job per number, as a request does."""
    with app.app_context():
        for number in numbers:
            assert enqueue("note", {"number": number}, str(number), datetime.now(UTC))
        db.session.remove()


@pytest.mark.parametrize("runner", ["apscheduler", "procrastinate"])
def test_killed_workers_lose_nothing_and_do_nothing_twice(
    upgraded_url: str, tmp_path: Path, runner: str
) -> None:
    environ = tool_environ(upgraded_url) | {"EMENTOR_JOBS": runner, "EMENTOR_LOG_LEVEL": "INFO"}
    app, chance = create_app(load_settings(environ)), random.Random(57)
    engine = create_engine(upgraded_url)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE effect, beginning"))
        connection.execute(text("DELETE FROM job_run"))
    ask(app, range(JOBS // 2))
    crew = Crew(environ, tmp_path)
    try:
        for kill in range(KILLS):
            done = count(engine, "effect")
            wait(lambda done=done: count(engine, "effect") > done, crew)
            time.sleep(chance.uniform(0, 0.1))
            crew.kill_one(chance.randrange(2))
            ask(app, range(JOBS // 2 + kill, JOBS if kill == KILLS - 1 else JOBS // 2 + kill + 1))
        wait(lambda: count(engine, "effect") == JOBS and not count_waiting(engine, runner), crew)
        wait(crew.is_up, crew)
        assert crew.stop() == [0, 0], crew.said()
    finally:
        crew.close()
    assert '"error"' not in crew.said()
    assert "Traceback" not in crew.said()
    # A kill interrupts what one worker was at; nothing else may have been begun twice.
    beginnings = count(engine, "beginning WHERE name = 'note'")
    assert JOBS <= beginnings <= JOBS + KILLS * RUNNERS
    slots = count(engine, "job_run WHERE name = 'tick'")
    assert slots >= 2
    assert count(engine, "beginning WHERE name = 'tick'") <= slots + KILLS * RUNNERS
    with app.app_context():
        db.engine.dispose()
    engine.dispose()


def count_waiting(engine: Engine, runner: str) -> int:
    """Jobs of `note` that still wait or run."""
    if runner == "procrastinate":
        return count(engine, "procrastinate_jobs WHERE task_name = 'note' AND status IN ('todo', 'doing')")
    return count(engine, "job_run WHERE name = 'note' AND state IN ('queued', 'running')")
