"""A known course, and a site over HTTP that begins to misbehave: nothing is lost, it is said, it heals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from werkzeug import Response

from course_sync.database import db
from course_sync.models import Context, Freshness, Membership, Progress
from course_sync.outbound import Limits
from course_sync.platform_client import PlatformClient
from mentor_console.freshness import freshness_of
from mentor_console.missing_words import family_of
from tests.harness.fake_moodle import User
from tests.harness.platform_server import QUICK, serve_moodle
from tests.harness.sync_world import SyncWorld, add_context, small_course

ROSTER = "core_enrol_get_enrolled_users"
CONTENTS = "core_course_get_contents"
COMPLETION = "core_completion_get_activities_completion_status"
GONE = {
    "exception": "dml_missing_record_exception",
    "errorcode": "invalidrecord",
    "message": "Can't find data record in database table course.",
}
REVOKED = {
    "exception": "core\\exception\\moodle_exception",
    "errorcode": "invalidtoken",
    "message": "Invalid",
}
PATIENT = replace(QUICK, read_seconds=20, total_seconds=40)


class Site:
    """The fake Moodle over HTTP, a course of it that was read whole an hour ago, and a client to read it."""

    def __init__(self, server: HTTPServer, *, lti_only: bool = False) -> None:
        address = server.url_for("").rstrip("/")
        self.stop = threading.Event()
        self.world = small_course(SyncWorld(client=new_client(), context_id=add_context(address)), learners=5)
        self.moodle = self.world.moodle
        self.moodle.page_size = 3
        self.moodle.grades[147, 76] = (65.0, 1789241578)
        self.moodle.submissions[147, 6] = ("submitted", 1789241578)
        if lti_only:
            db.session.get_one(Context, self.world.context_id).platform.moodle_url = None
            db.session.commit()
        serve_moodle(server, self.moodle)
        assert self.world.sync().state == "done"
        self.world.later(hours=1)
        self.before = self.known()

    def be_impatient(self, limits: Limits) -> None:
        """Wait no longer than this for an answer, as long as the site misbehaves."""
        self.world.client.close()
        self.world.client = new_client(limits)

    def known(self) -> dict[str, Any]:
        """Members and their work, as far as it is told one way or the other."""
        db.session.expire_all()
        cells = db.session.execute(
            select(Progress.membership_id, Progress.activity_id, Progress.submission, Progress.score_ratio)
        )
        return {"members": self.world.statuses(), "cells": sorted(map(tuple, cells))}

    def told(self) -> set[tuple[str, str]]:
        """What the pages say is not up to date, and which sentence says why."""
        return {(fact.kind, family_of(fact.code)) for fact in freshness_of([self.world.context_id]).missing}

    def heals(self) -> None:
        """The next run reads everything, and nobody is told of anything any more."""
        self.stop.set()
        self.moodle.failing.clear()
        self.world.client.close()
        self.world.client = new_client()
        report = self.world.later(hours=1).sync()
        assert (report.state, report.errors) == ("done", ())
        assert self.told() == set()
        assert self.world.statuses() == {
            str(user.user_id): "suspended" if user.suspended else "active"
            for user in self.moodle.users.values()
        } | {key: "left" for key in self.before["members"] if int(key) not in self.moodle.users}


def new_client(limits: Limits = PATIENT) -> PlatformClient:
    return PlatformClient(sign_assertion=lambda _row: "signed", allow_loopback=True, limits=limits)


@pytest.fixture
def site(app_context: Flask, httpserver: HTTPServer) -> Iterator[Site]:
    made = Site(httpserver)
    yield made
    made.stop.set()
    made.world.client.close()


def silence(site: Site) -> Response:
    """No byte for longer than anybody waits."""
    site.stop.wait(20)
    return Response("[]")


def drip(site: Site) -> Response:
    """A byte now and then, without end."""

    def bytes_now_and_then() -> Iterator[bytes]:
        while not site.stop.wait(0.05):
            yield b" "

    return Response(bytes_now_and_then())


def cut(_site: Site) -> Response:
    """An answer that promises more than comes."""
    return Response(iter([b'[{"id": 147, "full']), headers={"Content-Length": "90000"})


def maintenance(_site: Site) -> Response:
    """A page for people, with a good conscience."""
    return Response("<html>Maintenance</html>", content_type="text/html")


@pytest.mark.parametrize(
    ("function", "misbehave", "limits", "family"),
    [
        (ROSTER, silence, replace(QUICK, attempts=1), "unreachable"),
        (ROSTER, drip, replace(QUICK, total_seconds=0.6, attempts=1), "unreachable"),
        (ROSTER, cut, PATIENT, "unreachable"),
        (CONTENTS, cut, PATIENT, "unreachable"),
        (ROSTER, maintenance, PATIENT, "invalid_answer"),
        (CONTENTS, lambda _site: Response("<html>Maintenance</html>", status=503), PATIENT, "ill"),
        (ROSTER, lambda _site: Response("slow down", status=429), PATIENT, "ill"),
    ],
)
def test_an_answer_that_is_none(
    site: Site, function: str, misbehave: Callable[[Site], Response], limits: Limits, family: str
) -> None:
    site.be_impatient(limits)
    site.moodle.failing[function] = lambda: misbehave(site)
    assert site.world.sync().state != "done"
    assert site.known() == site.before
    assert ("roster" if function == ROSTER else "structure", family) in site.told()
    site.heals()


def test_a_token_that_is_revoked_in_the_middle(site: Site) -> None:
    """Members were read, and then nothing more: what was known of the rest stays."""
    for user in site.moodle.users.values():
        user.last_access += 3000
    calls: list[str] = []

    def revoke_after(function: str, params: dict[str, Any]) -> Any:
        calls.append(function)
        return REVOKED if len(calls) > 4 else answer(function, params)

    answer = site.moodle.answer
    site.moodle.answer = revoke_after  # type: ignore[method-assign]
    report = site.world.sync()
    assert report.state == "partial"
    assert site.known() == site.before
    assert {family for _kind, family in site.told()} == {"token"}
    assert {"grades", "completion"} <= {kind for kind, _family in site.told()}
    site.moodle.answer = answer  # type: ignore[method-assign]
    site.heals()


def test_a_course_that_was_deleted(site: Site, httpserver: HTTPServer) -> None:
    """Everything known stays, the trainer reads what to do, and a course that is restored is read again."""
    for function in (ROSTER, CONTENTS, "mod_assign_get_submissions", "gradereport_user_get_grade_items"):
        site.moodle.failing[function] = GONE
    site.moodle.failing["nrps"] = "gone"
    report = site.world.sync()
    assert report.state in ("partial", "failed")
    assert site.known() == site.before
    assert {("roster", "course_gone"), ("structure", "course_gone")} <= site.told()
    rows = db.session.scalars(select(Freshness).filter_by(kind="roster", source="lti")).one()
    assert rows.error_code == "http_404"
    site.heals()


@pytest.mark.parametrize("repeats", ["itself", "the first"])
def test_pages_of_members_that_repeat_let_nobody_leave(
    app_context: Flask, httpserver: HTTPServer, repeats: str
) -> None:
    site = Site(httpserver, lti_only=True)
    site.moodle.add(User(190))
    site.moodle.failing["nrps"] = f"next is {repeats}"
    report = site.world.sync()
    assert report.state == "failed"
    assert {key: status for key, status in site.world.statuses().items() if key != "190"} == (
        site.before["members"]
    )
    assert site.told() == {("roster", "invalid_answer")}
    site.heals()
    site.world.client.close()


def test_accounts_that_were_merged(site: Site) -> None:
    """Moodle keeps one account and deletes or suspends the other: one person stays, the other's facts too."""
    del site.moodle.users[148]
    site.moodle.users[149].suspended = True
    site.moodle.users[147].last = "Hazel-Oak"
    assert site.world.sync().state == "done"
    assert (site.world.member(148).status, site.world.member(149).status) == ("left", "suspended")
    assert site.world.member(147).person.name == "Ada Hazel-Oak"
    assert site.known()["cells"] == site.before["cells"]
    site.moodle.add(User(148))
    site.moodle.users[149].suspended = False
    site.heals()
    assert db.session.scalars(select(Membership.left_at).where(Membership.left_at.is_not(None))).all() == []


def test_a_site_that_asks_for_patience_is_asked_no_more_by_this_run(site: Site) -> None:
    site.moodle.failing[ROSTER] = Response("busy", status=503, headers={"Retry-After": "600"})
    before = site.world.client.request_count
    report = site.world.sync(trigger="schedule")
    assert {row.code for row in report.errors} >= {"http_503"}
    assert site.known() == site.before
    assert site.world.client.request_count - before <= 5
    again = site.world.later(minutes=5).sync(trigger="schedule")
    assert (again.state, again.requests) == ("failed", 0)
    assert {family for _kind, family in site.told()} == {"circuit_open"}
    site.heals()
