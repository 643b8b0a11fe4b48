"""Which addresses this tool may call: https to public hosts, and to private ones the installation names.

Pure checks of URLs and IP addresses (against server-side request forgery); opens no connection.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from course_sync.errors import AddressRefused, PlatformUnreachable
from course_sync.registrations import Registration

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

HOSTED_CANVAS = frozenset(f"https://canvas.{kind}instructure.com" for kind in ("", "beta.", "test."))
"""Issuers that answer under the host of each customer, vanity names included."""
MAX_ADDRESSES = 4
"""Of one name; each that does not answer costs a connection's whole time."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
_PRIVATE = tuple(
    ipaddress.ip_network(net)
    for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""What a site's own network may use; link-local addresses (cloud metadata) are never among them."""
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
"""With underscores: no register has them, but the networks of schools do."""
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
MAX_HOST_CHARS = 253


@dataclass(frozen=True)
class Reach:
    """Where this installation may call beyond public https."""

    allow_loopback: bool = False
    """This machine, over http as well: demo and tests."""
    private_hosts: frozenset[str] = frozenset()
    """Exact host names, lower case, that may be on a private network or this machine; https only."""

    def is_private_host(self, host: str) -> bool:
        """Whether the installation named this very host."""
        return host.rstrip(".").lower() in self.private_hosts


def check_url(url: str, reach: Reach) -> SplitResult:
    """The URL in its parts, if its form is one we may call. Raises AddressRefused.

    Names are resolved at connect time (`resolve_allowed`), so that the address checked is the one used.
    """
    if any(ord(character) <= 32 or ord(character) == 127 or character == "\\" for character in url):
        raise AddressRefused("the address holds spaces, backslashes or control characters")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("the address cannot be read") from None
    if not host:
        raise AddressRefused("the address has no host")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("the address carries a user name or password")
    if not has_plain_host(parts):
        raise AddressRefused(
            "the host is neither an IP address nor a name of the letters a to z, digits, hyphens and _"
        )
    _check_host(host, reach)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and reach.allow_loopback and _is_loopback_name(host)
    ):
        raise AddressRefused("the address does not start with https://")
    return parts


def has_plain_host(parts: SplitResult) -> bool:
    """Whether the host is a name as networks know them (other alphabets as xn--) or an IP address.

    Nothing else may stand where browsers read addresses: a `*` or `;` means something there.
    """
    host = parts.hostname or ""
    if "[" in parts.netloc:
        return isinstance(_literal(host), ipaddress.IPv6Address) and "%" not in host
    return len(host) <= MAX_HOST_CHARS and _HOST_NAME.fullmatch(host) is not None


def check_service_url(url: str, registration: Registration, reach: Reach) -> SplitResult:
    """A service's URL as a launch named it, if it is at a host of its platform. Raises AddressRefused.

    A service token goes there. Hosted Canvas serves each customer under a host of its own: there the
    signature of the launch that named the address has to do.
    """
    parts = check_url(url, reach)
    own = (
        registration.issuer,
        registration.auth_login_url,
        registration.auth_token_url,
        registration.jwks_url,
    )
    if registration.issuer not in HOSTED_CANVAS and parts.hostname not in {
        _host_of(address) for address in own
    }:
        raise AddressRefused(
            "the service is at a host its platform was not registered with", code="foreign_host"
        )
    return parts


def origin_of(parts: SplitResult) -> tuple[str, str, int]:
    """Scheme, host and port of an address, with the scheme's usual port filled in."""
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def origin_name(parts: SplitResult) -> str:
    """The same as one text."""
    scheme, host, port = origin_of(parts)
    return f"{scheme}://{host}:{port}"


def is_allowed_address(
    address: IPAddress, *, allow_loopback: bool = False, allow_private: bool = False
) -> bool:
    """Whether a connection to this IP address is permitted: public, or local where that is allowed."""
    inner = _unwrap(address)
    if inner.is_loopback:
        return allow_loopback or allow_private
    if any(inner in network for network in _PRIVATE if network.version == inner.version):
        return allow_private
    if isinstance(inner, ipaddress.IPv6Address) and inner not in _PUBLIC_IPV6:
        return False
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def resolve_allowed(host: str, port: int, reach: Reach) -> list[str]:
    """The first few IP addresses of a host, in the resolver's order.

    Raises AddressRefused if any of all is not permitted: a name with one forbidden address among several is
    set up for an attack.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise PlatformUnreachable("the host name is not known", code="unknown_host") from None
    addresses = list(dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found))
    for address in addresses:
        _check_address(ipaddress.ip_address(address), host, reach)
    return addresses[:MAX_ADDRESSES]


def _check_host(host: str, reach: Reach) -> None:
    literal = _literal(host)
    if literal is not None:
        _check_address(literal, host, reach)
    elif _is_loopback_name(host) and not reach.allow_loopback and not reach.is_private_host(host):
        raise AddressRefused("the host is this machine itself")


def _check_address(address: IPAddress, host: str, reach: Reach) -> None:
    if not is_allowed_address(
        address, allow_loopback=reach.allow_loopback, allow_private=reach.is_private_host(host)
    ):
        raise AddressRefused("the host is on a private or local network")


def _host_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


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
