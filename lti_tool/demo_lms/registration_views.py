"""Addresses of dynamic registration, at Moodle's and at Canvas's paths, and the admin's page for tools."""

from flask import Blueprint, abort, jsonify, redirect, request
from flask.typing import ResponseReturnValue

from lti_tool.demo_lms import registrations
from lti_tool.demo_lms.mishaps import subject_to_faults
from lti_tool.demo_lms.pages import render, same_origin
from lti_tool.demo_lms.registrations import CANVAS, MOODLE, RegistrationRefused
from lti_tool.demo_lms.site import current_site

blueprint = Blueprint("demo_registration", __name__)
TOOLS_PATH = "/demo/tools"


def _bearer() -> str:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme == "Bearer" else ""


@blueprint.get(registrations.CONFIGURATION_PATHS[MOODLE])
@subject_to_faults
def moodle_configuration() -> ResponseReturnValue:
    """What the site supports; Moodle tells everybody."""
    return jsonify(registrations.configuration(current_site().base_url, MOODLE))


@blueprint.get(registrations.CONFIGURATION_PATHS[CANVAS])
@subject_to_faults
def canvas_configuration() -> ResponseReturnValue:
    """What the site supports; Canvas tells those who show a registration token."""
    if not _bearer():
        return jsonify(errors=[{"message": "Unauthorized"}]), 401
    return jsonify(registrations.configuration(current_site().base_url, CANVAS))


@blueprint.post(registrations.REGISTRATION_PATHS[MOODLE])
@subject_to_faults
def register_at_moodle() -> ResponseReturnValue:
    """Take a registration; a refusal is one word, as Moodle gives it."""
    try:
        tool = current_site().tools.register(_bearer(), request.get_json(silent=True), MOODLE)
    except RegistrationRefused as refused:
        return refused.code, refused.status, {"Content-Type": "text/plain"}
    return jsonify(registrations.registration_answer(tool))


@blueprint.post(registrations.REGISTRATION_PATHS[CANVAS])
@subject_to_faults
def register_at_canvas() -> ResponseReturnValue:
    """Take a registration; a refusal is a list of errors, as Canvas gives it."""
    try:
        tool = current_site().tools.register(_bearer(), request.get_json(silent=True), CANVAS)
    except RegistrationRefused as refused:
        return jsonify(errors=[refused.code]), refused.status
    return jsonify(registrations.registration_answer(tool))


@blueprint.get(registrations.START_PATHS[MOODLE])
def start_as_moodle() -> ResponseReturnValue:
    """Send the admin's frame to the tool, with a token."""
    return _start(request.args.get("url", ""), MOODLE)


@blueprint.get(registrations.START_PATHS[CANVAS])
def start_as_canvas() -> ResponseReturnValue:
    """Send the admin's frame to the tool, with a token."""
    return _start(request.args.get("registration_url", ""), CANVAS)


def _start(url: str, product: str) -> ResponseReturnValue:
    site = current_site()
    if not url.startswith(site.tool_url + "/"):
        abort(400, "error")  # the page may frame the tool only
    return redirect(site.tools.begin(url, product, site.base_url))


@blueprint.get(TOOLS_PATH)
def tools() -> ResponseReturnValue:
    """The admin's page: tools that registered, and a frame in which another one does."""
    site = current_site()
    product = CANVAS if request.args.get("product") == CANVAS else MOODLE
    return render(
        "tools.html",
        None,
        url=request.args.get("url", ""),
        start=registrations.START_PATHS[product],
        field="url" if product == MOODLE else "registration_url",
        product=product,
        tools=site.tools.offered,
        active=site.tools.active_client_id,
    )


@blueprint.post(TOOLS_PATH)
@same_origin
def activate() -> ResponseReturnValue:
    """Let the course use one of the registered tools."""
    try:
        current_site().tools.activate(request.form.get("client_id", ""))
    except KeyError:
        abort(404, "unknown_page")
    return redirect(TOOLS_PATH, 303)
