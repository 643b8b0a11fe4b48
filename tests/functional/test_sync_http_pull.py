"""A whole pull over HTTP, with a site that fails in the middle of it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from werkzeug import Response

from course_sync.database import db
from course_sync.models import Context, SyncRun
from course_sync.platform_client import PlatformClient
from tests.harness.platform_server import QUICK, serve_moodle
from tests.harness.sync_world import SyncWorld, add_context, small_course

TOKEN = "terces-token"


@pytest.fixture
def site(httpserver: HTTPServer) -> str:
    address = httpserver.url_for("").rstrip("/")
    assert address.startswith("http://localhost:")
    return address


@pytest.fixture
def world(app_context: Flask, httpserver: HTTPServer, site: str) -> Iterator[SyncWorld]:
    patient = replace(QUICK, read_seconds=20, total_seconds=40)
    client = PlatformClient(sign_assertion=lambda _row: "signed", allow_loopback=True, limits=patient)
    made = small_course(SyncWorld(client=client, context_id=add_context(site)), learners=8)
    made.moodle.page_size = 5
    serve_moodle(httpserver, made.moodle)
    yield made
    client.close()


def test_whole_pull_over_http(world: SyncWorld) -> None:
    report = world.sync()
    assert (report.state, report.errors) == ("done", ())
    assert world.member(150).status == "active"
    assert report.requests == world.client.request_count
    assert world.later(hours=1).sync().rows_changed == 0


@pytest.mark.parametrize(
    ("function", "answer", "code"),
    [
        ("core_enrol_get_enrolled_users", [], "empty_roster"),
        ("core_enrol_get_enrolled_users", Response("<html>", content_type="text/html"), "html_answer"),
        ("core_enrol_get_enrolled_users", Response('[{"id": 147, "full'), "broken_json"),
        ("core_enrol_get_enrolled_users", Response("", status=500), "http_500"),
        ("nrps", "second page", "http_500"),
        (
            "gradereport_user_get_grade_items",
            {"exception": "moodle_exception", "errorcode": "notingroup", "message": "error/notingroup"},
            "notingroup",
        ),
    ],
)
def test_faults_over_http_lose_nobody(world: SyncWorld, function: str, answer: Any, code: str) -> None:
    world.sync()
    before = world.statuses()
    world.moodle.failing[function] = answer
    report = world.later(hours=1).sync()
    assert report.state == "partial"
    assert code in {row.code for row in report.errors}
    assert world.statuses() == before
    run = db.session.scalars(select(SyncRun).order_by(SyncRun.id.desc())).first()
    assert run is not None
    assert "terces-token" not in str(run.errors)


def test_site_that_went_away(world: SyncWorld) -> None:
    world.sync()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    context = db.session.get_one(Context, world.context_id)
    context.platform.moodle_url = f"http://localhost:{port}"
    context.memberships_url = f"http://localhost:{port}/memberships"
    db.session.commit()
    before = world.statuses()
    report = world.later(hours=1).sync()
    assert report.state == "failed"
    assert {row.code for row in report.errors} == {"unreachable"}
    assert world.statuses() == before
