"""`ementor refusals`: why people and platforms could not get in lately, those nobody knows included."""

from __future__ import annotations

import click

from lti_tool.commands.support import with_app
from lti_tool.refusal_log import SHOWN, RefusedLately, list_all
from lti_tool.registration_advice import find_advice
from lti_tool.services import current_services


@click.command()
@with_app
def refusals() -> None:
    """Logins, launches and registrations refused in the last two weeks, grouped by reason, latest first."""
    lines = list_all(current_services().clock.real_now())
    if not lines:
        click.echo(f"Nobody was refused in the last {SHOWN.days} days.")
    for line in lines:
        click.echo(
            f"{line.refusals:>6}  {line.code}  last {line.last_at:%Y-%m-%d %H:%M} UTC  {_where_from(line)}"
        )
        if line.unsigned:
            click.echo(f"        Nobody knows who sent {line.unsigned} of these: they were not signed.")
        if line.untold:
            click.echo(f"        Of {line.untold} it is not known whether they were signed.")
        advice = find_advice(line.code)
        if advice is not None:
            click.echo(f"        {advice.meaning} {advice.remedy}")


def _where_from(line: RefusedLately) -> str:
    invites = [f"an invite of {name}" for name in line.inviting]
    nobodys = "an unknown invite" if line.is_registration else "a platform this tool does not know"
    return ", ".join([*line.platform_names, *invites]) or nobodys
