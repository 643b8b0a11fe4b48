"""The web server of the command line: gunicorn with threads, waitress on Windows. No routes live here."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import Any

from flask import Flask

from lti_tool.logs import ServerLines, adopt_logger

GRACE_SECONDS = 8
"""What requests under way are given when the server is told to stop; containers are killed after 10 s."""
MAX_LINE_BYTES = 8190
"""Of an address with its query. A login by GET may carry two long hints; this is gunicorn's own ceiling."""
MAX_HEADER_BYTES = 16_380
_NEW_OBJECTS = 20_000
"""How many more there are before the collector looks: about as many as a page of 300 learners makes."""


def serve(
    app: Flask, *, host: str, port: int, workers: int, threads: int, grace_seconds: int = GRACE_SECONDS
) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; requests under way are finished within the grace."""
    keep_what_exists()
    if sys.platform == "win32":
        from waitress import serve as serve_with_waitress

        adopt_logger("waitress", "WARNING", ServerLines)
        serve_with_waitress(app, host=host, port=port, threads=threads)
        return
    options = {
        "bind": _address(host, port),
        "workers": workers,
        "threads": threads,
        "graceful_timeout": grace_seconds,
    }
    _gunicorn(app, options).run()


def keep_what_exists() -> None:
    """Spare the collector of garbage what lives as long as the server: pages are made a fifth faster.

    A tenth more is won where it does not look through the rows of a page while they are read.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])


def _address(host: str, port: int) -> str:
    # "localhost" may resolve to ::1 first on some machines, and the demo's browser may try only 127.0.0.1.
    name = "127.0.0.1" if host == "localhost" else host
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def _gunicorn(app: Flask, options: dict[str, Any]) -> Any:
    """gunicorn's own application class, made here because its import fails on Windows."""
    from gunicorn.app.base import BaseApplication

    settings = {
        "worker_class": _worker_class(),
        "loglevel": "warning",
        "logger_class": _logger_class(),
        "keepalive": 15,
        "limit_request_line": MAX_LINE_BYTES,
        "limit_request_field_size": MAX_HEADER_BYTES,
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

        def run(self) -> None:
            _arbiter_class()(self).run()

    return Gunicorn()


def _logger_class() -> Any:
    """gunicorn's log in lines of ours, which never hold what a request said: it may open a visit."""
    from gunicorn.glogging import Logger

    class Log(Logger):
        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            for handler in self.error_log.handlers:
                handler.setFormatter(ServerLines())

        def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
            # "Invalid request ..." quotes the request in the message itself
            super().warning(msg, *args, **{"exc_info": sys.exc_info()[0] is not None, **kwargs})

    return Log


def _arbiter_class() -> Any:
    """gunicorn's master, for which every way of stopping is the graceful one.

    A terminal sends SIGINT to master and workers alike; gunicorn's own answer to it, SIGQUIT on top, lets a
    worker with threads wait for a lock that it holds itself.
    """
    from gunicorn.arbiter import Arbiter

    class GracefulArbiter(Arbiter):
        def init_signals(self) -> None:
            was_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            super().init_signals()
            if was_ignored:  # nohup
                signal.signal(signal.SIGHUP, signal.SIG_IGN)

        def handle_int(self) -> None:
            self.handle_term()

        def handle_quit(self) -> None:
            self.handle_term()

        def handle_hup(self) -> None:
            self.handle_term()

    return GracefulArbiter


def _worker_class() -> Any:
    """gunicorn's worker with threads, which leaves the terminal's signals to its master."""
    from gunicorn.workers.gthread import ThreadWorker

    class Worker(ThreadWorker):
        def init_signals(self) -> None:
            super().init_signals()
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGQUIT, lambda _number, _frame: os._exit(0))

    return Worker
