"""What every command shares: the application of this environment, and errors as one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from course_sync.database import db
from course_sync.errors import CourseSyncError
from lti_tool.app import create_app
from lti_tool.config import ConfigError, load_settings
from lti_tool.health import find_obstacle
from lti_tool.registration import RegistrationInvalid
from lti_tool.registration_refusals import RegistrationRefused
from mentor_console.errors import ConsoleError

Command = TypeVar("Command", bound=Callable[..., Any])


MAX_ID = 2**31 - 1
"""Ids are 32-bit on PostgreSQL; a larger number is nobody's."""
PLATFORM_NUMBER = click.IntRange(1, MAX_ID)
PLATFORM_HELP = "Number from: ementor platform list"
MAX_EXTERNAL_ID_CHARS = 255
"""LTI core 5.3.6.1."""


class ExternalId(click.ParamType):
    """An id of the platform's own: a text as LTI allows it."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text without blanks around it. Fails as click does for nothing and for too much."""
        text = str(value).strip()
        if not 0 < len(text) <= MAX_EXTERNAL_ID_CHARS or not text.isprintable():
            self.fail(f"must be a text of 1 to {MAX_EXTERNAL_ID_CHARS} characters", param, ctx)
        return text


def make_app() -> Flask:
    """The application of this environment. Raises ClickException naming a wrong setting."""
    try:
        return create_app(load_settings(os.environ))
    except ConfigError as problem:
        raise click.ClickException(str(problem)) from problem


def make_ready_app() -> Flask:
    """The application on a database that is ready for it. Raises ClickException saying what is missing."""
    app = make_app()
    with app.app_context():
        try:
            refuse_obstacle()
        finally:
            _let_go()  # a server may fork after this
    return app


def upgrade_database() -> None:
    """Bring the database to this version. Raises ClickException where it cannot be reached or changed."""
    from lti_tool.migrating import upgrade  # brings Alembic

    file = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    if file and file != ":memory:" and not Path(file).parent.is_dir():
        raise click.ClickException(f"EMENTOR_DATABASE_URL: there is no folder {Path(file).parent}; create it")
    try:
        upgrade()
    except CourseSyncError as problem:
        raise click.ClickException(str(problem)) from problem
    except SQLAlchemyError as problem:
        if find_obstacle() == UNREACHABLE:
            raise click.ClickException(OBSTACLES[UNREACHABLE]) from None
        # Its text may hold the statement and an address; the name of the failure is enough to search for.
        raise click.ClickException(f"The database could not be changed ({type(problem).__name__}).") from None


def refuse_obstacle() -> None:
    """Raises ClickException in the words of OBSTACLES unless the database is ready."""
    obstacle = find_obstacle()
    if obstacle is not None:
        raise click.ClickException(OBSTACLES[obstacle])


@contextmanager
def app_running() -> Iterator[Flask]:
    """The application's context; its connections are closed afterwards."""
    app = make_app()
    with app.app_context():
        try:
            yield app
        finally:
            _let_go()


def _let_go() -> None:
    db.session.remove()
    db.engine.dispose()


UNREACHABLE = "database_unreachable"
OBSTACLES = {
    UNREACHABLE: "The database cannot be reached; see EMENTOR_DATABASE_URL.",
    "database_not_migrated": "The database is not up to date; run: ementor db upgrade",
}


def with_app(command: Command) -> Command:
    """Run the command on a ready database, in the application's context; errors end as one sentence."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        with app_running():
            refuse_obstacle()
            try:
                return command(*args, **kwargs)
            except (
                ConsoleError,
                CourseSyncError,
                ConfigError,
                RegistrationInvalid,
                RegistrationRefused,
            ) as problem:
                raise click.ClickException(str(problem) or type(problem).__name__) from problem

    return run  # type: ignore[return-value]
