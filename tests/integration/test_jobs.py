"""Claims hold between processes: many threads with connections of their own, one winner."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync import jobs
from course_sync.database import db
from course_sync.job_rows import (
    DEAD_AFTER,
    MAX_ATTEMPTS,
    Claim,
    beat,
    claim_next,
    finish,
    give_back,
    requeue_dead,
)
from course_sync.jobs import JobError, enqueue, job, queue_slot, registry
from course_sync.models import JobRun, Organisation
from course_sync.sync_runs import DEAD_AFTER as SYNC_DEAD_AFTER
from tests.harness.sync_world import START


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(jobs, "_registry", {})
    return


def claimed(now: datetime = START) -> Claim:
    """The next job, which must be there."""
    claim = claim_next(now)
    assert claim is not None
    return claim


def states() -> dict[str, str]:
    """State by slot, as the database has it now."""
    db.session.rollback()
    return {row.slot: row.state for row in db.session.execute(select(JobRun.slot, JobRun.state))}


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
    first = claimed()
    assert (first.name, first.arguments, states()["sync:3"]) == ("sync_context", arguments, "running")
    assert enqueue("sync_context", arguments, "sync:3", START) is False
    finish(first, now=START)
    assert enqueue("sync_context", {"context_id": 3}, "sync:3", START) is True
    assert claimed().arguments == {"context_id": 3}
    assert db.session.scalars(select(JobRun.error)).one() is None


def test_news_during_a_run_are_run_once_more_after_it(app_context: Flask) -> None:
    enqueue("sync", {"day": 1}, "sync:3", START)
    first = claimed()
    assert enqueue("sync", {"day": 2}, "sync:3", START, again=True) is True
    assert enqueue("sync", {"day": 3}, "sync:3", START, again=True) is False
    assert claim_next(START) is None
    finish(first, now=START)
    second = claimed()
    assert second.arguments == {"day": 2}
    assert enqueue("sync", {"day": 4}, "sync:3", START) is False
    assert enqueue("sync", {"day": 4}, "sync:3", START, again=True) is True
    assert claim_next(START) is None
    finish(second, now=START)
    assert claimed().arguments == {"day": 4}


def test_news_while_one_waits_need_no_second_run(app_context: Flask) -> None:
    assert enqueue("sync", {}, "sync:3", START, again=True) is True
    assert enqueue("sync", {}, "sync:3", START, again=True) is False


def test_a_job_is_kept_with_what_was_written_before_it_or_not_at_all(app_context: Flask) -> None:
    db.session.add(Organisation(name="College", created_at=START))
    enqueue("a", {}, "1", START)
    db.session.rollback()
    assert (db.session.scalars(select(Organisation.name)).all(), states()) == (["College"], {"1": "queued"})


def test_oldest_first_and_none_when_nothing_waits(app_context: Flask) -> None:
    enqueue("b", {}, "1", START + timedelta(seconds=1))
    enqueue("a", {}, "1", START)
    assert (claimed().name, claimed().name, claim_next(START)) == ("a", "b", None)


def test_failure_is_recorded_and_may_be_queued_again(app_context: Flask) -> None:
    enqueue("a", {}, "1", START)
    finish(claimed(), error="ValueError: no", now=START)
    row = db.session.scalars(select(JobRun)).one()
    assert (row.state, row.error) == ("failed", "ValueError: no")
    assert enqueue("a", {}, "1", START)


def test_finish_works_after_the_session_was_closed_in_the_job(app_context: Flask) -> None:
    enqueue("a", {}, "1", START)
    claim = claimed()
    db.session.remove()
    assert finish(claim, now=START)
    assert states() == {"1": "done"}


def test_a_job_is_dead_only_after_a_sync_is(app_context: Flask) -> None:
    """Else the next run would find the course busy, and what was asked for would not be done."""
    assert DEAD_AFTER > SYNC_DEAD_AFTER


def test_job_of_a_killed_worker_is_run_by_another_one(app_context: Flask) -> None:
    enqueue("a", {"number": 5}, "1", START)
    lost = claimed()
    beat([lost], START + timedelta(minutes=2))
    assert requeue_dead(START + DEAD_AFTER) == 0
    later = START + timedelta(minutes=3) + DEAD_AFTER
    assert enqueue("a", {}, "1", later) is False
    assert requeue_dead(later) == 1
    assert enqueue("a", {}, "1", later) is False
    found = claimed(later)
    assert found.arguments == {"number": 5}
    beat([lost], later)
    assert finish(lost, now=later) is False
    assert states() == {"1": "running"}
    assert finish(found, now=later) is True
    assert states() == {"1": "done"}


def test_a_job_claimed_by_a_clock_ahead_is_given_up_once_the_clock_is_right(app_context: Flask) -> None:
    for key in ("dead", "alive"):
        enqueue("a", {}, key, START)
    ahead = START + timedelta(hours=9)
    _dead, alive = claimed(ahead), claimed(ahead)
    assert requeue_dead(START) == 0, "nobody had the time yet to show a sign by the clock that is right"
    assert states() == {"dead": "running", "alive": "running"}
    later = START + timedelta(seconds=1) + DEAD_AFTER
    beat([alive], later)
    assert requeue_dead(later) == 1
    assert states() == {"dead": "queued", "alive": "running"}
    assert finish(alive, now=later) is True


def test_a_killed_job_whose_repetition_waits_is_not_needed(app_context: Flask) -> None:
    enqueue("a", {"day": 1}, "1", START)
    claimed()
    enqueue("a", {"day": 2}, "1", START, again=True)
    requeue_dead(START + timedelta(hours=1))
    assert states() == {"1": "failed", "1#again": "queued"}
    assert claimed().arguments == {"day": 2}


def test_a_job_that_kills_its_workers_is_given_up(app_context: Flask) -> None:
    enqueue("a", {}, "1", START)
    for number in range(MAX_ATTEMPTS):
        assert states() == {"1": "queued"}
        claimed(START + timedelta(hours=number))
        requeue_dead(START + timedelta(hours=number + 1))
    assert states() == {"1": "failed"}
    assert enqueue("a", {}, "1", START) is True
    claimed()
    requeue_dead(START + timedelta(hours=1))
    assert states() == {"1": "queued"}


def test_jobs_given_back_wait_again_and_the_others_run_on(app_context: Flask) -> None:
    for key in ("1", "2"):
        enqueue("a", {}, key, START)
    first, _second = claimed(), claimed()
    later = START + timedelta(seconds=1)
    assert give_back([first], later) == 1
    assert give_back([], later) == 0
    assert finish(first, now=later) is False
    assert states() == {"1": "queued", "2": "running"}
    assert claimed(later).job_id == first.job_id
    assert give_back(None, later) == 2
    assert states() == {"1": "queued", "2": "queued"}


def test_arguments_must_be_json(app_context: Flask) -> None:
    with pytest.raises(JobError, match="JSON"):
        enqueue("a", {"at": START}, "1", START)


def test_old_slots_are_forgotten(app_context: Flask) -> None:
    old = START - timedelta(days=20)
    assert queue_slot("tidy", "2026-11-01T00:00", old)
    finish(claimed(old), now=old)
    assert queue_slot("tidy", "2026-11-21T18:30", START)
    assert states() == {"2026-11-21T18:30": "queued"}


def test_a_slot_is_queued_by_one_of_many(app_context: Flask) -> None:
    def claim() -> bool:
        return queue_slot("sync_all", "2026-11-21T18:30", START)

    assert sorted(in_threads(app_context, 8, claim)) == [False] * 7 + [True]
    finish(claimed(), now=START)
    assert not claim()


def test_each_queued_job_is_run_by_one_of_many(app_context: Flask) -> None:
    for number in range(20):
        enqueue("a", {"number": number}, str(number), START)

    def work() -> list[int]:
        mine = []
        while (claim := claim_next(START)) is not None:
            mine.append(claim.arguments["number"])
            finish(claim, now=START)
        return mine

    done = [number for mine in in_threads(app_context, 4, work) for number in mine]
    assert sorted(done) == list(range(20))


def test_one_of_many_queues_the_same_key(app_context: Flask) -> None:
    results = in_threads(app_context, 8, lambda: enqueue("a", {}, "same", START))
    assert sorted(results) == [False] * 7 + [True]
