"""The two halves of an LTI launch as Moodle does them, over lti1p3platform (LTI Core 1.3, sections 4 and 5).

First a form that starts the tool's OIDC login, then the id_token posted to a registered redirect_uri and
nowhere else; the library would post it anywhere.
"""

import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from lti1p3platform.exceptions import PreflightRequestValidationException
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract

from lti_tool.demo_lms import claims, constants
from lti_tool.demo_lms.lti_request import DemoRequest
from lti_tool.demo_lms.people import Person
from lti_tool.demo_lms.placing import PlacedLink, return_url
from lti_tool.demo_lms.site import DemoSite

ID_TOKEN_SECONDS = 60


@dataclass(frozen=True)
class AutoForm:
    """A form that posts itself: where to, and its fields."""

    action: str
    fields: dict[str, str]


@dataclass(frozen=True)
class PendingLaunch:
    """Between the two halves: who opened the activity, in which language, in a frame or a window."""

    user_id: int
    locale: str
    document_target: str
    link: PlacedLink | None = None
    """None = the course's own activity."""
    sesskey: str = ""
    """Of a deep-linking request; "" = an ordinary launch."""
    page_language: str = ""
    """In which the page after that request shall be; "" = the person's own."""


class LaunchRefused(Exception):
    """A request that must not be answered by a redirect: unknown client, or redirect_uri not registered."""


class AnsweredError(Exception):
    """An OpenID error that goes back to the tool; `code` as in OpenID Connect Core 3.1.2.6."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


class DemoOidcLogin(OIDCLoginAbstract):
    """The library redirects; Moodle posts a form with the same six fields."""

    def set_lti_message_hint(self, **kwargs: Any) -> None:
        self._lti_message_hint = json.dumps(kwargs, separators=(",", ":"))

    def get_redirect(self, url: str) -> AutoForm:
        parts = urlsplit(url)
        return AutoForm(parts._replace(query="").geturl(), dict(parse_qsl(parts.query)))


def start_login(site: DemoSite, pending: PendingLaunch, *, offers_storage: bool = False) -> AutoForm:
    """The form of the login initiation. The hint names this launch; it can be used once, for ten minutes.

    `offers_storage`: the page around the frame keeps data for the tool.
    """
    link_id = pending.link.link_id if pending.link else constants.LINK_ID
    launch_id = f"ltilaunch{link_id}_{secrets.randbelow(10**10):010d}"
    cmid = pending.link.cmid if pending.link else site.course.tool.cmid
    return _start(site, pending, launch_id, offers_storage, cmid=cmid)


def start_placing(
    site: DemoSite, person: Person, locale: str, page_language: str, *, offers_storage: bool
) -> AutoForm:
    """The same for a deep-linking request."""
    sesskey = site.placed.begin(person.user_id)
    pending = PendingLaunch(person.user_id, locale, "iframe", sesskey=sesskey, page_language=page_language)
    launch_id = f"ltilaunch_ContentItemSelectionRequest{secrets.randbelow(10**10):010d}"
    return _start(site, pending, launch_id, offers_storage)


def _start(
    site: DemoSite, pending: PendingLaunch, launch_id: str, offers_storage: bool, **hint: int
) -> AutoForm:
    site.launches.put(launch_id, pending)
    login = DemoOidcLogin(None, site.keys.platform())
    login.set_lti_message_hint(**hint, launchid=launch_id)
    form: AutoForm = login.initiate_login(str(pending.user_id))
    if offers_storage and not site.faults.no_platform_storage:
        return AutoForm(form.action, form.fields | {"lti_storage_target": "_parent"})
    return form


class DemoMessageLaunch(LTIAdvantageMessageLaunchAbstract):
    """Checks the tool's authentication request, then signs the message with the claims Moodle sends."""

    def __init__(self, request: DemoRequest, site: DemoSite) -> None:
        super().__init__(request, site.keys.platform())
        self._site = site
        self.set_id_token_expiration(ID_TOKEN_SECONDS)

    def get_preflight_response(self) -> dict[str, Any]:
        """Query and form together: a tool may use either."""
        return {**self._request.get_data, **self._request.form_data}

    def check_recipient(self, preflight: dict[str, Any]) -> str:
        """The redirect_uri. Raises LaunchRefused: nothing may be sent to an address nobody registered."""
        registration = self._platform_config.get_registration()
        if preflight.get("client_id") != registration.get_client_id():
            raise LaunchRefused("client_id is unknown to this site")
        redirect_uri = preflight.get("redirect_uri")
        if redirect_uri != registration.get_launch_url():
            raise LaunchRefused("redirect_uri is not registered for this tool")
        return str(redirect_uri)

    def validate_preflight_response(self, preflight_response: dict[str, Any]) -> None:
        """Raises LaunchRefused or AnsweredError."""
        self.check_recipient(preflight_response)
        fixed = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
        }
        for name, wanted in fixed.items():
            if preflight_response.get(name) != wanted:
                raise AnsweredError("invalid_request", f"{name} must be {wanted}")
        try:
            super().validate_preflight_response(preflight_response)
        except PreflightRequestValidationException as error:
            raise AnsweredError("invalid_request", "nonce and state are required") from error

    def prepare_launch(self, preflight_response: dict[str, Any]) -> None:
        """Fill the library's claim holders. Raises AnsweredError."""
        pending = self._take_pending(preflight_response)
        site, person = self._site, self._site.people[pending.user_id]
        self.set_user_data(str(person.user_id), claims.launch_roles(person), person.full_name, person.email)
        self.set_launch_context_claim(
            str(constants.COURSE_ID), ["CourseSection"], constants.COURSE_FULLNAME, constants.COURSE_SHORTNAME
        )
        self.set_custom_parameters_claim(claims.custom_parameters(site, person, pending.link))
        self.set_nrps(site.url(constants.MEMBERSHIPS_PATH))
        self.set_extra_claims(claims.moodle_claims(site, person, pending.locale, pending.document_target))
        self._set_message(pending)

    def _set_message(self, pending: PendingLaunch) -> None:
        """A launch of one link, or a request to place some."""
        if pending.sesskey:
            back = return_url(self._site.base_url, pending.sesskey, pending.page_language)
            self.set_extra_claims(claims.placing_claims(pending.locale, pending.sesskey, back))
        elif pending.link:
            link = pending.link
            self.set_resource_link_claim(str(link.link_id), link.text, link.title)
        else:
            name = self._site.course.tool.name
            self.set_resource_link_claim(str(constants.LINK_ID), claims.LINK_DESCRIPTION, name)

    def _take_pending(self, preflight: dict[str, Any]) -> PendingLaunch:
        try:
            launch_id = json.loads(preflight.get("lti_message_hint", ""))["launchid"]
        except (ValueError, KeyError, TypeError) as error:
            raise AnsweredError("invalid_request", "lti_message_hint is not the one that was sent") from error
        pending = self._site.launches.take(str(launch_id))
        if pending is None:
            raise AnsweredError(
                "login_required", "this launch was used or has expired; open the activity again"
            )
        if preflight.get("login_hint") != str(pending.user_id):
            raise AnsweredError("login_required", "login_hint is not the person who opened the activity")
        found: PendingLaunch = pending
        return found

    def get_launch_message(self, include_extra_claims: bool = True) -> dict[str, Any]:
        """Moodle sends no azp."""
        message: dict[str, Any] = super().get_launch_message(include_extra_claims)
        message.pop("azp", None)
        return message

    def render_launch_form(self, launch_data: dict[str, Any], **kwargs: Any) -> AutoForm:
        """The library's own template needs a module that Python no longer ships; the view renders this."""
        fields = {"id_token": launch_data["id_token"], "state": launch_data["state"]}
        return AutoForm(launch_data["launch_url"], fields)


def answer_login(site: DemoSite, request: DemoRequest) -> AutoForm:
    """The form back to the tool: id_token and state, or an error and state. Raises LaunchRefused."""
    launch = DemoMessageLaunch(request, site)
    try:
        form: AutoForm = launch.lti_launch()
        return form
    except AnsweredError as error:
        preflight = launch.get_preflight_response()
        fields = {"error": error.code, "error_description": str(error), "state": preflight.get("state", "")}
        return AutoForm(launch.check_recipient(preflight), fields)
