"""The demo's own time: real time plus an offset, kept in the state folder. It can be moved on, never back.

`clock.json` = {"offset_seconds", "seen_at"} is what a tool may read. While the demo is not running its time
stands still: a thread refreshes `seen_at`, and the next start takes the time that was missed off the offset.
"""

import json
import os
import tempfile
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lti_tool.demo_lms.constants import SECONDS_PER_DAY, START_DAY, TIME_ZONE

CLOCK_FILE = "clock.json"
COURSE_FILE = "course.json"
SEEN_EVERY_SECONDS = 20.0


class DemoStateError(Exception):
    """The state folder cannot be used; the message names the file and what to do."""


def real_now() -> datetime:
    """The time of the machine, aware UTC."""
    return datetime.now(UTC)


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace a file in one step, so that a reader never sees half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(name, path)


def read_json(path: Path) -> dict[str, Any] | None:
    """None when there is no such file. Raises DemoStateError when it is not what we wrote."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DemoStateError(
            f"{path} cannot be read ({error}); remove it to start the demo afresh"
        ) from error
    if not isinstance(value, dict):
        raise DemoStateError(f"{path} holds no object; remove it to start the demo afresh")
    return value


class DemoClock:
    """`now()` and the day of the course; safe to use from several threads."""

    def __init__(self, state_dir: Path, length_days: int, now: Callable[[], datetime] = real_now) -> None:
        self._real_now = now
        self._lock = threading.Lock()
        self._clock_file = state_dir / CLOCK_FILE
        self.length_days = length_days
        self.day_zero = self._load_day_zero(state_dir / COURSE_FILE)
        self._offset_seconds = self._resume()
        self.mark_seen()

    def _load_day_zero(self, path: Path) -> datetime:
        stored = read_json(path)
        if stored is None:
            first_day = self.local(self._real_now()).date() - timedelta(days=START_DAY)
            write_json(path, {"day_zero": first_day.isoformat()})
        else:
            try:
                first_day = date.fromisoformat(stored["day_zero"])
            except (KeyError, TypeError, ValueError) as error:
                raise DemoStateError(f"{path} has no usable day_zero; remove it to start afresh") from error
        return datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC)

    def _resume(self) -> int:
        """The offset that continues where the demo stopped; 0 for a new demo."""
        stored = read_json(self._clock_file)
        if stored is None:
            return 0
        try:
            seen_at = datetime.fromisoformat(stored["seen_at"])
            missed = self._real_now() - seen_at
            return int(stored["offset_seconds"]) - round(missed.total_seconds())
        except (KeyError, TypeError, ValueError) as error:
            raise DemoStateError(f"{self._clock_file} is damaged; remove it to start afresh") from error

    def now(self) -> datetime:
        """Demo time, aware UTC."""
        return self._real_now() + timedelta(seconds=self._offset_seconds)

    @property
    def offset_seconds(self) -> int:
        return self._offset_seconds

    @staticmethod
    def local(moment: datetime) -> datetime:
        """The moment as the site's clocks show it: its days begin and end in the site's own zone."""
        return moment.astimezone(ZoneInfo(TIME_ZONE))

    @property
    def day(self) -> int:
        """The day of the course by the site's calendar."""
        return (self.local(self.now()).date() - self.day_zero.date()).days

    @property
    def known_day(self) -> int:
        """The last day whose events have happened: events are dated 12:00 UTC of their day."""
        return (self.now() - self.day_zero - timedelta(hours=12)).days

    @property
    def finished(self) -> bool:
        return self.day >= self.length_days

    def at(self, day: int) -> int:
        """Unix time of an event of that day (12:00 UTC)."""
        return int(self.day_zero.timestamp()) + day * SECONDS_PER_DAY + SECONDS_PER_DAY // 2

    def end_of(self, day: int) -> int:
        """Unix time of the last minute (23:59, the site's time) of that day: it can be met all day long."""
        last = datetime.combine(self.date_of(day), time(23, 59), ZoneInfo(TIME_ZONE))
        return int(last.timestamp())

    def date_of(self, day: int) -> date:
        """The date of a day of the course."""
        return self.day_zero.date() + timedelta(days=day)

    def advance(self, days: int) -> None:
        """Move on by whole days, at most to the last day. Raises ValueError for less than one."""
        if days < 1:
            raise ValueError("the demo's calendar only moves forwards")
        with self._lock:
            self._offset_seconds += max(0, min(days, self.length_days - self.day)) * SECONDS_PER_DAY
            self._write()

    def mark_seen(self) -> None:
        with self._lock:
            self._write()

    def _write(self) -> None:
        seen_at = self._real_now().isoformat()
        write_json(self._clock_file, {"offset_seconds": self._offset_seconds, "seen_at": seen_at})

    def keep_seen(self, stop: threading.Event, every_seconds: float = SEEN_EVERY_SECONDS) -> threading.Thread:
        """Refresh `seen_at` in the background until `stop` is set."""

        def run() -> None:
            while not stop.wait(every_seconds):
                self.mark_seen()

        thread = threading.Thread(target=run, name="demo-clock", daemon=True)
        thread.start()
        return thread
