"""The page of the course data: the last updates in words, and a button that stops the one that runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.models import Platform, SyncRun
from course_sync.records import record_failure
from tests.harness.desk import Desk, prepare_desk
from tests.harness.world import MAIN


@pytest.fixture
def desk(app: Flask) -> Desk:
    return prepare_desk(app)


def add_run(desk: Desk, hours_ago: float = 1, **values: Any) -> int:
    """One sync of the main course."""
    began = desk.app.extensions["ementor"].clock.real_now() - timedelta(hours=hours_ago)
    told: dict[str, Any] = {
        "trigger": "schedule",
        "state": "done",
        "started_at": began,
        "beat_at": began,
        "finished_at": began + timedelta(seconds=75),
        "as_of": desk.world.now - timedelta(hours=hours_ago),
        "errors": [],
    }
    with desk.app.app_context():
        run = SyncRun(context_id=desk.world.courses[MAIN].context.id, **told | values)
        db.session.add(run)
        db.session.commit()
        return run.id


def run_of(desk: Desk, run_id: int) -> SyncRun:
    with desk.app.app_context():
        run = db.session.get_one(SyncRun, run_id)
        db.session.expunge(run)
        return run


def problem(kind: str, code: str) -> dict[str, str]:
    return {"kind": kind, "source": "moodle", "code": code, "detail": ""}


@pytest.mark.parametrize("who", ["mentor", "trainer", "admin"])
def test_the_last_updates_stand_in_words(desk: Desk, who: str) -> None:
    add_run(desk, 3, requests=14, learners_read=1, rows_changed=26)
    add_run(desk, 2, trigger="person", state="partial", errors=[problem("grades", "timeout")])
    add_run(desk, 1, trigger="cli", state="cancelled", errors=[problem("completion", "cancelled")])
    words = desk.open(who, "sync").words
    assert "by the schedule: everything was read" in words
    assert "1 min 15 s · 14 requests · 1 learner read · 26 facts changed" in words
    assert "asked for on this page: read in part" in words
    assert "Not up to date: grades. The learning platform did not answer." in words
    assert "from the command line: stopped on request" in words
    assert (
        words.index("stopped on request") < words.index("read in part") < words.index("everything was read")
    )


def test_a_host_that_is_left_alone_is_said_to_be_so(desk: Desk) -> None:
    add_run(desk, state="failed", errors=[problem("roster", "circuit_open")])
    words = desk.open("mentor", "sync").words
    assert "it is being left alone for a while" in words


@pytest.mark.parametrize(
    ("code", "said"), [("cut_off", "It was cut off"), ("internal", "a fault of this tool")]
)
def test_an_update_that_broke_off_says_through_whom(desk: Desk, code: str, said: str) -> None:
    add_run(desk, state="failed", errors=[{"kind": "run", "source": "", "code": code, "detail": "X"}])
    words = desk.open("trainer", "sync").words
    assert said in words
    assert "by the schedule: it broke off" in words


def test_twenty_updates_are_enough(desk: Desk) -> None:
    for number in range(25):
        add_run(desk, 30 - number, requests=1000 + number)
    words = desk.open("trainer", "sync").words
    assert "1,024 requests" in words or "1024 requests" in words
    assert "1005 requests" in words
    assert "1004 requests" not in words


def test_an_update_that_runs_can_be_stopped(desk: Desk) -> None:
    run_id = add_run(desk, 0, state="running", finished_at=None, step="grades")
    page = desk.open("mentor", "sync")
    assert page.form("/sync/stop")
    stopped = desk.follow("mentor", "sync/stop", {})
    assert "It is being stopped." in stopped.words
    assert "Stop the update" not in stopped.words
    assert run_of(desk, run_id).cancel_asked_at is not None
    assert run_of(desk, run_id).state == "running"


def test_an_update_whose_worker_is_gone_is_closed_at_once(desk: Desk) -> None:
    run_id = add_run(desk, 1, state="running", finished_at=None)
    assert "stopped on request" in desk.follow("trainer", "sync/stop", {}).words
    assert run_of(desk, run_id).state == "cancelled"


def test_stopping_when_nothing_runs_changes_nothing(desk: Desk) -> None:
    add_run(desk)
    assert "Update now" in desk.follow("mentor", "sync/stop", {}).words
    with desk.app.app_context():
        assert list(db.session.scalars(select(SyncRun.state))) == ["done"]


@pytest.mark.parametrize(("who", "path"), [("mentor", "today"), ("mentor", "sync"), ("trainer", "course")])
def test_whose_own_token_was_refused_is_told_so_and_nobody_else(desk: Desk, who: str, path: str) -> None:
    told = "Moodle refused the token of your own account"
    with desk.app.app_context():
        when = desk.world.now
        row = PersonToken(person_id=desk.person_id(who), token_sealed="x", connected_at=when, refused_at=when)
        db.session.add(row)
        # Of a site that is connected as a whole nobody's own token is needed.
        db.session.get_one(Platform, desk.world.courses[MAIN].context.platform_id).moodle_url = None
        db.session.commit()
    assert told in desk.open(who, path).words
    assert told not in desk.open("trainer" if who == "mentor" else "mentor", "sync").words


@pytest.mark.parametrize("who", ["mentor", "trainer", "learner"])
def test_how_many_no_account_sees_is_said_to_who_can_do_something_about_it(desk: Desk, who: str) -> None:
    with desk.app.app_context():
        course_id = desk.world.courses[MAIN].context.id
        for kind in ("grades", "completion"):
            record_failure(course_id, kind, "moodle", "unread_by_accounts", "3", desk.world.now)
        db.session.commit()
    words = desk.open(who, "sync").words
    told = "3 learners of this course are seen by none of the accounts that it is read with."
    assert (told in words) is (who != "learner")
    assert "In the platform’s own words" not in words
    assert "It was never read yet" not in words
