"""Launches: the claims a real Moodle sends, to the registered address only, once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.service_connector import NamesRoleProvisioningService

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.launch import DemoMessageLaunch, DemoOidcLogin
from lti_tool.demo_lms.names_roles import DemoNamesRoles
from lti_tool.demo_lms.platform import KEY_FILE, DemoPlatform
from lti_tool.demo_lms.site import DemoSite

ReadForm = Callable[[bytes], tuple[str, dict[str, str]]]
Read = Callable[[str], Any]
TOOL = "http://localhost:8000"
ISSUER = "http://127.0.0.1:8001"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"


class Launcher:
    """Plays the tool's part in the exchange."""

    def __init__(self, lms: FlaskClient, site: DemoSite, read_form: ReadForm) -> None:
        self.lms, self.site, self.read_form = lms, site, read_form

    def start(self, user_id: int, **query: str) -> tuple[str, dict[str, str]]:
        query = {"id": str(self.site.course.tool.cmid), "user": str(user_id), **query}
        answer = self.lms.get(constants.LAUNCH_PATH, query_string=query)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        return self.read_form(answer.data)

    def request_for(self, fields: dict[str, str]) -> dict[str, str]:
        return {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": fields["client_id"],
            "redirect_uri": f"{TOOL}/lti/launch",
            "login_hint": fields["login_hint"],
            "lti_message_hint": fields["lti_message_hint"],
            "state": "a state & more",
            "nonce": "a nonce",
        }

    def claims(self, fields: dict[str, str]) -> dict[str, Any]:
        keys = jwt.PyJWKSet.from_dict(self.lms.get(constants.CERTS_PATH).json)
        key = keys[jwt.get_unverified_header(fields["id_token"])["kid"]]
        return jwt.decode(
            fields["id_token"], key, algorithms=["RS256"], audience=constants.CLIENT_ID, issuer=ISSUER
        )

    def launch(self, user_id: int, **query: str) -> dict[str, Any]:
        _, fields = self.start(user_id, **query)
        answer = self.lms.get(constants.AUTH_PATH, query_string=self.request_for(fields))
        action, posted = self.read_form(answer.data)
        assert action == f"{TOOL}/lti/launch"
        assert posted["state"] == "a state & more"
        return self.claims(posted)


@pytest.fixture
def launcher(lms: FlaskClient, site: DemoSite, read_form: ReadForm) -> Launcher:
    return Launcher(lms, site, read_form)


def test_login_initiation_has_the_recorded_fields(launcher: Launcher, recorded: Read) -> None:
    action, fields = launcher.start(145)
    assert action == f"{TOOL}/lti/login"
    assert set(fields) == set(recorded("login-initiation")["params"])
    assert fields["iss"] == ISSUER
    assert fields["login_hint"] == "145"
    assert fields["target_link_uri"] == f"{TOOL}/lti/launch"
    assert json.loads(fields["lti_message_hint"])["launchid"].startswith("ltilaunch")


NOT_SENT = {
    "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint",  # the tool asks for no grades
    "https://purl.imsglobal.org/spec/lti-bo/claim/basicoutcome",
}


@pytest.mark.parametrize(
    ("user_id", "file"),
    [
        (constants.TRAINER_ID, "id_token__teacher1"),
        (constants.MENTOR_1_ID, "id_token__mentor1"),
        (constants.ADMIN_ID, "id_token__admin"),
        (constants.MANAGER_ID, "id_token__manager1"),
        (constants.FIRST_LEARNER_ID, "id_token__student01"),
    ],
)
def test_claims_have_the_recorded_shape(launcher: Launcher, recorded: Read, user_id: int, file: str) -> None:
    ours, real = launcher.launch(user_id), recorded(file)["claims"]
    assert set(ours) == set(real) - NOT_SENT
    for name in set(ours) - {f"{CLAIM}custom"}:
        assert type(ours[name]) is type(real[name]), name
        if isinstance(ours[name], dict):
            assert set(ours[name]) == set(real[name]), name
    assert set(real[f"{CLAIM}custom"]) - set(ours[f"{CLAIM}custom"]) == {"result_sourcedid"}
    assert set(ours[f"{CLAIM}custom"]) <= set(real[f"{CLAIM}custom"])
    assert ours[f"{CLAIM}roles"] == real[f"{CLAIM}roles"]
    assert ours[f"{CLAIM}custom"]["membership_role"] == real[f"{CLAIM}custom"]["membership_role"]
    assert ours["exp"] - ours["iat"] == 60
    assert (ours["sub"], ours["nonce"]) == (str(user_id), "a nonce")


def test_somebody_without_a_role_has_an_empty_list(launcher: Launcher) -> None:
    claims = launcher.launch(constants.NOBODY_ID)
    assert claims[f"{CLAIM}roles"] == []


def test_the_language_is_the_persons_or_the_chosen_one(launcher: Launcher, site: DemoSite) -> None:
    learner = next(row.person for row in site.enrolled_learners() if row.person.language == "ar")

    def locale(**query: str) -> str:
        return str(launcher.launch(learner.user_id, **query)[f"{CLAIM}launch_presentation"]["locale"])

    assert locale() == "ar"
    assert locale(lang="fr") == "fr"
    assert locale() == "ar"
    launcher.lms.get(f"/?lang=fr&user={learner.user_id}")
    assert locale() == "fr"  # picked on a page, and remembered
    assert locale(lang="") == "ar"


def test_frame_or_window(launcher: Launcher) -> None:
    for target, wanted in (("iframe", "iframe"), ("window", "window"), ("nonsense", "iframe")):
        claims = launcher.launch(145, target=target)
        assert claims[f"{CLAIM}launch_presentation"]["document_target"] == wanted


def test_groups_of_the_person(launcher: Launcher) -> None:
    for user_id, groups in ((144, ""), (145, "11"), (146, "12"), (201, "11"), (150, "")):
        assert launcher.launch(user_id)[f"{CLAIM}custom"]["moodle_person_usergroupids"] == groups


def test_the_tool_may_post_its_request(launcher: Launcher) -> None:
    _, fields = launcher.start(145)
    answer = launcher.lms.post(constants.AUTH_PATH, data=launcher.request_for(fields))
    assert launcher.claims(launcher.read_form(answer.data)[1])["sub"] == "145"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "",
        "https://attacker.example/collect",
        f"{TOOL}/lti/launch/../other",
        f"{TOOL}/lti/launch?next=1",
        f"{TOOL}/lti/launchx",
        "http://localhost:8001/lti/launch",
    ],
)
def test_no_token_goes_to_an_address_that_is_not_registered(launcher: Launcher, redirect_uri: str) -> None:
    _, fields = launcher.start(145)
    asked = {**launcher.request_for(fields), "redirect_uri": redirect_uri}
    answer = launcher.lms.get(constants.AUTH_PATH, query_string=asked)
    assert answer.status_code == 400
    assert "id_token" not in answer.text
    assert "redirect_uri is not registered" in answer.text


def test_an_unknown_client_gets_nothing(launcher: Launcher) -> None:
    _, fields = launcher.start(145)
    answer = launcher.lms.get(
        constants.AUTH_PATH, query_string={**launcher.request_for(fields), "client_id": "another"}
    )
    assert answer.status_code == 400
    assert "id_token" not in answer.text


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scope": "profile"}, "invalid_request"),
        ({"response_type": "code"}, "invalid_request"),
        ({"response_mode": "query"}, "invalid_request"),
        ({"prompt": "login"}, "invalid_request"),
        ({"nonce": ""}, "invalid_request"),
        ({"lti_message_hint": ""}, "invalid_request"),
        ({"lti_message_hint": "[]"}, "invalid_request"),
        ({"lti_message_hint": '{"launchid": "ltilaunch1_0"}'}, "login_required"),
        ({"login_hint": "144"}, "login_required"),
    ],
)
def test_a_wrong_request_is_answered_with_an_error(
    launcher: Launcher, change: dict[str, str], error: str
) -> None:
    _, fields = launcher.start(145)
    answer = launcher.lms.get(constants.AUTH_PATH, query_string={**launcher.request_for(fields), **change})
    action, posted = launcher.read_form(answer.data)
    assert action == f"{TOOL}/lti/launch"
    assert posted["error"] == error
    assert posted["error_description"]
    assert posted["state"] == "a state & more"
    assert "id_token" not in posted


def test_a_launch_can_be_used_once(launcher: Launcher) -> None:
    _, fields = launcher.start(145)
    asked = launcher.request_for(fields)
    first = launcher.read_form(launcher.lms.get(constants.AUTH_PATH, query_string=asked).data)[1]
    second = launcher.read_form(launcher.lms.get(constants.AUTH_PATH, query_string=asked).data)[1]
    assert "id_token" in first
    assert second["error"] == "login_required"


def test_the_key_survives_a_restart(launcher: Launcher, tmp_path: Path) -> None:
    first = create_demo_lms(tmp_path, ISSUER, TOOL).test_client()
    again = create_demo_lms(tmp_path, ISSUER, TOOL).test_client()
    assert first.get(constants.CERTS_PATH).json != launcher.lms.get(constants.CERTS_PATH).json
    assert again.get(constants.CERTS_PATH).json == first.get(constants.CERTS_PATH).json
    (key,) = again.get(constants.CERTS_PATH).json["keys"]
    assert {"kty", "n", "e", "kid", "alg", "use"} <= set(key)
    assert "d" not in key
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o077 == 0


def test_the_library_is_underneath() -> None:
    assert issubclass(DemoPlatform, LTI1P3PlatformConfAbstract)
    assert issubclass(DemoMessageLaunch, LTIAdvantageMessageLaunchAbstract)
    assert issubclass(DemoOidcLogin, OIDCLoginAbstract)
    assert issubclass(DemoNamesRoles, NamesRoleProvisioningService)
