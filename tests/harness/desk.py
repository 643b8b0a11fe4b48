"""The tool with people signed in, and their hands on it: GET and POST as a browser without script would."""

from __future__ import annotations

import pickle
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from course_sync.database import db
from lti_tool.csrf import token_for
from lti_tool.services import current_services
from lti_tool.session import SESSION_COOKIE, OpenedSession
from mentor_console.models import Flag
from tests.harness.pages import Page
from tests.harness.world import MAIN, Launch, World

TEACHER = ("Instructor",)
LAUNCHES = {
    "trainer": Launch(MAIN, "trainer", TEACHER),
    "mentor": Launch(MAIN, "mentor", TEACHER),
    "learner": Launch(MAIN, "ann", ("Learner",)),
    "learning mentor": Launch(MAIN, "learning mentor", ("Learner",)),
    "admin": Launch(MAIN, "admin"),
    "manager": Launch(MAIN, "manager", TEACHER),
    "administrator": Launch(MAIN, "administrator", is_administrator=True),
    "unnamed teacher": Launch(MAIN, "unnamed teacher", TEACHER),
}


@dataclass
class Desk:
    """The tool with people signed in, and their hands on it."""

    app: Flask
    client: FlaskClient
    world: World
    sessions: dict[str, OpenedSession]

    def open(self, who: str, path: str, data: dict[str, str | list[str]] | None = None) -> Page:
        """GET, or POST with the session's own token; one answer, redirects not followed."""
        session = self.sessions[who]
        headers = {"Cookie": f"{SESSION_COOKIE}={session.secret}"}
        path = path.partition("#")[0]
        address = path if path.startswith("/") else f"/s/{session.handle}/{path}"
        if data is None:
            answer = self.client.get(address, headers=headers)
        else:
            sent = {"csrf_token": token_for(session.handle, session.secret)} | data
            answer = self.client.post(address, data=sent, headers=headers)
        page = Page(address, answer.status_code, dict(answer.headers), answer.get_data(as_text=True))
        if page.status in (200, 409, 422):
            page.check_html()
        return page

    def follow(self, who: str, path: str, data: dict[str, str | list[str]]) -> Page:
        """POST, then the page it leads to."""
        answer = self.open(who, path, data)
        assert answer.status == 303, answer.text[:500]
        return self.open(who, answer.headers["Location"])

    def learner(self, who: str = "ann") -> str:
        """Path of a learner's page."""
        return f"learners/{self.world.learner_id(MAIN, who)}"

    def person_id(self, who: str) -> int:
        """Id of somebody of the main course."""
        return self.world.courses[MAIN].people[who].id


_made: list[tuple[sqlite3.Connection, bytes]] = []
"""The database of the first desk of this process, and its world and sessions: filling one takes long."""


def prepare_desk(app: Flask) -> Desk:
    """A flag on ann, and everybody signed in; what the application's SQLite file held before is gone."""
    path = app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as file:
        if _made:
            _made[0][0].backup(file)
        else:
            made = pickle.dumps(_make(app))
            kept = sqlite3.connect(":memory:")
            file.backup(kept)
            _made.append((kept, made))
    world, sessions = pickle.loads(_made[0][1])  # noqa: S301  # our own, made above
    return Desk(app, app.test_client(use_cookies=False), world, sessions)


def _make(app: Flask) -> tuple[World, dict[str, OpenedSession]]:
    with app.app_context():
        clock = current_services().clock
        world = World(clock.now(), clock.real_now())
        _raise_flag(world)
        sessions = {name: world.sign_in(launch) for name, launch in LAUNCHES.items()}
        world.settle()
    return world, sessions


def _raise_flag(world: World) -> None:
    silent = {
        "days": 12,
        "longest_gap_days": 3,
        "last_visit_at": (world.now - timedelta(days=12)).isoformat(),
    }
    db.session.add(
        Flag(
            membership_id=world.learner_id(MAIN, "ann"),
            rule="silent",
            level="act",
            kind="technical",
            reasons=[{"code": "silent_unlike_before", "values": silent}],
            clears=[{"code": "clears_with_visit", "values": {}}],
            urgency=1.0,
            raised_at=world.now,
            evaluated_at=world.now,
        )
    )
