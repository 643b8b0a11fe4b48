"""`ementor keys` and `ementor secrets`: what an administrator types when a key changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from course_sync.database import db
from lti_tool.app import create_app
from lti_tool.cli import main
from lti_tool.config import load_settings
from mentor_console.models import AuditEntry

FORMER, NEW = "former-secret-key-of-enough-length-1", "new-secret-key-of-enough-length-0002"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite alone: what differs between the databases is tried without the command line."""
    return f"sqlite:///{tmp_path / 'bare.sqlite3'}"


def run(database_url: str, secret_key: str, *arguments: str) -> Result:
    """One command, in the environment of an installation."""
    environ = {"EMENTOR_DATABASE_URL": database_url, "EMENTOR_SECRET_KEY": secret_key}
    return CliRunner(env=environ).invoke(main, list(arguments))


def list_actions(database_url: str) -> list[str]:
    app = create_app(load_settings({"EMENTOR_DATABASE_URL": database_url, "EMENTOR_SECRET_KEY": NEW}))
    with app.app_context():
        found = [entry.action for entry in db.session.query(AuditEntry).order_by(AuditEntry.id)]
        db.session.remove()
        db.engine.dispose()
    return found


def test_a_year_of_keys(database_url: str) -> None:
    """Rotate the signing key, exchange the secret key, and lose it."""
    assert run(database_url, FORMER, "db", "upgrade").exit_code == 0
    assert "signs" in run(database_url, FORMER, "keys", "list").output
    rotated = run(database_url, FORMER, "keys", "rotate").output
    listed = run(database_url, FORMER, "keys", "list").output
    assert listed.count("published") == 1
    assert listed.count("signs, until") == 1
    assert any(line.split()[0] in rotated for line in listed.splitlines() if "published" in line)

    both = run(database_url, f"{NEW},{FORMER}", "secrets", "reencrypt")
    assert both.output.startswith("2 stored secrets")
    assert run(database_url, NEW, "keys", "list").output == listed
    lost = run(database_url, FORMER, "keys", "list")
    assert lost.exit_code == 1
    assert "EMENTOR_SECRET_KEY" in lost.output
    assert "add the former key after the new one" in lost.output
    assert FORMER not in lost.output
    assert run(database_url, NEW, "keys", "list").output == listed
    assert "key_rotated  the installation" in run(database_url, NEW, "audit").output
    assert list_actions(database_url) == ["key_rotated", "secrets_reencrypted"]
