"""A deadline that passes while hand-ins cannot be read: unknown until the list comes back, then judged."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync.database import db
from course_sync.errors import PlatformUnreachable
from course_sync.models import ActiveDay, Activity, Organisation
from mentor_console.course_facts import know_learner
from mentor_console.evidence import get_evidence
from mentor_console.flagging import judge_anew
from mentor_console.learner_page import get_learner_page
from mentor_console.models import Flag
from mentor_console.screens import StepLine
from tests.harness.sync_world import START, SyncWorld, small_course, unix
from tests.integration.console_world import viewer_for

LIST = "mod_assign_get_submissions"
SILENT, DILIGENT = 147, 148
ASSIGNMENT = 76


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    """Read whole the day before the deadline; then the list of hand-ins fails for two days and a half."""
    world = small_course(SyncWorld())
    world.later(days=9)
    world.sync()
    world.moodle.failing[LIST] = PlatformUnreachable("down")
    for _ in range(2):
        world.later(days=1.5)
        assert world.sync().state == "partial"
        judge_anew(world.context_id, world.now)
    return world


def missed(world: SyncWorld, user_id: int) -> bool:
    """Whether the assignment stands as a missed deadline of this learner."""
    activity_id = db.session.scalars(select(Activity.id).filter_by(external_id=str(ASSIGNMENT))).one()
    flags = db.session.scalars(
        select(Flag).where(
            Flag.membership_id == world.member(user_id).id,
            Flag.rule == "missed_deadline",
            Flag.cleared_at.is_(None),
        )
    )
    return any(reason["values"]["activity_id"] == activity_id for flag in flags for reason in flag.reasons)


def step_of(world: SyncWorld, user_id: int) -> StepLine:
    member = world.member(user_id)
    trainer = viewer_for(world.member(144).person, member.context, is_trainer=True)
    page = get_learner_page(trainer, member, world.now)
    return next(step for step in page.progress.steps if step.module == "assign")


def test_while_the_list_cannot_be_read_nobody_missed_anything(world: SyncWorld) -> None:
    assert not missed(world, SILENT)
    step = step_of(world, SILENT)
    assert (step.state, step.read_at) == ("unknown", START + timedelta(days=9))


def test_when_the_list_is_back_it_decides(world: SyncWorld) -> None:
    del world.moodle.failing[LIST]
    world.moodle.submissions[(DILIGENT, 6)] = ("submitted", unix(START + timedelta(days=9.9)))
    world.later(hours=1)
    world.sync()
    judge_anew(world.context_id, world.now)
    assert (missed(world, SILENT), missed(world, DILIGENT)) == (True, False)
    assert (step_of(world, SILENT).state, step_of(world, DILIGENT).state) == ("late", "handed_in")


def test_the_evidence_is_of_the_last_look(world: SyncWorld) -> None:
    evidence = get_evidence(know_learner(world.member(SILENT), {}))
    assert evidence is not None
    assert evidence.measured_at == world.now
    assert get_evidence(know_learner(world.member(144), {})) is None, "no learner"


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_days_with_a_trace_are_days_of_the_organisation(app_context: Flask, zone: str) -> None:
    world = small_course(SyncWorld())
    organisation = db.session.scalars(select(Organisation)).one()
    organisation.time_zone = zone
    db.session.commit()
    world.sync()
    member = world.member(SILENT)
    days = set(db.session.scalars(select(ActiveDay.day).where(ActiveDay.membership_id == member.id)))
    assert member.last_access_at is not None
    assert days == {member.last_access_at.astimezone(ZoneInfo(zone)).date()}
