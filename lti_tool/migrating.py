"""Bringing a database to this version of the tables (Flask-Migrate over Alembic); defines none itself."""

from __future__ import annotations

import flask_migrate

from lti_tool.paths import migrations_folder


def upgrade() -> None:
    """Run every migration this database has not seen. Needs an application context; safe to repeat."""
    flask_migrate.upgrade(directory=str(migrations_folder()))
