"""Histories of a course whose syncs are killed: in this process, or as processes of their own (POSIX).

As a program: `python -m tests.harness.sync_histories DATABASE SEED KILLS` prints what is known in the end
of a history whose syncs are killed so often with SIGKILL, and of one that is left alone.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import delete, event, select

from course_sync.database import Base, db
from course_sync.models import ActiveDay, Activity, Context, Freshness, Membership, Person, Progress
from tests.harness.databases import bare_app, create_tables
from tests.harness.fake_moodle import FakeMoodle, Module, User
from tests.harness.sync_world import START, SyncWorld, small_course, unix

NOTICED = frozenset({"first_seen_at", "left_at", "enrolled_at", "removed_at", "tried_at"})
"""When something was first noticed: of these, as of every `as_of`, only whether they are set."""
KEYS = frozenset({"id", "context_id", "person_id", "membership_id", "activity_id"})
KEYS |= {"organisation_id", "platform_id"}

Facts = dict[str, list[Any]]


class Killed(BaseException):
    """No handler of ours expects it, as nobody hears of a SIGKILL."""


def die_quietly() -> NoReturn:
    """The process is as good as dead."""
    raise Killed


def die_for_good() -> NoReturn:
    """The process is dead."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives that")


class Reaper:
    """Counts calls, statements and commits; at one of them the process dies, and does nothing any more."""

    def __init__(self, moodle: FakeMoodle, die: Callable[[], NoReturn] = die_quietly) -> None:
        self._die = die
        self.points = 0
        self.dies_at: int | None = None
        self._answer = moodle.answer
        moodle.answer = self._ask  # type: ignore[method-assign]

    def pass_point(self, *_arguments: object) -> None:
        """One more thing is about to happen, unless the process is dead."""
        self.points += 1
        if self.dies_at is not None and self.points >= self.dies_at:
            self._die()

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
    world.moodle.modules[2].due = unix(START - timedelta(days=1))
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
    moodle.attempts[148, 16] = ("finished", moment)
    moodle.modules[2].due = unix(START - timedelta(hours=6))
    moodle.modules[0:1] = [Module(75, "page", 37)]


def facts() -> Facts:
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


def history(disturb: Callable[[Reaper, SyncWorld], None]) -> Facts:
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


def kill_often(dice: random.Random, kills: int, points: int) -> Callable[[Reaper, SyncWorld], None]:
    """Syncs of which each dies at some point, as if their process were killed."""

    def kill(reaper: Reaper, world: SyncWorld) -> None:
        for _number in range(kills):
            reaper.run(world.sync, dice.randint(1, points))
            world.later(minutes=3)

    return kill


def kill_processes(
    dice: random.Random, kills: int, points: int, deaths: list[int]
) -> Callable[[Reaper, SyncWorld], None]:
    """The same with a process for each sync, killed by the system. For a program of one thread."""

    def kill(_reaper: Reaper, world: SyncWorld) -> None:
        for _number in range(kills):
            db.session.remove()
            db.engine.dispose()
            dies_at = dice.randint(1, points)
            child = os.fork()
            if not child:
                Reaper(world.moodle, die_for_good).run(world.sync, dies_at)
                os._exit(0)
            _pid, status = os.waitpid(child, 0)
            deaths.append(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
            world.later(minutes=3)

    return kill


def main(database: str, seed: str, kills: str) -> None:
    """One history with killed processes; what is known in the end, as JSON."""
    create_tables(f"sqlite:///{database}")
    with bare_app(f"sqlite:///{database}").app_context():
        points: list[int] = []
        undisturbed = history(lambda reaper, world: points.append(reaper.run(world.sync, None)))
        deaths: list[int] = []
        known = history(kill_processes(random.Random(int(seed)), int(kills), points[0], deaths))
    print(json.dumps({"undisturbed": undisturbed, "known": known, "deaths": deaths}))


if __name__ == "__main__":
    main(*sys.argv[1:])
