"""`ementor person`: roles given from the command line, the way the first admin comes to be."""

from __future__ import annotations

from datetime import datetime

import click
from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Context, Person, Platform
from course_sync.records import record_launch
from lti_tool.commands.support import PLATFORM_HELP, PLATFORM_NUMBER, ExternalId, with_app
from lti_tool.services import current_services
from mentor_console.grants import grant_role


@click.group()
def person() -> None:
    """People and their roles in the tool."""


@person.command("grant")
@click.option("--platform", "platform_id", required=True, type=PLATFORM_NUMBER, help=PLATFORM_HELP)
@click.option(
    "--user", "subject", required=True, type=ExternalId(), help="The platform's own user id (`sub`)."
)
@click.option("--role", required=True, type=click.Choice(["trainer", "admin", "mentor"]))
@click.option(
    "--context", "course", type=ExternalId(), help="The LMS's own course id; needed for trainer and mentor."
)
@with_app
def grant(platform_id: int, subject: str, role: str, course: str | None) -> None:
    """Give a role. A person or course not seen yet gets its name at the first launch or sync."""
    platform = db.session.get(Platform, platform_id)
    if platform is None:
        raise click.ClickException(f"There is no platform {platform_id}; see: ementor platform list")
    if role == "admin" and course is not None:
        raise click.ClickException("An admin is admin of the whole organisation: leave --context out.")
    if role != "admin" and course is None:
        raise click.ClickException(f"A {role} is {role} of one course: say which with --context.")
    now = current_services().clock.real_now()
    target = _get_or_record_person(platform, subject, now)
    context = _get_or_record_context(platform, course) if course is not None else None
    grant_role(target, role, context, None, now)
    click.echo(f"User {subject} of {platform.name} is {role}" + (f" of course {course}." if course else "."))
    if context is not None and not _was_seen(context):
        click.echo(
            f"No launch from a course {course} was seen yet; if that is its id in the LMS, all is well."
        )


def _get_or_record_person(platform: Platform, subject: str, now: datetime) -> Person:
    statement = select(Person).where(Person.platform_id == platform.id, Person.external_id == subject)
    known = db.session.scalars(statement).one_or_none()
    if known is not None:
        return known
    record = record_launch(
        platform_id=platform.id,
        organisation_id=platform.organisation_id,
        subject=subject,
        names={},
        email="",
        locale="",
        time_zone="",
        context=None,
        roles=[],
        now=now,
    )
    return record.person


def _was_seen(context: Context) -> bool:
    """Whether a launch or a sync has told of this course; a mistyped id stays a bare number for ever."""
    return bool(context.title or context.label or context.memberships_url)


def _get_or_record_context(platform: Platform, course: str) -> Context:
    statement = select(Context).where(Context.platform_id == platform.id, Context.external_id == course)
    context = db.session.scalars(statement).one_or_none()
    if context is None:
        context = Context(
            organisation_id=platform.organisation_id, platform_id=platform.id, external_id=course
        )
        db.session.add(context)
        db.session.flush()
    return context
