"""Writing past the session's objects: insert what is not there, update what changed, many rows in chunks.

Both databases know INSERT ... ON CONFLICT DO NOTHING, so that two processes that meet end as one row and
no error. Commits nothing; the caller does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Delete, Table, Update, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from course_sync.database import Model, db, table_of

T = TypeVar("T")

CHUNK_ROWS = 500


def chunked(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Slices of at most `size` items, in order."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def insert_new(model: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows that break no unique index; all rows name the same columns. How many were new."""
    statement = _insert(table_of(model), db.engine.dialect.name)
    return sum(_execute(statement, chunk) for chunk in chunked(rows, CHUNK_ROWS))


def update_changed(model: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Update rows by their `id`; all rows name the same columns. How many were there to update.

    In order of id: two processes that update the same rows then never wait for each other in a circle.
    """
    statement = _update_by_id(table_of(model))
    bound = [
        {"row_id" if name == "id" else name: value for name, value in row.items()}
        for row in sorted(rows, key=lambda row: row["id"])
    ]
    return sum(_execute(statement, chunk) for chunk in chunked(bound, CHUNK_ROWS))


def change_rows(statement: Update | Delete, values: dict[str, Any] | None = None) -> int:
    """Run one statement; an UPDATE sets the columns that `values` name. How many rows it changed."""
    result = db.session.execute(statement, values, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def _execute(statement: Any, rows: list[dict[str, Any]]) -> int:
    result = cast(
        "CursorResult[Any]",
        db.session.connection().execute(statement, rows, execution_options={"preserve_rowcount": True}),
    )
    return max(0, result.rowcount)


# Made once for each table: putting a statement together costs as much as running it.


@cache
def _insert(table: Table, dialect: str) -> Any:
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    # Inline: no RETURNING of keys nobody reads; and the count is only kept where it is asked for.
    return make(table).on_conflict_do_nothing().inline()


@cache
def _update_by_id(table: Table) -> Update:
    return update(table).where(table.c.id == bindparam("row_id"))
