"""What every request passes before its view: the two clocks, the session of its path, the forgery check.

A page under /s/<handle> without a live session is refused here, before any view runs. The handle never
reaches a view or a template: it is taken out of the route's values and put back into every address made.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, g, request
from flask_babel import get_locale
from markupsafe import Markup

from course_sync.database import db
from lti_tool import csrf
from lti_tool.headers import frame_by_addresses
from lti_tool.locale import text_direction
from lti_tool.rate_limits import ACTIONS, count_use
from lti_tool.services import Services
from lti_tool.session import facts_of, find_by_handle, opens_to, read_credentials
from mentor_console.access import NoSession, viewer_of

HEAVY_PAGES = frozenset({"console.course_rules", "console.organisation_rules", "console.platform_roles"})
"""Pages that try rules on everybody they would touch; the others cost little and are not counted."""


def init_gate(app: Flask, services: Services) -> None:
    """Put the gate before every view of the application."""

    def take_handle(_endpoint: str | None, values: dict[str, Any] | None) -> None:
        handle = values.pop("handle", None) if values else None
        if handle is not None:
            g.handle = handle

    def put_handle(endpoint: str, values: dict[str, Any]) -> None:
        if "handle" not in values and "handle" in g and app.url_map.is_endpoint_expecting(endpoint, "handle"):
            values["handle"] = g.handle

    def open_gate() -> None:
        g.real_now = services.clock.real_now()
        g.now = services.clock.now()
        if "handle" in g:
            _load_session(g.handle, services)

    def add_context() -> dict[str, Any]:
        return {
            "csrf_field": _csrf_field,
            "dir": text_direction(),
            "is_demo": services.clock.is_demo,
            "locale": get_locale(),
            "now": g.get("now"),
            "viewer": g.get("viewer"),
        }

    app.url_value_preprocessor(take_handle)
    app.url_defaults(put_handle)
    app.before_request(open_gate)
    app.context_processor(add_context)


def _load_session(address_part: str, services: Services) -> None:
    given = read_credentials(address_part, request.cookies, request.headers)
    session = find_by_handle(given.handle)
    if session is None:
        raise NoSession
    # The page "open the activity again" must show inside the platform's frame, too.
    frame_by_addresses(session.issuer, session.auth_login_url, session.return_url)
    if not opens_to(session, given, g.real_now):
        raise NoSession
    csrf.check_request(request, given.handle, given.secret, services.settings.public_url)
    if request.method not in csrf.SAFE_METHODS or request.endpoint in HEAVY_PAGES:
        count_use(ACTIONS, given.handle, g.real_now)
        db.session.commit()
    g.session, g.credentials = session, given
    g.viewer = viewer_of(facts_of(session))


def _csrf_field() -> Markup:
    """The hidden field of a form; nothing outside a session, where the door checks in its own ways."""
    if "session" not in g:
        return Markup("")
    if "csrf_field" not in g:  # a page of many cards has many forms
        g.csrf_field = csrf.field_for(g.credentials.handle, g.credentials.secret)
    field: Markup = g.csrf_field
    return field
