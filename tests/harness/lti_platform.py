"""A platform in a few lines: keys, id_tokens and launches as a test wants them, right or wrong."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from course_sync.database import db
from course_sync.errors import PlatformError
from course_sync.models import Person, Platform
from course_sync.registrations import Registration
from lti_tool.models import LaunchSession
from lti_tool.platform_keys import PlatformKeys
from lti_tool.registration import PlatformDetails, add_platform
from tests.harness.key_pool import make_anew

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
INSTRUCTOR = MEMBERSHIP + "Instructor"
LEARNER = MEMBERSHIP + "Learner"
TOOL = "http://localhost:8000"
TARGET = TOOL + "/lti/launch"
OMIT = object()
"""As the value of a claim: leave the claim out."""


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """One key per name and test process: making one takes a while."""
    return make_anew(public_exponent=65537, key_size=2048)


@dataclass
class TestPlatform:
    """A platform with one registration of the tool; `issuer` may be a server that really answers."""

    __test__ = False

    issuer: str = "https://lms.example"
    client_id: str = "client-1"
    deployment_id: str = "1"
    kid: str = "key-1"
    key_name: str = "platform"
    published: dict[str, str] = field(default_factory=lambda: {"key-1": "platform"})
    """kid -> name of the key in its key set."""
    fetches: int = 0
    is_down: bool = False

    def details(self) -> PlatformDetails:
        """As an administrator would register it."""
        return PlatformDetails(
            name="Test LMS",
            issuer=self.issuer,
            client_id=self.client_id,
            auth_login_url=self.issuer + "/auth?site=1",
            auth_token_url=self.issuer + "/token",
            jwks_url=self.issuer + "/certs",
            deployment_ids=(self.deployment_id,),
        )

    def register(self, app: Flask) -> int:
        """Make the tool know the platform; returns its id."""
        services = app.extensions["ementor"]
        with app.app_context():
            return add_platform(self.details(), services.settings, services.clock.real_now()).id

    def jwks(self, _registration: Registration | None = None) -> dict[str, Any]:
        """The key set, as a fetch of it would give it."""
        self.fetches += 1
        if self.is_down:
            raise PlatformError(code="unreachable")
        return {"keys": [self._jwk(kid, name) for kid, name in self.published.items()]}

    def _jwk(self, kid: str, name: str) -> dict[str, Any]:
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private_key(name).public_key()))
        return jwk | {"kid": kid, "alg": "RS256", "use": "sig"}

    def claims(self, nonce: str, /, **changes: Any) -> dict[str, Any]:
        """Claims of a good launch. Changes named like LTI claims go under their URI; OMIT leaves out."""
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "user-1",
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            "name": "Ada Beck",
            "given_name": "Ada",
            "family_name": "Beck",
            "email": "ada@example.invalid",
            LTI + "version": "1.3.0",
            LTI + "message_type": "LtiResourceLinkRequest",
            LTI + "deployment_id": self.deployment_id,
            LTI + "target_link_uri": TARGET,
            LTI + "resource_link": {"id": "link-1", "title": "E-mentor"},
            LTI + "roles": [LEARNER],
            LTI + "context": {"id": "course-1", "title": "Course one", "label": "C1"},
        }
        for name, value in changes.items():
            key = LTI + name if LTI + name in claims or name in _OTHER_LTI_CLAIMS else name
            claims[key] = value
        return {key: value for key, value in claims.items() if value is not OMIT}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """An id_token; `header` changes the header, a None leaves the field out."""
        fields = {"kid": self.kid} | header
        return (
            jwt.PyJWS().encode(  # not jwt.encode: that refuses to sign some of the nonsense tests want signed
                json.dumps(claims).encode(),
                private_key(self.key_name),
                algorithm="RS256",
                headers={name: value for name, value in fields.items() if value is not None},
            )
        )


_OTHER_LTI_CLAIMS = {"custom", "launch_presentation", "role_scope_mentor", "lis", "tool_platform", "ext"}


@dataclass(frozen=True)
class Login:
    """What the tool answered to a login initiation."""

    response: TestResponse
    state: str
    nonce: str


def begin_login(client: FlaskClient, platform: TestPlatform, **changes: str) -> Login:
    """Start a login as the platform's page would, by POST."""
    form = {
        "iss": platform.issuer,
        "client_id": platform.client_id,
        "login_hint": "user-1",
        "target_link_uri": TARGET,
        "lti_message_hint": '{"launchid":"7"}',
    } | changes
    response = client.post("/lti/login", data=form)
    query = parse_qs(urlsplit(response.headers.get("Location", "")).query)
    return Login(response, query.get("state", [""])[0], query.get("nonce", [""])[0])


def post_launch(client: FlaskClient, token: str, state: str) -> TestResponse:
    """Send the id_token as the platform's auto-submitted form does."""
    return client.post("/lti/launch", data={"id_token": token, "state": state})


def launch(client: FlaskClient, platform: TestPlatform, **changes: Any) -> TestResponse:
    """Login and launch in one go, with changed claims."""
    login = begin_login(client, platform)
    return post_launch(client, platform.sign(platform.claims(login.nonce, **changes)), login.state)


def use_keys_of(app: Flask, platform: TestPlatform, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Let the tool get the platform's keys without HTTP."""
    services = app.extensions["ementor"]
    app.extensions["ementor"] = replace(services, platform_keys=PlatformKeys(platform.jwks, monotonic))


def code_on(response: TestResponse) -> str:
    """The code for the admin on an error page; "" where there is none."""
    found = re.search(r"<code>([a-z0-9_]+)</code>", response.text)
    return found[1] if found else ""


def count_people_and_sessions(app: Flask) -> tuple[int, int]:
    """How many people and sessions the tool has recorded."""
    with app.app_context():
        people, sessions = (
            db.session.scalar(select(func.count()).select_from(table)) for table in (Person, LaunchSession)
        )
        return people or 0, sessions or 0


def platform_row(app: Flask) -> Platform:
    """The only platform the tool knows."""
    with app.app_context():
        return db.session.scalars(select(Platform)).one()
