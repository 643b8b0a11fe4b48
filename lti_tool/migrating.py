"""Bringing a database to this version of the tables (Flask-Migrate over Alembic); defines none itself.

Where procrastinate runs the jobs, its own tables are brought along. Imported only where a database is
migrated, so that no other process waits for Alembic.
"""

from __future__ import annotations

import flask_migrate
from flask import Flask, current_app

from course_sync.database import db
from lti_tool.app import create_app
from lti_tool.config import PROCRASTINATE
from lti_tool.paths import migrations_folder
from lti_tool.services import current_services


def make_app() -> Flask:
    """The whole tool, with migrations: what `flask --app lti_tool.migrating:make_app db ...` runs on."""
    return add_migrations(create_app())


def add_migrations(app: Flask) -> Flask:
    """The application, able to migrate its database."""
    flask_migrate.Migrate(
        app, db, directory=str(migrations_folder()), render_as_batch=True, compare_type=True
    )
    return app


def upgrade() -> None:
    """Run every migration this database has not seen. Needs an application context; safe to repeat.

    Raises procrastinate_queue.ForeignTables.
    """
    add_migrations(current_app)
    flask_migrate.upgrade()
    if current_services().settings.jobs == PROCRASTINATE:
        from lti_tool import procrastinate_queue

        procrastinate_queue.upgrade_tables()
