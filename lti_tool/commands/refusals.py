"""`ementor refusals`: why people could not get in lately, platforms nobody knows included."""

from __future__ import annotations

import click

from lti_tool.commands.support import with_app
from lti_tool.refusal_advice import ADVICE
from lti_tool.refusal_log import SHOWN, list_all
from lti_tool.services import current_services


@click.command()
@with_app
def refusals() -> None:
    """Logins and launches refused in the last two weeks, grouped by reason, latest first."""
    lines = list_all(current_services().clock.real_now())
    if not lines:
        click.echo(f"Nobody was refused in the last {SHOWN.days} days.")
    for line in lines:
        where = ", ".join(line.platform_names) or "a platform this tool does not know"
        click.echo(f"{line.refusals:>6}  {line.code}  last {line.last_at:%Y-%m-%d %H:%M} UTC  {where}")
        if line.code in ADVICE:
            click.echo(f"        {ADVICE[line.code].meaning} {ADVICE[line.code].remedy}")
