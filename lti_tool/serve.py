"""The web server of the command line: gunicorn with threads, waitress on Windows. No routes live here."""

from __future__ import annotations

import sys
from typing import Any

from flask import Flask


def serve(app: Flask, *, host: str, port: int, workers: int, threads: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    if sys.platform == "win32":
        from waitress import serve as serve_with_waitress

        serve_with_waitress(app, host=host, port=port, threads=threads)
        return
    _gunicorn(app, {"bind": _address(host, port), "workers": workers, "threads": threads}).run()


def _address(host: str, port: int) -> str:
    # "localhost" may resolve to ::1 first on some machines, and the demo's browser may try only 127.0.0.1.
    name = "127.0.0.1" if host == "localhost" else host
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _gunicorn(app: Flask, options: dict[str, Any]) -> Any:
    """gunicorn's own application class, made here because its import fails on Windows."""
    from gunicorn.app.base import BaseApplication

    settings = {
        "worker_class": "gthread",
        "loglevel": "warning",
        "graceful_timeout": 10,
        "keepalive": 15,
        "control_socket_disable": True,
        **options,
    }

    class Gunicorn(BaseApplication):
        def load_config(self) -> None:
            for key, value in settings.items():
                if key in self.cfg.settings:
                    self.cfg.set(key, value)

        def load(self) -> Flask:
            return app

    return Gunicorn()
