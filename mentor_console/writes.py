"""Writing a row that may already be there: the database's unique indexes decide, not a look beforehand.

Both databases know INSERT ... ON CONFLICT DO NOTHING, also against partial indexes, so two requests at once
end as one row and no error (course_sync.bulk).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Update

from course_sync.bulk import change_rows, insert_new
from course_sync.database import Model, db

SAME_CLICK = timedelta(minutes=1)
"""The same thing done again by the same person within this time is one click that was sent twice."""


def insert_once(model: type[Model], rows: Sequence[dict[str, Any]]) -> int:
    """Insert the rows that break no unique index. How many were new; the caller commits."""
    db.session.flush()  # the rows may name what the session has not written yet
    return insert_new(model, rows)


def is_as_sent(row: Model, sent: Mapping[str, Any]) -> bool:
    """Whether a stored row says what a form sent: then the form came twice, else it was filled in anew."""
    return all(getattr(row, name) == value for name, value in sent.items())


def update_rows(statement: Update) -> int:
    """Run an UPDATE past the session's objects. How many rows it changed; the caller commits.

    The one statement decides who was first, not a look beforehand.
    """
    return change_rows(statement)
