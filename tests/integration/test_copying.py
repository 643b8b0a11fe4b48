"""Moving from SQLite to PostgreSQL: everything arrives as it was, ids go on, and nothing is written over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, select

from course_sync.database import db
from course_sync.models import JobRun, Organisation
from lti_tool.cli import main
from lti_tool.paths import migrations_folder
from tests.conftest import tool_environ
from tests.harness import databases
from tests.harness.busy_course import fill
from tests.harness.sync_world import START


def make_current(url: str) -> None:
    """Every table, and the mark that migrations leave."""
    databases.create_tables(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        MigrationContext.configure(connection).stamp(ScriptDirectory(str(migrations_folder())), "heads")
    engine.dispose()


@pytest.fixture
def old_url(tmp_path: Path) -> str:
    """A SQLite with a course in the middle of its term."""
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    make_current(url)
    with databases.bare_app(url).app_context():
        fill(6, activity_count=12)
        db.session.remove()
        db.engine.dispose()
    return url


@pytest.fixture
def new_url(postgresql_server: str, worker_id: str) -> Iterator[str]:
    """A PostgreSQL without rows."""
    with databases.temporary_database(postgresql_server, f"ementor_copy_{worker_id}") as url:
        make_current(url)
        yield url


def copy(old: str, new: str) -> Result:
    """As somebody types it."""
    return CliRunner(env=tool_environ(new)).invoke(main, ["db", "copy", "--from", old])


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    with databases.bare_app(url).app_context():
        found = {
            table.name: [
                tuple(row) for row in db.session.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in db.metadata.sorted_tables
        }
        db.session.remove()
        db.engine.dispose()
    return found


def test_everything_arrives_once_and_ids_go_on(old_url: str, new_url: str) -> None:
    before = contents(old_url)
    assert sum(map(bool, before.values())) > 15
    result = copy(old_url, new_url)
    assert result.exit_code == 0, result.output
    assert f"Copied {sum(map(len, before.values()))} rows." in result.output
    assert contents(new_url) == before == contents(old_url)
    with databases.bare_app(new_url).app_context():
        db.session.add(Organisation(name="Another", created_at=START))
        db.session.add(JobRun(name="a", slot="1", state="queued", queued_at=START))
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    again = copy(old_url, new_url)
    assert again.exit_code == 1
    assert "not empty: there are rows in" in again.output


def test_what_cannot_be_copied_is_refused_and_nothing_is_written(new_url: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.sqlite3"
    assert f"There is no file {nowhere}" in copy(f"sqlite:///{nowhere}", new_url).output
    assert not nowhere.exists()
    databases.create_tables(f"sqlite:///{tmp_path / 'older.sqlite3'}")
    assert "run `ementor db upgrade` on it" in copy(f"sqlite:///{tmp_path / 'older.sqlite3'}", new_url).output
    assert "--from: must be sqlite:///FILE" in copy("mysql://x:geheim@h/d", new_url).output
    assert not any(contents(new_url).values())
