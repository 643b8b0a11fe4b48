"""The LTI 1.3 addresses of the site, at Moodle's paths: launch, authentication, token, keys, memberships."""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.launch import AutoForm, LaunchRefused, answer_login, start_login
from lti_tool.demo_lms.lti_request import DemoRequest
from lti_tool.demo_lms.mishaps import subject_to_faults
from lti_tool.demo_lms.names_roles import answer_members
from lti_tool.demo_lms.pages import get_person, launch_locale, remember_person, render
from lti_tool.demo_lms.platform import TokenRefused
from lti_tool.demo_lms.site import current_site

blueprint = Blueprint("demo_lti", __name__)
blueprint.after_request(remember_person)


@blueprint.get(constants.LAUNCH_PATH)
def launch() -> ResponseReturnValue:
    """First half of a launch: a form that posts itself to the tool's login address."""
    site = current_site()
    if request.args.get("id") != str(site.course.tool.cmid):
        abort(404, "unknown_page")
    person = get_person(site)
    target = "window" if request.args.get("target") == "window" else "iframe"
    form = start_login(site, person, launch_locale(person), target)
    return _no_store(render("autoform.html", person, form=form))


@blueprint.route(constants.AUTH_PATH, methods=["GET", "POST"])
def authenticate() -> ResponseReturnValue:
    """Second half: the signed message, or an error, posted to the registered redirect_uri."""
    try:
        form: AutoForm = answer_login(current_site(), DemoRequest(request))
    except LaunchRefused as error:
        return render("error.html", None, 400, message=str(error))
    return _no_store(render("autoform.html", None, form=form))


def _no_store(answer: Any) -> ResponseReturnValue:
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


@blueprint.get("/mod/lti/openid-configuration.php")
def openid_configuration() -> ResponseReturnValue:
    """What the site supports; dynamic registration is not offered."""
    site = current_site()
    return jsonify(
        {
            "issuer": site.base_url,
            "token_endpoint": site.url(constants.TOKEN_PATH),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": site.url(constants.CERTS_PATH),
            "authorization_endpoint": site.url(constants.AUTH_PATH),
            "scopes_supported": [constants.NRPS_SCOPE, "openid"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": ["sub", "iss", "name", "given_name", "family_name", "email"],
            "https://purl.imsglobal.org/spec/lti-platform-configuration": {
                "product_family_code": "moodle",
                "version": constants.MOODLE_RELEASE,
                "messages_supported": [{"type": "LtiResourceLinkRequest"}],
                "variables": [],
            },
        }
    )


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
