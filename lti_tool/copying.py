"""Copying a whole database into another one: how an installation moves from SQLite to PostgreSQL.

Row by row in the order of the tables' references, in one transaction: all of it arrives, or nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Table, create_engine, func, insert, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from course_sync.database import db
from course_sync.errors import CourseSyncError
from lti_tool.health import is_current

_ROWS = 1000


class CopyRefused(CourseSyncError):
    """The databases are not such that one can be copied into the other; the message says what to do."""


def copy_from(url: str) -> int:
    """Copy every row of the database at `url` into the application's, which must be empty; how many.

    Needs an application context. Raises CopyRefused; then nothing was written.
    """
    source = create_engine(_existing(url), hide_parameters=True)
    try:
        with source.connect() as old:
            _check_version(old)
            _check_empty()
            copied = sum(_copy_table(old, table) for table in db.metadata.sorted_tables)
            _set_counters()
            db.session.commit()
    except SQLAlchemyError as problem:
        db.session.rollback()
        raise CopyRefused(f"The databases could not be read or written ({type(problem).__name__}).") from None
    finally:
        source.dispose()
    return copied


def _existing(url: str) -> URL:
    """Asked for a file that is not there, SQLite would make an empty one."""
    address = make_url(url)
    if address.drivername == "sqlite" and not Path(address.database or "").is_file():
        raise CopyRefused(f"There is no file {address.database}.")
    return address


def _check_version(old: Connection) -> None:
    if not is_current(old):
        raise CopyRefused(
            "The database to copy is not of this version; run `ementor db upgrade` on it first, "
            "with its address in EMENTOR_DATABASE_URL."
        )


def _check_empty() -> None:
    for table in db.metadata.sorted_tables:
        if db.session.execute(select(table).limit(1)).first() is not None:
            raise CopyRefused(
                f"The database to fill is not empty: there are rows in {table.name}. "
                "Take a new one, run `ementor db upgrade`, and leave EMENTOR_TOOL_CONFIG unset until then."
            )


def _copy_table(old: Connection, table: Table) -> int:
    copied = 0
    ordered = select(table).order_by(*table.primary_key.columns)
    # Not into the session's memory: a course of 20,000 learners has a million rows.
    for rows in old.execution_options(yield_per=_ROWS).execute(ordered).partitions():
        values: list[dict[str, Any]] = [dict(row._mapping) for row in rows]
        db.session.connection().execute(insert(table), values)
        copied += len(values)
    return copied


def _set_counters() -> None:
    """PostgreSQL counts ids apart from the rows: its next one comes after the last that was copied."""
    if db.engine.dialect.name != "postgresql":
        return
    for table in db.metadata.sorted_tables:
        column = table.autoincrement_column
        if column is None:
            continue
        last = db.session.scalar(select(func.max(column)))
        counter = {"table": table.name, "column": column.name, "last": last or 1, "used": last is not None}
        statement = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last, :used)")
        db.session.execute(statement, counter)
