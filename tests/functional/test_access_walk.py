"""Every route with every kind of person: in where they belong, else refused, and nothing named or changed.

A new route fails until it has a row in open_to.py. What each kind of person is stands here in full,
written down by hand and not asked of the code under test.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from course_sync.database import db
from lti_tool.app import create_app
from lti_tool.config import load_settings
from lti_tool.csrf import token_for
from lti_tool.services import current_services
from lti_tool.session import OpenedSession
from tests.conftest import tool_environ
from tests.harness.open_to import ANYONE, LEARNER_ROUTES, OPEN_TO, PLATFORM_ROUTES, TRAINER_ACTIONS
from tests.harness.pages import Page
from tests.harness.support_rows import add_support
from tests.harness.walk import Walk
from tests.harness.world import (
    LEARNERS,
    MAIN,
    OTHER_COURSE,
    OTHER_ORGANISATION,
    OTHER_PLATFORM,
    Launch,
    World,
)

ALL = frozenset((MAIN, who) for who in (*LEARNERS, "eve", "learning mentor", "leaver"))


@dataclass(frozen=True)
class Kind:
    """A kind of person: how they launch, the parts they have, whom of the main course they may see."""

    launch: Launch
    parts: frozenset[str]
    sees: frozenset[tuple[str, str]] = frozenset()
    decides: bool = False
    """May decide a request for access to the main course."""


def kind(
    launch: Launch, *parts: str, sees: frozenset[tuple[str, str]] = frozenset(), decides: bool = False
) -> Kind:
    """Everybody signed in is also "anyone"."""
    return Kind(launch, frozenset(parts) | ANYONE, sees, decides)


def learners(*who: str) -> frozenset[tuple[str, str]]:
    """Learners of the main course by short name."""
    return frozenset((MAIN, name) for name in who)


TEACHER = ("Instructor",)
KINDS = {
    "trainer": kind(Launch(MAIN, "trainer", TEACHER), "trainer", sees=ALL, decides=True),
    "mentor": kind(Launch(MAIN, "mentor", TEACHER), "mentor", sees=learners("ann", "bob", "leaver")),
    "other mentor": kind(Launch(MAIN, "other mentor", TEACHER), "mentor", sees=learners("cyn")),
    "former mentor": kind(Launch(MAIN, "former mentor", TEACHER)),
    "mentor who moved to another course": kind(Launch(MAIN, "moved mentor", TEACHER), "mentor"),
    "unnamed teacher": kind(Launch(MAIN, "unnamed teacher", TEACHER)),
    "learner": kind(Launch(MAIN, "ann", ("Learner",)), "learner"),
    "learning mentor": kind(
        Launch(MAIN, "learning mentor", ("Learner",)), "learner", "mentor", sees=learners("dan")
    ),
    "observer": kind(
        Launch(MAIN, "observer", ("Mentor",), observes=("bob", "eve")), "mentor", sees=learners("bob", "eve")
    ),
    "admin": kind(Launch(MAIN, "admin"), "admin", decides=True),
    "manager": kind(Launch(MAIN, "manager", TEACHER), "applicant"),
    "administrator": kind(Launch(MAIN, "administrator", is_administrator=True), "applicant"),
    "stranger": kind(Launch(MAIN, "stranger")),
    "learner outside a course": kind(Launch(MAIN, "ann", ("Learner",), without_course=True)),
    "trainer outside a course": kind(Launch(MAIN, "trainer", TEACHER, without_course=True)),
    "trainer of another course": kind(Launch(OTHER_COURSE, "trainer", TEACHER), "trainer"),
    "mentor of another course": kind(Launch(OTHER_COURSE, "mentor", TEACHER), "mentor"),
    "learner of another course": kind(Launch(OTHER_COURSE, "ann", ("Learner",)), "learner"),
    "trainer of another platform": kind(Launch(OTHER_PLATFORM, "trainer", TEACHER), "trainer"),
    "mentor of another platform": kind(Launch(OTHER_PLATFORM, "mentor", TEACHER), "mentor"),
    "observer of another platform": kind(
        Launch(OTHER_PLATFORM, "observer", ("Mentor",), observes=("ann", "bob")), "mentor"
    ),
    "trainer of another organisation": kind(Launch(OTHER_ORGANISATION, "trainer", TEACHER), "trainer"),
    "mentor of another organisation": kind(Launch(OTHER_ORGANISATION, "mentor", TEACHER), "mentor"),
    "admin of another organisation": kind(Launch(OTHER_ORGANISATION, "admin"), "admin"),
}


@pytest.fixture(scope="module")
def prepared(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Flask, World, dict[str, OpenedSession], dict[str, int], Path]:
    """The tool, the world of two organisations, a session for each kind of person, a copy of all rows."""
    folder = tmp_path_factory.mktemp("walk")
    shutil.copyfile(sqlite_template, folder / "now.sqlite3")
    app = create_app(load_settings(tool_environ(f"sqlite:///{folder / 'now.sqlite3'}")))
    with app.app_context():
        clock = current_services().clock
        world = World(clock.now(), clock.real_now())
        support = add_support(world)
        sessions = {name: world.sign_in(one.launch) for name, one in KINDS.items()}
        world.settle()
        db.session.remove()
        db.engine.dispose()
    shutil.copyfile(folder / "now.sqlite3", folder / "before.sqlite3")
    return app, world, sessions, support, folder


@pytest.fixture
def walk(
    prepared: tuple[Flask, World, dict[str, OpenedSession], dict[str, int], Path],
) -> Iterator[Walk]:
    """Everything as it was before anybody did anything."""
    app, world, sessions, support, folder = prepared
    shutil.copyfile(folder / "before.sqlite3", folder / "now.sqlite3")
    client = app.test_client(use_cookies=False)
    # Not inside an application context: requests would share its `g`.
    with closing(sqlite3.connect(folder / "now.sqlite3")) as watch:
        yield Walk(app, client, world, sessions, support, watch=watch)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def may_enter(who: str, endpoint: str, target: tuple[str, str]) -> bool:
    """By the tables above: the part fits, and the learner, if there is one, is theirs to see."""
    person = KINDS[who]
    if person.parts.isdisjoint(OPEN_TO[endpoint]):
        return False
    if endpoint in PLATFORM_ROUTES:
        return who == "admin"
    return endpoint not in LEARNER_ROUTES or target in person.sees


def may_change(who: str, endpoint: str) -> bool:
    """Whether an action on the main course, or of its own on somebody's own course, is theirs."""
    if endpoint == "console.withdraw_answer":
        return who == "learner"
    if endpoint in TRAINER_ACTIONS:
        return who == "trainer"
    return endpoint != "console.decide_request" or KINDS[who].decides


def test_every_guarded_route_has_a_row_and_declares_the_same(walk: Walk) -> None:
    """The table is the law; the declarations in the code must agree with it."""
    declared = {endpoint: set(walk.app.view_functions[endpoint].open_to) for endpoint, _ in walk.rules()}  # type: ignore[attr-defined]
    assert declared == OPEN_TO


@pytest.mark.parametrize("endpoint", OPEN_TO)
def test_only_the_right_people_get_in(walk: Walk, endpoint: str) -> None:
    """GET and POST of the route, by every kind of person, at a learner of the main course.

    What they read is whole and names nobody but whom they may see.
    """
    learner_id = walk.world.learner_id(MAIN, "ann")
    methods = [method for name, method in walk.rules() if name == endpoint]
    assert methods
    for method in methods:
        after = walk.rows()
        for who in sorted(KINDS, key=lambda name: may_change(name, endpoint)):
            before = after
            answer = walk.go_as(who, endpoint, method, learner_id)
            if method == "GET":
                check_reading(walk, who, endpoint, answer)
            allowed = may_enter(who, endpoint, (MAIN, "ann"))
            said = f"{who}: {method} {endpoint}: {answer.status}"
            if not allowed:
                assert answer.status_code in (403, 404), said
            elif may_change(who, endpoint):
                assert answer.status_code in (200, 303), said
            else:
                assert answer.status_code in (303, 403, 404), said
            after = walk.rows()
            if not allowed or not may_change(who, endpoint) or method == "GET":
                assert after == before, said


def check_reading(walk: Walk, who: str, endpoint: str, answer: TestResponse) -> None:
    """Whole, and also where it refuses no name of a learner outside the reader's own care but their own."""
    if answer.status_code == 200:
        check_page(Page(f"{endpoint} as {who}", 200, {}, answer.get_data(as_text=True)))
    person, named = KINDS[who], walk.named(answer)
    own = {(person.launch.place, person.launch.who)}
    foreign = {one for one in named if one[0] != person.launch.place}
    assert foreign == set(), f"{who} reads on {endpoint} of {foreign}"
    if person.launch.place == MAIN:
        assert named <= person.sees | own, f"{who} on {endpoint}"


def check_page(page: Page) -> None:
    """Valid HTML with a title of its own and one heading over all."""
    page.check_html()
    assert page.title, page.url
    assert len(list(page.tree.iter("h1"))) == 1, page.url


def test_pages_name_those_they_are_for(walk: Walk) -> None:
    """What is read there could otherwise be empty."""
    nobody = walk.world.learner_id(MAIN, "ann")
    assert walk.named(walk.go_as("trainer", "console.course", "GET", nobody)) >= learners(*LEARNERS)
    assert walk.named(walk.go_as("mentor", "console.today", "GET", nobody)) >= learners("ann", "bob")
    assert (MAIN, "ann") in walk.named(walk.go_as("mentor", "console.learner", "GET", nobody))


@pytest.mark.parametrize("who", KINDS)
def test_a_learner_is_seen_by_id_only_by_those_who_care_for_them(walk: Walk, who: str) -> None:
    """Each member of the main course and some of the others, by number, for reading and for writing."""
    for place, course in walk.world.courses.items():
        names = list(course.members) if place == MAIN else ["ann", "eve", "trainer"]
        for name, member in ((name, course.members[name]) for name in names):
            allowed = (place, name) in KINDS[who].sees if place == MAIN else _sees_at_home(who, place, name)
            for endpoint, method in (("console.learner", "GET"), ("console.record_contact", "POST")):
                status = walk.go_as(who, endpoint, method, member.id).status_code
                expected = (200, 303) if allowed else (403, 404)
                assert status in expected or (allowed and status == 409), (
                    f"{who} -> {name} of {place}: {status}"
                )
    for number in (0, 2**31 - 1):
        assert walk.go_as(who, "console.learner", "GET", number).status_code in (403, 404)
    beyond = walk.address("console.learner", walk.sessions[who], 1).replace("learners/1", f"learners/{2**63}")
    session = walk.sessions[who]
    assert walk.go("GET", beyond, handle=session.handle, secret=session.secret, data={}).status_code in (
        403,
        404,
    )


def _sees_at_home(who: str, place: str, name: str) -> bool:
    """People of other courses see there what their like sees in the main course."""
    launch = KINDS[who].launch
    if launch.place != place:
        return False
    alike = {"trainer": "trainer", "mentor": "mentor"}.get(launch.who)
    if launch.who == "observer":
        return name in launch.observes
    return alike is not None and (MAIN, name) in KINDS[alike].sees


def test_no_page_without_its_own_session(walk: Walk) -> None:
    """No cookie, a made-up one, one of another tab, one of a session that is over: 401 on every route."""
    mine, other = walk.sessions["trainer"], walk.sessions["mentor"]
    for endpoint, method in walk.rules():
        address = walk.address(endpoint, mine, walk.world.learner_id(MAIN, "ann"))
        for secret in (None, "", "A" * 43, other.secret, mine.handle):
            answer = walk.go(
                method,
                address,
                handle=mine.handle,
                secret=secret,
                data=walk.form(endpoint) if method == "POST" else {},
            )
            assert answer.status_code == 401, f"{method} {endpoint} with {secret!r}: {answer.status}"
            assert walk.named(answer) == set()
    unknown = walk.address("console.home", mine, 1).replace(mine.handle, "B" * 22)
    assert walk.go("GET", unknown, handle="", secret=mine.secret, data={}).status_code == 401


def test_a_session_ends_after_its_day(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same handle and secret nine hours later are nobody's."""
    with walk.app.app_context():
        clock = current_services().clock
    later = clock.real_now() + timedelta(hours=9)
    assert walk.go_as("trainer", "console.course", "GET", 1).status_code == 200
    monkeypatch.setattr(type(clock), "real_now", lambda self: later)
    for endpoint, method in walk.rules():
        assert walk.go_as("trainer", endpoint, method, 1).status_code == 401, endpoint


Forge = Callable[[Walk, OpenedSession], tuple[dict[str, str], dict[str, str]]]


def _good(session: OpenedSession) -> dict[str, str]:
    return {"csrf_token": token_for(session.handle, session.secret)}


FORGERIES: dict[str, Forge] = {
    "no token": lambda walk, mine: ({}, {}),
    "empty token": lambda walk, mine: ({"csrf_token": ""}, {}),
    "token of another session": lambda walk, mine: (_good(walk.sessions["mentor"]), {}),
    "another site's page": lambda walk, mine: (_good(mine), {"Origin": "https://lms1.example"}),
    "no origin at all": lambda walk, mine: (_good(mine), {"Origin": "null"}),
    "said by the browser": lambda walk, mine: (_good(mine), {"Sec-Fetch-Site": "cross-site"}),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_forged_requests_change_nothing(walk: Walk, how: str) -> None:
    """Every action of the trainer, forged in each way."""
    mine = walk.sessions["trainer"]
    before = walk.rows()
    posts = [endpoint for endpoint, method in walk.rules() if method != "GET"]
    assert len(posts) > 5
    for endpoint in posts:
        token, headers = FORGERIES[how](walk, mine)
        address = walk.address(endpoint, mine, walk.world.learner_id(MAIN, "ann"))
        data = walk.form(endpoint) | token
        answer = walk.go("POST", address, handle=mine.handle, secret=mine.secret, data=data, **headers)
        assert answer.status_code == 403, f"{endpoint}: {answer.status}"
    assert walk.rows() == before


def test_refusals_are_pages_for_people(walk: Walk) -> None:
    """In words, in a frame the platform may show, never cached."""
    for who, endpoint in (
        ("stranger", "console.today"),
        ("learner", "console.course"),
        ("mentor", "console.admin"),
    ):
        answer = walk.go_as(who, endpoint, "GET", 1)
        page = Page(endpoint, answer.status_code, dict(answer.headers), answer.get_data(as_text=True))
        assert page.title
        assert len(page.words) > 40
        page.check_html()
        assert "no-store" in answer.headers["Cache-Control"]
        assert "frame-ancestors" in answer.headers["Content-Security-Policy"]
