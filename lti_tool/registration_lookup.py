"""The registration behind issuer and client_id, as each login and launch asks for it. One query a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import has_request_context, request
from sqlalchemy import and_, bindparam, select

from course_sync.database import db, table_of
from course_sync.models import ACTIVE, Deployment, Platform
from course_sync.registrations import Registration

_PLATFORM, _DEPLOYMENT = table_of(Platform), table_of(Deployment)
_MEMORY = "ementor.registrations"
"""In the request's own environment: within one request the same question has one answer."""

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
    """The registration named by issuer *and* client_id."""
    if not has_request_context():
        return _read(issuer, client_id)
    memory = request.environ.setdefault(_MEMORY, {})
    if (issuer, client_id) not in memory:
        memory[issuer, client_id] = _read(issuer, client_id)
    found: Registration | None = memory[issuer, client_id]
    return found


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
