"""A context in the database, joined to a fake Moodle, and short words for what tests ask of both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from course_sync.database import db
from course_sync.host_watch import NO_BOUNDS, Budget
from course_sync.models import (
    Activity,
    Context,
    Freshness,
    Membership,
    Organisation,
    Person,
    Platform,
    Progress,
)
from course_sync.sync import PlatformServices, SyncReport, sync_context
from course_sync.sync_runs import Watcher
from tests.harness.fake_moodle import FakeClient, FakeMoodle, Module, User

START = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


def unix(moment: datetime) -> int:
    """Moodle's seconds."""
    return int(moment.timestamp())


@dataclass
class SyncWorld:
    """One course at one platform. `now` is moved by the test."""

    moodle: FakeMoodle = field(default_factory=FakeMoodle)
    now: datetime = START
    real: datetime = START
    client: Any = None
    context_id: int = 0
    clock_is_wrong_by: timedelta = timedelta()
    budget: Budget = NO_BOUNDS
    slept: list[float] = field(default_factory=list)
    """How long the sync slept; nobody really waits."""

    def __post_init__(self) -> None:
        self.client = self.client or FakeClient(self.moodle)
        self.context_id = self.context_id or add_context("https://moodle.example")

    @property
    def services(self) -> PlatformServices:
        """The fake client, and secrets that are sealed by turning them round."""
        return PlatformServices(
            client=self.client,
            open_secret=lambda sealed: sealed[::-1],
            budget=self.budget,
            steady_seconds=lambda: (self.real - START).total_seconds(),
            sleep=self.slept.append,
        )

    def sync(
        self,
        on_progress: Callable[[int, int], None] | None = None,
        *,
        trigger: str = "cli",
        wants_to_stop: Callable[[], bool] | None = None,
    ) -> SyncReport:
        """One pull at `now`."""
        return sync_context(
            self.context_id,
            now=self.now,
            real_now=lambda: self.real + self.clock_is_wrong_by,
            trigger=trigger,
            services=self.services,
            watcher=Watcher(on_progress, wants_to_stop=wants_to_stop),
        )

    def later(self, **delta: float) -> SyncWorld:
        """Move both clocks on."""
        self.now += timedelta(**delta)
        self.real += timedelta(**delta)
        return self

    def member(self, user_id: int) -> Membership:
        """The membership of a Moodle user, as the database has it now."""
        db.session.expire_all()
        statement = (
            select(Membership)
            .join(Membership.person)
            .where(Membership.context_id == self.context_id, Person.external_id == str(user_id))
        )
        return db.session.scalars(statement).one()

    def progress(self, user_id: int, cmid: int) -> Progress | None:
        """What is known of one learner's work on one activity."""
        statement = (
            select(Progress)
            .join(Activity, Activity.id == Progress.activity_id)
            .where(Progress.membership_id == self.member(user_id).id, Activity.external_id == str(cmid))
        )
        return db.session.scalars(statement).one_or_none()

    def freshness(self, kind: str, source: str = "moodle") -> Freshness:
        """How fresh one kind of fact is."""
        db.session.expire_all()
        return db.session.scalars(
            select(Freshness).filter_by(context_id=self.context_id, kind=kind, source=source)
        ).one()

    def statuses(self) -> dict[str, str]:
        """Status of every member by Moodle id."""
        db.session.expire_all()
        rows = db.session.execute(
            select(Person.external_id, Membership.status)
            .join(Person, Person.id == Membership.person_id)
            .where(Membership.context_id == self.context_id)
        )
        return {row[0]: row[1] for row in rows}


def add_context(
    site: str, *, issuer: str | None = None, organisation: str = "Campus", course: str = "7", lti: bool = True
) -> int:
    """A platform that is a connected Moodle, with one course. Returns the context's id."""
    owner = db.session.scalars(select(Organisation).filter_by(name=organisation)).one_or_none()
    owner = owner or Organisation(name=organisation, created_at=START)
    db.session.add(owner)
    platform = Platform(
        organisation=owner,
        name="Moodle",
        issuer=issuer or site,
        client_id="client",
        auth_login_url=f"{site}/auth.php",
        auth_token_url=f"{site}/token.php",
        jwks_url=f"{site}/certs.php",
        created_at=START,
        moodle_url=site,
        moodle_token_sealed="nekot-terces",
    )
    db.session.add(platform)
    db.session.flush()
    context = Context(
        organisation_id=owner.id,
        platform_id=platform.id,
        external_id=course,
        memberships_url=f"{site}/memberships" if lti else None,
    )
    db.session.add(context)
    db.session.commit()
    return context.id


def small_course(world: SyncWorld, learners: int = 6) -> SyncWorld:
    """A trainer, a non-editing teacher, some learners, a page, an assignment and a quiz."""
    world.moodle.add(
        User(144, "editingteacher", "Tess", "Teacher"), User(145, "teacher", "Nora", "Noneditor")
    )
    visit = unix(START - timedelta(days=1))
    world.moodle.add(*(User(147 + number, last_access=visit, groups=(11,)) for number in range(learners)))
    world.moodle.modules = [
        Module(71, "page", 36, due=unix(START - timedelta(days=10))),
        Module(76, "assign", 6, due=unix(START + timedelta(days=10))),
        Module(74, "quiz", 16, due=unix(START + timedelta(days=10))),
    ]
    return world
