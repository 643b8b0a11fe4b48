"""Factory of the demo site: puts data, clock, keys and pages together. No logic of its own."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask import Flask, Response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from lti_tool.demo_lms import lti_views, pages, placing_views, registration_views
from lti_tool.demo_lms.clock import real_now
from lti_tool.demo_lms.faults import Faults
from lti_tool.demo_lms.site import EXTENSION, build_site
from lti_tool.demo_lms.texts import TEXTS
from lti_tool.demo_lms.webservice import server


def create_demo_lms(
    state_dir: Path | str,
    base_url: str,
    tool_url: str,
    *,
    faults: Faults | None = None,
    now: Callable[[], datetime] = real_now,
    tool_jwks_url: str | None = None,
) -> Flask:
    """A demo site at `base_url` that knows one tool, at `tool_url` (both without a slash at the end).

    `state_dir` holds the key pair, the first day of the course and the clock. Raises DemoStateError when it
    cannot be used. `tool_jwks_url` defaults to the tool's well-known address.
    """
    app = Flask("lti_tool.demo_lms")
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    base_url, tool_url = base_url.rstrip("/"), tool_url.rstrip("/")
    site = build_site(Path(state_dir), base_url, tool_url, now, tool_jwks_url)
    site.faults = faults or Faults()
    app.extensions[EXTENSION] = site
    rooms = (pages, lti_views, placing_views, registration_views, server)
    for blueprint in (room.blueprint for room in rooms):
        app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, show_error)
    app.after_request(make_security_headers(tool_url))
    return app


def show_error(error: HTTPException) -> ResponseReturnValue:
    """A page for a person; the description is a key of texts.py when we raised the error ourselves."""
    key = (
        error.description
        if error.description in TEXTS["en"]
        else "unknown_page"
        if error.code == 404
        else "error"
    )
    return pages.render("error.html", None, error.code or 500, message_key=key)


def make_security_headers(tool_url: str) -> Callable[[Response], Response]:
    """The tool may be framed and posted to; nobody else, and nothing inline."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-src 'self' {tool_url}; form-action 'self' {tool_url}; frame-ancestors 'self'"
    )

    def add(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return add
