"""Bringing a database to this version of the tables (Flask-Migrate over Alembic); defines none itself.

Where procrastinate runs the jobs, its own tables are brought along.
"""

from __future__ import annotations

import flask_migrate

from lti_tool.config import PROCRASTINATE
from lti_tool.paths import migrations_folder
from lti_tool.services import current_services


def upgrade() -> None:
    """Run every migration this database has not seen. Needs an application context; safe to repeat.

    Raises procrastinate_queue.ForeignTables.
    """
    flask_migrate.upgrade(directory=str(migrations_folder()))
    if current_services().settings.jobs == PROCRASTINATE:
        from lti_tool import procrastinate_queue

        procrastinate_queue.upgrade_tables()
