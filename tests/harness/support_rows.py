"""What people have done for ann of the main course: one row of each kind that a form can take back."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import PENDING, Activity, Deployment
from lti_tool.models import Invite
from mentor_console.models import (
    Contact,
    CourseBreak,
    Extension,
    Flag,
    LearnerAnswer,
    RoleMapping,
    RoleRule,
    SupportTask,
    TaskChange,
)
from tests.harness.world import MAIN, World


def add_support(world: World) -> dict[str, int]:
    """Ids by the name they have in an address; "contact" for what can be taken back, "activity" of a step."""
    course, now = world.courses[MAIN], world.now
    ann, mentor = course.members["ann"].id, course.people["mentor"].id
    trainer, day = course.people["trainer"].id, timedelta(days=1)
    activity = db.session.scalars(select(Activity).where(Activity.context_id == course.context.id)).one()
    flag = Flag(membership_id=ann, rule="silent", level="act", kind="social", raised_at=now, evaluated_at=now)
    task = SupportTask(
        membership_id=ann,
        kind="social",
        title="Ring in the evening",
        due_on=now.date(),
        created_by_id=mentor,
        created_at=now,
        updated_at=now,
        request_key="task of ann",
    )
    answer = LearnerAnswer(
        membership_id=ann, kind="need_help", text="Please explain.", given_at=now - day, request_key="answer"
    )
    extension = Extension(
        membership_id=ann,
        activity_id=activity.id,
        due_at=now + 7 * day,
        given_by_id=mentor,
        given_at=now,
    )
    rest = CourseBreak(
        context_id=course.context.id,
        name="Feast",
        starts_on=(now + 20 * day).date(),
        ends_on=(now + 21 * day).date(),
        added_by_id=trainer,
        added_at=now,
    )
    db.session.add_all([flag, task, answer, extension, rest])
    db.session.flush()
    change = {"task_id": task.id, "version": 1, "before": None, "changed_by_id": mentor, "changed_at": now}
    db.session.add(TaskChange(**change))
    contact = db.session.scalars(select(Contact.id).where(Contact.membership_id == ann)).one()
    mapping = _map_a_role(world)
    db.session.commit()
    ids = {"task_id": task.id, "answer_id": answer.id, "extension_id": extension.id, "break_id": rest.id}
    return (
        ids | {"contact": contact, "activity": activity.id, "mapping": mapping.id} | _wait_for_an_admin(world)
    )


def _wait_for_an_admin(world: World) -> dict[str, int]:
    """An open invite and a place of the platform that waits."""
    platform, made_at = world.courses[MAIN].platform, world.now - timedelta(days=1)
    invite = Invite(
        token_hash="0" * 64,
        organisation_id=platform.organisation_id,
        created_at=made_at,
        expires_at=world.real_now + timedelta(days=1),
    )
    place = Deployment(platform_id=platform.id, deployment_id="waits", status=PENDING, seen_at=made_at)
    db.session.add_all([invite, place])
    db.session.commit()
    return {"invite_id": invite.id, "deployment_row": place.id}


def _map_a_role(world: World) -> RoleMapping:
    """A rule for a role that nobody has."""
    course = world.courses[MAIN]
    mapping = RoleMapping(
        organisation_id=course.platform.organisation_id,
        platform_id=course.platform.id,
        version=1,
        created_by_id=course.people["admin"].id,
        created_at=world.now - timedelta(days=1),
    )
    db.session.add(mapping)
    db.session.flush()
    rule = {"role_name": "coach", "means": "mentor", "opened_by_id": mapping.id}
    db.session.add(RoleRule(platform_id=course.platform.id, **rule))
    return mapping
