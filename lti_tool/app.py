"""The composition root: `create_app` puts the three rooms together into one Flask application.

No rule and no page lives here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from course_sync.database import db
from course_sync.jobs import QUEUE
from lti_tool import (
    assets,
    views,
    views_audit,
    views_own_token,
    views_placing,
    views_platforms,
    views_refusals,
    views_registering,
    views_without_cookies,
)
from lti_tool.config import PROCRASTINATE, ConfigError, Settings, load_settings
from lti_tool.error_pages import init_error_pages
from lti_tool.gate import init_gate
from lti_tool.headers import init_headers
from lti_tool.health import has_tables
from lti_tool.locale import init_locale
from lti_tool.logs import init_logs
from lti_tool.paths import templates_folder
from lti_tool.secrets import SealBroken
from lti_tool.services import EXTENSION, Services, compose
from lti_tool.tool_config import apply_tool_config, read_tool_config
from mentor_console.views import blueprint as console

MAX_REQUEST_BYTES = 1024 * 1024
"""A launch of Moodle has 4 kB, of Canvas with many custom fields some 20 kB."""

DOOR = (
    assets,
    views,
    views_without_cookies,
    views_audit,
    views_placing,
    views_registering,
    views_platforms,
    views_refusals,
    views_own_token,
)
"""Modules with the pages of the door."""


class Tool(Flask):
    """The application; says nothing of a crash by itself, and has no coroutines among its functions."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is; Flask would examine each one at each request."""
        return func

    def log_exception(self, *_problem: object) -> None:
        """Flask would write the whole address, which holds the session; error_pages logs class and place."""


def create_app(settings: Settings | None = None) -> Flask:
    """The whole tool. Without settings they are read from the environment. Raises ConfigError."""
    settings = settings or load_settings(os.environ)
    app = Tool("lti_tool", template_folder=str(templates_folder()), static_folder=None)
    _configure(app, settings)
    init_logs(app, settings.log_level)
    db.init_app(app)
    services = compose(app, settings)
    app.extensions[EXTENSION] = services
    app.extensions["ementor_started"] = time.monotonic()
    _choose_queue(app, settings)
    init_locale(app, settings.default_locale, settings.default_time_zone)
    init_gate(app, services)
    init_headers(app)
    init_error_pages(app)
    for room in DOOR:
        app.register_blueprint(room.blueprint)
    app.register_blueprint(console)
    _start(app, services)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        # Parameters of a failed statement are people's data; they must not reach an error message.
        # A file does not hang up as a server does: asking before each use would only cost time.
        SQLALCHEMY_ENGINE_OPTIONS={
            "hide_parameters": True,
            "pool_pre_ping": not settings.database_url.startswith("sqlite"),
        },
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def _choose_queue(app: Flask, settings: Settings) -> None:
    """Where jobs wait; procrastinate is imported only where it was chosen."""
    if settings.jobs == PROCRASTINATE:
        from lti_tool.procrastinate_queue import ProcrastinateQueue

        app.extensions[QUEUE] = ProcrastinateQueue()


def _start(app: Flask, services: Services) -> None:
    """Check the secret key against what is stored, apply tool_config.json; an empty database gets it later.

    A wrong file or key stops the start. Connections are closed again: a server may fork after this.
    """
    settings = services.settings
    if settings.tool_config is not None:
        read_tool_config(settings.tool_config, allow_loopback=settings.allow_loopback_platforms)
    with app.app_context():
        try:
            if has_tables():
                _check_secret_key(services)
                apply_tool_config(settings, services.clock.real_now())
        finally:
            db.session.remove()
            db.engine.dispose()


def _check_secret_key(services: Services) -> None:
    try:
        services.keys.check_stored()
    except SealBroken as problem:
        raise ConfigError("EMENTOR_SECRET_KEY", f"{problem}; add the former key after the new one") from None
