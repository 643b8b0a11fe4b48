"""The registration behind issuer and client_id, as each login and launch asks for it.

What may launch is remembered for a second in each process, and forgotten at once where this one changes it.
What was stopped or refused is out at once all the same: consuming a state asks for it (launches.py).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from flask import current_app, has_app_context
from sqlalchemy import and_, bindparam, event, select

from course_sync.database import db, table_of
from course_sync.models import ACTIVE, Deployment, Platform
from course_sync.registrations import Registration

_PLATFORM, _DEPLOYMENT = table_of(Platform), table_of(Deployment)
KEEP_SECONDS = 1.0
"""How old an address or deployment may be that another process has changed."""
MAX_KEPT = 1000
_MEMORY = "ementor_registrations"


@dataclass
class _Memory:
    """Registrations of one application that may launch, and when each was read."""

    lock: Lock = field(default_factory=Lock)
    read: dict[tuple[str, str], tuple[float, Registration]] = field(default_factory=dict)
    changes: int = 0
    """How often rows have changed here; an answer read before the last change is not kept."""


_FIND = (
    select(
        _PLATFORM.c.id,
        _PLATFORM.c.organisation_id,
        _PLATFORM.c.auth_login_url,
        _PLATFORM.c.auth_token_url,
        _PLATFORM.c.jwks_url,
        _PLATFORM.c.status,
        _PLATFORM.c.product,
        _PLATFORM.c.auth_audience,
        _DEPLOYMENT.c.deployment_id,
    )
    .select_from(_PLATFORM)
    .outerjoin(_DEPLOYMENT, and_(_DEPLOYMENT.c.platform_id == _PLATFORM.c.id, _DEPLOYMENT.c.status == ACTIVE))
    .where(_PLATFORM.c.issuer == bindparam("issuer"), _PLATFORM.c.client_id == bindparam("client_id"))
)
"""Made once: putting a statement together costs as much as running it."""


def find_registration(issuer: str, client_id: str) -> Registration | None:
    """The registration named by issuer *and* client_id, at most a second old."""
    read_at, known = _memory().read.get((issuer, client_id), (0.0, None))
    if known is not None and 0 <= time.monotonic() - read_at < KEEP_SECONDS:
        return known
    return read_registration(issuer, client_id)


def read_registration(issuer: str, client_id: str) -> Registration | None:
    """The same as it stands now; nobody should be refused for what was remembered."""
    memory, read_at = _memory(), time.monotonic()
    changes = memory.changes
    found = _read(issuer, client_id)
    with memory.lock:
        memory.read.pop((issuer, client_id), None)
        if found is not None and found.status == ACTIVE and changes == memory.changes:
            if len(memory.read) >= MAX_KEPT:
                memory.read.clear()
            memory.read[issuer, client_id] = (read_at, found)
    return found


def _memory() -> _Memory:
    found: _Memory = current_app.extensions.setdefault(_MEMORY, _Memory())
    return found


@event.listens_for(Platform, "after_insert")
@event.listens_for(Platform, "after_update")
@event.listens_for(Platform, "after_delete")
@event.listens_for(Deployment, "after_insert")
@event.listens_for(Deployment, "after_update")
@event.listens_for(Deployment, "after_delete")
def _forget(*_change: object) -> None:
    """The change holds once it is committed; who reads the row until then remembers it for a second."""
    if not has_app_context():
        return
    memory = _memory()
    with memory.lock:
        memory.read.clear()
        memory.changes += 1


def _read(issuer: str, client_id: str) -> Registration | None:
    with db.engine.connect() as connection:  # no transaction stays open while the platform is asked for keys
        rows = connection.execute(_FIND, {"issuer": issuer, "client_id": client_id}).all()
    return _registration(issuer, client_id, rows) if rows else None


def _registration(issuer: str, client_id: str, rows: Sequence[Any]) -> Registration:
    """One row for each active deployment, or one without any."""
    first = rows[0]
    return Registration(
        platform_id=first.id,
        organisation_id=first.organisation_id,
        issuer=issuer,
        client_id=client_id,
        auth_login_url=first.auth_login_url,
        auth_token_url=first.auth_token_url,
        jwks_url=first.jwks_url,
        deployment_ids=frozenset(row.deployment_id for row in rows if row.deployment_id is not None),
        status=first.status,
        product=first.product,
        auth_audience=first.auth_audience,
    )
