"""Migrations give exactly the tables of the models, on both databases, and each can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, text

from course_sync.database import Base, db
from lti_tool.health import newest_migration
from lti_tool.migrating import add_migrations
from tests.house import house

FOLDER = house.ROOT / "lti_tool" / "migrations"
SCRIPTS = ScriptDirectory(str(FOLDER))
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bare.sqlite3'}"
    return str(request.getfixturevalue("empty_postgresql_url"))


@pytest.fixture
def migrations(app: Flask) -> Iterator[Config]:
    """Alembic as the tool configures it, inside the application."""
    with app.app_context():
        yield add_migrations(app).extensions["migrate"].migrate.get_config()
        db.session.remove()


def test_there_is_one_line_of_migrations() -> None:
    """One head, one base."""
    assert REVISIONS
    assert len(SCRIPTS.get_heads()) == 1
    assert len(SCRIPTS.get_bases()) == 1


def test_files_are_numbered_in_the_order_of_migrations() -> None:
    """The tool takes the newest from the names of the files."""
    files = [Path(script.path).name.partition("_")[0] for script in reversed(list(SCRIPTS.walk_revisions()))]
    assert files == REVISIONS == sorted(REVISIONS)
    assert newest_migration() == SCRIPTS.get_current_head()


def test_migrated_tables_equal_the_models(migrations: Config) -> None:
    """Autogenerate finds nothing to do, types and server defaults included."""
    command.upgrade(migrations, "head")
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_each_migration_can_be_undone_and_done_again(migrations: Config) -> None:
    """Up one, down one, up one again, all the way; then down to nothing."""
    for revision in REVISIONS:
        command.upgrade(migrations, revision)
        command.downgrade(migrations, "-1")
        command.upgrade(migrations, revision)
    command.downgrade(migrations, "base")
    with db.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}


def test_the_tool_says_whether_its_database_is_current(app: Flask, migrations: Config) -> None:
    """/readyz is 503 before the migrations and 200 after them."""
    assert app.test_client().get("/readyz").status_code == 503
    command.upgrade(migrations, "head")
    assert app.test_client().get("/readyz").status_code == 200


def test_refusals_counted_before_signatures_were_noted_are_not_called_unsigned(migrations: Config) -> None:
    """Only a count that is signed as a whole stays known."""
    count = "INSERT INTO refusal_count (day, platform_id, last_at, code, refusals"
    told = "VALUES ('2026-11-01', 1, '2026-11-01 08:00:00'"
    command.upgrade(migrations, "0011")
    with db.engine.begin() as connection:
        connection.execute(text(f"{count}) {told}, 'before', 3)"))
    command.upgrade(migrations, "0016")
    with db.engine.begin() as connection:
        connection.execute(text(f"{count}, signed) {told}, 'whole', 2, 2), {told[7:]}, 'partly', 2, 1)"))
    command.upgrade(migrations, "0017")
    with db.engine.connect() as connection:
        known = dict(connection.execute(text("SELECT code, signed FROM refusal_count")).all())
    assert known == {"before": None, "partly": None, "whole": 2}
