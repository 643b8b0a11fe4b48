"""No change stands without its entry in the audit log: cut off between the two, neither is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import event, select

from course_sync import vocabulary as lti
from course_sync.connection_models import PersonToken
from course_sync.database import Base, db
from course_sync.models import ACTIVE, REFUSED, Deployment, Person, Platform
from course_sync.platform_client import PlatformClient
from course_sync.records import record_launch, registration_of
from lti_tool import approvals, dynamic_registration, invites, moodle_services, own_tokens, registration
from lti_tool.commands import organisation
from lti_tool.dynamic_registration import Offer
from lti_tool.models import Invite
from lti_tool.moodle_reports import name_report
from lti_tool.platform_document import PlatformDescription
from lti_tool.reencryption import reseal_all
from lti_tool.refusals import LaunchRefused
from lti_tool.services import current_services
from mentor_console.access import Viewer
from mentor_console.grants import grant_role
from mentor_console.models import AuditEntry
from mentor_console.role_rules import save_roles
from tests.harness.lti_platform import TestPlatform

DETAILS = TestPlatform().details()
TOKEN = "0123456789abcdef0123456789abcdef"
TOLD = "https://other.example"


class CutOff(Exception):
    """What happens instead of the entry."""


@contextmanager
def cut_off_before_the_entry() -> Iterator[None]:
    """Everything that came first has been sent to the database by then, unless it was committed before."""

    def end(*_: object) -> None:
        raise CutOff

    event.listen(AuditEntry, "before_insert", end)
    try:
        yield
    finally:
        event.remove(AuditEntry, "before_insert", end)


def everything() -> dict[str, list[Any]]:
    """What is committed, but for counts of uses."""
    db.session.remove()
    tables = [table for table in Base.metadata.sorted_tables if table.name != "use_count"]
    with db.engine.connect() as connection:
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in tables}


class House:
    """One platform of an organisation, and what can be done to it."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.services = current_services()

    @property
    def platform(self) -> Platform:
        return db.session.query(Platform).order_by(Platform.id).limit(1).one()

    @property
    def viewer(self) -> Viewer:
        person = db.session.query(Person).one()
        return Viewer(person.id, person.organisation_id, person.platform_id, None, is_admin=True)

    def add(self, **changes: str) -> None:
        registration.add_platform(replace(DETAILS, **changes), self.services.settings, self.now)

    def type_in(self) -> None:
        details, here = replace(DETAILS, client_id="typed"), self.platform.organisation_id
        registration.register_by_hand(details, self.services.settings, self.now, organisation_id=here)

    def change(self) -> None:
        details = replace(DETAILS, jwks_url=DETAILS.jwks_url + "/2")
        registration.change_platform(self.platform, details, self.services.settings, self.now)

    def refuse_place(self) -> None:
        place = db.session.query(Deployment).order_by(Deployment.id).limit(1).one()
        approvals.decide_deployment(self.platform, place, self.now, approve=False)

    def launch_from_a_new_place(self) -> None:
        known = replace(registration_of(self.platform), product="canvas", status=ACTIVE)
        refused = LaunchRefused("deployment_unknown")
        approvals.refuse_deployment(known, {lti.CLAIM_DEPLOYMENT_ID: "new"}, refused, self.now)

    def invite(self) -> None:
        invites.make_invite(self.platform.organisation_id, own_origin="https://tool.example", now=self.now)

    def withdraw(self) -> None:
        assert invites.withdraw_invite(db.session.query(Invite).one(), self.now)

    def connect_moodle(self) -> None:
        sealer = self.services.sealer
        given = {"sealer": sealer, "allow_loopback": True, "now": self.now}
        moodle_services.connect_moodle(self.platform.id, "https://lms.example", TOKEN, **given)  # type: ignore[arg-type]

    def register_by_invite(self) -> None:
        """The platform has answered when the process is cut off; the invite is good once more."""
        invite = db.session.query(Invite).filter(Invite.withdrawn_at.is_(None)).one()
        answers = cast(PlatformClient, Answering())
        offer = Offer(self.token, "", f"{TOLD}/config", DESCRIPTION, self.now)
        names = dict.fromkeys(("name", "name_fr", "description", "console", "learner_page"), "E-mentor")
        assert invite.used_at is None
        dynamic_registration.connect(offer, answers, self.services.settings, names, self.now)

    def keep_invite(self) -> None:
        here = self.platform.organisation_id
        made = invites.make_invite(here, own_origin="https://tool.example", now=self.now)
        self.token = made.link.partition("invite=")[2]

    def name_admin(self) -> None:
        grant_role(db.session.query(Person).one(), "admin", None, None, self.now)

    def give_meaning(self) -> None:
        save_roles(self.viewer, self.platform.id, {"tutor": "mentor"}, None, self.now)

    def add_organisation(self) -> None:
        organisation.add.callback.__wrapped__("Other", None, None)  # type: ignore[union-attr]


class Answering:
    """A platform that takes every registration."""

    def post_document(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {"client_id": "by invite"}


DESCRIPTION = PlatformDescription(
    product="moodle",
    issuer=TOLD,
    auth_login_url=f"{TOLD}/auth",
    auth_token_url=f"{TOLD}/token",
    jwks_url=f"{TOLD}/keys",
    auth_audience=None,
    registration_url=f"{TOLD}/register",
)

CHANGES: dict[str, Callable[[House], object]] = {
    "platform registered": lambda house: house.add(client_id="second"),
    "platform named anew": lambda house: house.add(name="Other name"),
    "platform typed in": House.type_in,
    "platform changed": House.change,
    "deployment added": lambda house: approvals.add_deployment(house.platform, "5", house.now),
    "deployment refused": House.refuse_place,
    "deployment seen": House.launch_from_a_new_place,
    "platform refused": lambda house: approvals.refuse_platform(house.platform, house.now),
    "platform approved": lambda house: approvals.approve_platform(house.platform, house.now),
    "invite made": House.invite,
    "invite withdrawn": House.withdraw,
    "Moodle connected": House.connect_moodle,
    "report named": lambda house: name_report(house.platform, 3, house.now),
    "Moodle disconnected": lambda house: moodle_services.disconnect_moodle(house.platform, house.now),
    "invite for a platform": House.keep_invite,
    "platform by invite": House.register_by_invite,
    "key rotated": lambda house: house.services.keys.rotate(at_once=True),
    "secrets sealed anew": lambda house: reseal_all(house.services.sealer, house.now),
    "own token erased": lambda house: own_tokens.erase_unentitled(house.now),
    "role granted": House.name_admin,
    "roles given meaning": House.give_meaning,
    "organisation added": House.add_organisation,
}
"""In an order in which each can be done after those before it."""
ENTRIES = {"Moodle disconnected": 2}
"""Of a change that is noted in more than one: the report named goes with the web services."""


@pytest.fixture
def house(app: Flask, now: datetime) -> Iterator[House]:
    with app.app_context():
        house = House(now)
        house.services.keys.ensure()
        house.add()
        here = {"platform_id": house.platform.id, "organisation_id": house.platform.organisation_id}
        known = {"subject": "1", "names": {}, "email": "", "locale": "", "time_zone": "", "roles": []}
        person = record_launch(**here, **known, context=None, now=now).person  # type: ignore[arg-type]
        db.session.add(PersonToken(person_id=person.id, token_sealed="sealed", connected_at=now))
        db.session.commit()
        yield house


def test_cut_off_between_a_change_and_its_entry_neither_stands(house: House) -> None:
    torn, untold, before = [], [], everything()
    for number, (name, change) in enumerate(CHANGES.items()):
        house.now += timedelta(minutes=number)
        with cut_off_before_the_entry(), pytest.raises(CutOff):
            change(house)
        if everything() != before:
            torn.append(name)
        change(house)
        after = everything()
        others = {table for table in after if after[table] != before[table]} - {AuditEntry.__tablename__}
        noted = len(after["audit_entry"]) - len(before["audit_entry"])
        if noted != ENTRIES.get(name, 1) or not others:
            untold.append(name)
        before = after
    assert (torn, untold) == ([], [])


def test_nothing_is_noted_where_nothing_changed(house: House) -> None:
    """The same platform named again, as a file does at each start; an invite that is not open any more."""
    house.invite()
    house.withdraw()
    before = everything()
    house.add()
    (invite,) = db.session.query(Invite)
    assert not invites.withdraw_invite(invite, house.now)
    assert everything() == before
    house.platform.status = REFUSED
    db.session.commit()
    house.add()
    assert everything()["audit_entry"] == before["audit_entry"]
