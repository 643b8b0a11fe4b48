"""Integration tests run on SQLite and on a real PostgreSQL, one after the other."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database with every table and no row, once per kind."""
    return request.getfixturevalue(f"{request.param}_url")
