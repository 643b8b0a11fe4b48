"""Learners of whom nothing is read any more: neither Today nor their page says that they are fine."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import update

from course_sync.database import db
from course_sync.models import SOURCE_MOODLE, Membership
from course_sync.records import record_read
from mentor_console.models import Flag
from tests.harness.desk import Desk, prepare_desk
from tests.harness.world import MAIN


def leave_unread(desk: Desk, days: int) -> None:
    """Of the others of the course, visits were read today."""
    with desk.app.app_context():
        key = desk.world.learner_id(MAIN, "ann")
        moment = desk.world.now - timedelta(days=days)
        read = {"access_as_of": moment, "progress_as_of": moment}
        db.session.execute(update(Membership).where(Membership.id == key).values(**read))
        db.session.execute(update(Flag).where(Flag.membership_id == key).values(cleared_at=desk.world.now))
        record_read(desk.world.courses[MAIN].context.id, "access", SOURCE_MOODLE, desk.world.now)
        db.session.commit()


def test_nobody_is_fine_of_whom_nothing_is_read_any_more(app: Flask) -> None:
    desk = prepare_desk(app)
    leave_unread(desk, days=0)
    assert "No reason to disturb" in desk.open("mentor", desk.learner()).words
    leave_unread(desk, days=25)
    today, page = desk.open("mentor", "today").words, desk.open("mentor", desk.learner()).words
    assert "1 learner is fine. No reason to disturb them. Bob of Main" in today
    assert "Nothing new is known of 1 learner. Nobody can say whether all is well." in today
    assert "Ann of Main not read since " in today
    assert "Nothing new is known of Ann: not read since " in page
    assert "No reason to disturb" not in page
