"""The demo's time: begins at day 57, goes on, waits while the demo is off, never goes back."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from lti_tool.demo_lms.clock import CLOCK_FILE, COURSE_FILE, DemoClock, DemoStateError
from lti_tool.demo_lms.site import DemoSite

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


class Machine:
    """The machine's clock."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def make(tmp_path: Path, machine: Machine) -> Callable[[], DemoClock]:
    return lambda: DemoClock(tmp_path, 240, machine)


def stored(tmp_path: Path) -> dict[str, object]:
    value: dict[str, object] = json.loads((tmp_path / CLOCK_FILE).read_text())
    return value


def test_a_new_demo_is_at_day_57_of_real_today(make: Callable[[], DemoClock], tmp_path: Path) -> None:
    clock = make()
    assert (clock.day, clock.known_day, clock.offset_seconds) == (57, 57, 0)
    assert clock.now() == NOW
    assert clock.day_zero == datetime(2026, 9, 25, tzinfo=UTC)
    assert stored(tmp_path) == {"offset_seconds": 0, "seen_at": NOW.isoformat()}


def test_events_of_a_day_are_known_from_noon(make: Callable[[], DemoClock], machine: Machine) -> None:
    machine.now = datetime(2026, 11, 21, 11, 59, 59, tzinfo=UTC)
    clock = make()
    assert (clock.day, clock.known_day) == (57, 56)
    machine.now += timedelta(seconds=1)
    assert (clock.day, clock.known_day) == (57, 57)
    assert clock.at(57) == int(machine.now.timestamp())


@pytest.mark.parametrize(
    ("now", "day_zero", "known_day"),
    [
        (datetime(2026, 11, 21, 22, 59, tzinfo=UTC), datetime(2026, 9, 25, tzinfo=UTC), 57),
        (datetime(2026, 11, 21, 23, 1, tzinfo=UTC), datetime(2026, 9, 26, tzinfo=UTC), 56),
        (datetime(2026, 7, 21, 22, 1, tzinfo=UTC), datetime(2026, 5, 26, tzinfo=UTC), 56),
    ],
)
def test_days_are_those_of_the_sites_zone(
    make: Callable[[], DemoClock], machine: Machine, now: datetime, day_zero: datetime, known_day: int
) -> None:
    machine.now = now
    clock = make()
    assert (clock.day, clock.day_zero, clock.known_day) == (57, day_zero, known_day)


@pytest.mark.parametrize("day", [0, 30, 31, 57, 190, 239])
def test_a_deadline_is_one_minute_to_midnight_on_its_own_day(make: Callable[[], DemoClock], day: int) -> None:
    clock = make()
    due = clock.local(datetime.fromtimestamp(clock.end_of(day), UTC))
    assert due.date() == clock.date_of(day) == (clock.day_zero + timedelta(days=day)).date()
    assert (due.hour, due.minute, str(due.tzinfo)) == (23, 59, "Europe/Paris")
    assert clock.local(datetime.fromtimestamp(clock.at(day), UTC)).date() == clock.date_of(day)


def test_moving_on_by_a_day_and_a_week(make: Callable[[], DemoClock], tmp_path: Path) -> None:
    clock = make()
    clock.advance(1)
    assert clock.day == 58
    clock.advance(7)
    assert clock.day == 65
    assert clock.now() == NOW + timedelta(days=8)
    assert stored(tmp_path)["offset_seconds"] == 8 * 86_400


@pytest.mark.parametrize("days", [0, -1])
def test_never_back(make: Callable[[], DemoClock], days: int) -> None:
    clock = make()
    with pytest.raises(ValueError, match="forwards"):
        clock.advance(days)
    assert clock.day == 57


def test_the_last_day_is_the_end(make: Callable[[], DemoClock]) -> None:
    clock = make()
    clock.advance(180)
    assert (clock.day, clock.finished) == (237, False)
    clock.advance(7)
    assert (clock.day, clock.finished) == (240, True)
    clock.advance(1)
    assert clock.day == 240


def test_time_stands_still_while_the_demo_is_off(make: Callable[[], DemoClock], machine: Machine) -> None:
    clock = make()
    clock.advance(1)
    machine.now += timedelta(hours=2)
    clock.mark_seen()
    stopped_at = clock.now()
    machine.now += timedelta(days=30)
    again = make()
    assert again.now() == stopped_at
    assert again.day_zero == clock.day_zero
    machine.now += timedelta(hours=1)
    assert again.now() == stopped_at + timedelta(hours=1)


def test_a_thread_notes_that_the_demo_runs(
    make: Callable[[], DemoClock], machine: Machine, tmp_path: Path
) -> None:
    clock, stop = make(), threading.Event()
    machine.now += timedelta(minutes=5)
    thread = clock.keep_seen(stop, every_seconds=0.01)
    deadline = time.monotonic() + 5
    while stored(tmp_path)["seen_at"] == NOW.isoformat() and time.monotonic() < deadline:
        time.sleep(0.01)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert stored(tmp_path)["seen_at"] == machine.now.isoformat()


def test_nobody_ever_reads_half_a_file(make: Callable[[], DemoClock], tmp_path: Path) -> None:
    clock, stop = make(), threading.Event()
    thread = clock.keep_seen(stop, every_seconds=0.0001)
    for _ in range(300):
        assert stored(tmp_path)["offset_seconds"] == 0
    stop.set()
    thread.join(5)
    assert [path.name for path in tmp_path.glob("*.tmp")] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (CLOCK_FILE, "{"),
        (CLOCK_FILE, "[]"),
        (CLOCK_FILE, "{}"),
        (CLOCK_FILE, '{"offset_seconds": 0, "seen_at": "yesterday"}'),
        (CLOCK_FILE, '{"offset_seconds": 0, "seen_at": "2026-11-21T10:00:00"}'),
        (COURSE_FILE, "{}"),
        (COURSE_FILE, '{"day_zero": "soon"}'),
    ],
)
def test_a_damaged_file_is_named(make: Callable[[], DemoClock], tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DemoStateError, match=name):
        make()


def test_the_buttons(lms: FlaskClient, site: DemoSite) -> None:
    answer = lms.post("/demo/clock/advance", data={"days": "7", "back": "/course/view.php?id=21&user=145"})
    assert (answer.status_code, answer.location) == (303, "/course/view.php?id=21&user=145")
    assert lms.get("/demo/clock").json["day"] == site.clock.day == 64


@pytest.mark.parametrize("days", ["", "0", "-1", "2", "x"])
def test_no_other_move(lms: FlaskClient, site: DemoSite, days: str) -> None:
    assert lms.post("/demo/clock/advance", data={"days": days}).status_code == 400
    assert site.clock.day == 57


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"]
)
def test_no_way_out_to_another_site(lms: FlaskClient, back: str) -> None:
    assert lms.post("/demo/clock/advance", data={"days": "1", "back": back}).location == "/"


def test_another_site_cannot_press_the_buttons(lms: FlaskClient, site: DemoSite) -> None:
    answer = lms.post(
        "/demo/clock/advance", data={"days": "1"}, headers={"Origin": "http://elsewhere.example"}
    )
    assert answer.status_code == 403
    assert site.clock.day == 57
