"""Small worlds for tests of the console: organisations, courses, people and what is known of them.

Rows only, made directly; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event, insert

from course_sync.database import db
from course_sync.models import (
    ActiveDay,
    Activity,
    Context,
    Freshness,
    LookDay,
    Membership,
    Organisation,
    Person,
    Platform,
    Progress,
)
from mentor_console.access import Viewer
from mentor_console.models import AccessRequest, Assignment, Contact, Flag, RoleGrant

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
COURSE_START = datetime(2026, 9, 21, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def _saved(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


@dataclass
class World:
    """One organisation with one platform and one course to begin with; more on demand."""

    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.organisation = self.make_organisation()
        self.platform = self.make_platform(self.organisation)
        self.course = self.make_course(self.platform)

    def count_queries(self, look: Callable[[], object]) -> int:
        """Statements sent by `look` in a session that remembers nothing, so that no row comes from memory."""
        db.session.commit()
        db.session.expunge_all()
        with counted_queries() as sent:
            look()
        db.session.expunge_all()
        for mine in (self.organisation, self.platform, self.course):
            db.session.add(mine)
        return len(sent)

    def make_organisation(self) -> Organisation:
        return _saved(Organisation(name=f"Organisation {next(self.numbers)}", created_at=NOW))

    def make_platform(self, organisation: Organisation, **columns: Any) -> Platform:
        number = next(self.numbers)
        addresses = dict.fromkeys(("auth_login_url", "auth_token_url", "jwks_url"), "https://lms.example/x")
        given = {"name": f"Platform {number}", "issuer": f"https://lms{number}.example", "client_id": "tool"}
        return _saved(
            Platform(organisation_id=organisation.id, created_at=NOW, **{**addresses, **given, **columns})
        )

    def make_course(self, platform: Platform, **columns: Any) -> Context:
        number = next(self.numbers)
        given = {"external_id": f"course-{number}", "title": f"Course {number}", "starts_at": COURSE_START}
        owner = {"organisation_id": platform.organisation_id, "platform_id": platform.id}
        course = _saved(Context(**owner, **{**given, **columns}))
        self.watch(course, [NOW.date() - timedelta(days=back) for back in range(1, 100)])
        return course

    def watch(self, course: Context, days: Sequence[date]) -> None:
        """Visits were looked at on these days."""
        db.session.execute(insert(LookDay), [{"context_id": course.id, "day": day} for day in days])

    def make_person(self, platform: Platform | None = None, **columns: Any) -> Person:
        platform = platform or self.platform
        number = next(self.numbers)
        given = {"external_id": f"user-{number}", "name": f"Person {number:04}"}
        return _saved(
            Person(organisation_id=platform.organisation_id, platform_id=platform.id, **{**given, **columns})
        )

    def make_member(
        self,
        course: Context | None = None,
        person: Person | None = None,
        standing: str = "learner",
        *,
        name: str | None = None,
        last_access_days: float | None = 1,
        **columns: Any,
    ) -> Membership:
        """A member whose visits are known; `last_access_days` None = never opened."""
        course = course or self.course
        person = person or self.make_person(course.platform, **({"name": name} if name else {}))
        given = {
            "standing": standing,
            "nrps_roles": ["Learner" if standing == "learner" else "Instructor"],
            "first_seen_at": COURSE_START,
            "last_access_at": None if last_access_days is None else days_ago(last_access_days),
            "access_as_of": NOW,
            "groups": [],
        }
        return _saved(Membership(context_id=course.id, person_id=person.id, **{**given, **columns}))

    def make_activity(self, course: Context | None = None, **columns: Any) -> Activity:
        number = next(self.numbers)
        given = {
            "external_id": f"cm-{number}",
            "module": "page",
            "name": f"Activity {number}",
            "position": number,
            "tracked": True,
        }
        course = course or self.course
        return _saved(Activity(context_id=course.id, as_of=NOW, **{**given, **columns}))

    def make_assignment_activity(
        self, due_days_ago: float, course: Context | None = None, **columns: Any
    ) -> Activity:
        given = {"module": "assign", "accepts_submission": True, "due_at": days_ago(due_days_ago)}
        return self.make_activity(course, **{**given, **columns})

    def know(self, membership: Membership, activity: Activity, **columns: Any) -> Progress:
        """What is known of the learner's work; sources default to Moodle."""
        given = {
            "completion_source": "moodle" if "completion" in columns else None,
            "submission_source": "moodle" if "submission" in columns else None,
        }
        return _saved(Progress(membership_id=membership.id, activity_id=activity.id, **{**given, **columns}))

    def be_active(self, membership: Membership, days: Sequence[date]) -> None:
        if days:
            seen = {"membership_id": membership.id, "evidence": "visit", "source": "moodle"}
            db.session.execute(insert(ActiveDay), [{**seen, "day": day} for day in days])

    def be_active_daily(self, membership: Membership, until_days_ago: int, days: int = 30) -> None:
        last = NOW.date() - timedelta(days=until_days_ago)
        self.be_active(membership, [last - timedelta(days=back) for back in range(days)])

    def grant(
        self, person: Person, role: str, course: Context | None, ended_at: datetime | None = None
    ) -> RoleGrant:
        return _saved(
            RoleGrant(
                organisation_id=person.organisation_id,
                person_id=person.id,
                role=role,
                context_id=course.id if course else None,
                granted_at=COURSE_START,
                ended_at=ended_at,
            )
        )

    def give(self, mentor: Person, membership: Membership, ended_at: datetime | None = None) -> Assignment:
        return _saved(
            Assignment(
                mentor_id=mentor.id, membership_id=membership.id, assigned_at=COURSE_START, ended_at=ended_at
            )
        )

    def make_mentor(self, *learners: Membership, course: Context | None = None, **columns: Any) -> Person:
        """Somebody named e-mentor of the course, with these learners."""
        course = course or self.course
        mentor = self.make_person(course.platform, **columns)
        self.grant(mentor, "mentor", course)
        for learner in learners:
            self.give(mentor, learner)
        return mentor

    def raise_flag(self, membership: Membership, **columns: Any) -> Flag:
        given = {
            "rule": "silent",
            "level": "act",
            "kind": "social",
            "reasons": [{"code": "silent_long", "values": {"days": 12, "last_visit_at": None}}],
            "clears": [{"code": "clears_with_visit", "values": {}}],
            "urgency": 30.0,
            "raised_at": days_ago(1),
            "evaluated_at": NOW,
        }
        return _saved(Flag(membership_id=membership.id, **{**given, **columns}))

    def log_contact(self, membership: Membership, mentor: Person, **columns: Any) -> Contact:
        given = {
            "kind": "social",
            "channel": "email",
            "outcome": "answered",
            "summary": "Asked how things are",
            "occurred_at": days_ago(5),
            "recorded_at": days_ago(5),
            "request_key": f"key-{next(self.numbers)}",
        }
        return _saved(Contact(membership_id=membership.id, mentor_id=mentor.id, **{**given, **columns}))

    def ask(self, course: Context, person: Person) -> AccessRequest:
        return _saved(AccessRequest(context_id=course.id, person_id=person.id, asked_at=days_ago(1)))

    def read_facts(self, course: Context, kind: str, as_of: datetime | None, **columns: Any) -> Freshness:
        given = {"source": "moodle", "tried_at": NOW}
        return _saved(Freshness(context_id=course.id, kind=kind, as_of=as_of, **{**given, **columns}))


def viewer_for(person: Person, course: Context | None = None, **parts: Any) -> Viewer:
    """A viewer with exactly the parts named; `access.viewer_of` has tests of its own."""
    return Viewer(
        person_id=person.id,
        organisation_id=person.organisation_id,
        platform_id=person.platform_id,
        context_id=course.id if course else None,
        **parts,
    )


@contextmanager
def counted_queries(engine: Engine | None = None) -> Iterator[list[str]]:
    """Every statement sent while this is open, by the application at hand or to the given database."""
    sent: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    engine = engine or db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def at_once(app: Flask, act: Callable[[int], object], times: int = 4) -> list[object]:
    """Run `act(0..n)` in threads that start together, each with a session of its own; errors are results."""
    barrier = Barrier(times)

    def run(number: int) -> object:
        with app.app_context():
            try:
                barrier.wait(timeout=10)
                return act(number)
            except Exception as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))
