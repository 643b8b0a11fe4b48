"""Token endpoint and roster service: what is granted, what is refused, how pages follow each other."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from flask.testing import FlaskClient
from pytest_httpserver import HTTPServer

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.faults import Faults
from lti_tool.demo_lms.site import EXTENSION, DemoSite

ISSUER = "http://127.0.0.1:8001"
TOKEN_URL = ISSUER + constants.TOKEN_PATH
Read = Callable[[str], Any]


@pytest.fixture(scope="module")
def tool_keys() -> list[rsa.RSAPrivateKey]:
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def key_set(**keys: rsa.RSAPrivateKey) -> dict[str, Any]:
    rows = []
    for kid, key in keys.items():
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        rows.append({**public, "kid": kid, "alg": "RS256", "use": "sig"})
    return {"keys": rows}


@pytest.fixture
def tool_server() -> Iterator[HTTPServer]:
    with HTTPServer(host="127.0.0.1", port=0) as server:
        yield server


@pytest.fixture
def lms(
    state_dir: Path,
    tool_server: HTTPServer,
    tool_keys: list[rsa.RSAPrivateKey],
    real_time: Callable[[], datetime],
) -> FlaskClient:
    tool_server.expect_request("/jwks").respond_with_json(key_set(one=tool_keys[0]))
    keys_url = tool_server.url_for("/jwks")
    app: Flask = create_demo_lms(
        state_dir, ISSUER, "http://localhost:8000", tool_jwks_url=keys_url, now=real_time
    )
    return app.test_client()


@pytest.fixture
def site(lms: FlaskClient) -> DemoSite:
    found: DemoSite = lms.application.extensions[EXTENSION]
    return found


def assertion(key: rsa.RSAPrivateKey, kid: str | None = "one", **changes: Any) -> str:
    now = int(time.time())
    claims = {
        "iss": constants.CLIENT_ID,
        "sub": constants.CLIENT_ID,
        "aud": TOKEN_URL,
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid.uuid4()),
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm="RS256", headers={"kid": kid} if kid else None)


def form(signed: str, **changes: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
        "scope": constants.NRPS_SCOPE,
        **changes,
    }


@pytest.fixture
def bearer(lms: FlaskClient, tool_keys: list[rsa.RSAPrivateKey]) -> dict[str, str]:
    answer = lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[0])))
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


def test_a_good_request_is_granted(
    lms: FlaskClient, tool_keys: list[rsa.RSAPrivateKey], recorded: Read
) -> None:
    answer = lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[0])))
    assert answer.status_code == 200
    real = recorded("token_response")
    assert set(answer.json) == set(real)
    assert answer.json["token_type"] == real["token_type"]
    assert answer.json["expires_in"] == real["expires_in"]
    assert answer.json["scope"] == constants.NRPS_SCOPE


def test_only_agreed_scopes_are_granted(lms: FlaskClient, tool_keys: list[rsa.RSAPrivateKey]) -> None:
    score = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
    both = lms.post(
        constants.TOKEN_PATH, data=form(assertion(tool_keys[0]), scope=f"{score} {constants.NRPS_SCOPE}")
    )
    assert both.json["scope"] == constants.NRPS_SCOPE
    grades = lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[0]), scope=score))
    assert (grades.status_code, grades.json["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "another"}, "iss"),
        ({"iss": None}, "iss"),
        ({"sub": "another"}, "sub"),
        ({"sub": None}, "sub"),
        ({"aud": "https://another.example/token"}, "aud"),
        ({"aud": None}, "aud"),
        ({"exp": None}, "exp"),
        ({"exp": int(time.time()) - 10}, "expired"),
        ({"exp": int(time.time()) + 86_400}, "too long"),
        ({"iat": None}, "iat"),
        ({"jti": None}, "jti"),
        ({"jti": ""}, "jti"),
    ],
)
def test_a_wrong_assertion_is_refused(
    lms: FlaskClient, tool_keys: list[rsa.RSAPrivateKey], changes: dict[str, Any], reason: str
) -> None:
    answer = lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[0], **changes)))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client")
    assert reason in answer.json["error_description"]


def test_the_audience_may_be_a_list(lms: FlaskClient, tool_keys: list[rsa.RSAPrivateKey]) -> None:
    signed = assertion(tool_keys[0], aud=["https://another.example", TOKEN_URL])
    assert lms.post(constants.TOKEN_PATH, data=form(signed)).status_code == 200


def test_an_assertion_can_be_used_once(lms: FlaskClient, tool_keys: list[rsa.RSAPrivateKey]) -> None:
    signed = assertion(tool_keys[0])
    assert lms.post(constants.TOKEN_PATH, data=form(signed)).status_code == 200
    answer = lms.post(constants.TOKEN_PATH, data=form(signed))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client")


@pytest.mark.parametrize("kid", ["one", "unknown", None])
def test_a_foreign_signature_is_refused(
    lms: FlaskClient, tool_keys: list[rsa.RSAPrivateKey], kid: str | None
) -> None:
    answer = lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[1], kid)))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client")


@pytest.mark.parametrize("signed", ["", "a", "a.b.c", "....", "e30.e30.e30"])
def test_garbage_is_refused(lms: FlaskClient, signed: str) -> None:
    answer = lms.post(constants.TOKEN_PATH, data=form(signed))
    assert answer.status_code == 400
    assert answer.json["error"] in {"invalid_client", "invalid_request"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"client_assertion_type": "other"}, "invalid_request"),
        ({"scope": ""}, "invalid_request"),
    ],
)
def test_a_malformed_request_is_refused(
    lms: FlaskClient, tool_keys: list[rsa.RSAPrivateKey], change: dict[str, str], error: str
) -> None:
    answer = lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[0]), **change))
    assert (answer.status_code, answer.json["error"]) == (400, error)


def test_a_new_key_of_the_tool_is_fetched(
    lms: FlaskClient, tool_server: HTTPServer, tool_keys: list[rsa.RSAPrivateKey]
) -> None:
    assert lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[0]))).status_code == 200
    tool_server.clear()
    tool_server.expect_request("/jwks").respond_with_json(key_set(two=tool_keys[1]))
    assert lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[1], "two"))).status_code == 200
    old = lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[0])))
    assert old.json["error"] == "invalid_client"


@pytest.mark.parametrize("body", ["[]", "{}", '{"keys": 5}', "<html>"])
def test_a_key_set_that_is_none(
    lms: FlaskClient, tool_server: HTTPServer, tool_keys: list[rsa.RSAPrivateKey], body: str
) -> None:
    tool_server.clear()
    tool_server.expect_request("/jwks").respond_with_data(body)
    answer = lms.post(constants.TOKEN_PATH, data=form(assertion(tool_keys[0])))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_client")


def ask(lms: FlaskClient, headers: dict[str, str], **query: object) -> Any:
    return lms.get(constants.MEMBERSHIPS_PATH, headers=headers, query_string=query)


def test_members_have_the_recorded_shape(lms: FlaskClient, bearer: dict[str, str], recorded: Read) -> None:
    answer, real = ask(lms, bearer), recorded("nrps")
    assert answer.content_type.startswith("application/vnd.ims.lti-nrps.v2.membershipcontainer+json")
    assert set(answer.json) == set(real)
    assert set(answer.json["context"]) == set(real["context"])
    assert all(set(member) == set(real["members"][0]) for member in answer.json["members"])
    assert "Link" not in answer.headers
    names = [(member["family_name"], member["given_name"]) for member in answer.json["members"]]
    assert names == sorted(names)


def test_a_non_editing_teacher_is_a_learner_here(lms: FlaskClient, bearer: dict[str, str]) -> None:
    roles = {member["user_id"]: member["roles"] for member in ask(lms, bearer).json["members"]}
    assert roles["144"] == ["Instructor"]
    assert roles["145"] == roles["146"] == ["Learner"]
    assert not {"2", "143", "150", "160"} & set(roles)
    assert len(roles) == 265


def follow(lms: FlaskClient, headers: dict[str, str], **query: object) -> tuple[list[str], int]:
    """User ids over all pages, and how many pages there were."""
    answer, ids, pages = ask(lms, headers, **query), [], 0
    while True:
        pages += 1
        ids += [member["user_id"] for member in answer.json["members"]]
        link = answer.headers.get("Link")
        if link is None:
            return ids, pages
        assert link.startswith(f"<{ISSUER}{constants.MEMBERSHIPS_PATH}?")
        assert link.endswith('>; rel="next"')
        answer = lms.get(link[1 : link.index(">")].removeprefix(ISSUER), headers=headers)


def test_pages_together_are_the_whole(lms: FlaskClient, bearer: dict[str, str]) -> None:
    whole = [member["user_id"] for member in ask(lms, bearer).json["members"]]
    assert follow(lms, bearer, limit=100) == (whole, 3)
    assert follow(lms, bearer, limit=265) == (whole, 1)


def test_the_next_page_forgets_the_role(lms: FlaskClient, bearer: dict[str, str]) -> None:
    answer = ask(lms, bearer, role="Learner", limit=10)
    assert "role" not in answer.headers["Link"]
    assert [row["user_id"] for row in ask(lms, bearer, role="Instructor").json["members"]] == ["144"]
    assert len(ask(lms, bearer, role="Mentor").json["members"]) == 265


def test_parameters_that_crash_the_library_do_no_harm(lms: FlaskClient, bearer: dict[str, str]) -> None:
    assert len(ask(lms, bearer, limit=10, page=1).json["members"]) == 10
    assert len(ask(lms, bearer, limit="x", **{"from": "-3"}).json["members"]) == 265
    assert ask(lms, bearer, limit=10, **{"from": 5000}).json["members"] == []


def test_resource_link_filter(lms: FlaskClient, bearer: dict[str, str], recorded: Read) -> None:
    member = ask(lms, bearer, rlid=constants.LINK_ID).json["members"][0]
    assert set(member) == set(recorded("nrps__rlid")["members"][0])
    assert ask(lms, bearer, rlid=99).status_code == 403


def test_suspended_people_are_absent(lms: FlaskClient, bearer: dict[str, str], site: DemoSite) -> None:
    site.faults = Faults(suspended_user_ids=frozenset({201}))
    assert "201" not in {member["user_id"] for member in ask(lms, bearer).json["members"]}


def test_half_a_page(lms: FlaskClient, bearer: dict[str, str], site: DemoSite) -> None:
    site.faults = Faults(short_roster=True)
    answer = ask(lms, bearer, limit=100)
    assert len(answer.json["members"]) == 50
    site.faults = Faults(cut_roster=True)
    with pytest.raises(ValueError):
        json.loads(ask(lms, bearer).data)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic abc", "Bearer a b", "Bearer a.b.c"])
def test_no_members_without_a_token(lms: FlaskClient, header: str) -> None:
    assert ask(lms, {"Authorization": header} if header else {}).status_code == 401


def test_other_tokens_of_the_site_open_nothing(lms: FlaskClient, site: DemoSite) -> None:
    registration = site.keys.registration
    wrong = [
        registration.platform_encode_and_sign({"iss": ISSUER, "aud": constants.CLIENT_ID}, expiration=60),
        registration.platform_encode_and_sign({"iss": ISSUER, "scopes": "other"}, expiration=60),
        registration.platform_encode_and_sign({"iss": ISSUER, "scopes": constants.NRPS_SCOPE, "exp": 1}),
        registration.platform_encode_and_sign(
            {"iss": "other", "scopes": constants.NRPS_SCOPE}, expiration=60
        ),
    ]
    for token in wrong:
        assert ask(lms, {"Authorization": f"Bearer {token}"}).status_code == 401


def test_another_course_is_not_found(lms: FlaskClient, bearer: dict[str, str]) -> None:
    path = constants.MEMBERSHIPS_PATH.replace("/21/", "/22/")
    assert lms.get(path, headers=bearer).status_code == 404
