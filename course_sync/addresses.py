"""Which addresses this tool may call: https to public hosts, and loopback where demo and tests allow it.

Pure checks of URLs and IP addresses (against server-side request forgery); opens no connection.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit

from course_sync.errors import AddressRefused, PlatformUnreachable

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def check_url(url: str, *, allow_loopback: bool) -> SplitResult:
    """The URL in its parts, if its form is one we may call. Raises AddressRefused.

    Names are resolved at connect time (`resolve_allowed`), so that the address checked is the one used.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("the address cannot be read") from None
    if not host:
        raise AddressRefused("the address has no host")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("the address carries a user name or password")
    _check_host(host, allow_loopback)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and allow_loopback and _is_loopback_name(host)
    ):
        raise AddressRefused("the address does not start with https://")
    return parts


def origin_of(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port of an address, with the scheme's usual port filled in."""
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def is_allowed_address(address: IPAddress, *, allow_loopback: bool) -> bool:
    """Whether a connection to this IP address is permitted: public, or loopback where allowed."""
    inner = _unwrap(address)
    if inner.is_loopback:
        return allow_loopback
    return inner.is_global and not inner.is_multicast


def resolve_allowed(host: str, port: int, *, allow_loopback: bool) -> list[str]:
    """IP addresses of a host, in the resolver's order. Raises AddressRefused if any of them is not permitted.

    One forbidden address among several refuses the whole name: such a name is set up for an attack.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise PlatformUnreachable("the host name is not known", code="unknown_host") from None
    addresses = list(dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found))
    for address in addresses:
        if not is_allowed_address(ipaddress.ip_address(address), allow_loopback=allow_loopback):
            raise AddressRefused("the host is on a private or local network")
    return addresses


def _check_host(host: str, allow_loopback: bool) -> None:
    literal = _literal(host)
    if literal is not None and not is_allowed_address(literal, allow_loopback=allow_loopback):
        raise AddressRefused("the host is on a private or local network")
    if literal is None and _is_loopback_name(host) and not allow_loopback:
        raise AddressRefused("the host is this machine itself")


def _is_loopback_name(host: str) -> bool:
    literal = _literal(host)
    if literal is not None:
        return _unwrap(literal).is_loopback
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def _literal(host: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return None


def _unwrap(address: IPAddress) -> IPAddress:
    """The IPv4 address inside a mapped, 6to4 or NAT64 one: it is where the packets end."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
