"""The LTI 1.3 addresses of the site, at Moodle's paths: launch, authentication, token, keys, memberships."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.launch import AutoForm, LaunchRefused, PendingLaunch, answer_login, start_login
from lti_tool.demo_lms.lti_request import DemoRequest
from lti_tool.demo_lms.mishaps import subject_to_faults
from lti_tool.demo_lms.names_roles import answer_members
from lti_tool.demo_lms.pages import find_tool_link, get_person, launch_locale, remember_person, render
from lti_tool.demo_lms.platform import TokenRefused
from lti_tool.demo_lms.site import current_site

blueprint = Blueprint("demo_lti", __name__)
blueprint.after_request(remember_person)


@blueprint.get(constants.LAUNCH_PATH)
def launch() -> ResponseReturnValue:
    """First half of a launch: a form that posts itself to the tool's login address."""
    site = current_site()
    link = find_tool_link(site)
    person = get_person(site)
    target = "window" if request.args.get("target") == "window" else "iframe"
    pending = PendingLaunch(person.user_id, launch_locale(person), target, link)
    form = start_login(site, pending, offers_storage="storage" in request.args)
    return no_store(render("autoform.html", person, form=form))


@blueprint.route(constants.AUTH_PATH, methods=["GET", "POST"])
def authenticate() -> ResponseReturnValue:
    """Second half: the signed message, or an error, posted to the registered redirect_uri."""
    try:
        form: AutoForm = answer_login(current_site(), DemoRequest(request))
    except LaunchRefused as error:
        return render("error.html", None, 400, message=str(error))
    return no_store(render("autoform.html", None, form=form))


def no_store(answer: Any) -> ResponseReturnValue:
    """A page that holds a person's launch is kept nowhere."""
    body, status = answer
    return body, status, {"Cache-Control": "no-store"}


@blueprint.post(constants.TOKEN_PATH)
@subject_to_faults
def token() -> ResponseReturnValue:
    """OAuth 2 client credentials with a signed assertion. Errors as RFC 6749, section 5.2."""
    try:
        answer = current_site().keys.platform().get_access_token(request.form.to_dict())
    except TokenRefused as error:
        return jsonify(error=error.code, error_description=str(error)), 400
    return jsonify(answer), 200, {"Cache-Control": "no-store"}


@blueprint.get(constants.CERTS_PATH)
@subject_to_faults
def certs() -> ResponseReturnValue:
    """The public keys of the site."""
    return jsonify(current_site().keys.platform().get_jwks())


@blueprint.get("/mod/lti/services.php/CourseSection/<context_id>/bindings/<deployment_id>/memberships")
@subject_to_faults
def memberships(context_id: str, deployment_id: str) -> ResponseReturnValue:
    """Names and roles of the course; the library checks the access token."""
    site = current_site()
    if (context_id, deployment_id) != (str(constants.COURSE_ID), constants.DEPLOYMENT_ID):
        return jsonify(error="Not found"), 404
    answer, next_url = answer_members(site, DemoRequest(request))
    if answer.code != 200:
        return jsonify(error=answer.message), answer.code
    body = jsonify(answer.result).get_data()
    cut = len(body) // 2 if site.faults.cut_roster else len(body)
    response = Response(body[:cut], content_type=f"{answer.media_type}; charset=utf-8")
    if next_url:
        response.headers["Link"] = f'<{next_url}>; rel="next"'
    return response
