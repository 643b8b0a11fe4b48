"""`ementor organisation`: the training organisations of an installation, each apart from all others."""

from __future__ import annotations

import json
from zoneinfo import available_timezones

import click
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Organisation, Platform
from lti_tool.audit import record_audit
from lti_tool.commands.support import with_app
from lti_tool.locale import match_offered
from lti_tool.services import current_services

MAX_NAME_CHARS = 200


@click.group()
def organisation() -> None:
    """Training organisations; nothing of one is ever visible to another."""


@organisation.command("add")
@click.option("--name", required=True, help="What people call it; no two have the same.")
@click.option("--locale", help="Language of its pages unless a person's own is known.")
@click.option("--time-zone", help="IANA name, such as Europe/Paris; its days begin and end there.")
@with_app
def add(name: str, locale: str | None, time_zone: str | None) -> None:
    """Add an organisation. Its platforms: ementor platform add --organisation NAME."""
    settings, now = current_services().settings, current_services().clock.real_now()
    row = Organisation(
        name=_check_name(name),
        locale=_check_locale(locale) if locale else settings.default_locale,
        time_zone=_check_time_zone(time_zone) if time_zone else settings.default_time_zone,
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    record_audit("organisation_added", {"organisation_id": row.id}, now, organisation_id=row.id)
    click.echo(f"Organisation {row.id} ({row.name}) is there.")


@organisation.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_app
def list_organisations(as_json: bool) -> None:
    """List the organisations with how many platforms each has."""
    statement = (
        select(Organisation, func.count(Platform.id))
        .outerjoin(Platform, Platform.organisation_id == Organisation.id)
        .group_by(Organisation.id)
        .order_by(Organisation.id)
    )
    rows = [_describe(row, platforms) for row, platforms in db.session.execute(statement)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("No organisation yet; the first platform makes the one of the settings.")
    for row in rows:
        where = f"{row['locale']}, {row['time_zone']}"
        click.echo(f"{row['id']:>4}  {row['name']}  {where}, platforms: {row['platforms']}")


def _describe(row: Organisation, platforms: int) -> dict[str, str | int]:
    return {
        "id": row.id,
        "name": row.name,
        "locale": row.locale,
        "time_zone": row.time_zone,
        "platforms": platforms,
    }


def _check_name(name: str) -> str:
    trimmed = name.strip()
    if not 0 < len(trimmed) <= MAX_NAME_CHARS or not trimmed.isprintable():
        raise click.ClickException(f"A name has 1 to {MAX_NAME_CHARS} characters.")
    if db.session.scalars(select(Organisation.id).where(Organisation.name == trimmed)).first() is not None:
        raise click.ClickException(f"There is an organisation called {trimmed} already.")
    return trimmed


def _check_locale(wish: str) -> str:
    offered = match_offered(wish)
    if offered is None:
        raise click.ClickException(f"The pages are not there in the language {wish}.")
    return offered


def _check_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise click.ClickException(f"There is no time zone {name}; Europe/Paris is one.")
    return name
