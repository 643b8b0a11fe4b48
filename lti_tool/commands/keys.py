"""`ementor keys` and `ementor secrets`: the tool's own keys, and what is stored encrypted.

The ring is lti_tool.keys, the sealing lti_tool.secrets and lti_tool.reencryption. Every change is audited.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime

import click

from lti_tool.commands.support import with_app
from lti_tool.keys import JWKS_CACHE_SECONDS, KEEP_AFTER_ROTATION, PUBLISH_FIRST, KeyState
from lti_tool.reencryption import reseal_all
from lti_tool.services import current_services


@click.group()
def keys() -> None:
    """The keys with which the tool signs."""


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_app
def list_keys(as_json: bool) -> None:
    """List the published keys, newest first."""
    states = current_services().keys.list_states()
    if as_json:
        click.echo(json.dumps([asdict(state) for state in states], indent=2, default=_iso))
        return
    for state in states:
        click.echo(_line_of(state))


@keys.command("rotate")
@click.option("--at-once", is_flag=True, help="A key got out: end the old ones now, not in a day.")
@with_app
def rotate(at_once: bool) -> None:
    """Make a new key and let the others run out.

    The new key is published at once and signs after ten minutes; the old ones stay published for a day.
    Nothing is done on any platform.
    """
    services = current_services()
    kid = services.keys.rotate(at_once=at_once)
    click.echo(f"The new key is {kid}.")
    if at_once:
        click.echo(
            "It signs from now on, in processes that run already too; the old ones are published no more."
        )
        click.echo(
            "Platforms that keep our key set may refuse the tool, and believe the old keys, until they read "
            f"it again; it tells them to do so after {JWKS_CACHE_SECONDS // 60} minutes."
        )
        return
    click.echo(
        f"It signs in {PUBLISH_FIRST.seconds // 60} minutes; the old ones stay published for "
        f"{int(KEEP_AFTER_ROTATION.total_seconds()) // 3600} hours. Nothing needs to be done on any platform."
    )


@click.group()
def secrets() -> None:
    """What is stored encrypted: the tool's private keys and the platforms' tokens."""


@secrets.command("reencrypt")
@with_app
def reencrypt() -> None:
    """Encrypt every stored secret anew; safe to repeat.

    For a change of EMENTOR_SECRET_KEY: put the new key in front (new,old), restart all processes, run this,
    then take the old key out.
    """
    services = current_services()
    outcome = reseal_all(services.sealer, services.clock.real_now())
    click.echo(f"{outcome.rewritten} stored secrets are encrypted under the first key of EMENTOR_SECRET_KEY.")
    if not outcome.left:
        click.echo("The keys after the first may be taken out of EMENTOR_SECRET_KEY now.")
        return
    for place in outcome.left:
        click.echo(f"  not opened by any key, left as it was: {place}", err=True)
    click.echo("Add the key that sealed them to EMENTOR_SECRET_KEY and repeat, or connect anew.", err=True)
    sys.exit(1)


def _line_of(state: KeyState) -> str:
    part = "signs" if state.signs else "published"
    ends = f", until {_iso(state.retired_at)}" if state.retired_at else ""
    return f"{state.kid}  made {_iso(state.created_at)}  {part}{ends}"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
