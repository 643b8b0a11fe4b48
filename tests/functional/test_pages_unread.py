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


def test_nobody_is_called_fine_by_what_is_a_week_old(app: Flask) -> None:
    """While a platform does not answer everybody is known up to the same day, which is said."""
    desk = prepare_desk(app)
    week_ago = desk.world.now - timedelta(days=7)
    with desk.app.app_context():
        read = {"access_as_of": week_ago, "progress_as_of": week_ago}
        db.session.execute(update(Membership).values(**read))
        db.session.execute(update(Flag).values(cleared_at=desk.world.now))
        record_read(desk.world.courses[MAIN].context.id, "access", SOURCE_MOODLE, week_ago)
        db.session.commit()
    for page in (desk.open("mentor", "today"), desk.open("mentor", desk.learner())):
        assert "No reason to disturb" not in page.words
        assert "Nothing stood out for " in page.words
        assert "nothing newer" in page.words
    today = desk.open("mentor", "today").words
    assert "Nothing new is known." in today
    assert "A quiet day" not in today


def test_no_day_is_quiet_on_which_somebody_is_unread(app: Flask) -> None:
    desk = prepare_desk(app)
    leave_unread(desk, days=25)
    with desk.app.app_context():
        db.session.execute(update(Flag).values(cleared_at=desk.world.now))
        db.session.commit()
    today = desk.open("mentor", "today").words
    assert "Nobody needs you of whom something is known." in today
    assert "Among the others nobody needs you right now." in today
    assert "A quiet day" not in today
