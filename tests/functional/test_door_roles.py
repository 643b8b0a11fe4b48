"""Who is what, through the whole door: launch, roster and token over HTTP, nothing of the tool replaced."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pytest_httpserver import HTTPServer
from sqlalchemy import delete, select
from werkzeug import Request, Response

from course_sync.database import db
from course_sync.models import Context, Freshness, JobRun, Membership, Person, SyncRun
from mentor_console.grants import grant_role
from tests.harness.lti_platform import INSTRUCTOR, LEARNER, MEMBERSHIP, OMIT, TestPlatform, code_on, launch

NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
INSTITUTION_ADMINISTRATOR = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"
PAGES = {
    "today": "mentor",
    "course": "trainer",
    "me": "learner",
    "organisation": "admin",
    "access": "applicant",
}
"""Page of a session -> the part it is for."""


@dataclass
class AnsweringPlatform:
    """A platform over HTTP: keys, service tokens and a roster that a test writes."""

    server: HTTPServer
    lti: TestPlatform
    roster: dict[str, list[str]] = field(default_factory=dict)
    """user id -> roles, as NRPS of Moodle gives them (short)."""
    roster_answer: Response | None = None
    """What the roster address answers instead."""
    delay_seconds: float = 0
    calls: list[str] = field(default_factory=list)
    assertions: list[dict[str, Any]] = field(default_factory=list)
    app: Flask | None = None

    def launch(self, client: FlaskClient, *roles: str, sub: str = "user-1", **claims: Any) -> str:
        """Open the tool; returns the path of the session."""
        service = {"context_memberships_url": self.server.url_for("/nrps"), "service_versions": ["2.0"]}
        changes = {"sub": sub, "roles": list(roles), NRPS: service} | claims
        response = launch(client, self.lti, **changes)
        assert response.status_code == 303, code_on(response)
        return response.headers["Location"].rstrip("/")

    def answer(self, request: Request) -> Response:
        self.calls.append(request.path)
        if request.path == "/certs":
            return Response(json.dumps(self.lti.jwks()), mimetype="application/json")
        if request.path == "/token":
            self.assertions.append(self._check_assertion(request.form["client_assertion"]))
            body = {"access_token": "t", "token_type": "Bearer", "expires_in": 3600, "scope": ""}
            return Response(json.dumps(body), mimetype="application/json")
        time.sleep(self.delay_seconds)
        members = [{"user_id": user, "roles": roles} for user, roles in self.roster.items()]
        return self.roster_answer or Response(json.dumps({"members": members}), mimetype="application/json")

    def _check_assertion(self, assertion: str) -> dict[str, Any]:
        """As a platform does: with the tool's published keys, and no more than one key per key id."""
        assert self.app is not None
        keys = self.app.test_client().get("/.well-known/jwks.json").get_json()["keys"]
        assert all("d" not in key for key in keys)
        kid = jwt.get_unverified_header(assertion)["kid"]
        key = jwt.PyJWK(next(key for key in keys if key["kid"] == kid))
        claims: dict[str, Any] = jwt.decode(
            assertion, key, algorithms=["RS256"], audience=self.server.url_for("/token")
        )
        return claims


@pytest.fixture
def site(app: Flask, httpserver: HTTPServer) -> Iterator[AnsweringPlatform]:
    """A platform the tool is registered at; nothing of the tool is replaced."""
    lti = TestPlatform(issuer=httpserver.url_for("").rstrip("/"))
    platform = AnsweringPlatform(httpserver, lti, app=app)
    for path in ("/certs", "/token", "/nrps"):
        httpserver.expect_request(path).respond_with_handler(platform.answer)
    lti.register(app)
    yield platform
    httpserver.check_assertions()  # type: ignore[no-untyped-call]


def parts_by_pages(client: FlaskClient, session_path: str) -> set[str]:
    """What somebody can open, page by page; every other page answers 403."""
    answers = {part: client.get(f"{session_path}/{page}").status_code for page, part in PAGES.items()}
    assert set(answers.values()) <= {200, 403}, answers
    return {part for part, status in answers.items() if status == 200}


def first_page(client: FlaskClient, session_path: str) -> str:
    """Where the first page of a session leads; "" = the page for people without a part."""
    response = client.get(f"{session_path}/", follow_redirects=True)
    assert response.status_code == 200
    return response.request.path.removeprefix(session_path).strip("/")


def test_instructor_in_launch_and_roster_is_trainer(client: FlaskClient, site: AnsweringPlatform) -> None:
    site.roster = {"user-1": ["Instructor"], "user-2": ["Learner"]}
    path = site.launch(client, INSTRUCTOR)
    assert parts_by_pages(client, path) == {"trainer"}
    assert first_page(client, path) == "course"


def test_instructor_who_is_learner_in_the_roster_is_nothing_until_named(
    app: Flask, client: FlaskClient, site: AnsweringPlatform
) -> None:
    site.roster = {"user-1": ["Learner"], "user-2": ["Instructor"]}
    path = site.launch(client, INSTRUCTOR)
    assert parts_by_pages(client, path) == set()
    assert first_page(client, path) == ""
    with app.app_context():
        membership = db.session.scalars(
            select(Membership).join(Person).where(Person.external_id == "user-1")
        ).one()
        assert membership.standing == "staff"
        context = db.session.scalars(select(Context)).one()
        grant_role(membership.person, "mentor", context, None, membership.first_seen_at)
    assert parts_by_pages(client, path) == {"mentor"}
    assert first_page(client, path) == "today"


def test_instructor_absent_from_the_roster_may_ask(client: FlaskClient, site: AnsweringPlatform) -> None:
    site.roster = {"user-2": ["Instructor"]}
    path = site.launch(client, INSTRUCTOR)
    assert parts_by_pages(client, path) == {"applicant"}
    assert first_page(client, path) == "access"
    assert "could not be checked" not in client.get(f"{path}/access").text


def test_administrator_may_ask(client: FlaskClient, site: AnsweringPlatform) -> None:
    site.roster = {"user-2": ["Instructor"]}
    path = site.launch(client, INSTRUCTOR, INSTITUTION_ADMINISTRATOR)
    assert parts_by_pages(client, path) == {"applicant"}
    path = site.launch(client, INSTITUTION_ADMINISTRATOR, sub="user-3")
    assert parts_by_pages(client, path) == {"applicant"}


def test_learner_has_the_own_page_only(client: FlaskClient, site: AnsweringPlatform) -> None:
    path = site.launch(client, LEARNER)
    assert parts_by_pages(client, path) == {"learner"}
    assert first_page(client, path) == "me"
    assert "/nrps" not in site.calls


def test_learner_who_is_named_has_the_caseload_too(
    app: Flask, client: FlaskClient, site: AnsweringPlatform
) -> None:
    path = site.launch(client, LEARNER)
    with app.app_context():
        membership = db.session.scalars(select(Membership)).one()
        context = db.session.get_one(Context, membership.context_id)
        grant_role(membership.person, "mentor", context, None, membership.first_seen_at)
    assert parts_by_pages(client, path) == {"learner", "mentor"}
    assert first_page(client, path) == "today"


def test_observer_sees_exactly_the_learners_named(
    app: Flask, client: FlaskClient, site: AnsweringPlatform
) -> None:
    for user in ("user-5", "user-6"):
        site.launch(app.test_client(), LEARNER, sub=user, name=f"Learner {user}", given_name=user)
    path = site.launch(client, MEMBERSHIP + "Mentor", sub="parent", role_scope_mentor=["user-5", "nobody"])
    assert parts_by_pages(client, path) == {"mentor"}
    today = client.get(f"{path}/today").text
    assert "Learner user-5" in today
    assert "Learner user-6" not in today
    with app.app_context():
        ids = {
            m.person.external_id: m.id
            for m in db.session.scalars(select(Membership))
            if m.standing == "learner"
        }
    assert client.get(f"{path}/learners/{ids['user-5']}").status_code == 200
    assert client.get(f"{path}/learners/{ids['user-6']}").status_code == 403


@pytest.mark.parametrize(
    "roles", [[], [MEMBERSHIP + "ContentDeveloper"], [MEMBERSHIP + "Mentor"], ["urn:unknown:role"]]
)
def test_any_other_role_reads_whom_to_ask(
    client: FlaskClient, site: AnsweringPlatform, roles: list[str]
) -> None:
    path = site.launch(client, *roles)
    assert parts_by_pages(client, path) == set()
    assert first_page(client, path) == ""
    assert "ask" in client.get(f"{path}/").text.lower()


def test_admin_only_by_grant(app: Flask, client: FlaskClient, site: AnsweringPlatform) -> None:
    path = site.launch(client, INSTITUTION_ADMINISTRATOR)
    assert "admin" not in parts_by_pages(client, path)
    with app.app_context():
        membership = db.session.scalars(select(Membership)).one()
        grant_role(membership.person, "admin", None, None, membership.first_seen_at)
    assert "admin" in parts_by_pages(client, path)


@pytest.mark.parametrize(
    "answer",
    [
        Response("busy", 503),
        Response("<html>maintenance</html>", mimetype="text/html"),
        Response("{}", mimetype="application/json"),
    ],
    ids=["down", "html", "no members"],
)
def test_roster_out_of_reach_makes_nobody_trainer(
    app: Flask, client: FlaskClient, site: AnsweringPlatform, answer: Response
) -> None:
    """The launch is accepted, the page says why nothing is shown yet, and a later launch mends it."""
    site.roster_answer = answer
    path = site.launch(client, INSTRUCTOR)
    assert "trainer" not in parts_by_pages(client, path)
    assert first_page(client, path) == "access"
    assert "could not be checked yet" in client.get(f"{path}/access").text
    with app.app_context():
        assert db.session.scalars(select(Freshness)).one().error_code
    site.roster_answer, site.roster = None, {"user-1": ["Instructor"]}
    again = site.launch(client, INSTRUCTOR)
    assert parts_by_pages(client, again) == {"trainer"}
    assert parts_by_pages(client, path) == {"trainer"}


def test_a_slow_roster_does_not_hold_the_person(client: FlaskClient, site: AnsweringPlatform) -> None:
    """Three seconds at most; then the page comes without the answer."""
    site.roster, site.delay_seconds = {"user-1": ["Instructor"]}, 6
    started = time.monotonic()
    path = site.launch(client, INSTRUCTOR)
    assert time.monotonic() - started < 4.5
    site.delay_seconds = 0
    assert "trainer" not in parts_by_pages(client, path)


def test_a_course_without_roster_service_makes_nobody_trainer(
    app: Flask, client: FlaskClient, site: AnsweringPlatform
) -> None:
    path = site.launch(client, INSTRUCTOR, **{NRPS: OMIT})
    assert parts_by_pages(client, path) == {"applicant"}
    with app.app_context():
        membership = db.session.scalars(select(Membership)).one()
        context = db.session.get_one(Context, membership.context_id)
        grant_role(membership.person, "trainer", context, None, membership.first_seen_at)
    assert parts_by_pages(client, path) == {"trainer"}


def test_a_confirmed_trainer_is_not_looked_up_again(client: FlaskClient, site: AnsweringPlatform) -> None:
    """The roster is read at the first launch; the next ones that day cost the platform nothing."""
    site.roster = {"user-1": ["Instructor"]}
    site.launch(client, INSTRUCTOR)
    site.launch(client, INSTRUCTOR)
    assert site.calls.count("/nrps") == 1
    assert site.calls.count("/certs") == 1


def test_a_role_of_an_old_roster_holds_and_is_read_anew_by_the_worker(
    app: Flask, client: FlaskClient, site: AnsweringPlatform
) -> None:
    """Nobody waits for a platform to hear what is known, be it a day old."""
    site.roster = {"user-1": ["Instructor"]}
    site.launch(client, INSTRUCTOR)
    with app.app_context():
        membership = db.session.scalars(select(Membership)).one()
        assert membership.as_of is not None
        membership.as_of -= timedelta(hours=25)
        db.session.execute(delete(JobRun))
        db.session.add(_finished_run(membership))
        db.session.commit()
    path = site.launch(client, INSTRUCTOR)
    assert parts_by_pages(client, path) == {"trainer"}
    assert site.calls.count("/nrps") == 1
    with app.app_context():
        (job,) = db.session.scalars(select(JobRun)).all()
        assert (job.name, job.state, job.arguments["trigger"]) == ("sync_context", "queued", "launch")


def _finished_run(membership: Membership) -> SyncRun:
    """The course was synced before, so that its launch asks for no first sync."""
    at = membership.first_seen_at
    moments = {"started_at": at, "beat_at": at, "finished_at": at, "as_of": at}
    return SyncRun(context_id=membership.context_id, trigger="launch", state="done", errors=[], **moments)


def test_the_service_token_is_asked_with_a_signed_assertion(
    client: FlaskClient, site: AnsweringPlatform
) -> None:
    """iss and sub are the client id, aud the token address, used once and for a minute."""
    site.roster = {"user-1": ["Instructor"]}
    site.launch(client, INSTRUCTOR)
    (claims,) = site.assertions
    assert claims["iss"] == claims["sub"] == "client-1"
    assert claims["aud"] == site.server.url_for("/token")
    assert claims["exp"] - claims["iat"] == 60
    assert len(claims["jti"]) >= 20


def test_the_first_launch_of_a_course_asks_for_a_sync(
    app: Flask, client: FlaskClient, site: AnsweringPlatform
) -> None:
    """Once per course, whoever comes first; two launches queue one job."""
    site.launch(client, LEARNER)
    site.launch(client, LEARNER, sub="user-2")
    with app.app_context():
        (job,) = db.session.scalars(select(JobRun)).all()
        context = db.session.scalars(select(Context)).one()
        assert (job.name, job.state) == ("sync_context", "queued")
        assert job.arguments == {"context_id": context.id, "trigger": "launch"}
