"""Writing many rows at once: insert what is not there, update what changed, in chunks.

Both databases know INSERT ... ON CONFLICT DO NOTHING, so that two processes that meet end as one row and
no error. Commits nothing; the caller does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from course_sync.database import Model, db

T = TypeVar("T")

CHUNK_ROWS = 500


def chunked(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Slices of at most `size` items, in order."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def insert_new(model: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows that break no unique index; all rows name the same columns. How many were new."""
    make = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    # Inline: no RETURNING of keys nobody reads; and the count is only kept where it is asked for.
    statement = make(_table(model)).on_conflict_do_nothing().inline()
    return sum(_execute(statement, chunk) for chunk in chunked(rows, CHUNK_ROWS))


def update_changed(model: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Update rows by their `id`; all rows name the same columns. How many were there to update.

    In order of id: two processes that update the same rows then never wait for each other in a circle.
    """
    if not rows:
        return 0
    table = _table(model)
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in rows[0] if name != "id"}
    statement = update(table).where(table.c.id == bindparam("old_id")).values(values)
    bound = [
        {"old_id" if name == "id" else f"new_{name}": value for name, value in row.items()}
        for row in sorted(rows, key=lambda row: row["id"])
    ]
    return sum(_execute(statement, chunk) for chunk in chunked(bound, CHUNK_ROWS))


def _execute(statement: Any, rows: list[dict[str, Any]]) -> int:
    result = cast(
        "CursorResult[Any]",
        db.session.connection().execute(statement, rows, execution_options={"preserve_rowcount": True}),
    )
    return max(0, result.rowcount)


def _table(model: type[Model]) -> Table:
    return cast(Table, model.__table__)
