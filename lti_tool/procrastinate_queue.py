"""Jobs kept by procrastinate, in the tables it has in the tool's own PostgreSQL. Imported only where chosen.

A job is written on the session's own connection, so that it is kept with what else a request writes, or not
at all. The key of a job is its lock (one run at a time) and its queueing lock (one waits at a time).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Flask
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.schema import SchemaManager, migrations_path
from sqlalchemy import Connection, inspect, text

from course_sync.bulk import insert_new
from course_sync.database import db
from course_sync.errors import CourseSyncError
from course_sync.job_rows import forget_old, list_queued, pass_on
from course_sync.models import JobRun

TABLE = "procrastinate_jobs"
_LABEL = "ementor: "
"""Before the name of the newest migration, in the comment of the table."""


class ForeignTables(CourseSyncError):
    """The database has tables of procrastinate which this tool did not make."""


class ProcrastinateQueue:
    """Queues jobs for procrastinate's workers; see jobs.JobQueue."""

    def __init__(self) -> None:
        # Never opened: whatever is written goes over the session's connection.
        self._app = App(connector=SyncPsycopgConnector())

    def put(self, name: str, arguments: dict[str, Any], key: str, now: datetime, *, again: bool) -> bool:
        """A job for the key, unless one waits, or without `again` one is being run."""
        lock = f"{name}:{key}"
        if not again and _is_running(lock):
            return False
        try:
            with db.session.begin_nested():
                # Asked for in here: the savepoint is made when the session is first asked for its connection.
                connection = db.session.connection().connection.driver_connection
                options: dict[str, Any] = {"lock": lock, "queueing_lock": lock, "connection": connection}
                self._app.configure_task(name, **options).defer(**arguments)
        except AlreadyEnqueued:
            return False
        return True

    def put_slot(self, name: str, slot: str, now: datetime) -> bool:
        """A row that marks the slot for good, and the job; one that waits already will do."""
        claimed = {"name": name, "slot": slot, "arguments": {}, "state": "done", "queued_at": now}
        if not insert_new(JobRun, [claimed | {"finished_at": now}]):
            return False
        forget_old(now)
        self.put(name, {}, name, now, again=False)
        return True


def take_over_rows(queue: ProcrastinateQueue, now: datetime) -> int:
    """Hand jobs that wait as rows, from before procrastinate was chosen, to it; how many. Commits."""
    taken = 0
    for job_id, name, key, arguments in list_queued():
        if pass_on(job_id, now):
            queue.put(name, arguments, key, now, again=True)
            taken += 1
        db.session.commit()
    return taken


def conninfo(app: Flask) -> str:
    """The address of the application's database, as procrastinate's own connections want it."""
    with app.app_context():
        url = db.engine.url.set(drivername="postgresql")
        return url.render_as_string(hide_password=False)


def has_tables() -> bool:
    """Whether procrastinate's tables are there and of the installed version."""
    with db.engine.connect() as connection:
        return _find_version(connection) == list_versions()[-1]


def upgrade_tables() -> None:
    """Bring procrastinate's tables to the installed version; safe to repeat. Raises ForeignTables."""
    with db.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('procrastinate_jobs'))"))
        if not inspect(connection).has_table(TABLE):
            _run_script(connection, SchemaManager.get_schema())
            _set_version(connection, list_versions()[-1])
        version = _find_version(connection)
    if version is None:
        raise ForeignTables(
            "This database already has tables of procrastinate that another program made; "
            "give the tool a database of its own."
        )
    for name in list_versions():
        if name > version:
            _migrate(name)


def list_versions() -> list[str]:
    """Names of procrastinate's migrations, the oldest first; the schema includes them all."""
    return sorted(path.name for path in migrations_path.glob("*.sql"))


def _migrate(name: str) -> None:
    with db.engine.begin() as connection:
        _run_script(connection, (migrations_path / name).read_text(encoding="utf-8"))
        _set_version(connection, name)


def _run_script(connection: Connection, statements: str) -> None:
    # Without parameters many statements may go at once, and a % is a %.
    connection.execution_options(no_parameters=True).exec_driver_sql(statements)


def _find_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(TABLE):
        return None
    comment = inspect(connection).get_table_comment(TABLE)["text"] or ""
    return comment.removeprefix(_LABEL) if comment.startswith(_LABEL) else None


def _set_version(connection: Connection, name: str) -> None:
    # A comment takes no parameters; the name is one of a file of the package.
    connection.execute(text(f"COMMENT ON TABLE {TABLE} IS '{_LABEL}{name}'"))


def _is_running(lock: str) -> bool:
    statement = text("SELECT 1 FROM procrastinate_jobs WHERE lock = :lock AND status = 'doing' LIMIT 1")
    return db.session.execute(statement, {"lock": lock}).first() is not None
