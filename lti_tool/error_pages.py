"""What a person reads when something is refused or broken: what happened, what is safe, what to do next.

The only error handlers of the application. The short code on a page is for the admin; it leads to the log.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, g, make_response, render_template
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

from course_sync.database import db
from course_sync.errors import PlatformError, SyncBusy
from course_sync.models import Organisation
from lti_tool.csrf import ForgedRequest
from lti_tool.headers import frame_by_any_platform
from lti_tool.rate_limits import TooMany
from lti_tool.refusal_log import record_refusal
from lti_tool.refusal_texts import PERSON
from lti_tool.refusals import LaunchRefused
from lti_tool.registration_refusals import RegistrationRefused
from lti_tool.registration_wording import approval_words, refusal_words, safe_words
from mentor_console.access import AccessError, NoSession
from mentor_console.errors import Conflict, ConsoleError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ErrorPage:
    """One page: its words, its status, and the code for the admin."""

    status: int
    code: str
    title: str
    sentences: tuple[str, ...]
    next_steps: tuple[str, ...] = field(default=())
    offer: str = ""
    """Sealed: of a registration under way, which the page may ask about again."""


def init_error_pages(app: Flask) -> None:
    """Register every error handler of the application."""

    def on_refusal(refusal: LaunchRefused) -> Response:
        _note_refusal(refusal)
        return _answer(page_of_refusal(refusal))

    app.register_error_handler(LaunchRefused, on_refusal)
    app.register_error_handler(RegistrationRefused, _on_registration_refused)
    app.register_error_handler(AccessError, _on_access_error)
    app.register_error_handler(ConsoleError, _on_console_error)
    app.register_error_handler(PlatformError, _on_platform_error)
    app.register_error_handler(SyncBusy, _on_sync_busy)
    app.register_error_handler(HTTPException, _on_http_error)
    app.register_error_handler(InternalServerError, _on_crash)


def page_of_refusal(refusal: LaunchRefused) -> ErrorPage:
    """The page of a launch that was not accepted."""
    title, sentences, next_steps = _refusal_words(refusal)
    what = (_(PERSON[refusal.code]),) if refusal.code in PERSON else ()
    safe = _("Nothing was changed, and nothing you did before is lost.")
    status = 400 if refusal.kind == "message" else 403
    return ErrorPage(status, refusal.code, title, (*sentences, *what, safe), next_steps)


def page_of_registration_refusal(refusal: RegistrationRefused) -> ErrorPage:
    """The page of a registration by invite that does not go on."""
    words = refusal_words(refusal)
    sentences = (*words.sentences, *safe_words(refusal.code))
    offer = g.get("offer", "") if refusal.code == "invite_in_use" else ""
    return ErrorPage(refusal.status, refusal.code, words.title, sentences, words.next_steps, offer)


def _refusal_words(refusal: LaunchRefused) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Title, what happened, what to do next."""
    if refusal.kind == "approval":
        words = approval_words(refusal.code, _organisation_name())
        return words.title, words.sentences, words.next_steps
    again = _("Open the activity again from your course.")
    tell = _("If it happens again, give the code below to the admin of your learning platform.")
    if refusal.kind == "again":
        return (
            _("This page was opened too late or twice"),
            (_("For your safety, the way from your course to this tool works once, for a few minutes."),),
            (again, tell),
        )
    if refusal.kind == "browser":
        return (
            _("Your browser did not keep the way here"),
            (_("On the way from your course to here, your browser has to keep one cookie. It did not."),),
            (again, _("If that does not help: allow cookies for this tool, or try another browser."), tell),
        )
    if refusal.kind == "platform":
        return (
            _("Your learning platform could not confirm who you are"),
            (_("This tool asked the platform and got no usable answer. Often this passes by itself."),),
            (_("Wait a moment, then open the activity again from your course."), tell),
        )
    return _refusal_words_for_admins(refusal.kind, again)


def _refusal_words_for_admins(kind: str, again: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Refusals that opening the activity again will hardly mend."""
    tell = _("Opening it again may not help: give the code below to the admin of your learning platform.")
    if kind == "setup":
        return (
            _("This course is not connected to the tool yet"),
            (_("Your learning platform opened this tool, but the two do not know each other fully yet."),),
            (again, tell),
        )
    if kind == "user":
        return (
            _("Your learning platform did not say who you are"),
            (_("This tool only opens for people who are signed in. Guests cannot use it."),),
            (_("Sign in to your learning platform, then open the activity again from your course."), tell),
        )
    return (
        _("This page cannot be opened like this"),
        (_("What your browser brought here is not a complete launch from a learning platform."),),
        (again, tell),
    )


def _organisation_name() -> str:
    """Of the platform a refusal is about; those who wait should know whom to ask."""
    registration = g.get("registration")
    organisation = db.session.get(Organisation, registration.organisation_id) if registration else None
    return organisation.name if organisation else ""


def _note_refusal(refusal: LaunchRefused) -> None:
    """Log the refusal, and count it for the admin."""
    db.session.rollback()
    registration = g.get("registration")
    platform_id = registration.platform_id if registration else None
    log.warning(
        "launch refused", extra={"code": refusal.code, "detail": refusal.detail, "platform_id": platform_id}
    )
    record_refusal(refusal.code, platform_id, g.real_now, is_signed=refusal.is_signed)


def _on_registration_refused(refusal: RegistrationRefused) -> Response:
    """Counted for the admin whose organisation's invite it was, if there is such an invite."""
    db.session.rollback()
    organisation_id, platform_id = g.get("invited_by", (None, None))
    log.warning(
        "registration refused",
        extra={
            "code": refusal.code,
            "detail": refusal.detail,
            "organisation_id": organisation_id,
            "platform_id": platform_id,
        },
    )
    record_refusal(refusal.code, platform_id, g.real_now, organisation_id=organisation_id)
    return _answer(page_of_registration_refusal(refusal))


def _on_access_error(error: AccessError) -> Response:
    if isinstance(error, NoSession):
        return _answer(_stale_page())
    return _answer(
        ErrorPage(
            403,
            "not_for_you",
            _("This page is not for you"),
            (_("You are signed in, but this page or person is not part of what you look after here."),),
            (_("Go back to your own first page."), _("If you need access, ask a trainer of the course.")),
        )
    )


def _stale_page() -> ErrorPage:
    return ErrorPage(
        401,
        "session_over",
        _("Open the activity again"),
        (
            _("This page belongs to a visit that is over, or that began in another browser."),
            _("Everything you saved is safe."),
        ),
        (_("Open the activity again from your course."),),
    )


def _on_console_error(error: ConsoleError) -> Response:
    status, code = (409, "conflict") if isinstance(error, Conflict) else (400, "input_invalid")
    title = _("Somebody was faster") if status == 409 else _("This could not be saved")
    what = (
        _("What you wanted to change has been changed in the meantime.")
        if status == 409
        else _("Something in what you sent is missing or not allowed. Nothing was changed.")
    )
    return _answer(
        ErrorPage(status, code, title, (what,), (_("Go back, look at the page anew, and try again."),))
    )


def _on_platform_error(error: PlatformError) -> Response:
    log.warning("platform error reached a page", extra={"code": error.code})
    return _answer(
        ErrorPage(
            502,
            error.code,
            _("The learning platform did not answer"),
            (_("This tool asked your learning platform and got no usable answer. What was known is kept."),),
            (_("Try again in a few minutes."),),
        )
    )


def _on_sync_busy(_error: SyncBusy) -> Response:
    return _answer(
        ErrorPage(
            409,
            "sync_busy",
            _("The course is being updated right now"),
            (_("One update at a time is enough; this one will bring what you asked for."),),
            (_("Try again in a minute."),),
        )
    )


def _on_http_error(error: HTTPException) -> Response:
    code = error.code or 500
    if isinstance(error, InternalServerError):
        return _on_crash(error)
    response = _answer(_http_page(error, code)) if code >= 400 else make_response(error.get_response())
    for name, value in _extra_headers(error):
        response.headers[name] = value
    return response


def _extra_headers(error: HTTPException) -> list[tuple[str, str]]:
    """What the protocol wants beside the page, such as `Allow` with 405."""
    unwanted = {"content-type", "content-length"}
    return [(name, value) for name, value in error.get_headers() if name.lower() not in unwanted]


def _http_page(error: HTTPException, status: int) -> ErrorPage:
    back = (_("Go back, or open the activity again from your course."),)
    if isinstance(error, ForgedRequest):
        return ErrorPage(
            403,
            "form_stale",
            _("This form is no longer valid"),
            (_("It was not sent from a page of this visit, so nothing was changed."),),
            (_("Go back, load the page anew, and send it again."),),
        )
    if isinstance(error, TooMany):
        return _too_many_page(error.retry_after_seconds)
    if status == 404:
        return ErrorPage(
            404, "not_found", _("There is no such page"), (_("The address leads nowhere here."),), back
        )
    if status == 405:
        return ErrorPage(
            405,
            "method_not_allowed",
            _("This cannot be opened like this"),
            (_("Nothing was changed."),),
            back,
        )
    if status == 413:
        return ErrorPage(413, "too_large", _("That is too much at once"), (_("Nothing was changed."),), back)
    return ErrorPage(
        status,
        f"http_{status}",
        _("This request could not be understood"),
        (_("Nothing was changed."),),
        back,
    )


def _too_many_page(seconds: int) -> ErrorPage:
    return ErrorPage(
        429,
        "too_many",
        _("Please wait a moment"),
        (
            _("The same thing was asked here very often in a short time, so this tool takes a short break."),
            _("Nothing was changed, and nothing you did before is lost."),
        ),
        (
            ngettext(
                "Wait %(num)d second, then open the activity again from your course.",
                "Wait %(num)d seconds, then open the activity again from your course.",
                seconds,
            ),
            _("If it happens again, give the code below to the admin of your learning platform."),
        ),
    )


def _on_crash(error: InternalServerError) -> Response:
    reference = secrets.token_hex(4)
    cause = error.original_exception or error
    log.error("crash", exc_info=cause, extra={"reference": reference})
    _reset_database()
    return _answer(
        ErrorPage(
            500,
            f"crash_{reference}",
            _("Something went wrong on our side"),
            (_("The error has been noted. Everything saved before this page is safe."),),
            (
                _("Try again in a moment."),
                _("If it happens again, give the code below to the admin of this tool."),
            ),
        )
    )


def _reset_database() -> None:
    """The page must come even when the database is what broke."""
    try:
        db.session.rollback()
    except SQLAlchemyError:
        db.session.remove()


def _answer(page: ErrorPage) -> Response:
    """The page as an answer that the platform's frame may show."""
    context: dict[str, Any] = {"page": page}
    if "frame_origins" not in g:
        try:
            frame_by_any_platform()
        except SQLAlchemyError:
            g.frame_origins = []
    return make_response(render_template("lti_tool/error.html", **context), page.status)
