"""Somebody of another organisation with numbers and keys that are not theirs: nothing is told or changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Context, JobRun, Membership, Person
from lti_tool import invites
from lti_tool.commands.person import grant
from lti_tool.models import Invite
from lti_tool.operations import enqueue_judgings
from lti_tool.registration_refusals import RegistrationRefused
from lti_tool.services import current_services
from lti_tool.session import facts_of, find_by_handle
from mentor_console import undo
from mentor_console.access import AccessDenied, Viewer, viewer_of
from mentor_console.contacts import record_contact
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.grants import grant_role
from mentor_console.models import Contact, RoleGrant
from mentor_console.support_lines import Undo
from tests.harness.desk import prepare_desk
from tests.harness.support_rows import add_support
from tests.harness.world import MAIN, OTHER_ORGANISATION, Launch, World


@dataclass
class Two:
    """Two organisations: in the first things were done; the trainer of the second comes along."""

    world: World
    trainer: Viewer
    mentor: Viewer


@pytest.fixture
def two(app: Flask) -> Iterator[Two]:
    with app.app_context():
        clock = current_services().clock
        world = World(clock.now(), clock.real_now())
        add_support(world)
        yield Two(
            world,
            _viewer(world, Launch(OTHER_ORGANISATION, "trainer", ("Instructor",))),
            _viewer(world, Launch(MAIN, "mentor", ("Instructor",))),
        )
        db.session.remove()


def _viewer(world: World, launch: Launch) -> Viewer:
    session = find_by_handle(world.sign_in(launch).handle)
    assert session is not None
    return viewer_of(facts_of(session))


@pytest.mark.parametrize("kind", undo._TAKE_BACK)
def test_no_number_takes_back_what_others_did(two: Two, kind: str) -> None:
    own = select(Contact.id).join(Membership).where(Membership.context_id == two.trainer.context_id)
    theirs = set(db.session.scalars(own)) if kind == "contact" else set()
    for number in set(range(1, 12)) - theirs:
        with pytest.raises(AccessDenied):
            undo.undo(two.trainer, Undo(kind, number), two.world.now)
        db.session.rollback()


def test_the_key_of_a_form_sent_elsewhere_tells_nothing(two: Two) -> None:
    """Keys are random; whoever had one would only hear that it is used."""
    form = {
        "kind": "social",
        "channel": "phone",
        "outcome": "reached",
        "summary": "Ours.",
        "duration_minutes": None,
    }
    sent = form | {"request_key": "k" * 24, "occurred_at": two.world.now, "now": two.world.now}
    ours = record_contact(two.mentor, two.world.courses[MAIN].members["ann"], **sent)
    learner = two.world.courses[OTHER_ORGANISATION].members["ann"]
    with pytest.raises(Conflict) as refused:
        record_contact(two.trainer, learner, **sent)
    assert refused.value.code == "request_key_used"
    db.session.rollback()
    theirs = select(Contact.membership_id).where(Contact.request_key == "k" * 24)
    assert db.session.scalars(theirs).all() == [ours.membership_id]


def test_jobs_of_one_organisation_name_its_courses_only(two: Two) -> None:
    here = two.world.courses[MAIN].platform.organisation_id
    enqueue_judgings(here)
    own = set(db.session.scalars(select(Context.id).where(Context.organisation_id == here)))
    jobs = db.session.scalars(select(JobRun).where(JobRun.name == "judge_course"))
    queued = {job.arguments["course_id"] for job in jobs}
    assert queued == own


def test_no_role_in_a_course_of_another_platform(two: Two) -> None:
    """The command line as well: the same course id at another platform is another course."""
    main, other = two.world.courses[MAIN], two.world.courses[OTHER_ORGANISATION]
    with pytest.raises(InvalidInput):
        grant_role(main.people["mentor"], "trainer", other.context, None, two.world.now)
    before = set(db.session.scalars(select(RoleGrant.id).where(RoleGrant.context_id == other.context.id)))
    give = grant.callback.__wrapped__  # type: ignore[union-attr]
    give(main.platform.id, "newcomer", "trainer", other.context.external_id)
    newcomer = db.session.scalars(select(Person).where(Person.external_id == "newcomer")).one()
    given = db.session.scalars(select(RoleGrant).where(RoleGrant.person_id == newcomer.id)).one()
    assert given.organisation_id == main.platform.organisation_id
    assert db.session.get_one(Context, given.context_id).platform_id == main.platform.id
    assert before == set(
        db.session.scalars(select(RoleGrant.id).where(RoleGrant.context_id == other.context.id))
    )


def test_no_invite_for_a_platform_of_another_organisation(app: Flask) -> None:
    desk = prepare_desk(app)
    foreign = desk.world.courses[OTHER_ORGANISATION].platform
    assert desk.open("admin", "organisation/platforms/invites", {"platform": str(foreign.id)}).status == 403
    with app.app_context():
        here, now = desk.world.courses[MAIN].platform.organisation_id, desk.world.real_now
        with pytest.raises(RegistrationRefused):
            invites.make_invite(here, own_origin="http://localhost:8000", now=now, updates=foreign)
        db.session.rollback()
        assert db.session.scalars(select(Invite)).all() == []
