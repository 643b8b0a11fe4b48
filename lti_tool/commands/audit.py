"""`ementor audit`: who changed what, the installation's keys included; ids and codes as they are stored."""

from __future__ import annotations

import json
from typing import Any

import click

from lti_tool.audit import list_newest
from lti_tool.commands.support import MAX_ID, with_app
from mentor_console.models import AuditEntry

MAX_ENTRIES = 10_000


@click.command()
@click.option(
    "--organisation", type=click.IntRange(1, MAX_ID), help="Of this one only: ementor organisation list"
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MAX_ENTRIES))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_app
def audit(organisation: int | None, limit: int, as_json: bool) -> None:
    """Who changed roles, platforms, invites and keys, newest first."""
    entries = [_describe(entry) for entry in list_newest(limit, organisation)]
    if as_json:
        click.echo(json.dumps(entries, indent=2))
        return
    if not entries:
        click.echo("There are no entries yet.")
    for entry in entries:
        click.echo(_line_of(entry))


def _describe(entry: AuditEntry) -> dict[str, Any]:
    return {
        "at": entry.happened_at.isoformat(timespec="seconds"),
        "organisation": entry.organisation_id,
        "by_person": entry.actor_id,
        "action": entry.action,
        "subject": entry.subject,
    }


def _line_of(entry: dict[str, Any]) -> str:
    where = f"organisation {entry['organisation']}" if entry["organisation"] else "the installation"
    who = f"person {entry['by_person']}" if entry["by_person"] else "the command line or a platform"
    subject = ", ".join(f"{key} {value}" for key, value in entry["subject"].items() if value is not None)
    return f"{entry['at']}  {entry['action']}  {where}, by {who}: {subject}".rstrip(": ")
