"""`ementor`: the command line of an installation. Parses, calls, prints; each command works on one thing.

Errors people can meet end with one sentence on standard error and exit status 1, never a traceback.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from lti_tool.commands.audit import audit
from lti_tool.commands.flags import flags
from lti_tool.commands.keys import keys, secrets
from lti_tool.commands.organisation import organisation
from lti_tool.commands.person import person
from lti_tool.commands.platform import platform
from lti_tool.commands.refusals import refusals
from lti_tool.commands.support import app_running, make_app, make_ready_app, upgrade_database, with_app
from lti_tool.commands.syncing import INTERRUPTED, progress_bar, sync_courses
from lti_tool.config import parse_database_url
from lti_tool.copying import copy_from
from lti_tool.demo import DemoAddresses, DemoError, demo_environment, lms_state, run_demo
from lti_tool.demo_lock import forget_state, hold_state
from lti_tool.demo_seed import seed_demo
from lti_tool.serve import GRACE_SECONDS
from lti_tool.serve import serve as serve_app
from lti_tool.worker import run_worker


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """E-mentor layer for courses in Moodle and Canvas."""


@main.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to this version; safe to repeat."""
    with app_running():
        upgrade_database()
    click.echo("The database is up to date.")


@db.command("copy")
@click.option("--from", "source", required=True, help="Address of the database to copy: sqlite:///FILE")
@with_app
def db_copy(source: str) -> None:
    """Fill this empty database with everything from another one. Stop the tool and its workers first."""
    try:
        copied = copy_from(parse_database_url(source))
    except ValueError as problem:
        raise click.ClickException(f"--from: {problem}") from None
    click.echo(f"Copied {copied} rows.")


grace_option = click.option(
    "--grace",
    default=GRACE_SECONDS,
    show_default=True,
    type=click.IntRange(0, 600),
    help="Seconds for what is under way when told to stop.",
)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option(
    "--threads", default=8, show_default=True, type=click.IntRange(1, 64), help="Threads in each process."
)
@grace_option
def serve(host: str, port: int, workers: int, threads: int, grace: int) -> None:
    """Serve the web pages. Put a reverse proxy with HTTPS before it in production."""
    app = make_ready_app()
    serve_app(app, host=host, port=port, workers=workers, threads=threads, grace_seconds=grace)


@main.command()
@grace_option
def worker(grace: int) -> None:
    """Run queued jobs and the schedule, until stopped."""
    run_worker(make_ready_app(), grace_seconds=grace)
    leave_at_once(0)


@main.command()
@click.option("--context", "course", help="The LMS's own course id; with several platforms PLATFORM:COURSE.")
@with_app
def sync(course: str | None) -> None:
    """Pull course progress now: one course, or all of them."""
    status = sync_courses(course)
    if status == INTERRUPTED:
        leave_at_once(status)
    sys.exit(status)


@main.command()
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), default=Path(".demo"), show_default=True
)
@click.option("--port", default=8000, show_default=True, envvar="PORT", type=click.IntRange(1, 65535))
@click.option("--lms-port", default=8001, show_default=True, envvar="LMS_PORT", type=click.IntRange(1, 65535))
@click.option("--forget", is_flag=True, help="Forget what the demo has kept, instead of running it.")
def demo(state: Path, port: int, lms_port: int, forget: bool) -> None:
    """Run the demo LMS, the tool and its worker on this machine."""
    running = f"A demo is running on {state}: end it first (Ctrl-C in its window)."
    if forget:
        if not forget_state(state):
            raise click.ClickException(running)
        click.echo("The demo starts afresh next time.")
        return
    lms_state(state).mkdir(parents=True, exist_ok=True)
    with hold_state(state) as held:
        if not held:
            raise click.ClickException(running)
        status = _run_demo(state, DemoAddresses(port, lms_port))
    leave_at_once(status)


def _run_demo(state: Path, addresses: DemoAddresses) -> int:
    os.environ.update(demo_environment(state, addresses, os.environ))
    app = make_app()
    with app.app_context():
        upgrade_database()

    def seed(where: DemoAddresses) -> None:
        with app.app_context(), progress_bar("First sync") as watcher:
            seed_demo(where, watcher)

    try:
        return run_demo(state, addresses, seed)
    except DemoError as problem:
        raise click.ClickException(str(problem)) from problem


def leave_at_once(status: int) -> NoReturn:
    """End this process without waiting for threads that wait for a platform; they count no more."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


main.add_command(platform)
main.add_command(organisation)
main.add_command(person)
main.add_command(flags)
main.add_command(keys)
main.add_command(audit)
main.add_command(refusals)
main.add_command(secrets)

if __name__ == "__main__":
    main()
