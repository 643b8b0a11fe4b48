"""Somebody's hand on the door: requests to every guarded route with exactly one cookie, and their effect."""

from __future__ import annotations

import re
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from course_sync.database import Base, db
from lti_tool.csrf import token_for
from lti_tool.session import SESSION_COOKIE, OpenedSession
from mentor_console.extensions import find_standing
from mentor_console.models import Flag, LearnerAnswer, SupportTask
from mentor_console.quieting import see
from tests.harness.world import LEARNERS, MAIN, World

HARMLESS = {"audit_entry", "launch_session", "job_run", "login_state", "use_count"}
"""Tables that may change although nobody was let in, or that hold no decision about anybody."""

DETAILS = {
    "name": "Walked in",
    "issuer": "https://walked.example",
    "client_id": "walked",
    "product": "moodle",
}
DETAILS |= {f"{name}_url": "https://walked.example/" for name in ("auth_login", "auth_token", "jwks")}
PLATFORM_FORMS = {
    "platforms.make_invite": {"approve": "yes"},
    "platforms.withdraw_invite": {},
    "platforms.change": DETAILS,
    "platforms.decide": {"do": "approve"},
    "platforms.add_deployment": {"deployment_ids": "walked"},
    "platforms.decide_deployment": {"do": "refuse"},
    "platforms.connect_moodle": {"moodle_url": "https://walked.example", "token": "a" * 32},
    "platforms.disconnect_moodle": {},
    "platforms.check_connection": {"course": ""},
    "platforms.name_report": {"report": "3"},
}
"""What the forms of the admin's pages about platforms would send."""


@dataclass
class Walk:
    """The tool, the world, and somebody's hand on the door."""

    app: Flask
    client: FlaskClient
    world: World
    sessions: dict[str, OpenedSession]
    support: dict[str, int] = field(default_factory=dict)
    """Ids of what was done for ann of the main course, by their names in addresses."""
    watch: sqlite3.Connection = field(kw_only=True)
    """Never writes, so that SQLite tells by it whether anybody else has written."""
    _read: tuple[int, dict[str, list[tuple[object, ...]]]] = (-1, {})

    def rules(self) -> Iterator[tuple[str, str]]:
        """Every guarded endpoint with each of its methods."""
        for rule in self.app.url_map.iter_rules():
            if rule.rule.startswith("/s/<handle>/"):
                for method in sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}):
                    yield rule.endpoint, method

    def address(self, endpoint: str, session: OpenedSession, learner_id: int) -> str:
        """Address of a page of one session, pointed at the main course wherever it points at something."""
        rule = next(self.app.url_map.iter_rules(endpoint))
        pointed = {name: number for name, number in self.support.items() if name in rule.arguments}
        values: dict[str, object] = {"handle": session.handle, **pointed}
        if "membership_id" in rule.arguments:
            values["membership_id"] = learner_id
        if "request_id" in rule.arguments:
            request = self.world.courses[MAIN].request
            assert request is not None
            values["request_id"] = request.id
        if "platform_id" in rule.arguments:
            values["platform_id"] = self.world.courses[MAIN].platform.id
        assert rule.arguments <= set(values), (
            f"say what {rule.arguments - set(values)} of {endpoint} shall be"
        )
        return self.app.url_map.bind("localhost:8000").build(endpoint, values)

    def form(self, endpoint: str) -> dict[str, str]:
        """What the form of an action on the main course would send, filled in correctly."""
        main = self.world.courses[MAIN]
        mentor, cyn = main.people["mentor"].id, main.members["cyn"].id
        moment = (self.world.now - timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M")
        contact = {"kind": "social", "channel": "phone", "outcome": "reached", "summary": "Walked in."}
        forms: dict[str, dict[str, str]] = {
            "console.update_now": {},
            "console.cancel_update": {},
            "console.ask_access": {},
            "console.set_language": {"locale": "fr", "back": "/"},
            "console.record_contact": contact | {"occurred_at": moment, "request_key": secrets.token_hex(12)},
            "console.name_mentor": {"membership": str(main.members["unnamed teacher"].id)},
            "console.end_mentor": {"person": str(mentor)},
            "console.assign": {"mentor": str(mentor), "learner": str(cyn)},
            "console.unassign": {"pair": f"{mentor}:{main.members['ann'].id}"},
            "console.decide_request": {"role": "trainer"},
            "placing.place": {"chosen": "console"},
            "own_token.connect": {"token": "a" * 32},
            "own_token.remove": {},
            **self._support_forms(endpoint),
            **self._course_forms(),
            **PLATFORM_FORMS,
            "platforms.add": DETAILS | {"client_id": secrets.token_hex(4)},
        }
        assert endpoint in forms, f"say what the form of {endpoint} would send"
        return forms[endpoint]

    def _support_forms(self, endpoint: str) -> dict[str, dict[str, str]]:
        """What stands in the database is looked up for the one that is sent."""
        key, contact = {"request_key": secrets.token_hex(12)}, self.support.get("contact", 0)
        if endpoint in ("console.dismiss", "console.snooze"):
            why = {"reason": "already_handled"} if endpoint == "console.dismiss" else {"until": "tomorrow"}
            return {endpoint: why | {"seen": self._seen()}}
        if endpoint == "console.update_task":
            return {endpoint: {"state": "done", "version": str(self._task_version())}}
        if endpoint == "console.set_extension":
            return {endpoint: self._more_time(self.support.get("activity", 0))}
        return {
            "console.add_note": {"text": "Walked in."} | key,
            "console.add_task": {"playbook": "welcome_call"} | key,
            "console.withdraw_extension": {"learner": str(self.world.learner_id(MAIN, "ann"))},
            "console.take_back": {"undo": f"contact:{contact}", "back": "/"},
            "console.give_answer": {"kind": "need_help", "text": "Walked in."} | key,
            "console.withdraw_answer": {},
        }

    def _course_forms(self) -> dict[str, dict[str, str]]:
        soon = (self.world.now + timedelta(days=30)).date().isoformat()
        rest = {"request_key": secrets.token_hex(12), "based_on": str(self.support.get("break_id", ""))}
        return {
            "console.balance": {"what": "unassigned"},
            "console.set_cap": {"learners": "40"},
            "console.add_break": {"name": "Holidays", "starts_on": soon, "ends_on": soon} | rest,
            "console.remove_break": {},
            "console.course_rules": {"do": "save", "silent_act_days": "20"},
            "console.organisation_rules": {"do": "save", "silent_act_days": "20"},
            "console.platform_roles": {"do": "save", "role-0": "tutor", "means-0": "mentor"}
            | self._mapping(),
            "console.take_back_roles": {"mapping": self._mapping()["based_on"]},
        }

    def _mapping(self) -> dict[str, str]:
        return {"based_on": str(self.support.get("mapping", ""))}

    def _more_time(self, activity: int) -> dict[str, str]:
        """Later than what stands, as a page shown a moment ago would send it."""
        with self.app.app_context():
            standing = find_standing(self.world.learner_id(MAIN, "ann"), activity)
            due_at = max(self.world.now, standing.due_at if standing else self.world.now) + timedelta(days=2)
            shown = standing.id if standing else ""
            db.session.rollback()
        typed = {"activity": f"{activity}:{shown}", "due_at": due_at.strftime("%Y-%m-%dT%H:%M")}
        return typed | {"request_key": secrets.token_hex(12)}

    def _seen(self) -> str:
        """What stands for ann, as her page would say."""
        with self.app.app_context():
            ann = self.world.learner_id(MAIN, "ann")
            open_flags = select(Flag).where(Flag.membership_id == ann, Flag.cleared_at.is_(None))
            newest = select(func.max(LearnerAnswer.id)).where(LearnerAnswer.membership_id == ann)
            seen = str(see(db.session.scalars(open_flags), db.session.scalar(newest) or 0))
            db.session.rollback()
            return seen

    def _task_version(self) -> int:
        """As the page shown a moment ago says."""
        with self.app.app_context():
            task = db.session.get(SupportTask, self.support.get("task_id", 0))
            version = task.version if task else 0
            db.session.rollback()
            return version

    def go(
        self,
        method: str,
        address: str,
        *,
        handle: str,
        secret: str | None,
        data: dict[str, str],
        **headers: str,
    ) -> TestResponse:
        """One request with exactly this cookie."""
        if secret is not None:
            headers["Cookie"] = f"{SESSION_COOKIE}={secret}"
        return self.client.open(address, method=method, data=data or None, headers=headers)

    def go_as(self, who: str, endpoint: str, method: str, learner_id: int) -> TestResponse:
        """One request as a person would make it from the tool's own page."""
        session = self.sessions[who]
        data = self.form(endpoint) if method == "POST" else {}
        if method == "POST":
            data["csrf_token"] = token_for(session.handle, session.secret)
        if endpoint == "console.add_break":  # its form stands on the page of the course
            page = self.go(
                "GET",
                self.address("console.course", session, learner_id),
                handle=session.handle,
                secret=session.secret,
                data={},
            )
            form = re.escape(self.address(endpoint, session, learner_id))
            based_on = rf'<form[^>]* action="{form}[#"].*?name="based_on" value="([^"]*)"'
            shown = re.search(based_on, page.get_data(as_text=True), re.DOTALL)
            data |= {"based_on": shown.group(1) if shown else "", "request_key": secrets.token_hex(12)}
        address = self.address(endpoint, session, learner_id)
        return self.go(method, address, handle=session.handle, secret=session.secret, data=data)

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything the database holds, as its driver gives it, but what is harmless."""
        (version,) = self.watch.execute("PRAGMA data_version").fetchone()
        if version != self._read[0]:
            self._read = version, self._read_rows()
        return self._read[1]

    def _read_rows(self) -> dict[str, list[tuple[object, ...]]]:
        return {
            name: self.watch.execute(f'SELECT * FROM "{name}"').fetchall()
            for name in Base.metadata.tables
            if name not in HARMLESS
        }

    def named(self, answer: TestResponse) -> set[tuple[str, str]]:
        """Learners whose name stands anywhere in an answer."""
        text = answer.get_data(as_text=True)
        everybody = [
            (place, who) for place in self.world.courses for who in (*LEARNERS, "learning mentor", "leaver")
        ]
        return {one for one in everybody if self.world.name_of(*one) in text}
