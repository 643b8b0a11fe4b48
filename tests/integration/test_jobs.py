"""Claims hold between processes: many threads with connections of their own, one winner."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync import jobs
from course_sync.database import db
from course_sync.jobs import JobError, abandon, claim_next, claim_slot, enqueue, finish, job, registry
from course_sync.models import JobRun
from tests.harness.sync_world import START


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(jobs, "_registry", {})
    return


def in_threads(app: Flask, count: int, work: Callable[[], Any]) -> list[Any]:
    """What `work` gives in each of so many threads that start together."""
    results: list[Any] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        with app.app_context():
            barrier.wait()
            results.append(work())
            db.session.remove()

    threads = [threading.Thread(target=run) for _number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.usefixtures("own_registry")
def test_jobs_are_registered_by_name() -> None:
    @job("tidy", every_minutes=5)
    def tidy(days: int = 1) -> int:
        return days

    assert registry()["tidy"].every_minutes == 5
    assert registry()["tidy"].run(days=3) == 3
    assert tidy(2) == 2


@pytest.mark.usefixtures("own_registry")
def test_two_jobs_cannot_share_a_name() -> None:
    job("tidy")(lambda: None)

    def other() -> None: ...

    with pytest.raises(JobError, match="tidy"):
        job("tidy")(other)


def test_same_key_is_queued_once_and_again_after_it_ran(app_context: Flask) -> None:
    arguments = {"context_id": 3, "trigger": "person"}
    assert enqueue("sync_context", arguments, "sync:3", START) is True
    assert enqueue("sync_context", arguments, "sync:3", START) is False
    claimed = claim_next(START)
    assert claimed is not None
    assert (claimed.name, claimed.arguments, claimed.state) == ("sync_context", arguments, "running")
    assert enqueue("sync_context", arguments, "sync:3", START) is False
    finish(claimed, now=START)
    assert enqueue("sync_context", {"context_id": 3}, "sync:3", START) is True
    again = claim_next(START)
    assert again is not None
    assert (again.arguments, again.error) == ({"context_id": 3}, None)


def test_news_during_a_run_are_run_once_more_after_it(app_context: Flask) -> None:
    enqueue("sync", {"day": 1}, "sync:3", START)
    first = claim_next(START)
    assert first is not None
    assert enqueue("sync", {"day": 2}, "sync:3", START, again=True) is True
    assert enqueue("sync", {"day": 3}, "sync:3", START, again=True) is False
    assert claim_next(START) is None
    finish(first, now=START)
    second = claim_next(START)
    assert second is not None
    assert second.arguments == {"day": 2}
    assert enqueue("sync", {"day": 4}, "sync:3", START) is False
    assert enqueue("sync", {"day": 4}, "sync:3", START, again=True) is True
    assert claim_next(START) is None
    finish(second, now=START)
    third = claim_next(START)
    assert third is not None
    assert third.arguments == {"day": 4}


def test_news_while_one_waits_need_no_second_run(app_context: Flask) -> None:
    assert enqueue("sync", {}, "sync:3", START, again=True) is True
    assert enqueue("sync", {}, "sync:3", START, again=True) is False


def test_oldest_first_and_none_when_nothing_waits(app_context: Flask) -> None:
    enqueue("b", {}, "1", START + timedelta(seconds=1))
    enqueue("a", {}, "1", START)
    first, second, third = (claim_next(START) for _number in range(3))
    assert first is not None
    assert second is not None
    assert (first.name, second.name, third) == ("a", "b", None)


def test_failure_is_recorded_and_may_be_queued_again(app_context: Flask) -> None:
    enqueue("a", {}, "1", START)
    claimed = claim_next(START)
    assert claimed is not None
    db.session.rollback()
    finish(claimed, error="ValueError: no", now=START)
    row = db.session.scalars(select(JobRun)).one()
    assert (row.state, row.error) == ("failed", "ValueError: no")
    assert enqueue("a", {}, "1", START)


def test_finish_works_after_the_session_was_closed_in_the_job(app_context: Flask) -> None:
    enqueue("a", {}, "1", START)
    claimed = claim_next(START)
    assert claimed is not None
    db.session.remove()
    finish(claimed, now=START)
    assert db.session.scalars(select(JobRun.state)).one() == "done"


def test_job_of_a_dead_worker_may_be_queued_again(app_context: Flask) -> None:
    enqueue("a", {}, "1", START)
    claim_next(START)
    assert enqueue("a", {}, "1", START + timedelta(minutes=4)) is False
    assert enqueue("a", {}, "1", START + timedelta(minutes=6)) is True


def test_abandoned_jobs_are_failed_and_free_and_the_others_run_on(app_context: Flask) -> None:
    for key in ("1", "2"):
        enqueue("a", {}, key, START)
    first, second = claim_next(START), claim_next(START)
    assert first is not None
    assert second is not None
    assert abandon([first.id], why="the worker was stopped", now=START) == 1
    finish(first, now=START)
    db.session.expire_all()
    assert [(first.state, first.error), (second.state, second.error)] == [
        ("failed", "the worker was stopped"),
        ("running", None),
    ]
    assert enqueue("a", {}, "1", START) is True
    assert abandon(None, why="nobody runs it", now=START) == 1
    assert enqueue("a", {}, "2", START) is True


def test_arguments_must_be_json(app_context: Flask) -> None:
    with pytest.raises(JobError, match="JSON"):
        enqueue("a", {"at": START}, "1", START)


def test_old_claims_are_forgotten(app_context: Flask) -> None:
    old = claim_slot("tidy", "2026-11-01T00:00", START - timedelta(days=20))
    assert old is not None
    finish(old, now=START - timedelta(days=20))
    fresh = claim_slot("tidy", "2026-11-21T18:30", START)
    assert fresh is not None
    finish(fresh, now=START)
    assert db.session.scalars(select(JobRun.slot)).all() == ["2026-11-21T18:30"]


def test_a_slot_is_claimed_by_one_of_many(app_context: Flask) -> None:
    def claim() -> bool:
        return claim_slot("sync_all", "2026-11-21T18:30", START) is not None

    assert sorted(in_threads(app_context, 8, claim)) == [False] * 7 + [True]


def test_each_queued_job_is_run_by_one_of_many(app_context: Flask) -> None:
    for number in range(20):
        enqueue("a", {"number": number}, str(number), START)

    def work() -> list[int]:
        mine = []
        while (claimed := claim_next(START)) is not None:
            mine.append(claimed.arguments["number"])
            finish(claimed, now=START)
        return mine

    done = [number for mine in in_threads(app_context, 4, work) for number in mine]
    assert sorted(done) == list(range(20))


def test_one_of_many_queues_the_same_key(app_context: Flask) -> None:
    results = in_threads(app_context, 8, lambda: enqueue("a", {}, "same", START))
    assert sorted(results) == [False] * 7 + [True]
