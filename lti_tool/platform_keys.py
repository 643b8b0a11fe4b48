"""Public keys of platforms, parsed once and cached per platform; survives a platform that rotates its keys.

Fetching goes through the one HTTP client; what it may cost is bounded here (1EdTech security framework 6.3).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from course_sync.errors import PlatformError
from course_sync.registrations import Registration
from lti_tool.refusals import LaunchRefused

KEEP_SECONDS = 3600.0
"""After this a key set is read again before it is used."""
STALE_SECONDS = 24 * 3600.0
"""So long an old key set still serves when the platform's key address does not answer."""
REFETCH_SECONDS = 10.0
"""Unknown keys make us fetch at most so often, after the first one since a fetch that helped."""
FAILURE_SECONDS = 3.0
"""After a failed fetch, launches are refused so long without asking, so that they do not pile up."""
MIN_KEY_BITS = 2048
MAX_KEYS = 100

Fetch = Callable[[Registration], Any]
"""Gives the JSON document at a registration's key address. Raises PlatformError."""


@dataclass
class _KeySet:
    """What is known of the keys of one platform."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    keys: dict[str, RSAPublicKey] = field(default_factory=dict)
    fetched_at: float | None = None
    refetched_at: float | None = None
    """Last fetch for an unknown kid that did not bring it; None = none since a fetch that helped."""
    failed_at: float | None = None


class PlatformKeys:
    """Finds the public key that signed a launch. Safe to share between threads."""

    def __init__(self, fetch: Fetch, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._sets: dict[tuple[int, str], _KeySet] = {}

    def get_key(self, registration: Registration, kid: str) -> RSAPublicKey:
        """The key named `kid`. Raises LaunchRefused (key_unknown, platform_keys_...)."""
        with self._lock:
            known = self._sets.setdefault((registration.platform_id, registration.jwks_url), _KeySet())
        if kid in known.keys and self._is_fresh(known):
            return known.keys[
                kid
            ]  # without the lock: a fetch under way must not hold up launches with known keys
        with known.lock:
            fresh = self._refresh(known, registration)
            if kid not in known.keys and not fresh:
                self._look_again(known, registration, kid)
            if kid not in known.keys:
                raise LaunchRefused("key_unknown")
            return known.keys[kid]

    def _is_fresh(self, known: _KeySet) -> bool:
        return self._is_younger(known, KEEP_SECONDS)

    def _is_younger(self, known: _KeySet, seconds: float) -> bool:
        return known.fetched_at is not None and self._monotonic() - known.fetched_at < seconds

    def _refresh(self, known: _KeySet, registration: Registration) -> bool:
        """Fetch a missing or old key set; True when it was fetched just now."""
        if self._is_fresh(known):
            return False
        usable = self._is_younger(known, STALE_SECONDS)
        try:
            self._fetch_into(known, registration)
        except LaunchRefused:
            if not usable:
                raise
            return True
        known.refetched_at = None
        return True

    def _look_again(self, known: _KeySet, registration: Registration, kid: str) -> None:
        """An unknown key may be a new one: fetch, unless the last such fetch was in vain and a moment ago."""
        now = self._monotonic()
        if known.refetched_at is not None and now - known.refetched_at < REFETCH_SECONDS:
            return
        known.refetched_at = now
        self._fetch_into(known, registration)
        if kid in known.keys:
            known.refetched_at = None

    def _fetch_into(self, known: _KeySet, registration: Registration) -> None:
        now = self._monotonic()
        if known.failed_at is not None and now - known.failed_at < FAILURE_SECONDS:
            raise LaunchRefused("platform_keys_unreachable")
        try:
            keys = parse_jwks(self._fetch(registration))
        except PlatformError as error:
            known.failed_at = self._monotonic()
            raise LaunchRefused("platform_keys_unreachable", error.code) from error
        if not keys:
            known.failed_at = self._monotonic()
            raise LaunchRefused("platform_keys_invalid")
        known.keys, known.fetched_at, known.failed_at = keys, self._monotonic(), None


def parse_jwks(document: Any) -> dict[str, RSAPublicKey]:
    """Usable signing keys of a JWKS by kid; others (no kid, not RSA, weak, broken) are left out."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return {}
    found = ((jwk.get("kid"), _parse_jwk(jwk)) for jwk in listed[:MAX_KEYS] if isinstance(jwk, dict))
    return {kid: key for kid, key in found if isinstance(kid, str) and kid and key is not None}


def _parse_jwk(jwk: dict[str, Any]) -> RSAPublicKey | None:
    if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig" or jwk.get("alg", "RS256") != "RS256":
        return None
    try:
        key = jwt.algorithms.RSAAlgorithm.from_jwk({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]})
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError):
        return None
    return key if isinstance(key, RSAPublicKey) and key.key_size >= MIN_KEY_BITS else None
