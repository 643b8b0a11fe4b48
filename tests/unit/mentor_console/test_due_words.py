"""One deadline, one day: a day alone is the one that is counted, an hour is by the reader's clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g
from flask_babel import Babel

from mentor_console import moments

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
PARIS_MIDNIGHT = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
"""23:59 on 30 November in Paris; in Tokyo it is December."""


@contextmanager
def reading(zone: str) -> Iterator[None]:
    """Somebody in `zone` reads about an organisation in Paris."""
    app = Flask(__name__)
    Babel(app, locale_selector=lambda: "en", timezone_selector=lambda: zone)
    with app.test_request_context():
        g.viewer = SimpleNamespace(organisation_id=1)
        g.zones_of_organisations = {1: ZoneInfo("Europe/Paris")}
        yield


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Tokyo", "America/Los_Angeles"])
def test_a_day_alone_is_the_organisations_wherever_one_reads(zone: str) -> None:
    with reading(zone):
        assert moments.due_words(PARIS_MIDNIGHT, NOW) == "Monday 30 November"
        assert moments.short_due_words(PARIS_MIDNIGHT, NOW) == "30 Nov"
        assert moments.due_words(PARIS_MIDNIGHT, NOW + timedelta(days=30)) == "Monday 30 November"


@pytest.mark.parametrize(
    ("zone", "hours", "words"),
    [
        ("Europe/Paris", 4, "today at 23:30"),
        ("Asia/Tokyo", 4, "today at 07:30"),
        ("Europe/Paris", 24, "tomorrow at 19:30"),
        ("Europe/Paris", 47, "18:30 on Monday 23 November"),
        ("Europe/Paris", 48.5, "Monday 23 November"),
    ],
)
def test_a_near_deadline_has_its_hour(zone: str, hours: float, words: str) -> None:
    with reading(zone):
        due_at = NOW + timedelta(hours=hours)
        assert moments.due_words(due_at, NOW) == words
        assert moments.short_due_words(due_at, NOW) == ("23 Nov" if hours > 48 else words)
