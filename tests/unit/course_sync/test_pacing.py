"""Waiting before a host is asked again: what it asks for itself, else any time below a doubling bound."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from course_sync.pacing import asked_wait_seconds, backoff_seconds, rest_seconds

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Sat, 21 Nov 2026 18:31:30 GMT", 90.0),
        ("Sat, 21 Nov 2026 18:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 19:31:00 +0100", 60.0),
        ("soon", None),
        ("-5", None),
        ("1.5e3", None),
        ("٣", None),
        ("", None),
        ("9" * 400, 999_999_999.0),
    ],
)
def test_what_a_host_asks_for(header: str, seconds: float | None) -> None:
    assert asked_wait_seconds({"Retry-After": header}, NOW) == seconds


def test_a_host_that_asks_for_nothing() -> None:
    assert asked_wait_seconds({}, NOW) is None
    assert rest_seconds({}) == 0


@pytest.mark.parametrize(
    ("left", "seconds"),
    [("698.5", 0.0), ("50", 0.0), ("20.0", 3.0), ("0", 5.0), ("-13.2", 5.0), ("nan", 0.0), ("much", 0.0)],
)
def test_a_host_with_little_left_for_us_is_asked_slower(left: str, seconds: float) -> None:
    assert rest_seconds({"X-Rate-Limit-Remaining": left}) == pytest.approx(seconds)


def test_those_who_failed_together_do_not_come_back_together() -> None:
    for attempt, bound in ((1, 0.5), (2, 1.0), (3, 2.0)):
        waits = [backoff_seconds(0.5, attempt) for _number in range(500)]
        assert 0 <= min(waits) < bound * 0.1
        assert bound * 0.9 < max(waits) <= bound
