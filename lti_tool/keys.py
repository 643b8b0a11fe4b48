"""The tool's own RSA keys: made at first need, stored sealed, published as a JWKS, parsed once per process.

Signs the client assertions that get service tokens (1EdTech security framework 4.1, RFC 7523). Rotation: a
new key is published before it signs, the old one after it has signed for the last time.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from sqlalchemy import delete, or_, select, update

from course_sync.database import db
from course_sync.registrations import Registration
from lti_tool.audit import record_audit
from lti_tool.clock import Clock
from lti_tool.models import ToolKey
from lti_tool.secrets import Sealer

KEY_BITS = 2048
ASSERTION_SECONDS = 60
"""Life of one client assertion; it is used at once."""
JWKS_CACHE_SECONDS = 300
"""So long platforms and proxies may keep our key set, as it tells them."""
PUBLISH_FIRST = timedelta(minutes=10)
"""A new key signs only after this."""
KEEP_AFTER_ROTATION = timedelta(hours=24)
"""So long a replaced key stays published, for platforms that keep a key set for a day."""
FORGET_AFTER = timedelta(days=1)
"""After it was retired, a private key is deleted."""


@dataclass(frozen=True)
class KeyState:
    """One key of the ring as an administrator sees it."""

    kid: str
    created_at: datetime
    retired_at: datetime | None
    """From then on not published; may lie ahead."""
    signs: bool


class ToolKeys:
    """The key ring of one process. Every use of the database is in an application context of its own.

    Opening and parsing a key takes longer than signing with it, hence the cache. Which of them signs
    and is published is asked each time, which is seldom: a key ended at once ends in every process.
    """

    def __init__(self, app: Flask, sealer: Sealer, clock: Clock) -> None:
        self._app = app
        self._sealer = sealer
        self._clock = clock
        self._lock = threading.Lock()
        self._parsed: dict[str, rsa.RSAPrivateKey] = {}
        self._newest_first: list[KeyState] = []

    def ensure(self) -> None:
        """Make the first key if there is none. Call it while no transaction of one's own is open.

        Asked once by each process: from the first key on there always is one.
        """
        if not self._newest_first:
            with self._lock:
                self._reread(self._clock.real_now())

    def check_stored(self) -> None:
        """Raises SealBroken where a stored key cannot be opened with the secret keys of today."""
        with self._app.app_context():
            for row in self._list_rows(self._clock.real_now()):
                self._sealer.open(row.private_key_sealed)

    def jwks(self) -> dict[str, Any]:
        """Public keys of every unretired key, newest first (RFC 7517)."""
        with self._lock:
            self._reread(self._clock.real_now())
            return {"keys": [_public_jwk(key.kid, self._parsed[key.kid]) for key in self._newest_first]}

    def list_states(self) -> list[KeyState]:
        """Every published key, newest first; exactly one signs."""
        with self._lock:
            self._reread(self._clock.real_now())
            return list(self._newest_first)

    def rotate(self, *, at_once: bool = False) -> str:
        """Make a new key and let the others run out, audited; returns its kid.

        `at_once` is for a key that got out: the others end now, and platforms that still hold our old key set
        refuse us until they read it again.
        """
        with self._lock, self._app.app_context():
            now = self._clock.real_now()
            kid = self._add_row(now).kid
            ends_at = now if at_once else now + KEEP_AFTER_ROTATION
            others = update(ToolKey).where(ToolKey.kid != kid)
            still_longer = or_(ToolKey.retired_at.is_(None), ToolKey.retired_at > ends_at)
            db.session.execute(others.where(still_longer).values(retired_at=ends_at))
            record_audit("key_rotated", {"kid": kid, "at_once": at_once}, now)
            self._reread(now)
            return kid

    def forget_retired(self) -> int:
        """Delete keys that were retired a day ago or longer; returns how many."""
        with self._app.app_context():
            limit = self._clock.real_now() - FORGET_AFTER
            gone = db.session.execute(
                delete(ToolKey).where(ToolKey.retired_at < limit).returning(ToolKey.kid)
            ).all()
            db.session.commit()
            return len(gone)

    def sign_assertion(self, registration: Registration) -> str:
        """A client assertion for the token endpoint of a registration, good for one minute."""
        issued_at = int(self._clock.real_now().timestamp())
        claims = {
            "iss": registration.client_id,
            "sub": registration.client_id,
            "aud": registration.assertion_audience,
            "iat": issued_at,
            "exp": issued_at + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(24),
        }
        return self.sign(claims)

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A JWT with these claims, signed by the current key."""
        kid, key = self._current()
        return jwt.encode(dict(claims), key, algorithm="RS256", headers={"kid": kid})

    def _current(self) -> tuple[str, rsa.RSAPrivateKey]:
        with self._lock:
            self._reread(self._clock.real_now())
            kid = next(key.kid for key in self._newest_first if key.signs)
            return kid, self._parsed[kid]

    def _reread(self, now: datetime) -> None:
        with self._app.app_context():
            rows = self._list_rows(now) or self._make_first(now)
            for row in rows:
                if row.kid not in self._parsed:
                    self._parsed[row.kid] = _parse(self._sealer.open(row.private_key_sealed))
            signing = _signing_kid(rows, now)
            self._newest_first = [
                KeyState(row.kid, row.created_at, row.retired_at, row.kid == signing) for row in rows
            ]

    def _list_rows(self, now: datetime) -> list[ToolKey]:
        statement = select(ToolKey).where(or_(ToolKey.retired_at.is_(None), ToolKey.retired_at > now))
        return list(db.session.scalars(statement.order_by(ToolKey.created_at.desc(), ToolKey.kid)))

    def _make_first(self, now: datetime) -> list[ToolKey]:
        """Two processes may each make a first key at once: both are published, the newest signs."""
        first = self._add_row(now)
        db.session.commit()
        return [first]

    def _add_row(self, now: datetime) -> ToolKey:
        """A new key; the caller commits."""
        private_key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        row = ToolKey(kid=secrets.token_hex(10), private_key_sealed=self._sealer.seal(pem), created_at=now)
        db.session.add(row)
        db.session.flush()
        return row


def _signing_kid(newest_first: list[ToolKey], now: datetime) -> str:
    """The newest key that has been published long enough; else the oldest, which has been so for longest."""
    ripe = (row.kid for row in newest_first if row.created_at <= now - PUBLISH_FIRST)
    return next(ripe, newest_first[-1].kid)


def _parse(pem: str) -> rsa.RSAPrivateKey:
    # Not asked whether its numbers fit each other, which takes 35 ms: the seal has shown that it is our own.
    key = serialization.load_pem_private_key(pem.encode(), password=None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("a tool key is not an RSA key")
    return key


def _public_jwk(kid: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    jwk: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    jwk.pop("key_ops", None)
    return jwk | {"kid": kid, "alg": "RS256", "use": "sig"}
