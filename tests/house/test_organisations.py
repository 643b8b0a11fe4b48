"""Every row belongs to one organisation: each table leads to it by foreign keys that are never empty."""

from __future__ import annotations

from sqlalchemy import Table

from course_sync.database import Base
from tests.harness import databases

databases.import_all_tables()

NOBODYS = {
    "tool_key": "the installation's own",
    "job_run": "the installation's own",
    "use_count": "hashed, about nobody",
    "host_health": "about a host that several may use: how often it was asked, and whether it answered",
    "refusal_count": "may be about a platform nobody knows",
    "audit_entry": "may be about the installation",
}
"""Tables of the installation itself, with why."""


def leads_home(table: Table, seen: frozenset[str] = frozenset()) -> bool:
    """Whether some chain of foreign keys that must be filled in ends at the organisation."""
    if table.name == "organisation":
        return True
    keys = [key for column in table.columns if not column.nullable for key in column.foreign_keys]
    return any(
        leads_home(key.column.table, seen | {table.name})
        for key in keys
        if key.column.table.name not in seen | {table.name}
    )


def test_every_table_leads_to_an_organisation() -> None:
    homeless = {table.name for table in Base.metadata.sorted_tables if not leads_home(table)}
    assert homeless == set(NOBODYS)
