"""The one database object, its naming convention for constraints, and two column types.

No queries live here. SQLite is tuned once at connect (WAL, busy timeout, foreign keys).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, MetaData, Table, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base: gives every constraint a name, so that migrations can drop it on both databases."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


db = SQLAlchemy(model_class=Base)
_sqlite_writer = threading.Lock()
_PRAGMAS = (
    "journal_mode=WAL",
    "busy_timeout=10000",
    "synchronous=NORMAL",
    "wal_autocheckpoint=4000",
    "foreign_keys=ON",
)

if TYPE_CHECKING:

    class Model(DeclarativeBase):
        """What type checkers see in place of the class Flask-SQLAlchemy makes at run time."""

else:
    Model = db.Model


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime, stored as UTC; a naive one is refused when it is bound."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Aware -> UTC. SQLite keeps no zone and writes what it shows, so that is UTC, too."""
        if value is None or value.tzinfo is UTC:
            return value
        if value.tzinfo is None:
            raise ValueError("a naive datetime must not reach the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Whatever the database gives -> aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def table_of(model: type[Model]) -> Table:
    """The table behind a model, for statements that need rows and no objects."""
    return cast("Table", model.__table__)


@contextmanager
def one_writer() -> Iterator[Connection]:
    """A transaction for a short write of a request, with nothing written before it; commits at its end.

    SQLite has one writer at a time. Its threads would find the file busy and sleep, longer and longer; a lock
    wakes the next one at once. A connection alone: a session of objects costs twice as much.
    """
    engine = db.engine
    with (
        _sqlite_writer if engine.dialect.name == "sqlite" else nullcontext(),
        engine.connect() as connection,
        connection.begin(),
    ):
        yield connection


@event.listens_for(Engine, "connect")
def _tune_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets the console read while the worker writes; 10 s is longer than any write of ours.

    A larger log before it is carried into the file (16 MB) writes a page that changes often fewer times.
    """
    if type(connection).__module__.split(".")[0] != "sqlite3":
        return
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
