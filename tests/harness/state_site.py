"""The tool alone, served with courses of many, one and no learner, and people who are signed in to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from flask import Flask
from sqlalchemy import String, select, update
from sqlalchemy import Text as LongText

from course_sync.connection_models import PersonToken
from course_sync.database import Base, db
from course_sync.models import Membership, Platform
from lti_tool import csrf
from lti_tool.app import create_app
from lti_tool.config import load_settings
from lti_tool.refusal_log import record_refusal
from lti_tool.session import SESSION_COOKIE, OpenedSession, open_session
from mentor_console.audit import note_audit
from mentor_console.models import Flag, LearnerAnswer, RuleSetting, SupportTask
from tests.harness import databases
from tests.harness.busy_course import BusyCourse, fill
from tests.harness.servers import listen, port_of, served
from tests.integration.console_world import NOW

SIZES = {"many": 60, "one": 1, "none": 0, "unread": 3}
"""Learners of each course; of those in "unread" the roster is all that was ever read."""
ACTIVITIES = 16
"""Of each course: every kind of line, and pages that are soon looked through."""
DATA_COLUMNS = ("name", "given_name", "family_name", "title", "text", "summary", "outcome", "email", "issuer")


@dataclass(frozen=True)
class StateSite:
    """Where it runs, and everybody's session by name: "mentor of many", "learner of one", "admin" ..."""

    app: Flask
    url: str
    sessions: dict[str, OpenedSession]
    courses: dict[str, BusyCourse]
    gone_task_id: int
    """A task of the first learner of many that was taken back."""

    def address(self, who: str, path: str) -> str:
        """Address of a page of somebody's session."""
        return f"{self.url}{self.sessions[who].path}{path}"

    def csrf_token(self, who: str) -> str:
        """What every form of somebody's session carries."""
        session = self.sessions[who]
        return csrf.token_for(session.handle, session.secret)

    def cookies(self) -> list[dict[str, str | bool]]:
        """Everybody's; each is sent to its own session only."""
        return [
            {
                "name": SESSION_COOKIE,
                "value": one.secret,
                "domain": "localhost",
                "path": one.path,
                "secure": True,
            }
            for one in self.sessions.values()
        ]

    def data_words(self) -> set[str]:
        """Every text in the database that people or platforms wrote: in nobody's language but their own."""
        found: set[str] = set()
        with self.app.app_context():
            for table in Base.metadata.sorted_tables:
                columns = [column for column in table.columns if column.name in DATA_COLUMNS]
                for column in columns:
                    if isinstance(column.type, String | LongText):
                        found.update(text for text in db.session.scalars(select(column)) if text)
            db.session.remove()
        return found


@contextmanager
def state_site(folder: Path, sizes: Mapping[str, int] = SIZES) -> Iterator[StateSite]:
    """Made once for a run; states that forms leave behind are refused ones, which change nothing."""
    listener = listen()
    app = _make_app(folder, port_of(listener))
    with app.app_context():
        numbers = count(1)
        courses = {size: fill(learners, numbers, ACTIVITIES) for size, learners in sizes.items()}
        if "unread" in courses:
            _forget_what_was_read(courses["unread"])
        sessions, gone_task_id = _sign_everybody_in(courses), _take_a_task_back(courses["many"])
        _save_rules(courses["many"])
        _audit_some(courses["many"])
        if "one" in courses:
            _refuse_own_account(courses["one"])
        db.session.remove()
    try:
        with served(app, listener):
            yield StateSite(app, f"http://localhost:{port_of(listener)}", sessions, courses, gone_task_id)
    finally:
        listener.close()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _make_app(folder: Path, port: int) -> Flask:
    url = f"sqlite:///{folder / 'states.sqlite3'}"
    databases.create_tables(url)
    clock = folder / "clock.json"
    clock.write_text(json.dumps({"offset_seconds": (NOW - datetime.now(UTC)).total_seconds()}))
    environ = {
        "EMENTOR_DATABASE_URL": url,
        "EMENTOR_PUBLIC_URL": f"http://localhost:{port}",
        "EMENTOR_SECRET_KEY": "states-only-secret-key-of-enough-length",
        "EMENTOR_ALLOW_LOOPBACK_PLATFORMS": "1",
        "EMENTOR_DEMO_CLOCK": str(clock),
        "EMENTOR_LOG_LEVEL": "ERROR",
    }
    return create_app(load_settings(environ))


def _forget_what_was_read(course: BusyCourse) -> None:
    """But for the roster; nobody has said anything either."""
    ids, unread = course.learner_ids, {"access_as_of": None, "last_access_at": None}
    db.session.execute(update(Membership).where(Membership.id.in_(ids)).values(**unread))
    db.session.execute(update(Flag).where(Flag.membership_id.in_(ids)).values(cleared_at=NOW))
    said = update(LearnerAnswer).where(LearnerAnswer.membership_id.in_(ids))
    db.session.execute(said.values(withdrawn_at=NOW))


def _save_rules(course: BusyCourse) -> None:
    """A first version of the course's own, and something for the admin to read."""
    row = {"created_by_id": course.trainer_id, "created_at": NOW, "thresholds": {"silent_act_days": 15}}
    place = {"organisation_id": course.world.organisation.id, "context_id": course.course_id, "version": 1}
    db.session.add(RuleSetting(**place, **row))
    db.session.commit()
    for code in ("login_incomplete", "key_unknown"):
        record_refusal(code, course.platform_id, datetime.now(UTC))


def _audit_some(course: BusyCourse) -> None:
    """By somebody, with all that a line may name, and by the command line."""
    place = {"organisation_id": course.world.organisation.id, "now": datetime.now(UTC)}
    role = {"person_id": course.mentor_id, "role": "mentor", "context_id": course.course_id}
    note_audit("role_granted", role, **place, actor_id=course.trainer_id)
    note_audit("platform_approved", {"platform_id": course.platform_id}, **place)
    db.session.commit()


def _refuse_own_account(course: BusyCourse) -> None:
    """Of the e-mentor, on a site that is a Moodle and not connected as a whole."""
    platform = db.session.get_one(Platform, course.platform_id)
    platform.product, platform.moodle_url = "moodle", None
    now = datetime.now(UTC)
    row = {"token_sealed": "x", "connected_at": now, "refused_at": now}
    db.session.add(PersonToken(person_id=course.mentor_id, **row))
    db.session.commit()


def _take_a_task_back(course: BusyCourse) -> int:
    """While a colleague still has it open in a form."""
    task = SupportTask(
        membership_id=course.learner_ids[0],
        kind="social",
        title="Ask about the evenings",
        created_by_id=course.trainer_id,
        created_at=NOW,
        updated_at=NOW,
        taken_back_at=NOW,
        request_key="taken back",
    )
    db.session.add(task)
    db.session.commit()
    return task.id


def _sign_everybody_in(courses: dict[str, BusyCourse]) -> dict[str, OpenedSession]:
    sessions = {}
    for size, course in courses.items():
        sessions[f"mentor of {size}"] = _sign_in(course, course.mentor_id, "Learner")
        sessions[f"trainer of {size}"] = _sign_in(course, course.trainer_id, "Instructor")
        if course.person_ids:
            sessions[f"learner of {size}"] = _sign_in(course, course.person_ids[0], "Learner")
    many = courses["many"]
    admin = many.world.make_person(name="Adèle Admin")
    many.world.grant(admin, "admin", None)
    sessions["learner who asks"] = _sign_in(many, many.person_ids[17], "Learner")
    sessions["admin"] = _sign_in(many, admin.id, "Administrator")
    sessions["applicant"] = _sign_in(many, many.world.make_person(name="Max Manager").id, "Instructor")
    sessions["asked"] = _sign_in(many, many.asker_id, "Instructor")
    sessions["nobody"] = _sign_in(many, many.world.make_person(name="Nina Nobody").id, "Learner")
    db.session.commit()
    return sessions


def _sign_in(course: BusyCourse, person_id: int, role: str) -> OpenedSession:
    return open_session(
        person_id=person_id,
        platform_id=course.platform_id,
        context_id=course.course_id,
        roles=[role],
        real_now=datetime.now(UTC),
    )
