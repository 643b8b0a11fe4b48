"""How Alembic runs here: on the application's own engine, in batch mode for SQLite, without own logging."""

from __future__ import annotations

from typing import Any

from alembic import context

import course_sync.connection_models
import course_sync.forum_models
import course_sync.models
import lti_tool.models
import mentor_console.models
from course_sync.database import UtcDateTime, db

MODELS = (
    course_sync.models,
    course_sync.connection_models,
    course_sync.forum_models,
    mentor_console.models,
    lti_tool.models,
)
"""Imported so that every table is part of `db.metadata`."""


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Our aware datetime as the plain column type it is, so that old migrations never need today's code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Run the asked migrations in one transaction."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            render_item=render_item,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
