"""The people of a recorded Moodle, as its launches, roster and web services tell them: each ends as the table
of decision 0003 says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import SOURCE_LTI, Context, Freshness, Membership, Organisation, Person, Platform
from course_sync.records import standing_of
from lti_tool.launch_claims import context_roles
from mentor_console.access import LaunchFacts, Viewer, viewer_of
from mentor_console.role_preview import find_meaning

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
ADMINISTRATOR = (
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
    MEMBERSHIP + "Instructor",
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
)
INSTRUCTOR, LEARNER = (MEMBERSHIP + "Instructor",), (MEMBERSHIP + "Learner",)


@dataclass(frozen=True)
class Recorded:
    """One person: the roles claim, the roster's roles (None = absent), the web services' (None = absent)."""

    claim: tuple[str, ...]
    roster: list[str] | None
    moodle: list[str] | None
    parts: frozenset[str]
    standing: str


PEOPLE = {
    "site admin": Recorded(ADMINISTRATOR, None, None, frozenset({"applicant"}), "staff"),
    "manager": Recorded(INSTRUCTOR, None, None, frozenset({"applicant"}), "staff"),
    "editing teacher": Recorded(
        INSTRUCTOR, ["Instructor"], ["editingteacher"], frozenset({"trainer"}), "staff"
    ),
    "non-editing teacher": Recorded(INSTRUCTOR, ["Learner"], ["teacher"], frozenset(), "staff"),
    "custom role": Recorded(LEARNER, None, ["ementor"], frozenset({"learner"}), "unknown"),
    "learner": Recorded(LEARNER, ["Learner"], ["student"], frozenset({"learner"}), "learner"),
}


def enter(one: Recorded, *, web_services: bool) -> tuple[Viewer, Membership]:
    """Sync and launch as recorded, with or without web services."""
    organisation = Organisation(name="Org", created_at=NOW)
    db.session.add(organisation)
    db.session.flush()
    addresses = dict.fromkeys(("auth_login_url", "auth_token_url", "jwks_url"), "https://moodle.example/x")
    owner = {"organisation_id": organisation.id}
    platform = Platform(
        name="M", issuer="https://moodle.example", client_id="1", created_at=NOW, **owner, **addresses
    )
    db.session.add(platform)
    db.session.flush()
    course = Context(external_id="7", platform_id=platform.id, **owner)
    person = Person(external_id="145", platform_id=platform.id, **owner)
    db.session.add_all([course, person])
    db.session.flush()
    roles, moodle = sorted(context_roles(list(one.claim))), one.moodle if web_services else None
    member = Membership(
        context_id=course.id,
        person_id=person.id,
        launch_roles=roles,
        nrps_roles=one.roster,
        platform_roles=moodle,
        standing=standing_of(roles, one.roster, moodle),
        first_seen_at=NOW,
    )
    read = {"kind": "roster", "source": SOURCE_LTI, "as_of": NOW, "tried_at": NOW}
    db.session.add_all([member, Freshness(context_id=course.id, **read)])
    db.session.commit()
    is_administrator = any("Administrator" in role for role in one.claim)
    launch = LaunchFacts(
        person.id, organisation.id, platform.id, course.id, frozenset(roles), is_administrator
    )
    return viewer_of(launch), member


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("web_services", [True, False])
def test_everybody_ends_as_the_table_says(app_context: Flask, who: str, web_services: bool) -> None:
    one = PEOPLE[who]
    viewer, member = enter(one, web_services=web_services)
    assert viewer.parts - {"anyone"} == one.parts
    if web_services:
        assert member.standing == one.standing
    offered = find_meaning(member, {"teacher": "offered"})[0] == "offered"
    assert offered is (who == "non-editing teacher")
    by_role = find_meaning(member, {"ementor": "mentor", "teacher": "mentor"})[0] == "mentor"
    assert by_role is (web_services and who in ("custom role", "non-editing teacher"))
