"""Writing a row that may already be there: the database's unique indexes decide, not a look beforehand.

Both databases know INSERT ... ON CONFLICT DO NOTHING, also against partial indexes, so two requests at once
end as one row and no error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, Update
from sqlalchemy.dialects import postgresql, sqlite

from course_sync.database import Model, db

SAME_CLICK = timedelta(minutes=1)
"""The same thing done again by the same person within this time is one click that was sent twice."""
_CHUNK_ROWS = 500
"""Far below SQLite's limit of bound parameters for the widest table written here."""


def insert_once(model: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows that break no unique index. How many were new; the caller commits."""
    inserted = 0
    for start in range(0, len(rows), _CHUNK_ROWS):
        chunk = list(rows[start : start + _CHUNK_ROWS])
        make = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
        statement = make(model).values(chunk).on_conflict_do_nothing().returning(model.__table__.c.id)
        inserted += len(db.session.execute(statement).all())
    return inserted


def is_as_sent(row: Model, sent: Mapping[str, Any]) -> bool:
    """Whether a stored row says what a form sent: then the form came twice, else it was filled in anew."""
    return all(getattr(row, name) == value for name, value in sent.items())


def update_rows(statement: Update) -> int:
    """Run an UPDATE past the session's objects. How many rows it changed; the caller commits.

    The one statement decides who was first, not a look beforehand.
    """
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    return result.rowcount if isinstance(result, CursorResult) else 0
