"""Jobs under procrastinate: asked for in the transaction of who asks, run once, never left lying."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from flask import Flask
from procrastinate.exceptions import ConnectorException
from sqlalchemy import select, text

from course_sync import jobs
from course_sync.database import db
from course_sync.job_rows import MAX_ATTEMPTS, RowQueue, claim_next
from course_sync.jobs import QUEUE, enqueue, queue_slot
from course_sync.models import JobRun, Organisation
from lti_tool import procrastinate_worker
from lti_tool.app import create_app
from lti_tool.config import load_settings
from lti_tool.health import find_obstacle
from lti_tool.procrastinate_queue import (
    ForeignTables,
    ProcrastinateQueue,
    has_tables,
    list_versions,
    take_over_rows,
    upgrade_tables,
)
from lti_tool.procrastinate_worker import Runner, rescue, run_procrastinate
from tests.conftest import tool_environ
from tests.harness import databases
from tests.harness.sync_world import START

T = TypeVar("T")


def in_thread(call: Callable[[], T]) -> T:
    """Where no event loop runs: beside browser tests the test's own thread has one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


@pytest.fixture(scope="module")
def tables_url(postgresql_server: str, worker_id: str) -> Iterator[str]:
    """A database with our tables and procrastinate's."""
    with databases.temporary_database(postgresql_server, f"ementor_jobs_{worker_id}") as url:
        databases.create_tables(url)
        app = databases.bare_app(url)
        with app.app_context():
            assert not has_tables()
            upgrade_tables()
            db.engine.dispose()
        yield url


@pytest.fixture
def app(tables_url: str) -> Iterator[Flask]:
    """The whole tool with procrastinate, in a context; empty afterwards."""
    application = create_app(load_settings(tool_environ(tables_url) | {"EMENTOR_JOBS": "procrastinate"}))
    with application.app_context():
        yield application
        db.session.rollback()
        db.session.execute(text("DELETE FROM procrastinate_jobs"))
        db.session.execute(text("DELETE FROM job_run"))
        db.session.execute(text("DELETE FROM organisation"))
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


def rows(*columns: str) -> list[tuple[Any, ...]]:
    """Procrastinate's jobs, in order."""
    db.session.rollback()
    named = ", ".join(columns)
    return [
        tuple(row) for row in db.session.execute(text(f"SELECT {named} FROM procrastinate_jobs ORDER BY id"))
    ]


def begin() -> None:
    """As a worker does with everything that waits."""
    db.session.execute(text("UPDATE procrastinate_jobs SET status = 'doing' WHERE status = 'todo'"))
    db.session.commit()


def test_same_key_waits_once_and_again_while_it_runs(app: Flask) -> None:
    assert enqueue("sync", {"day": 1}, "sync:3", START) is True
    assert enqueue("sync", {"day": 2}, "sync:3", START, again=True) is False
    assert enqueue("judge", {}, "sync:3", START) is True
    begin()
    assert enqueue("sync", {"day": 3}, "sync:3", START) is False
    assert enqueue("sync", {"day": 4}, "sync:3", START, again=True) is True
    assert enqueue("sync", {"day": 5}, "sync:3", START, again=True) is False
    assert rows("task_name", "args", "status", "lock") == [
        ("sync", {"day": 1}, "doing", "sync:sync:3"),
        ("judge", {}, "doing", "judge:sync:3"),
        ("sync", {"day": 4}, "todo", "sync:sync:3"),
    ]


def test_a_job_is_kept_with_what_was_written_before_it_or_not_at_all(app: Flask) -> None:
    db.session.add(Organisation(name="College", created_at=START))
    app.extensions[QUEUE].put("sync", {}, "1", START, again=False)
    db.session.rollback()
    assert (rows("id"), db.session.scalars(select(Organisation.name)).all()) == ([], [])
    enqueue("sync", {}, "1", START)
    db.session.add(Organisation(name="College", created_at=START))
    assert enqueue("sync", {}, "1", START, again=True) is False
    assert len(rows("id")) == 1
    assert db.session.scalars(select(Organisation.name)).all() == ["College"]


def test_a_slot_is_queued_by_one_of_many(app: Flask) -> None:
    queued, together = [], threading.Barrier(4)

    def work() -> None:
        with app.app_context():
            together.wait()
            queued.append(queue_slot("sync_all", "2026-11-21T18:30", START))
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(queued) == [False] * 3 + [True]
    assert rows("task_name", "status") == [("sync_all", "todo")]
    assert claim_next(START) is None


def test_what_waited_as_rows_is_taken_over(app: Flask) -> None:
    for key, again in (("1", False), ("2", False), ("2", True)):
        RowQueue().put("a", {"key": key}, key, START, again=again)
    db.session.commit()
    assert take_over_rows(ProcrastinateQueue(), START) == 2
    assert rows("args") == [({"key": "1"},), ({"key": "2"},)]
    assert set(db.session.scalars(select(JobRun.state))) == {"done"}
    assert take_over_rows(ProcrastinateQueue(), START) == 0


def test_what_killed_workers_left_is_queued_again(app: Flask) -> None:
    """But not where its repetition waits, nor what was cut off too often; the living are left alone."""
    for key in ("1", "2", "3", "4"):
        enqueue("a", {"key": key}, key, START)
    begin()
    enqueue("a", {"key": "2", "again": 1}, "2", START, again=True)
    often = text("UPDATE procrastinate_jobs SET attempts = :n WHERE args ->> 'key' = '3'")
    db.session.execute(often, {"n": MAX_ATTEMPTS})
    alive = text(
        "UPDATE procrastinate_jobs SET worker_id = w.worker_id FROM procrastinate_register_worker_v1() w "
        "WHERE args ->> 'key' = '4'"
    )
    db.session.execute(alive)
    db.session.commit()
    assert in_thread(lambda: asyncio.run(_rescue(app))) == 3
    assert in_thread(lambda: asyncio.run(_rescue(app))) == 0
    assert rows("args ->> 'key'", "status") == [
        ("1", "todo"),
        ("2", "failed"),
        ("3", "failed"),
        ("4", "doing"),
        ("2", "todo"),
    ]


def test_a_worker_whose_last_sign_is_ahead_of_the_clock_is_not_believed(app: Flask) -> None:
    """The database's clock was set back by hours: from then on it must show signs like any other."""
    enqueue("a", {}, "1", START)
    begin()
    ahead = text(
        "WITH worker AS (INSERT INTO procrastinate_workers (last_heartbeat) "
        "VALUES (now() + interval '9 hours') RETURNING id) "
        "UPDATE procrastinate_jobs SET worker_id = worker.id FROM worker"
    )
    db.session.execute(ahead)
    db.session.commit()
    assert in_thread(lambda: asyncio.run(_rescue(app))) == 0
    silent = text("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '4 minutes'")
    db.session.execute(silent)
    db.session.commit()
    assert in_thread(lambda: asyncio.run(_rescue(app))) == 1
    assert rows("status") == [("todo",)]


async def _rescue(app: Flask) -> int:
    made = Runner(app).make_app()
    async with made.open_async():
        return await rescue(made)


def test_a_worker_that_stops_gives_its_unfinished_jobs_back(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A short one has ended meanwhile; a failed one is kept as failed."""
    monkeypatch.setattr(jobs, "_registry", {})
    begun, may_end = threading.Event(), threading.Event()

    @jobs.job("short")
    def short() -> None:
        raise ValueError("wrong")

    @jobs.job("long")
    def long(context_id: int) -> None:
        begun.set()
        may_end.wait(20)

    enqueue("short", {}, "1", START)
    enqueue("long", {"context_id": 7}, "2", START)
    db.session.remove()
    loops: list[asyncio.AbstractEventLoop] = []
    make = asyncio.SelectorEventLoop
    monkeypatch.setattr(asyncio, "SelectorEventLoop", lambda: loops.append(make()) or loops[0])
    in_thread(lambda: run_procrastinate(app, begun.is_set, runners=2, grace_seconds=0.2))
    assert rows("task_name", "status", "attempts") == [("short", "failed", 1), ("long", "todo", 1)]
    may_end.set()
    in_thread(lambda: end_all(loops[0]))


def end_all(loop: asyncio.AbstractEventLoop) -> None:
    """Let what was given back end, where a worker's process would be gone."""
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0.1))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def test_a_worker_goes_on_after_the_database_was_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_registry", {})
    monkeypatch.setattr(procrastinate_worker, "RESTART_SECONDS", 0.0)
    ran, failures = threading.Event(), [ConnectorException("away")]

    class Worker(procrastinate_worker.Worker):
        async def run(self) -> None:
            if failures:
                raise failures.pop()
            await super().run()

    monkeypatch.setattr(procrastinate_worker, "Worker", Worker)
    jobs.job("quick")(ran.set)
    enqueue("quick", {}, "1", START)
    db.session.remove()
    in_thread(lambda: run_procrastinate(app, ran.is_set, runners=1, grace_seconds=20))
    assert rows("status") == []


def test_tables_follow_the_installed_version_and_foreign_ones_are_refused(app: Flask) -> None:
    assert has_tables()
    upgrade_tables()
    _label(f"ementor: {list_versions()[-2]}")
    assert not has_tables()
    assert find_obstacle() == "database_not_migrated"
    upgrade_tables()
    assert has_tables()
    _label("of somebody else")
    with pytest.raises(ForeignTables, match="database of its own"):
        upgrade_tables()
    _label(f"ementor: {list_versions()[-1]}")


def _label(comment: str) -> None:
    db.session.execute(text(f"COMMENT ON TABLE procrastinate_jobs IS '{comment}'"))
    db.session.commit()


def test_a_job_is_dead_for_procrastinate_when_it_is_for_rows() -> None:
    assert timedelta(seconds=procrastinate_worker.BEAT_SECONDS) * 4 < procrastinate_worker.DEAD_AFTER
