"""A guard that lets tests reach the loopback and nothing else, loudly."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

LOOPBACK_NAMES = frozenset({"localhost", "", "0.0.0.0", "::"})


class NetworkBlocked(RuntimeError):
    """A test tried to leave the machine. Not an OSError: code that expects trouble must not hide it."""


class NameLookupBlocked(socket.gaierror):
    """A test asked for a name outside the machine: answered as a machine without DNS would."""


def is_loopback(host: object) -> bool:
    """Whether a host name or address stays on this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(str(name).split("%")[0]).is_loopback
    except ValueError:
        return str(name).endswith(".localhost")


def is_address(host: object) -> bool:
    """Whether the host is written as an IP address."""
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


def _check(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and not is_loopback(address[0]):
        raise NetworkBlocked(f"a test tried to connect to {address[0]}")


@contextmanager
def only_loopback() -> Iterator[None]:
    """Refuse connections and name look-ups that would leave this machine."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _check(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _check(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_loopback(host) and not is_address(host):
            raise NameLookupBlocked(socket.EAI_NONAME, f"a test looked up {host}")
        return getaddrinfo(host, *args, **kwargs)

    patched = pytest.MonkeyPatch()
    patched.setattr(socket.socket, "connect", guarded_connect)
    patched.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    patched.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
    try:
        yield
    finally:
        patched.undo()
