"""Whether this process can do its work: the database answers and holds the tables this version expects."""

from __future__ import annotations

from functools import cache

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from course_sync.database import db
from lti_tool.config import PROCRASTINATE
from lti_tool.paths import migrations_folder
from lti_tool.services import current_services


def find_obstacle() -> str | None:
    """Why the tool is not ready, as a short code; None = it is."""
    try:
        with db.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_heads()
    except SQLAlchemyError:
        return "database_unreachable"
    current_here = set(current) == expected_heads() and _has_tables_of_jobs()
    return None if current_here else "database_not_migrated"


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
def expected_heads() -> frozenset[str]:
    """The newest migrations of this version."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    return frozenset(ScriptDirectory.from_config(config).get_heads())
