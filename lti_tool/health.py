"""Whether this process can do its work: the database answers and holds the tables this version expects."""

from __future__ import annotations

from functools import cache

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from course_sync.database import db
from lti_tool.paths import migrations_folder


def find_obstacle() -> str | None:
    """Why the tool is not ready, as a short code; None = it is."""
    try:
        with db.engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_heads()
    except SQLAlchemyError:
        return "database_unreachable"
    return None if set(current) == _expected_heads() else "database_not_migrated"


def has_tables() -> bool:
    """Whether the database was migrated at all, so that a start may read and write it."""
    try:
        return inspect(db.engine).has_table("tool_key")
    except SQLAlchemyError:
        return False


@cache
def _expected_heads() -> frozenset[str]:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    return frozenset(ScriptDirectory.from_config(config).get_heads())
