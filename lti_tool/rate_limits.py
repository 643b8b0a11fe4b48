"""How often something may be done: counts in one table, so that a limit holds across all processes.

A stretch of time begins with its first use. Counting is one statement in the caller's own transaction: a use
that is refused is rolled back, so an attack costs no write. Keys are hashed; who they were is never stored.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.exceptions import HTTPException

from course_sync.database import db, table_of
from lti_tool.models import UseCount
from lti_tool.services import current_services


@dataclass(frozen=True)
class Limit:
    """At most so many uses of one key in so many seconds."""

    name: str
    uses: int
    seconds: int = 60


LOGINS = Limit("login", 30)
"""Of one person (login_hint) at one registration: nobody opens more activities by hand."""
STRANGERS = Limit("stranger", 60)
"""From one address without a registration we know; with one, a class of 300 may share its address."""
INVITES = Limit("invite", 20)
"""Of one invite, at /lti/register: each use makes the tool fetch an address from outside."""
ACTIONS = Limit("action", 120)
"""Of one session: forms sent, and pages that compute a whole course anew."""
LONGEST = timedelta(hours=1)
"""No limit's stretch is longer; older counts mean nothing."""


class TooMany(HTTPException):
    """More often than allowed; says after how many seconds it may be tried again."""

    code = 429
    description = "too many requests"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds

    def get_headers(self, *arguments: object, **options: object) -> list[tuple[str, str]]:
        """With `Retry-After` (RFC 9110, 10.2.3)."""
        return [("Content-Type", "text/html"), ("Retry-After", str(self.retry_after_seconds))]


def count_use(limit: Limit, key: str, real_now: datetime, connection: Connection | None = None) -> None:
    """Count one use; the caller commits. Raises TooMany, and then the transaction is rolled back."""
    stretch = timedelta(seconds=limit.seconds)
    given = {"key_hash": _hash_of(limit, key), "started_at": real_now, "over_since": real_now - stretch}
    execute = connection.execute if connection is not None else db.session.execute
    uses, started_at = execute(_count_in(db.engine.dialect.name), given).one()
    if uses > limit.uses:
        db.session.rollback()
        raise TooMany(max(1, round((started_at + stretch - real_now).total_seconds())))


def count_address(limit: Limit, address: str | None, real_now: datetime) -> None:
    """Count and commit one use from a network address. Raises TooMany."""
    count_use(limit, network_of(address or ""), real_now)
    db.session.commit()


def network_of(address: str) -> str:
    """The address, or its network for IPv6, where one household has 2^64 of them."""
    try:
        known = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))


def forget_old_uses(real_now: datetime) -> None:
    """Delete counts whose stretch is over; the caller commits."""
    db.session.execute(delete(UseCount).where(UseCount.started_at < real_now - LONGEST))


@cache
def _count_in(dialect: str) -> Any:
    """The one statement, made once for a database: putting it together costs as much as running it."""
    counts = table_of(UseCount)
    is_over = counts.c.started_at <= bindparam("over_since", type_=counts.c.started_at.type)
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    new = make(counts).values(key_hash=bindparam("key_hash"), started_at=bindparam("started_at"), uses=1)
    return new.on_conflict_do_update(
        index_elements=[counts.c.key_hash],
        set_={
            "uses": case((is_over, 1), else_=counts.c.uses + 1),
            "started_at": case((is_over, new.excluded.started_at), else_=counts.c.started_at),
        },
    ).returning(counts.c.uses, counts.c.started_at)


def _hash_of(limit: Limit, key: str) -> str:
    secret = current_services().sealer.derive("use counts")
    return hmac.new(secret, f"{limit.name}:{key}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()
