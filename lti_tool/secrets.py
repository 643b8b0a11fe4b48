"""Encryption at rest, and hashes of what only a browser may hold.

Keys are derived from the secret keys of the settings (HKDF-SHA256, RFC 5869); a value sealed under an older
key stays readable while that key is listed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SealBroken(Exception):
    """A stored secret cannot be opened: the key that sealed it is no longer among the secret keys."""


class Sealer:
    """Seals short texts with the newest secret key and opens them with any."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._secret_keys = tuple(secret_keys)
        self._derived: dict[str, bytes] = {}
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derive(k, "seal"))) for k in self._secret_keys]
        )

    def seal(self, text: str) -> str:
        """Encrypted and authenticated text."""
        return self._fernet.encrypt(text.encode()).decode()

    def reseal(self, sealed: str) -> str:
        """The same secret under the newest key. Raises SealBroken."""
        return self.seal(self.open(sealed))

    def open(self, sealed: str) -> str:
        """What was sealed. Raises SealBroken."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise SealBroken(
                "a stored secret was sealed under a key that EMENTOR_SECRET_KEY no longer lists"
            ) from None

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose, from the newest key; kept, since every login asks for some."""
        known = self._derived.get(purpose)
        if known is None:
            known = self._derived[purpose] = _derive(self._secret_keys[0], purpose)
        return known


def hash_of(secret: str) -> str:
    """SHA-256 of a random secret, in hex: enough for 256 random bits, useless to who reads the database."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _derive(secret_key: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"ementor {purpose}".encode()).derive(secret_key.encode())
