"""A sync that is killed at any point, again and again: the next one ends where an undisturbed one ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, select

from course_sync.database import Base, db
from course_sync.models import ActiveDay, Activity, Context, Freshness, Membership, Person, Progress
from tests.harness.fake_moodle import FakeMoodle, Module, User
from tests.harness.sync_world import START, SyncWorld, small_course, unix

RUNS_KILLED = 20
"""Histories on SQLite, and one on PostgreSQL."""
KILLS = 5
"""Before each of the two syncs of a history."""
NOTICED = frozenset({"first_seen_at", "left_at", "enrolled_at", "removed_at", "tried_at"})
"""When something was first noticed: of these, as of every `as_of`, only whether they are set."""
KEYS = frozenset({"id", "context_id", "person_id", "membership_id", "activity_id"})
KEYS |= {"organisation_id", "platform_id"}


class Killed(BaseException):
    """No handler of ours expects it, as nobody hears of a SIGKILL."""


class Reaper:
    """Counts calls, statements and commits; at one of them the process dies, and does nothing any more."""

    def __init__(self, moodle: FakeMoodle) -> None:
        self.points = 0
        self.dies_at: int | None = None
        self._answer = moodle.answer
        moodle.answer = self._ask  # type: ignore[method-assign]

    def pass_point(self, *_arguments: object) -> None:
        """One more thing is about to happen, unless the process is dead."""
        self.points += 1
        if self.dies_at is not None and self.points >= self.dies_at:
            raise Killed

    def _ask(self, function: str, params: dict[str, Any]) -> Any:
        self.pass_point()
        return self._answer(function, params)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Statements and commits of this application count."""
        seen: tuple[str, ...] = ("before_cursor_execute", "commit")
        for name in seen:
            event.listen(db.engine, name, self.pass_point)
        try:
            yield
        finally:
            for name in seen:
                event.remove(db.engine, name, self.pass_point)

    def run(self, sync: Callable[[], Any], dies_at: int | None) -> int:
        """One sync that is killed at this point, or not at all; how many points it passed."""
        self.points, self.dies_at = 0, dies_at
        try:
            with self.watching():
                sync()
        except Killed:
            pass
        finally:
            self.dies_at = None
            db.session.rollback()
            db.session.remove()
        return self.points


def begin() -> SyncWorld:
    """An empty database and a course that nobody has read."""
    for table in reversed(Base.metadata.sorted_tables):
        db.session.execute(delete(table))
    db.session.commit()
    world = small_course(SyncWorld())
    world.moodle.completions[147, 71] = (1, unix(START), None)
    world.moodle.submissions[148, 6] = ("submitted", unix(START))
    world.moodle.grades[148, 76] = (65.0, unix(START))
    return world


def change(world: SyncWorld) -> None:
    """A day on the platform: somebody came, left, was renamed, was suspended, worked; work was moved."""
    moodle, moment = world.moodle, unix(START + timedelta(minutes=90))
    moodle.add(User(160, last_access=moment))
    del moodle.users[152]
    moodle.users[151].suspended = True
    moodle.users[150].last = "Married"
    moodle.users[149].role = "teacher"
    for user_id in (147, 148):
        moodle.users[user_id].last_access = moment
    moodle.completions[148, 71] = (1, moment, None)
    moodle.completions[147, 71] = (0, moment, None)
    moodle.submissions[147, 6] = ("draft", moment)
    moodle.grades[147, 74] = (40.0, moment)
    moodle.modules[2].due = unix(START - timedelta(days=1))
    moodle.modules[0:1] = [Module(75, "page", 37)]


def facts() -> dict[str, list[Any]]:
    """All that is known, by names instead of numbers, without when it was read."""
    person = select(Person.external_id, Person)
    member = select(Person.external_id, Membership).join(Person, Person.id == Membership.person_id)
    day = select(Person.external_id, ActiveDay).join(Membership, Membership.id == ActiveDay.membership_id)
    cell = select(Person.external_id, Activity.external_id, Progress)
    cell = cell.join(Membership, Membership.id == Progress.membership_id)
    cell = cell.join(Person, Person.id == Membership.person_id)
    cell = cell.join(Activity, Activity.id == Progress.activity_id)
    queries = {
        "person": person,
        "member": member,
        "activity": select(Activity),
        "cell": cell,
        "day": day.join(Person, Person.id == Membership.person_id),
        "course": select(Context),
        "freshness": select(Freshness),
    }
    found = {
        name: sorted(repr(_plain(row)) for row in db.session.execute(query))
        for name, query in queries.items()
    }
    db.session.remove()
    return found


def _plain(row: Any) -> tuple[Any, ...]:
    """A result with objects as their columns."""
    return tuple(_columns(part) if hasattr(part, "__table__") else part for part in row)


def _columns(thing: Any) -> dict[str, Any]:
    names = (column.key for column in thing.__table__.columns if column.key not in KEYS)
    return {name: _shown(name, getattr(thing, name)) for name in names}


def _shown(name: str, value: Any) -> Any:
    if name in NOTICED or name.endswith("as_of"):
        return value is not None
    return value.isoformat() if isinstance(value, datetime) else value


def history(disturb: Callable[[Reaper, SyncWorld], None]) -> dict[str, list[Any]]:
    """Two syncs with a day between them, each disturbed before it; what is known in the end."""
    world = begin()
    reaper = Reaper(world.moodle)
    disturb(reaper, world)
    reaper.run(world.sync, None)
    change(world)
    world.now = world.real = START + timedelta(hours=2)
    disturb(reaper, world)
    assert world.sync().state == "done"
    return facts()


@pytest.fixture
def undisturbed(app_context: Flask) -> tuple[dict[str, list[Any]], int]:
    """How it ends if nothing is killed, and how many points a sync passes."""
    points: list[int] = []

    def count(reaper: Reaper, world: SyncWorld) -> None:
        if not points:
            points.append(reaper.run(world.sync, None))

    return history(count), points[0]


def killed_history(seed: int, points: int) -> dict[str, list[Any]]:
    """The same, with killed syncs before each one that gets through."""
    dice = random.Random(seed)

    def kill(reaper: Reaper, world: SyncWorld) -> None:
        for _number in range(KILLS):
            reaper.run(world.sync, dice.randint(1, points))
            world.later(minutes=3)

    return history(kill)


def test_two_hundred_kills_change_nothing(
    undisturbed: tuple[dict[str, list[Any]], int], database_url: str
) -> None:
    expected, points = undisturbed
    seeds = range(RUNS_KILLED) if database_url.startswith("sqlite") else range(RUNS_KILLED, RUNS_KILLED + 1)
    for seed in seeds:
        known = killed_history(seed, points)
        for kind in expected:
            assert known[kind] == expected[kind], f"{kind} of seed {seed}"
