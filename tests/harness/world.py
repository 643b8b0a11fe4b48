"""Two organisations, three platforms that number their users alike, four courses, and every kind of person.

Rows only, written as a sync and earlier decisions would have left them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from course_sync.database import db
from course_sync.models import Activity, Context, Membership, Organisation, Person, Platform
from lti_tool.session import OpenedSession, open_session
from mentor_console.models import AccessRequest, Assignment, Contact, RoleGrant

MAIN = "main"
OTHER_COURSE = "other course"
OTHER_PLATFORM = "other platform"
OTHER_ORGANISATION = "other organisation"

LEARNERS = ("ann", "bob", "cyn", "dan")
"""In every course: ann and bob are the mentor's, cyn is the other mentor's, dan is nobody's."""
IN_TWO_COURSES = ("eve", "moved mentor")
"""The same person in the main course and in the other one of that platform."""


@dataclass(frozen=True)
class Launch:
    """How a person comes in: where from and as what."""

    place: str
    who: str
    roles: tuple[str, ...] = ()
    is_administrator: bool = False
    observes: tuple[str, ...] = ()
    without_course: bool = False


@dataclass
class Course:
    """One course with its people by short name."""

    context: Context
    platform: Platform
    people: dict[str, Person] = field(default_factory=dict)
    members: dict[str, Membership] = field(default_factory=dict)
    request: AccessRequest | None = None


class World:
    """Built once for a test; `sign_in` opens the session that a launch would open."""

    def __init__(self, now: datetime, real_now: datetime) -> None:
        self.now, self.real_now = now, real_now
        self._numbers: dict[int, int] = {}
        here, elsewhere = (self._organisation(name) for name in ("Here", "Elsewhere"))
        first, second, third = (
            self._platform(owner, number) for number, owner in enumerate((here, here, elsewhere), 1)
        )
        places = {MAIN: first, OTHER_COURSE: first, OTHER_PLATFORM: second, OTHER_ORGANISATION: third}
        self.courses = {place: self._course(place, platform) for place, platform in places.items()}
        for place in places:
            self._people(place)
        db.session.commit()

    def sign_in(self, launch: Launch) -> OpenedSession:
        """The session of an accepted launch."""
        course = self.courses[launch.place]
        return open_session(
            person_id=course.people[launch.who].id,
            platform_id=course.platform.id,
            context_id=None if launch.without_course else course.context.id,
            roles=launch.roles,
            real_now=self.real_now,
            is_platform_administrator=launch.is_administrator,
            mentored_subjects=[course.people[who].external_id for who in launch.observes],
        )

    def settle(self) -> None:
        """Load every row once more and let go of it, so that it can be read outside the database session."""
        for course in self.courses.values():
            for row in (course.platform, course.context, *course.people.values(), *course.members.values()):
                db.session.refresh(row)
            db.session.refresh(course.request)
        db.session.expunge_all()

    def learner_id(self, place: str, who: str) -> int:
        """Id of a membership, as it stands in the address of a learner's page."""
        return self.courses[place].members[who].id

    def name_of(self, place: str, who: str) -> str:
        """A full name that occurs nowhere else."""
        return self.courses[place].people[who].name

    def _people(self, place: str) -> None:
        if place == OTHER_COURSE:
            main = self.courses[MAIN].people
            self.courses[place].people.update({who: main[who] for who in IN_TWO_COURSES})
        for who in (*LEARNERS, "eve"):
            self._member(place, who, "learner", ["Learner"], ["student"])
        self._member(place, "trainer", "staff", ["Instructor"], ["editingteacher"])
        for who in ("mentor", "other mentor", "former mentor", "moved mentor", "unnamed teacher"):
            self._member(place, who, "staff", ["Learner"], ["teacher"])
        self._member(place, "learning mentor", "learner", ["Learner"], ["student"])
        self._member(
            place, "leaver", "learner", ["Learner"], ["student"], status="left", left_at=self._before(3)
        )
        for who in ("admin", "manager", "administrator", "observer", "stranger"):
            self._person(place, who)
        for who in ("mentor", "other mentor", "former mentor", "moved mentor", "learning mentor"):
            self._grant(place, who, "mentor", ended=self._has_stopped(place, who))
        self._grant(place, "admin", "admin")
        for mentor, learners in {"mentor": ("ann", "bob", "leaver"), "other mentor": ("cyn",)}.items():
            self._assign(place, mentor, learners)
        for who in ("former mentor", "moved mentor"):
            if self._has_stopped(place, who):
                self._assign(place, who, ("ann",))
        self._assign(place, "learning mentor", ("dan",))
        self._assign(place, "mentor", ("cyn",), ended=True)
        self._work(place)

    def _work(self, place: str) -> None:
        course = self.courses[place]
        course.request = self._add(
            AccessRequest(
                context_id=course.context.id, person_id=course.people["manager"].id, asked_at=self._before(1)
            )
        )
        due = self._before(-5)
        given: dict[str, Any] = {"module": "assign", "tracked": True, "due_at": due, "as_of": self.now}
        self._add(
            Activity(context_id=course.context.id, external_id="900", name=f"Essay of {place}", **given)
        )
        for who, mentor in (("ann", "mentor"), ("cyn", "other mentor")):
            self._contact(place, who, mentor)

    def _contact(self, place: str, who: str, mentor: str) -> None:
        course = self.courses[place]
        self._add(
            Contact(
                membership_id=course.members[who].id,
                mentor_id=course.people[mentor].id,
                kind="social",
                channel="phone",
                outcome="reached",
                summary=f"Talked with {who} of {place}.",
                occurred_at=self._before(2),
                duration_minutes=5,
                recorded_at=self._before(2),
                request_key=f"{place}-{who}-{mentor}",
            )
        )

    def _member(
        self, place: str, who: str, standing: str, nrps: list[str], roles: list[str], **columns: Any
    ) -> None:
        course = self.courses[place]
        person = course.people.get(who) or self._person(place, who)
        seen: dict[str, Any] = {
            "first_seen_at": self._before(50),
            "last_access_at": self._before(1),
            "access_as_of": self.now,
            "as_of": self.now,
        }
        course.members[who] = self._add(
            Membership(
                context_id=course.context.id,
                person_id=person.id,
                standing=standing,
                nrps_roles=nrps,
                platform_roles=roles,
                **seen,
                **columns,
            )
        )

    @staticmethod
    def _has_stopped(place: str, who: str) -> bool:
        """Their part has ended, although learners are still written down under their name."""
        return who == "former mentor" or (who == "moved mentor" and place != OTHER_COURSE)

    def _person(self, place: str, who: str) -> Person:
        course = self.courses[place]
        given, family = who.title(), place.title().replace(" ", "")
        person = Person(
            organisation_id=course.platform.organisation_id,
            platform_id=course.platform.id,
            external_id=self._next_external_id(course.platform),
            name=f"{given} of {family}",
            given_name=given,
            family_name=f"of {family}",
            email=f"{who.replace(' ', '.')}@example.invalid",
        )
        course.people[who] = self._add(person)
        return person

    def _next_external_id(self, platform: Platform) -> str:
        """Every platform counts its users from 1: the same number is another person elsewhere."""
        self._numbers[platform.id] = self._numbers.get(platform.id, 0) + 1
        return str(self._numbers[platform.id])

    def _grant(self, place: str, who: str, role: str, *, ended: bool = False) -> None:
        course = self.courses[place]
        self._add(
            RoleGrant(
                organisation_id=course.platform.organisation_id,
                person_id=course.people[who].id,
                context_id=None if role == "admin" else course.context.id,
                role=role,
                granted_at=self._before(30),
                ended_at=self._before(4) if ended else None,
            )
        )

    def _assign(self, place: str, mentor: str, learners: tuple[str, ...], *, ended: bool = False) -> None:
        course = self.courses[place]
        for who in learners:
            self._add(
                Assignment(
                    mentor_id=course.people[mentor].id,
                    membership_id=course.members[who].id,
                    assigned_at=self._before(20),
                    ended_at=self._before(4) if ended else None,
                )
            )

    def _organisation(self, name: str) -> Organisation:
        return self._add(Organisation(name=name, created_at=self.now))

    def _platform(self, owner: Organisation, number: int) -> Platform:
        site = f"https://lms{number}.example"
        return self._add(
            Platform(
                organisation_id=owner.id,
                name=f"LMS {number}",
                issuer=site,
                client_id="tool",
                auth_login_url=f"{site}/auth",
                auth_token_url=f"{site}/token",
                jwks_url=f"{site}/jwks",
                created_at=self.now,
            )
        )

    def _course(self, place: str, platform: Platform) -> Course:
        context = Context(
            organisation_id=platform.organisation_id,
            platform_id=platform.id,
            external_id="22" if place == OTHER_COURSE else "21",
            title=f"Course of {place}",
            memberships_url=f"{platform.issuer}/members",
            starts_at=self._before(50),
        )
        return Course(self._add(context), platform)

    def _before(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    @staticmethod
    def _add(row: Any) -> Any:
        db.session.add(row)
        db.session.flush()
        return row
