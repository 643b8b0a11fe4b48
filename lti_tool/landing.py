"""The two ends of every way in: for whom a refusal counts, and the session a launch becomes.

Also the page for a browser without a cookie. Answers only; the checks are made elsewhere.
"""

from __future__ import annotations

from flask import Response, g, make_response, render_template, request

from course_sync.registrations import Registration
from lti_tool.entry import enter, first_page
from lti_tool.headers import frame_by
from lti_tool.launch_claims import Launch
from lti_tool.launches import CheckedLaunch
from lti_tool.platform_storage import StorageSlot
from lti_tool.rate_limits import STRANGERS, count_address
from lti_tool.services import current_services
from lti_tool.session import set_session_cookie


def note_registration(registration: Registration | None) -> None:
    """So that a refusal is counted under its platform and can be read inside that platform's frame."""
    g.registration = registration
    if registration is None:
        count_address(STRANGERS, request.remote_addr, g.real_now)
    else:
        frame_by(registration)


def land(checked: CheckedLaunch, *, secret_in_address: bool = False) -> Response:
    """Open the session of a launch and lead to its first page. Raises LaunchRefused."""
    services = current_services()
    opened = enter(checked, services, now=g.now, real_now=g.real_now, secret_in_address=secret_in_address)
    response = lead_to(first_page(opened, checked.launch), 303)
    set_session_cookie(response, opened)
    return response


def lead_to(address: str, status: int) -> Response:
    """A redirect without a page, which no browser shows."""
    return Response(status=status, headers={"Location": address})


def offer_other_ways(ticket: str, slot: StorageSlot | None) -> Response:
    """Ask the platform's page for the secret, if it has one, and offer a new tab."""
    return make_response(render_template("lti_tool/no_cookie.html", ticket=ticket, slot=slot))


def prepare_answer(launch: Launch, registration: Registration) -> None:
    """Let an answer before a session speak the launch's language, and show in its platform's frame."""
    g.launch_locale = launch.locale
    frame_by(registration, launch.return_url)
