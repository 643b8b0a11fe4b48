"""Two organisations behind one issuer, as hosted Canvas is: same course and user ids, and nothing crosses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Context, Membership, Organisation, Person
from lti_tool.models import LaunchSession
from lti_tool.registration import add_platform
from lti_tool.services import current_services
from lti_tool.session import facts_of, find_by_handle
from mentor_console.access import viewer_of, visible_learners
from mentor_console.grants import grant_role
from mentor_console.models import Assignment, RoleGrant
from tests.harness.lti_platform import (
    INSTRUCTOR,
    LEARNER,
    MEMBERSHIP,
    TestPlatform,
    code_on,
    launch,
    use_keys_of,
)

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
HERE = TestPlatform(issuer="https://canvas.example", client_id="here")
THERE = replace(HERE, client_id="there")
OTHER_SITE = TestPlatform(issuer="https://moodle.example", client_id="here")


@dataclass
class Houses:
    """The tool with two organisations; the first has two platforms, one of them of the other's issuer."""

    app: Flask
    here: int
    there: int

    def enter(self, platform: TestPlatform, **changes: object) -> str:
        """Launch; the path of the session's pages."""
        answer = launch(self.app.test_client(), platform, **changes)
        assert answer.status_code == 303, code_on(answer)
        return str(answer.headers["Location"])


@pytest.fixture
def houses(app: Flask) -> Houses:
    ids = []
    with app.app_context():
        services = current_services()
        now = services.clock.real_now()
        for name, platforms in (("Here", (HERE, OTHER_SITE)), ("There", (THERE,))):
            organisation = Organisation(name=name, created_at=now)
            db.session.add(organisation)
            db.session.commit()
            ids.append(organisation.id)
            for platform in platforms:
                add_platform(platform.details(), services.settings, now, organisation.id)
    use_keys_of(app, HERE)
    return Houses(app, *ids)


def test_one_issuer_two_clients_two_organisations(houses: Houses) -> None:
    """The same `sub` in the same course id is two people in two courses."""
    for platform in (HERE, THERE, OTHER_SITE):
        houses.enter(platform, sub="7", roles=[LEARNER])
    with houses.app.app_context():
        people = db.session.scalars(select(Person).order_by(Person.id)).all()
        courses = db.session.scalars(select(Context).order_by(Context.id)).all()
        assert [p.organisation_id for p in people] == [houses.here, houses.there, houses.here]
        assert [c.organisation_id for c in courses] == [houses.here, houses.there, houses.here]
        assert {p.external_id for p in people} == {"7"}
        assert {c.external_id for c in courses} == {"course-1"}
        assert len({(m.context_id, m.person_id) for m in db.session.scalars(select(Membership))}) == 3


def test_a_person_with_accounts_on_two_platforms_of_one_house_is_two(houses: Houses) -> None:
    """A grant for the one account is none for the other: the platforms vouch for their own users only."""
    houses.enter(HERE, sub="7", roles=[INSTRUCTOR])
    with houses.app.app_context():
        grant_role(db.session.scalars(select(Person)).one(), "admin", None, None, NOW)
    for platform, is_admin in ((HERE, True), (OTHER_SITE, False), (THERE, False)):
        path = houses.enter(platform, sub="7", roles=[INSTRUCTOR])
        with houses.app.app_context():
            session = db.session.get_one(LaunchSession, path.split("/")[2])
            grants = db.session.scalars(select(RoleGrant).where(RoleGrant.person_id == session.person_id))
            assert bool(grants.all()) is is_admin


def test_an_observer_names_learners_of_the_own_platform_only(houses: Houses) -> None:
    """User 7 of the one Canvas account and user 7 of the other are different people."""
    for platform in (HERE, THERE):
        houses.enter(platform, sub="7", roles=[LEARNER])
    path = houses.enter(HERE, sub="9", roles=[MEMBERSHIP + "Mentor"], role_scope_mentor=["7"])
    with houses.app.app_context():
        session = find_by_handle(path.split("/")[2])
        assert session is not None
        seen = db.session.scalars(visible_learners(viewer_of(facts_of(session)))).all()
        assert [member.person.organisation_id for member in seen] == [houses.here]


def test_forged_rows_open_nothing(houses: Houses) -> None:
    """Even a grant and an assignment that name the other house's course and learner show nobody of it."""
    houses.enter(THERE, sub="7", roles=[LEARNER], name="Lea There")
    houses.enter(HERE, sub="8", roles=[INSTRUCTOR])
    with houses.app.app_context():
        now = current_services().clock.real_now()
        mentor = db.session.scalars(select(Person).where(Person.external_id == "8")).one()
        learner = db.session.scalars(
            select(Membership).join(Membership.person).where(Person.external_id == "7")
        ).one()
        grant = {"organisation_id": houses.here, "person_id": mentor.id, "role": "mentor", "granted_at": now}
        db.session.add(RoleGrant(context_id=learner.context_id, **grant))
        db.session.add(Assignment(mentor_id=mentor.id, membership_id=learner.id, assigned_at=now))
        db.session.commit()
        learner_id = learner.id
    client = houses.app.test_client()
    answer = launch(client, HERE, sub="8", roles=[INSTRUCTOR])
    path = answer.headers["Location"].rstrip("/")
    for page in ("today", f"learners/{learner_id}"):
        shown = client.get(f"{path}/{page}", base_url="https://localhost:8000")
        assert "Lea There" not in shown.text
    assert client.get(f"{path}/learners/{learner_id}", base_url="https://localhost:8000").status_code == 403


def test_a_deployment_of_the_other_client_is_not_ours(houses: Houses) -> None:
    answer = launch(houses.app.test_client(), HERE, deployment_id="of the other client")
    assert code_on(answer) == "deployment_unknown"
