"""Web addresses as text: origins, and which addresses a platform may have.

Nothing here opens a connection; the guard against calling private hosts is in course_sync.outbound.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit, urlunsplit

import idna

from course_sync.addresses import has_plain_host

MAX_ADDRESS_CHARS = 1024
_DEFAULT_PORTS = {"http": 80, "https": 443}


class AddressInvalid(ValueError):
    """An address that cannot be used; the message says why, without repeating the address."""


def plain_address(address: str) -> str:
    """The address with a host of another alphabet in its xn-- form, as browsers and registers write it.

    What has no such form comes back as it is: the checks refuse it.
    """
    if not isinstance(address, str) or address.isascii() or not address.isprintable():
        return address
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        if host.isascii() or "@" in parts.netloc:
            return address
        written = idna.encode(host, uts46=True).decode("ascii")
    except ValueError:
        return address
    return urlunsplit(parts._replace(netloc=written if port is None else f"{written}:{port}"))


@lru_cache(maxsize=1024)
def origin_of(address: str) -> str:
    """Scheme, host and port as browsers compare them, `https://lms.example:8443`; or AddressInvalid."""
    parts = _split(address)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = parts.port
    if port is None or port == _DEFAULT_PORTS[parts.scheme]:
        return f"{parts.scheme}://{shown}"
    return f"{parts.scheme}://{shown}:{port}"


def own_origin(address: str) -> str:
    """The tool's own origin from its public address. Raises AddressInvalid for a path, or http elsewhere."""
    parts = _split(address)
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise AddressInvalid("must be an origin without a path")
    _require_https(parts, http_on_loopback=True)
    return origin_of(address)


def check_platform_address(address: str, *, allow_loopback: bool) -> str:
    """The address in its plain form if a platform may have it: https, or http on loopback where allowed."""
    if not isinstance(address, str) or len(address) > MAX_ADDRESS_CHARS:
        raise AddressInvalid(f"must be an address of at most {MAX_ADDRESS_CHARS} characters")
    parts = _split(address)
    if parts.fragment:
        raise AddressInvalid("must not have a #fragment")
    if is_loopback(parts.hostname or "") and not allow_loopback:
        raise AddressInvalid(
            "must not be a loopback address (EMENTOR_ALLOW_LOOPBACK_PLATFORMS=1 allows it in tests)"
        )
    _require_https(parts, http_on_loopback=allow_loopback)
    return plain_address(address)


def is_loopback(host: str) -> bool:
    """Whether a host name or address literal is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(address: str) -> SplitResult:
    # Also invisible and turning characters, other spaces and halves of characters: nobody reads what they do.
    if not address.isprintable() or " " in address or "\\" in address:
        raise AddressInvalid("must not contain spaces, backslashes or characters that cannot be printed")
    try:
        parts = urlsplit(plain_address(address))
        _ = parts.port
    except ValueError:
        raise AddressInvalid("is not a web address") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise AddressInvalid("must start with https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise AddressInvalid("must not contain a user name or password")
    if not has_plain_host(parts):
        raise AddressInvalid(
            "must name an IP address or a host of letters a to z, digits, hyphens, underscores and "
            "dots (other alphabets in their xn-- form)"
        )
    return parts


def _require_https(parts: SplitResult, *, http_on_loopback: bool) -> None:
    if parts.scheme == "https" or (http_on_loopback and is_loopback(parts.hostname or "")):
        return
    raise AddressInvalid("must be https")
