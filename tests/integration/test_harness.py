"""The test harness itself: both databases are real, empty at the start, and apart from each other."""

from __future__ import annotations

import socket
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from course_sync.database import db
from course_sync.models import Organisation
from tests.harness.network import NameLookupBlocked, NetworkBlocked


@pytest.mark.parametrize("name", ["first", "second"])
def test_each_test_starts_with_an_empty_database(app_context: Flask, now: datetime, name: str) -> None:
    """Both of the two find no row, although each leaves one."""
    assert db.session.scalar(select(func.count(Organisation.id))) == 0
    db.session.add(Organisation(name=name, created_at=now))
    db.session.commit()
    assert db.session.scalars(select(Organisation.created_at)).one() == now


def test_the_database_is_what_its_name_says(app_context: Flask, request: pytest.FixtureRequest) -> None:
    """No silent fallback from PostgreSQL to SQLite."""
    expected = request.node.callspec.params["database_url"]
    assert db.engine.dialect.name == expected
    if expected == "postgresql":
        assert "PostgreSQL" in str(db.session.scalar(text("SELECT version()")))


def test_the_network_is_out_of_reach() -> None:
    """Connections and look-ups that would leave the machine are refused."""
    with socket.socket() as sock, pytest.raises(NetworkBlocked):
        sock.connect(("192.0.2.1", 80))
    with pytest.raises(NameLookupBlocked):
        socket.getaddrinfo("example.org", 443)
