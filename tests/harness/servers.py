"""Web servers of tests: an application served by threads of this process, on a port that stays reserved."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

LOOPBACK = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    """Without a line on standard error for each request."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


def listen() -> socket.socket:
    """A listening socket on a free port of the loopback; the port is known before any application exists."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((LOOPBACK, 0))
    listener.listen(128)
    return listener


def port_of(listener: socket.socket) -> int:
    """The port a socket listens on."""
    return int(listener.getsockname()[1])


def free_ports(count: int) -> list[int]:
    """Different ports nobody listens on at this moment."""
    listeners = [listen() for _ in range(count)]
    ports = [port_of(listener) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


@contextmanager
def served(app: Callable[..., Any], listener: socket.socket) -> Iterator[None]:
    """Serve an application on a listening socket until the block ends; the socket itself stays open."""
    server = make_server(
        LOOPBACK, port_of(listener), app, threaded=True, request_handler=QuietHandler, fd=listener.fileno()
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
