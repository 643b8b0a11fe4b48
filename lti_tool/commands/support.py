"""What every command shares: the application of this environment, and errors as one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import click
from flask import Flask

from course_sync.database import db
from course_sync.errors import CourseSyncError
from lti_tool.app import create_app
from lti_tool.config import ConfigError, load_settings
from lti_tool.health import find_obstacle
from lti_tool.registration import RegistrationInvalid
from mentor_console.errors import ConsoleError

Command = TypeVar("Command", bound=Callable[..., Any])


def make_app() -> Flask:
    """The application of this environment. Raises ClickException naming a wrong setting."""
    try:
        return create_app(load_settings(os.environ))
    except ConfigError as problem:
        raise click.ClickException(str(problem)) from problem


@contextmanager
def app_running() -> Iterator[Flask]:
    """The application's context; its connections are closed afterwards."""
    app = make_app()
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            db.engine.dispose()


OBSTACLES = {
    "database_unreachable": "The database cannot be reached; see EMENTOR_DATABASE_URL.",
    "database_not_migrated": "The database is not up to date; run: ementor db upgrade",
}


def with_app(command: Command) -> Command:
    """Run the command on a ready database, in the application's context; errors end as one sentence."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        with app_running():
            obstacle = find_obstacle()
            if obstacle is not None:
                raise click.ClickException(OBSTACLES[obstacle])
            try:
                return command(*args, **kwargs)
            except (ConsoleError, CourseSyncError, ConfigError, RegistrationInvalid) as problem:
                raise click.ClickException(str(problem) or type(problem).__name__) from problem

    return run  # type: ignore[return-value]
