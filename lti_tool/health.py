"""Whether this process can do its work: the database answers and holds the tables this version expects."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.exc import SQLAlchemyError

from course_sync.database import db
from lti_tool.config import PROCRASTINATE
from lti_tool.paths import migrations_folder
from lti_tool.services import current_services

_VERSION = table("alembic_version", column("version_num"))
"""Of Alembic, which itself is imported only where a database is migrated: every process asks here."""


def find_obstacle() -> str | None:
    """Why the tool is not ready, as a short code; None = it is."""
    try:
        with db.engine.connect() as connection:
            current_here = is_current(connection)
    except SQLAlchemyError:
        return "database_unreachable"
    return None if current_here and _has_tables_of_jobs() else "database_not_migrated"


def is_current(connection: Connection) -> bool:
    """Whether this database has seen every migration of this version, and none of a later one."""
    if not inspect(connection).has_table(_VERSION.name):
        return False
    return connection.scalars(select(_VERSION.c.version_num)).all() == [newest_migration()]


def has_tables() -> bool:
    """Whether the database was migrated at all, so that a start may read and write it."""
    try:
        return inspect(db.engine).has_table("tool_key")
    except SQLAlchemyError:
        return False


def _has_tables_of_jobs() -> bool:
    """Whether what runs jobs finds its tables: our own, or those procrastinate needs beside them."""
    if current_services().settings.jobs != PROCRASTINATE:
        return True
    from lti_tool import procrastinate_queue

    return procrastinate_queue.has_tables()


@cache
def newest_migration() -> str:
    """The number of the last migration of this version: its file's name begins with it."""
    return max(file.name for file in (migrations_folder() / "versions").glob("[0-9]*.py")).partition("_")[0]
