"""`ementor platform`: registering by hand, listing, connecting a Moodle's web services.

The registration itself is lti_tool.registration; tokens come from standard input only, never from arguments.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from course_sync.models import Platform
from lti_tool import registration
from lti_tool.audit import record_audit
from lti_tool.commands.support import PLATFORM_HELP, PLATFORM_NUMBER, with_app
from lti_tool.services import current_services


@click.group()
def platform() -> None:
    """Platforms (Moodle, Canvas) this tool is registered at."""


@platform.command("add")
@click.option("--name", required=True, help="What people call it.")
@click.option("--issuer", required=True, help="`iss` of the platform.")
@click.option("--client-id", required=True, help="The id the platform gave this tool.")
@click.option("--auth-login-url", required=True, help="OIDC authentication request address.")
@click.option("--auth-token-url", required=True, help="Access token address.")
@click.option("--jwks-url", required=True, help="Public keyset address.")
@click.option(
    "--deployment-id", "deployment_ids", required=True, multiple=True, help="May be given several times."
)
@with_app
def add(
    name: str,
    issuer: str,
    client_id: str,
    auth_login_url: str,
    auth_token_url: str,
    jwks_url: str,
    deployment_ids: tuple[str, ...],
) -> None:
    """Register a platform; repeating the command for the same issuer and client id updates it."""
    services = current_services()
    details = registration.PlatformDetails(
        name, issuer, client_id, auth_login_url, auth_token_url, jwks_url, deployment_ids
    )
    added = registration.add_platform(details, services.settings, services.clock.real_now())
    _audit(added, "platform_registered")
    click.echo(f"Platform {added.id} ({added.name}) is registered.")
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
        click.echo(f"{row['id']:>4}  {row['name']}  {row['issuer']}  client {row['client_id']}{moodle}")


@platform.command("connect-moodle")
@click.option("--platform", "platform_id", required=True, type=PLATFORM_NUMBER, help=PLATFORM_HELP)
@click.option("--url", required=True, help="Base address of the Moodle site.")
@with_app
def connect_moodle(platform_id: int, url: str) -> None:
    """Let the tool read a Moodle's web services; the token is read from standard input."""
    asked = sys.stdin.isatty()
    token = click.prompt("Web-service token", hide_input=True) if asked else sys.stdin.readline()
    services = current_services()
    connected = registration.connect_moodle(
        platform_id,
        url,
        token,
        sealer=services.sealer,
        allow_loopback=services.settings.allow_loopback_platforms,
        now=services.clock.real_now(),
    )
    _audit(connected, "moodle_connected")
    click.echo(f"{connected.name} is connected to {connected.moodle_url}. Pull its courses: ementor sync")


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
        "deployment_ids": sorted(deployment.deployment_id for deployment in row.deployments),
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


def _audit(row: Platform, action: str) -> None:
    now = current_services().clock.real_now()
    record_audit(action, {"platform_id": row.id}, now, organisation_id=row.organisation_id)
