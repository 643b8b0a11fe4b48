"""Logs: one JSON object a line on standard error, without names, tokens, or the query of any address.

Errors are logged by class and place, never by message: messages of libraries quote what they choked on.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request

ROOM_LOGGERS = ("lti_tool", "mentor_console", "course_sync")
SERVER_FAILED = "the web server could not answer a request, or not go on"
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_MAX_FRAMES = 30

log = logging.getLogger("lti_tool.access")


class JsonLines(logging.Formatter):
    """A record and its extra fields as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """JSON with at, level, logger, message, the extra fields, and the place of an error."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe_error(record.exc_info[1])
        return json.dumps(line, default=str, ensure_ascii=False)


class ServerLines(JsonLines):
    """Of a web server: with an error it logs the address of the request, which may open a visit."""

    def format(self, record: logging.LogRecord) -> str:
        """The same line; where it is about an error, class and place stand for the server's message."""
        if record.exc_info and record.exc_info[0] is not None:
            record = logging.makeLogRecord({**vars(record), "msg": SERVER_FAILED, "args": ()})
        return super().format(record)


class _CurrentStandardError(logging.StreamHandler):
    """Writes to whatever standard error is at the moment, so that others may exchange it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """The process's standard error."""
        return sys.stderr


def describe_error(error: BaseException) -> dict[str, Any]:
    """Class and places of an error, innermost last; not its message, which may quote a person's data."""
    frames = traceback.extract_tb(error.__traceback__)[-_MAX_FRAMES:]
    return {
        "class": f"{type(error).__module__}.{type(error).__qualname__}",
        "places": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def init_logs(app: Flask, level: str) -> None:
    """Send the three rooms' logs to standard error as JSON, and write a line for each request."""
    for name in ROOM_LOGGERS:
        adopt_logger(name, level)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its own lines hold whole addresses
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)  # and so do these, warnings included
    app.before_request(_start_watch)
    app.after_request(_log_request)


def adopt_logger(name: str, level: str | int, lines: type[JsonLines] = JsonLines) -> None:
    """Write what this logger has to say as we write our own."""
    logger = logging.getLogger(name)
    logger.setLevel(level)
    if not any(isinstance(handler, _CurrentStandardError) for handler in logger.handlers):
        handler = _CurrentStandardError()
        handler.setFormatter(lines())
        logger.addHandler(handler)


def _start_watch() -> None:
    g.started_at = time.monotonic()


def _log_request(response: Response) -> Response:
    if not log.isEnabledFor(logging.INFO):
        return response
    if request.endpoint in ("lti.healthz", "lti.readyz") or request.blueprint == "console_assets":
        return response
    milliseconds = (time.monotonic() - g.get("started_at", time.monotonic())) * 1000
    fields = {
        "method": request.method,
        "route": str(request.url_rule) if request.url_rule else None,
        "status": response.status_code,
        "ms": round(milliseconds, 1),
    }
    log.info("request", extra=fields)
    return response
