"""What every test may ask for: databases, an application, a fixed `now`, and no way out to the network."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from course_sync.database import db
from tests.harness import databases, key_pool, network, routing, sharing_out

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from lti_tool.config import Settings
    from tests.harness.lti_platform import TestPlatform

PUBLIC_URL = "http://localhost:8000"
SECRET_KEY = "tests-only-secret-key-of-enough-length-0001"

hypothesis.settings.register_profile("tests", deadline=None, derandomize="CI" in os.environ, max_examples=60)
hypothesis.settings.load_profile("tests")


def tool_environ(database_url: str) -> dict[str, str]:
    """Settings of a tool under test, as its environment would give them."""
    return {
        "EMENTOR_DATABASE_URL": database_url,
        "EMENTOR_PUBLIC_URL": PUBLIC_URL,
        "EMENTOR_SECRET_KEY": SECRET_KEY,
        "EMENTOR_ALLOW_LOOPBACK_PLATFORMS": "1",
    }


def pytest_configure(config: pytest.Config) -> None:
    """The first process makes one folder for the whole run; xdist's workers find it in the environment."""
    worker = getattr(config, "workerinput", None)
    if worker is None:
        os.environ[databases.RUN_FOLDER_KEY] = tempfile.mkdtemp(prefix="ementor-tests-")
    elif config.args_source is config.ArgsSource.TESTPATHS:
        number = int(worker["workerid"].removeprefix("gw"))
        config.args = sharing_out.parts_from(Path(__file__).parent, number, worker["workercount"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first."""
    items[:] = sharing_out.longest_first(items)


def pytest_collection_finish() -> None:
    """What was collected lives until the end: the collector of garbage need not look through it again."""
    gc.freeze()
    gc.set_threshold(20_000, *gc.get_threshold()[1:])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> sharing_out.ByPlace | None:
    """`--dist loadscope` shares out by file and demo; any other word means what it means to xdist."""
    return sharing_out.ByPlace(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the PostgreSQL server, if any test asked for it, and leave nothing behind."""
    if not hasattr(config, "workerinput") and databases.RUN_FOLDER_KEY in os.environ:
        databases.stop_postgresql()
        shutil.rmtree(os.environ.pop(databases.RUN_FOLDER_KEY), ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    with network.only_loopback():
        yield


@pytest.fixture(scope="session", autouse=True)
def _addresses_compiled_once() -> Iterator[None]:
    with routing.compiled_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once() -> Iterator[None]:
    """By all applications of this run: compiling them anew for each would cost more than most tests do."""
    kept = FileSystemBytecodeCache(str(databases.run_folder()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": kept})
        yield


@pytest.fixture(autouse=True)
def _keys_made_once() -> Iterator[None]:
    with key_pool.handed_out():
        yield


@pytest.fixture
def now() -> datetime:
    """A Saturday evening in term, in UTC."""
    return datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table and no row; copied for each test."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    databases.create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def share_engine() -> Iterator[Callable[[str], None]]:
    """Says of which address all tests of this worker use one engine."""
    with databases.shared_engines() as share:
        yield share


@pytest.fixture
def sqlite_url(sqlite_template: Path, worker_id: str, share_engine: Callable[[str], None]) -> str:
    """A SQLite database of this test alone, at the same address for each test of the worker."""
    path = databases.run_folder() / f"{worker_id}.sqlite3"
    share_engine(f"sqlite:///{path}")
    for left in path.parent.glob(path.name + "*"):
        left.unlink()  # a new file, not a new content: whoever still holds the old one keeps it to himself
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgresql_server() -> str:
    """Address of a PostgreSQL server whose role may create databases. Fails, never skips, without one."""
    return databases.find_postgresql()


@pytest.fixture(scope="session")
def swept_postgresql(postgresql_server: str, worker_id: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """One database of this worker with every table, and what empties them."""
    with databases.temporary_database(postgresql_server, f"ementor_{worker_id}") as url:
        databases.create_tables(url)
        with databases.sweeping(url) as sweep:
            yield url, sweep


@pytest.fixture
def postgresql_url(
    swept_postgresql: tuple[str, Callable[[], None]], share_engine: Callable[[str], None]
) -> Iterator[str]:
    """The worker's PostgreSQL database, emptied after the test."""
    url, sweep = swept_postgresql
    share_engine(url)
    yield url
    sweep()


@pytest.fixture
def empty_postgresql_url(postgresql_server: str, worker_id: str) -> Iterator[str]:
    """A PostgreSQL database without any table, for migrations."""
    with databases.temporary_database(postgresql_server, f"ementor_bare_{worker_id}") as url:
        yield url


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """The database of this test: SQLite, and in tests/integration PostgreSQL as well."""
    return sqlite_url


@pytest.fixture
def app_context(database_url: str) -> Iterator[Flask]:
    """An application with the tables and nothing else: for services that need `db.session` and no door."""
    app = databases.bare_app(database_url)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def settings_environ(database_url: str) -> dict[str, str]:
    """Environment from which `settings` is read; a test may change it before asking for `settings`."""
    return tool_environ(database_url)


@pytest.fixture
def settings(settings_environ: dict[str, str]) -> Settings:
    """Settings of the whole tool, on this test's database."""
    from lti_tool.config import load_settings

    return load_settings(settings_environ)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The whole tool as `create_app` composes it, on a database with every table and no row."""
    from lti_tool.app import create_app

    application = create_app(settings)
    yield application
    with application.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def platform(app: Flask) -> TestPlatform:
    """A platform the tool knows, and whose keys it gets without HTTP."""
    from tests.harness.lti_platform import TestPlatform, use_keys_of

    known = TestPlatform()
    known.register(app)
    use_keys_of(app, known)
    return known


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies at the tool's own address."""
    return app.test_client()


@pytest.fixture(scope="session")
def worker_id() -> str:
    """Name of this xdist worker; `main` in a run of one process."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")
