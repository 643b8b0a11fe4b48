"""Addresses of the door: login, launch, public keys, health. Parse, ask, answer; checks are made elsewhere.

LTI 1.3 core 5 and 1EdTech security framework 5.1.
"""

from __future__ import annotations

import time

from flask import (
    Blueprint,
    Response,
    current_app,
    g,
    jsonify,
    make_response,
    render_template,
    request,
)
from werkzeug.wrappers import Response as BaseResponse

from lti_tool import health, launches
from lti_tool.headers import frame_by
from lti_tool.keys import JWKS_CACHE_SECONDS
from lti_tool.landing import land, lead_to, note_registration, offer_other_ways, prepare_answer
from lti_tool.login_cookies import (
    delete_login_cookies,
    list_surplus_cookies,
    login_cookie_name,
    set_login_cookie,
)
from lti_tool.refusals import LaunchRefused
from lti_tool.services import current_services
from lti_tool.waiting_launches import keep_waiting
from mentor_console.access import open_to

blueprint = Blueprint("lti", __name__)


@blueprint.route(launches.LOGIN_PATH, methods=["GET", "POST"])
def login() -> BaseResponse:
    """Third-party initiated login: to the platform's authorisation address, with state and nonce."""
    parameters = request.form.to_dict() | request.args.to_dict()
    note_registration(launches.find_login_registration(parameters))
    login = launches.begin_login(
        parameters, request.headers, current_services().settings.public_url, g.real_now
    )
    response = lead_to(login.address, 302) if login.slot is None else make_response(_go_on_page(login))
    set_login_cookie(response, login.cookie_name, login.browser_secret)
    delete_login_cookies(response, list_surplus_cookies(request.cookies))
    return response


@blueprint.get(launches.LAUNCH_PATH)
def launch_by_get() -> BaseResponse:
    """A launch is posted; whoever comes here by a bookmark or a reload is told what to do."""
    raise LaunchRefused("launch_by_get")


@blueprint.post(launches.LAUNCH_PATH)
def launch() -> BaseResponse:
    """The id_token arrives: check it, open a session of its own, and go there; or look for another proof."""
    services = current_services()
    arrived = launches.read_arrived(request.form.get("id_token", ""))
    note_registration(
        arrived.registration or launches.find_registration_of_state(request.form.get("state", ""))
    )
    checked = launches.check_launch(
        arrived,
        request.form,
        request.cookies,
        request.headers,
        platform_keys=services.platform_keys,
        own_origin=services.settings.public_url,
        real_now=g.real_now,
    )
    if isinstance(checked, launches.CookielessLaunch):
        prepare_answer(checked.launch, checked.registration)
        return offer_other_ways(keep_waiting(checked, services.sealer, g.real_now), checked.slot)
    response = land(checked)
    delete_login_cookies(response, [login_cookie_name(request.form.get("state", ""))])
    return response


def _go_on_page(login: launches.LoginRedirect) -> str:
    """For a platform whose page keeps the secret too: a script leaves it there on the way.

    Hosted Canvas shows it on a customer's site, which only the launch will name; until then the site that
    began the login is believed, since the page holds nothing one could be lured into.
    """
    frame_by(login.registration, request.headers.get("Origin"))
    return render_template(
        "lti_tool/go_on.html", onward=login.address, slot=login.slot, secret=login.browser_secret
    )


@blueprint.get("/s/<handle>/outside")
@open_to("anyone")
def outside_course() -> str:
    """For a launch that named no course."""
    return render_template("lti_tool/outside_course.html")


@blueprint.get("/")
def front() -> Response:
    """For whoever opens the tool's bare address: what it is, and where its door is."""
    response = make_response(render_template("lti_tool/front.html"))
    response.vary.add("Accept-Language")
    return response


@blueprint.get("/.well-known/jwks.json")
def jwks() -> Response:
    """Public keys of the tool, for platforms that check its client assertions."""
    response = jsonify(current_services().keys.jwks())
    response.headers["Cache-Control"] = f"public, max-age={JWKS_CACHE_SECONDS}"
    return response


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process is up. Asks no database."""
    return jsonify(
        status="ok", uptime_seconds=int(time.monotonic() - current_app.extensions["ementor_started"])
    )


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """The database answers and is migrated to what this version expects; else 503 and why."""
    obstacle = health.find_obstacle()
    if obstacle:
        return jsonify(status="not ready", reason=obstacle), 503
    return jsonify(status="ready"), 200
