"""`ementor platform`: invites and approval, registering by hand, listing, connecting a Moodle's web services.

The registration itself is lti_tool.registration; tokens come from standard input only, never from arguments.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import click

from course_sync.models import ACTIVE, PENDING, REFUSED, Organisation, Platform
from lti_tool import approvals, invites, moodle_services, registration
from lti_tool.commands.connection import check
from lti_tool.commands.support import PLATFORM_HELP, PLATFORM_NUMBER, with_app
from lti_tool.moodle_reports import LARGEST_NUMBER, name_report
from lti_tool.services import current_services

INVITE_HELP = "Number from: ementor platform invites"
organisation_option = click.option(
    "--organisation", default=None, help="Name of the organisation; the one of the settings unless given."
)

deployment_option = click.option(
    "--deployment", "deployment_id", default=None, help="One place of it only, by its deployment id."
)


@click.group()
def platform() -> None:
    """Platforms (Moodle, Canvas) this tool is registered at."""


platform.add_command(check)


@platform.command("add")
@click.option("--name", required=True, help="What people call it.")
@click.option("--issuer", required=True, help="`iss` of the platform.")
@click.option("--client-id", required=True, help="The id the platform gave this tool.")
@click.option("--auth-login-url", required=True, help="OIDC authentication request address.")
@click.option("--auth-token-url", required=True, help="Access token address.")
@click.option("--jwks-url", required=True, help="Public keyset address.")
@click.option(
    "--deployment-id",
    "deployment_ids",
    multiple=True,
    help="May be given several times; Canvas's may be left out and approved later.",
)
@click.option("--product", type=click.Choice(registration.PRODUCTS), default=None, help="moodle or canvas.")
@click.option("--auth-audience", default=None, help="Audience of access tokens, if not the token address.")
@organisation_option
@with_app
def add(organisation: str | None, product: str | None, **given: Any) -> None:
    """Register a platform; repeating the command for the same issuer and client id updates it."""
    services = current_services()
    details = registration.PlatformDetails(product=product or "", **given)
    now = services.clock.real_now()
    organisation_id = registration.get_organisation(organisation).id if organisation else None
    added = registration.add_platform(details, services.settings, now, organisation_id)
    click.echo(f"Platform {added.id} ({added.name}) is registered.")
    if added.status != ACTIVE:
        click.echo(f"It is still not let in: ementor platform approve --platform {added.id}")
    for place in added.deployments:
        if place.deployment_id in details.deployment_ids and place.status == REFUSED:
            let_in = f"ementor platform approve --platform {added.id} --deployment {place.deployment_id}"
            click.echo(f"Its place {place.deployment_id} is still not let in: {let_in}")
    click.echo(what_to_paste(services.settings.public_url))


@platform.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_app
def list_platforms(as_json: bool) -> None:
    """List the platforms."""
    rows = [describe(row) for row in registration.list_platforms()]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    if not rows:
        click.echo("No platform yet: ementor platform add --help")
    for row in rows:
        moodle = f", web services of {row['moodle_url']}" if row["moodle_url"] else ""
        state = "" if row["status"] == ACTIVE else f", {row['status']}"
        places = f", places that wait: {', '.join(row['waiting'])}" if row["waiting"] else ""
        places += f", places not let in: {', '.join(row['refused'])}" if row["refused"] else ""
        described = f"{row['issuer']}  client {row['client_id']}{moodle}{state}{places}"
        click.echo(f"{row['id']:>4}  {row['name']}  {described}")


@platform.command("connect-moodle")
@click.option("--platform", "platform_id", required=True, type=PLATFORM_NUMBER, help=PLATFORM_HELP)
@click.option("--url", required=True, help="Base address of the Moodle site.")
@click.option(
    "--report",
    "report_id",
    type=click.IntRange(0, LARGEST_NUMBER),
    default=None,
    help="Number of a report over course participants; 0 = none any more.",
)
@with_app
def connect_moodle(platform_id: int, url: str, report_id: int | None) -> None:
    """Let the tool read a Moodle's web services; the token is read from standard input."""
    asked = sys.stdin.isatty()
    token = click.prompt("Web-service token", hide_input=True) if asked else sys.stdin.readline()
    services = current_services()
    connected = moodle_services.connect_moodle(
        platform_id,
        url,
        token,
        sealer=services.sealer,
        allow_loopback=services.settings.allow_loopback_platforms,
        now=services.clock.real_now(),
    )
    if report_id is not None:
        name_report(connected, report_id or None, services.clock.real_now())
    click.echo(f"{connected.name} is connected to {connected.moodle_url}. Pull its courses: ementor sync")


@platform.command("invite")
@organisation_option
@click.option("--approve", is_flag=True, help="Let in what it brings at once, without another approval.")
@click.option(
    "--days",
    default=invites.DEFAULT_DAYS,
    show_default=True,
    type=click.IntRange(1, invites.MAX_DAYS),
    help="How long the link is good.",
)
@click.option(
    "--update", "update_id", type=PLATFORM_NUMBER, default=None, help="Bring this platform up to date."
)
@with_app
def invite(organisation: str | None, approve: bool, days: int, update_id: int | None) -> None:
    """Print a link with which one Moodle or Canvas connects itself, once."""
    services = current_services()
    now = services.clock.real_now()
    updates = registration.get_platform(update_id) if update_id else None
    made = invites.make_invite(
        _organisation_of(organisation, updates, now).id,
        own_origin=services.settings.public_url,
        now=now,
        days=days,
        approve_at_once=approve,
        updates=updates,
    )
    click.echo(made.link)


@platform.command("invites")
@with_app
def list_invites() -> None:
    """List invites; their links are shown only when they are made."""
    now = current_services().clock.real_now()
    listed = invites.list_all_invites()
    for row in listed:
        state = (invites.find_obstacle(row, now) or "invite_open").removeprefix("invite_")
        until = f"until {row.expires_at:%Y-%m-%d %H:%M} UTC"
        brought = f", platform {row.platform_id}" if row.platform_id else ""
        click.echo(f"{row.id:>4}  {row.organisation.name}  {state}, {until}{brought}")
    if not listed:
        click.echo("No invite yet: ementor platform invite")


@platform.command("withdraw")
@click.option("--invite", "invite_id", required=True, type=PLATFORM_NUMBER, help=INVITE_HELP)
@with_app
def withdraw(invite_id: int) -> None:
    """Take an invite back; its link connects nothing any more."""
    now = current_services().clock.real_now()
    row = invites.find_by_id(invite_id)
    if row is None or not invites.withdraw_invite(row, now):
        raise registration.RegistrationInvalid("invite: there is no open one of this number")
    click.echo(f"Invite {row.id} is taken back.")


@platform.command("approve")
@click.option("--platform", "platform_id", required=True, type=PLATFORM_NUMBER, help=PLATFORM_HELP)
@deployment_option
@with_app
def approve(platform_id: int, deployment_id: str | None) -> None:
    """Let a platform in, with every place of it that waits for approval; or one place, also a refused one."""
    row, now = registration.get_platform(platform_id), current_services().clock.real_now()
    if deployment_id is None:
        approvals.approve_platform(row, now)
        click.echo(f"Platform {row.id} ({row.name}) is let in.")
        return
    place = approvals.get_deployment(row, deployment_id)
    approvals.decide_deployment(row, place, now, approve=True)
    click.echo(f"Place {deployment_id} of platform {row.id} ({row.name}) is let in.")
    if row.status != ACTIVE:
        click.echo(f"The platform itself is still not: ementor platform approve --platform {row.id}")


@platform.command("refuse")
@click.option("--platform", "platform_id", required=True, type=PLATFORM_NUMBER, help=PLATFORM_HELP)
@deployment_option
@with_app
def refuse(platform_id: int, deployment_id: str | None) -> None:
    """Let a platform in no more, or one place of it; its courses and people stay."""
    row, now = registration.get_platform(platform_id), current_services().clock.real_now()
    if deployment_id is None:
        approvals.refuse_platform(row, now)
        click.echo(f"Platform {row.id} ({row.name}) is not let in any more.")
        return
    place = approvals.get_deployment(row, deployment_id)
    approvals.decide_deployment(row, place, now, approve=False)
    click.echo(f"Place {deployment_id} of platform {row.id} ({row.name}) is not let in any more.")


def _organisation_of(name: str | None, updates: Platform | None, now: datetime) -> Organisation:
    """Whom an invite is for: as named, else the platform's own, else the one of the settings."""
    if name:
        named = registration.get_organisation(name)
        if updates is not None and updates.organisation_id != named.id:
            raise registration.RegistrationInvalid(
                f"organisation: platform {updates.id} belongs to another one; leave --organisation out"
            )
        return named
    if updates is not None:
        return updates.organisation
    return registration.get_default_organisation(current_services().settings, now)


def describe(row: Platform) -> dict[str, Any]:
    """A platform as programs read it; no secret."""
    return {
        "id": row.id,
        "name": row.name,
        "issuer": row.issuer,
        "client_id": row.client_id,
        "auth_login_url": row.auth_login_url,
        "auth_token_url": row.auth_token_url,
        "jwks_url": row.jwks_url,
        "organisation": row.organisation.name,
        "product": row.product,
        "status": row.status,
        "deployment_ids": sorted(d.deployment_id for d in row.deployments if d.status == ACTIVE),
        "waiting": sorted(d.deployment_id for d in row.deployments if d.status == PENDING),
        "refused": sorted(d.deployment_id for d in row.deployments if d.status == REFUSED),
        "moodle_url": row.moodle_url,
    }


def what_to_paste(public_url: str) -> str:
    """What the administrator of the LMS fills in on the other side."""
    return f"""
Fill in on the platform's side:
  Tool URL               {public_url}/lti/launch
  Initiate login URL     {public_url}/lti/login
  Redirection URI        {public_url}/lti/launch
  Public keyset URL      {public_url}/.well-known/jwks.json
  Public key type        keyset URL
  Services               names and roles (membership) only; no grades
  Privacy                share name and e-mail address
  Custom parameters      coursesection_timeframe_begin=$CourseSection.timeFrame.begin
                         coursesection_timeframe_end=$CourseSection.timeFrame.end
                         person_address_timezone=$Person.address.timezone
"""
