"""Language and time zone of a page: the person's choice, then what the platform said, then the browser's.

Only languages with a translation are offered; English is in the texts themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from babel import Locale, UnknownLocaleError
from babel.dates import get_timezone
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_locale

from lti_tool.paths import SOURCE_LANGUAGE, offered_languages, translations_folder
from lti_tool.services import current_services
from lti_tool.session import KnownSession


def init_locale(app: Flask, default_locale: str, default_time_zone: str) -> None:
    """Let every page find its language and time zone."""
    app.config.update(
        BABEL_DEFAULT_LOCALE=default_locale,
        BABEL_DEFAULT_TIMEZONE=default_time_zone,
        BABEL_TRANSLATION_DIRECTORIES=str(translations_folder()),
    )
    Babel(app, locale_selector=select_locale, timezone_selector=select_time_zone)


def select_locale() -> str:
    """Code of the language of this answer, one of those offered."""
    return next(code for code in (match_offered(wish) for wish in _wishes()) if code)


def select_time_zone() -> str | None:
    """IANA name of the reader's zone; None = the default."""
    session = _current_session()
    if session is None:
        return None
    for name in (session.time_zone, session.organisation_time_zone):
        if _is_zone(name):
            return name
    return None


def text_direction() -> str:
    """`ltr` or `rtl`, for the page's root element."""
    locale = get_locale()
    return locale.text_direction if locale else "ltr"


def match_offered(wish: str) -> str | None:
    """The offered language that serves a wish such as `fr-CA` or `fr_FR`; None if none does."""
    try:
        wanted = Locale.parse(wish.strip().replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        return None
    offered = offered_languages()
    return next((code for code in (str(wanted), wanted.language) if code in offered), None)


def _wishes() -> Iterable[str]:
    session = _current_session()
    if session is not None:
        yield session.chosen_locale
        yield session.told_locale
    if has_request_context():
        yield g.get("launch_locale", "")
        yield from request.accept_languages.values()
    if session is not None:
        yield session.organisation_locale
    yield current_services().settings.default_locale
    yield SOURCE_LANGUAGE


def _current_session() -> KnownSession | None:
    session: KnownSession | None = g.get("session") if has_request_context() else None
    return session


def _is_zone(name: str) -> bool:
    try:
        return bool(name and get_timezone(name))
    except LookupError:
        return False
