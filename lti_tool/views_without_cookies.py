"""Addresses for a browser that keeps no cookie in the platform's frame: the two other ways into the tool.

Each takes the ticket of a verified launch, and only from a page of ours. Parse, ask, answer.
"""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template, request
from flask_babel import gettext as _

from lti_tool.headers import frame_by_nobody
from lti_tool.landing import land, note_registration, offer_other_ways, prepare_answer
from lti_tool.launch_claims import Launch
from lti_tool.refusals import LaunchRefused
from lti_tool.services import current_services
from lti_tool.session import is_from_own_frame
from lti_tool.waiting_launches import (
    HeldLaunch,
    delete_confirm_cookie,
    find_registration_of_ticket,
    get_held,
    prove_by_word,
    prove_with_secret,
    set_confirm_cookie,
    spend_ticket,
)

STORAGE_PATH = "/lti/storage"
CONTINUE_PATH = "/lti/continue"
ENTER_PATH = "/lti/enter"

blueprint = Blueprint("cookieless", __name__)


@blueprint.get(STORAGE_PATH)
@blueprint.get(CONTINUE_PATH)
@blueprint.get(ENTER_PATH)
def opened_by_get() -> Response:
    """A reload or a bookmark: the way works once."""
    raise LaunchRefused("launch_by_get")


@blueprint.post(STORAGE_PATH)
def resume() -> Response:
    """The platform's page still had the login's secret: the session's secret goes into its address."""
    held = _get_held()
    prepare_answer(held.launch, held.registration)
    if not is_from_own_frame(request.headers):  # without what it says, an address would open to anybody
        return offer_other_ways(held.ticket, None)
    response = land(prove_with_secret(held, request.form.get("secret", "")), secret_in_address=True)
    spend_ticket(held.ticket)
    return response


@blueprint.post(CONTINUE_PATH)
def show() -> Response:
    """In the new tab: who would continue where. Consumes nothing."""
    held = _get_held()
    prepare_answer(held.launch, held.registration)
    frame_by_nobody()
    who = _who_opened(held.launch)
    page = render_template("lti_tool/continue.html", platform=held.platform_name, ticket=held.ticket, **who)
    response = make_response(page)
    set_confirm_cookie(response, held.ticket)
    return response


@blueprint.post(ENTER_PATH)
def enter() -> Response:
    """The person said yes: a session with its ordinary cookie, in this tab."""
    held = _get_held()
    frame_by_nobody()
    response = land(prove_by_word(held, request.cookies))
    spend_ticket(held.ticket)
    delete_confirm_cookie(response, held.ticket)
    return response


def _get_held() -> HeldLaunch:
    """The launch of this request's ticket. Raises LaunchRefused, also where another site's page sent it."""
    services, ticket = current_services(), request.form.get("ticket", "")
    note_registration(find_registration_of_ticket(ticket))
    if request.headers.get("Origin") != services.settings.public_url:
        raise LaunchRefused("ticket_foreign")
    return get_held(ticket, services.sealer, g.real_now)


def _who_opened(launch: Launch) -> dict[str, str]:
    """Whom and which course the page names; "" = the platform does not tell it."""
    names = launch.names
    told = names["name"] or " ".join(part for part in (names["given_name"], names["family_name"]) if part)
    return {
        "name": told or launch.email or _("Somebody whose name the platform does not tell"),
        "email": launch.email if told else "",
        "course": launch.course.title or launch.course.label if launch.course else "",
    }
