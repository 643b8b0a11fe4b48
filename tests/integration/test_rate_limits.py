"""Limits on both databases: exact under concurrency, shared by processes, over after their time."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from flask import Flask

from course_sync.database import db
from lti_tool.app import create_app
from lti_tool.config import Settings
from lti_tool.models import UseCount
from lti_tool.rate_limits import LONGEST, Limit, TooMany, count_use, forget_old_uses, network_of

FEW = Limit("few", 3, 60)
AT_ONCE = Limit("at once", 20, 60)


def use(now: datetime, key: str = "one", limit: Limit = FEW) -> int:
    """0 = allowed; else the seconds to wait."""
    try:
        count_use(limit, key, now)
    except TooMany as refused:
        return refused.retry_after_seconds
    db.session.commit()
    return 0


def test_so_many_and_no_more_until_the_time_is_over(app: Flask, now: datetime) -> None:
    with app.app_context():
        assert [use(now + timedelta(seconds=10 * turn)) for turn in range(5)] == [0, 0, 0, 30, 20]
        assert use(now + timedelta(seconds=40), "another") == 0
        assert use(now + timedelta(seconds=59)) == 1
        assert use(now + timedelta(seconds=60)) == 0
        assert [use(now + timedelta(seconds=61)) for _ in range(3)] == [0, 0, 59]


def test_refused_uses_write_nothing(app: Flask, now: datetime) -> None:
    with app.app_context():
        for _ in range(10):
            use(now)
        assert [row.uses for row in db.session.query(UseCount)] == [3]


def test_keys_are_not_stored(app: Flask, now: datetime) -> None:
    with app.app_context():
        use(now, "192.0.2.7")
        (row,) = db.session.query(UseCount)
        assert "192" not in row.key_hash
        assert len(row.key_hash) == 64


def test_processes_count_together(app: Flask, settings: Settings, now: datetime) -> None:
    other = create_app(settings)
    allowed = 0
    for turn in range(6):
        with (app, other)[turn % 2].app_context():
            allowed += use(now) == 0
    with other.app_context():
        db.engine.dispose()
    assert allowed == 3


def test_the_count_is_exact_when_all_come_at_once(app: Flask, now: datetime) -> None:
    start, outcomes = threading.Barrier(8), list[int]()

    def come() -> None:
        with app.app_context():
            start.wait()
            outcomes.extend(use(now, limit=AT_ONCE) for _ in range(5))
            db.session.remove()

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(0) == 20
    assert len(outcomes) == 40


def test_old_counts_are_forgotten(app: Flask, now: datetime) -> None:
    with app.app_context():
        use(now - LONGEST - timedelta(seconds=1), "old")
        use(now, "new")
        forget_old_uses(now)
        db.session.commit()
        assert db.session.query(UseCount).count() == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_whoever_has_a_whole_network_counts_once(address: str, network: str) -> None:
    assert network_of(address) == network
