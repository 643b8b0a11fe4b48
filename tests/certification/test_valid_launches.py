"""Launches that must be accepted: valid cases of the 1EdTech certification, for both roles."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Context, Membership, Person, Platform
from lti_tool.models import LaunchSession
from tests.harness.lti_platform import (
    INSTRUCTOR,
    LEARNER,
    MEMBERSHIP,
    OMIT,
    TestPlatform,
    begin_login,
    code_on,
    launch,
    post_launch,
)

NO_NAMES = {"name": OMIT, "given_name": OMIT, "family_name": OMIT}
OF_COURSE = {"id": "course-1"}
"""The link of a launch from the navigation of a Canvas course is the course."""
UNKNOWN_ROLE = "http://purl.imsglobal.org/vocab/lis/v2/uknownrole/unknown#Helper"

CASES = [
    ("plain", {}),
    (
        "multiple roles",
        {"roles": ["ROLE", "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student"]},
    ),
    ("short role", {"roles": ["SHORT"]}),
    ("unknown role", {"roles": [UNKNOWN_ROLE]}),
    ("no role", {"roles": []}),
    ("e-mail only", {**NO_NAMES}),
    ("names only", {"email": OMIT}),
    ("no personal data", {**NO_NAMES, "email": OMIT}),
    ("e-mail without context", {**NO_NAMES, "context": OMIT}),
    ("new resource link id", {"resource_link": {"id": "link-never-seen"}}),
]


@pytest.mark.parametrize("role", [INSTRUCTOR, LEARNER], ids=["instructor", "learner"])
@pytest.mark.parametrize("changes", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_a_valid_launch_is_accepted(
    app: Flask, client: FlaskClient, platform: TestPlatform, role: str, changes: dict[str, Any]
) -> None:
    """A session of its own, a page that shows, and the person recorded as the platform told."""
    names = {"ROLE": role, "SHORT": role.removeprefix(MEMBERSHIP)}
    roles = [names.get(given, given) for given in changes.get("roles", ["ROLE"])]
    response = launch(client, platform, **(changes | {"roles": roles}))
    assert response.status_code == 303, code_on(response)
    assert re.fullmatch(r"/s/[A-Za-z0-9_-]{22}/(outside)?", response.headers["Location"])
    page = client.get(response.headers["Location"], follow_redirects=True)
    assert page.status_code == 200
    with app.app_context():
        person = db.session.scalars(select(Person)).one()
        assert person.external_id == "user-1"
        assert person.email == ("ada@example.invalid" if "email" not in changes else "")
        assert person.name == ("Ada Beck" if "name" not in changes else "")
        assert len(db.session.scalars(select(LaunchSession)).all()) == 1
        assert len(db.session.scalars(select(Context)).all()) == (0 if "context" in changes else 1)


def test_a_launch_without_context_says_so(client: FlaskClient, platform: TestPlatform) -> None:
    """Accepted, with a page for the person, and no course is invented."""
    response = launch(client, platform, context=OMIT)
    assert response.status_code == 303
    page = client.get(response.headers["Location"])
    assert page.status_code == 200
    assert "Opened outside a course" in page.text


@pytest.mark.parametrize(
    "skew", [-5, 5, -55, 55], ids=["5 s behind", "5 s ahead", "55 s behind", "55 s ahead"]
)
def test_a_platform_whose_clock_differs_is_accepted(
    client: FlaskClient, platform: TestPlatform, skew: int
) -> None:
    """Within a minute either way."""
    now = int(time.time()) + skew
    assert launch(client, platform, iat=now, exp=now + 60, nbf=now).status_code == 303


def test_a_token_that_expired_5_seconds_ago_is_accepted(client: FlaskClient, platform: TestPlatform) -> None:
    """The leeway holds for the end of life as well."""
    now = int(time.time())
    assert launch(client, platform, iat=now - 65, exp=now - 5).status_code == 303


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["client-1"]},
        {"aud": ["client-1"], "azp": "client-1"},
        {"aud": "client-1", "azp": "client-1"},
        {"aud": ["someone", "client-1"], "azp": "client-1"},
    ],
)
def test_every_valid_form_of_audience_is_accepted(
    client: FlaskClient, platform: TestPlatform, changes: dict[str, Any]
) -> None:
    """Text, list of one, several with the authorised party."""
    assert launch(client, platform, **changes).status_code == 303


def test_claims_we_do_not_know_are_ignored(client: FlaskClient, platform: TestPlatform) -> None:
    """Platforms add claims of their own, of any type."""
    extra = {
        "https://lms.example/claim/x": {"deep": [1, None, {"a": True}]},
        "custom": {"n": 5, "x": "$Unknown.x"},
    }
    assert launch(client, platform, **extra).status_code == 303


@pytest.mark.parametrize(
    ("custom", "zone"),
    [
        ({"person_address_timezone": "99"}, ""),
        ({"person_address_timezone": "$Person.address.timezone"}, ""),
        ({"person_address_timezone": "Asia/Hanoi"}, ""),
        ({"person_address_timezone": "Asia/Ho_Chi_Minh"}, "Asia/Ho_Chi_Minh"),
    ],
)
def test_the_time_zone_is_kept_where_it_is_one(
    app: Flask, client: FlaskClient, platform: TestPlatform, custom: dict[str, str], zone: str
) -> None:
    """Moodle's 99 means: never chosen."""
    launch(client, platform, custom=custom, launch_presentation={"locale": "fr"})
    with app.app_context():
        person = db.session.scalars(select(Person)).one()
        assert (person.time_zone, person.locale) == (zone, "fr")


def test_texts_that_are_too_long_are_cut(app: Flask, client: FlaskClient, platform: TestPlatform) -> None:
    """A long course title is no reason to turn somebody away."""
    context = {"id": "course-1", "title": "T" * 900, "label": "L" * 900}
    assert launch(client, platform, context=context, name="N" * 900, given_name="G" * 900).status_code == 303
    with app.app_context():
        assert len(db.session.scalars(select(Context)).one().title) == 500
        assert len(db.session.scalars(select(Person)).one().name) == 300


def test_the_session_cookie_is_of_its_own_path(client: FlaskClient, platform: TestPlatform) -> None:
    """Secure, HttpOnly, SameSite=None, Partitioned, and sent to this launch's pages only."""
    response = launch(client, platform)
    path = response.headers["Location"].rstrip("/")
    cookies = response.headers.getlist("Set-Cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("__Secure-ementor="))
    parts = set(session.split("; ")[1:])
    assert parts >= {"Secure", "HttpOnly", "SameSite=None", "Partitioned", f"Path={path}", "Max-Age=28800"}
    spent = next(cookie for cookie in cookies if cookie.startswith("__Secure-ementor-login-"))
    assert "Max-Age=0" in spent


def test_times_with_fractions_are_times(client: FlaskClient, platform: TestPlatform) -> None:
    """JWT allows them, and some libraries write them."""
    now = time.time()
    assert launch(client, platform, iat=now - 0.25, exp=now + 59.75, nbf=now - 0.25).status_code == 303


def test_a_rotated_key_is_fetched_at_once(client: FlaskClient, platform: TestPlatform) -> None:
    """The platform changes its key between two launches, twice within seconds: nobody is turned away."""
    assert launch(client, platform).status_code == 303
    for number in (2, 3):
        platform.kid, platform.key_name = f"key-{number}", f"platform-{number}"
        platform.published = {platform.kid: platform.key_name}
        assert launch(client, platform).status_code == 303
    assert platform.fetches == 3


def test_a_key_taken_back_no_longer_opens(client: FlaskClient, platform: TestPlatform) -> None:
    """After a rotation was seen, the old key is unknown."""
    launch(client, platform)
    platform.kid, platform.key_name = "key-2", "platform-2"
    platform.published = {"key-2": "platform-2"}
    launch(client, platform)
    platform.kid, platform.key_name = "key-1", "platform"
    assert code_on(launch(client, platform)) == "key_unknown"


def test_unknown_keys_do_not_hammer_the_platform(client: FlaskClient, platform: TestPlatform) -> None:
    """One fetch more for the first unknown key, then none for ten seconds."""
    login = begin_login(client, platform)
    claims = platform.claims(login.nonce)
    assert post_launch(client, platform.sign(claims), login.state).status_code == 303
    before = platform.fetches
    for number in range(20):
        refused = post_launch(client, platform.sign(claims, kid=f"made-up-{number}"), login.state)
        assert code_on(refused) == "key_unknown"
    assert platform.fetches == before + 1


def test_memberships_record_the_roles_of_the_launch(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Principal context roles only; institution and system roles and sub-roles authorise nothing."""
    roles = [
        LEARNER,
        "Mentor",
        UNKNOWN_ROLE,
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
        "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant",
    ]
    launch(client, platform, roles=roles)
    with app.app_context():
        assert db.session.scalars(select(Membership)).one().launch_roles == ["Learner", "Mentor"]
        session = db.session.scalars(select(LaunchSession)).one()
        assert session.is_platform_administrator
        assert session.roles == ["Learner", "Mentor"]


@pytest.mark.parametrize(
    ("product", "told", "kept"),
    [
        ("canvas", '["Tuesday, group B", " Evening ", "Evening"]', ["Evening", "Tuesday, group B"]),
        ("canvas", ["Evening"], ["Evening"]),
        ("canvas", "[]", []),
        ("canvas", "$com.instructure.User.sectionNames", ["Morning"]),
        ("canvas", "[1, 2]", ["Morning"]),
        ("canvas", "[" * 100_000, ["Morning"]),
        ("canvas", '["\\ud800 A", "Evening"]', ["Evening"]),
        ("moodle", '["Evening"]', ["Morning"]),  # anybody may have written that there
    ],
)
def test_the_sections_of_a_canvas_are_the_groups_of_its_learners(
    app: Flask, client: FlaskClient, platform: TestPlatform, product: str, told: Any, kept: list[str]
) -> None:
    """As the newest launch tells them; where it does not, what is known stays."""
    launch(client, platform)
    with app.app_context():
        db.session.scalars(select(Platform)).one().product = product
        db.session.scalars(select(Membership)).one().groups = ["Morning"]
        db.session.commit()
    for _time in range(2):  # the second tells nothing new
        custom = {"canvas_section_names": told}
        assert launch(client, platform, custom=custom, resource_link=OF_COURSE).status_code == 303
        with app.app_context():
            assert db.session.scalars(select(Membership)).one().groups == kept


def test_who_edits_a_link_gives_nobody_a_role(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """A link of Canvas may have custom parameters of its own; what the course itself told stays."""
    launch(client, platform)
    with app.app_context():
        db.session.scalars(select(Platform)).one().product = "canvas"
        db.session.commit()
    for names, link, kept in (
        ("TaEnrollment", OF_COURSE, ["TaEnrollment"]),
        ("E-Mentor", {"id": "some-link"}, ["TaEnrollment"]),
        ("StudentEnrollment", OF_COURSE, ["StudentEnrollment"]),
    ):
        custom = {"canvas_membership_roles": names, "canvas_section_names": f'["{names}"]'}
        assert launch(client, platform, custom=custom, resource_link=link).status_code == 303
        with app.app_context():
            member = db.session.scalars(select(Membership)).one()
            assert (member.launch_platform_roles, member.groups) == (kept, kept)
