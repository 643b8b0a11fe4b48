"""Deep linking: a trainer chooses what the course shall link to, and the answer goes back signed.

LTI Deep Linking 2.0. Parse, ask, answer; the request was checked with its launch (deep_linking.py).
"""

from __future__ import annotations

import secrets

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from course_sync.records import registration_of
from lti_tool.deep_linking import CONSOLE, MY_E_MENTOR, PAGES, PlacedLink, Placing, response_claims
from lti_tool.headers import post_to
from lti_tool.launches import LAUNCH_PATH
from lti_tool.locale import match_offered
from lti_tool.registration import get_platform
from lti_tool.services import current_services
from lti_tool.session import find_placing
from mentor_console.access import current_viewer, open_to

blueprint = Blueprint("placing", __name__, url_prefix="/s/<handle>")


@blueprint.get("/place")
@open_to("trainer")
def choose() -> BaseResponse:
    """What can be placed in the course."""
    placing = find_placing(g.session)
    if placing is None:
        return redirect(url_for("console.home"), 303)
    return _choice(placing)


@blueprint.post("/place")
@open_to("trainer")
def place() -> BaseResponse:
    """The signed answer, in a form that sends itself to the platform."""
    placing = find_placing(g.session)
    if placing is None:
        return redirect(url_for("console.home"), 303)
    chosen = [page for page in PAGES if page in request.form.getlist("chosen")]
    if not chosen or (len(chosen) > 1 and not placing.accepts_multiple):
        return _choice(placing, problem=_("Choose what the course shall link to."), status=400)
    response = make_response(
        render_template(
            "lti_tool/placed.html", return_url=placing.return_url, answer=_signed(placing, chosen)
        )
    )
    post_to(placing.return_url)
    return response


@blueprint.get("/not-placing")
@open_to("anyone")
def not_yours() -> str:
    """For whoever came to place something and is no trainer of the course."""
    return render_template("lti_tool/not_placing.html", unchecked=current_viewer().role_unchecked)


def _choice(placing: Placing, *, problem: str = "", status: int = 200) -> Response:
    page = render_template(
        "lti_tool/place.html",
        links=list_links(placing.locale),
        several=placing.accepts_multiple,
        problem=problem,
    )
    return make_response(page, status)


def list_links(locale: str) -> list[PlacedLink]:
    """What can be placed, in the language of the course's page, or else of the reader."""
    with force_locale(match_offered(locale) or str(get_locale())):
        return [
            PlacedLink(
                MY_E_MENTOR,
                _("My e-mentor"),
                _("Your own progress, what was agreed, and how to reach your e-mentor."),
            ),
            PlacedLink(
                CONSOLE,
                _("E-mentor console"),
                _("For e-mentors and trainers: who needs a word today, and why."),
            ),
        ]


def _signed(placing: Placing, chosen: list[str]) -> str:
    services = current_services()
    claims = response_claims(
        placing,
        [link for link in list_links(placing.locale) if link.page in chosen],
        registration=registration_of(get_platform(g.session.platform_id)),
        launch_url=services.settings.public_url + LAUNCH_PATH,
        nonce=secrets.token_urlsafe(32),
        real_now=g.real_now,
    )
    return services.keys.sign(claims)
