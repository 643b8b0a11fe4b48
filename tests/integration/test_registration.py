"""Registering platforms: by hand, by file, again, at the same moment; and the tool's own keys."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import jwt
import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import REFUSED, Organisation, Platform
from lti_tool.app import create_app
from lti_tool.config import ConfigError, Settings
from lti_tool.models import ToolKey
from lti_tool.moodle_services import connect_moodle
from lti_tool.registration import (
    RegistrationInvalid,
    add_platform,
    find_registration,
    list_platforms,
    list_registrations,
)
from lti_tool.services import Services
from lti_tool.tool_config import read_tool_config
from mentor_console.models import AuditEntry
from tests.harness.lti_platform import TestPlatform

DETAILS = TestPlatform().details()


@pytest.fixture
def add(app: Flask, settings: Settings, now: datetime) -> Callable[..., int]:
    def register(**changes: Any) -> int:
        with app.app_context():
            return add_platform(replace(DETAILS, **changes), settings, now).id

    return register


def test_registering_again_updates(app: Flask, add: Callable[..., int]) -> None:
    first = add()
    assert add(name="New name", jwks_url="https://lms.example/new", deployment_ids=("1", "2")) == first
    with app.app_context():
        (platform,) = list_platforms()
        assert (platform.name, platform.jwks_url) == ("New name", "https://lms.example/new")
        registration = find_registration(DETAILS.issuer, DETAILS.client_id)
        assert registration is not None
        assert registration.deployment_ids == {"1", "2"}
        assert len(db.session.query(Organisation).all()) == 1


def test_issuer_and_client_id_together_name_a_registration(app: Flask, add: Callable[..., int]) -> None:
    first, second = add(), add(client_id="client-2")
    assert first != second
    with app.app_context():
        assert [r.client_id for r in list_registrations(DETAILS.issuer)] == ["client-1", "client-2"]
        assert find_registration(DETAILS.issuer, "client-3") is None
        assert find_registration("https://other.example", "client-1") is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "a\nb"}, "client_id"),
        ({"deployment_ids": ()}, "deployment_ids"),
        ({"deployment_ids": ("1", "")}, "deployment_ids"),
        ({"issuer": "lms.example"}, "issuer"),
        ({"issuer": "https://lms.example/" + "i" * 600}, "issuer"),
        ({"auth_login_url": "http://lms.example/auth"}, "auth_login_url"),
        ({"auth_token_url": "file:///etc/passwd"}, "auth_token_url"),
        ({"jwks_url": "https://u:p@lms.example"}, "jwks_url"),
    ],
)
def test_what_does_not_describe_a_platform_is_refused(
    app: Flask, add: Callable[..., int], changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(RegistrationInvalid, match=f"^{field}: "):
        add(**changes)
    with app.app_context():
        assert list_platforms() == []


def test_loopback_needs_the_demo_setting(app: Flask, settings: Settings, now: datetime) -> None:
    local = TestPlatform(issuer="http://127.0.0.1:8001").details()
    with app.app_context():
        with pytest.raises(RegistrationInvalid, match="issuer: "):
            add_platform(local, replace(settings, allow_loopback_platforms=False), now)
        assert add_platform(local, settings, now).issuer == local.issuer


def test_two_processes_may_register_the_same_platform_at_once(app: Flask, add: Callable[..., int]) -> None:
    start, ids, errors = threading.Barrier(4), [], []

    def register() -> None:
        start.wait()
        try:
            ids.append(add())
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(ids)) == 1


def test_a_moodle_token_is_stored_sealed(
    app: Flask, add: Callable[..., int], now: datetime, settings: Settings
) -> None:
    services: Services = app.extensions["ementor"]
    token = "0123456789abcdef0123456789abcdef"
    platform_id = add()
    with app.app_context():
        connect_moodle(
            platform_id,
            "https://lms.example/",
            token + "\n",
            sealer=services.sealer,
            allow_loopback=False,
            now=now,
        )
        platform = db.session.get_one(Platform, platform_id)
        assert platform.moodle_url == "https://lms.example"
        assert platform.moodle_token_sealed is not None
        assert token not in platform.moodle_token_sealed
        assert services.sealer.open(platform.moodle_token_sealed) == token


@pytest.mark.parametrize(
    ("platform_id", "url", "token", "field"),
    [
        (99, "https://lms.example", "a" * 32, "platform"),
        (None, "http://lms.example", "a" * 32, "moodle_url"),
        (None, "https://lms.example", "", "token"),
        (None, "https://lms.example", "two words of text", "token"),
    ],
)
def test_a_moodle_that_cannot_be_connected_is_refused(
    app: Flask,
    add: Callable[..., int],
    now: datetime,
    platform_id: int | None,
    url: str,
    token: str,
    field: str,
) -> None:
    known = add()
    sealer = app.extensions["ementor"].sealer
    with app.app_context(), pytest.raises(RegistrationInvalid, match=f"^{field}: ") as caught:
        connect_moodle(platform_id or known, url, token, sealer=sealer, allow_loopback=True, now=now)
    assert not token or token not in str(caught.value)


def as_entry(**changes: Any) -> dict[str, Any]:
    fields = {name: getattr(DETAILS, name) for name in DETAILS.__dataclass_fields__}
    return fields | {"deployment_ids": ["1"]} | changes


def write(path: Path, document: Any) -> Path:
    path.write_text(document if isinstance(document, str) else json.dumps(document), "latin-1")
    return path


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ('{"platforms":\n [,]}', "the file is not JSON: line 2, column 3"),
        ("[" * 100_000, "nested too deeply"),
        ("\xff", "not written in UTF-8"),
        ('{"platforms": ' + "1" * 5000 + "}", "a number is too long"),
        ({"platforms": [as_entry(issuer="https://lms.example/\ud800")]}, "platform 1: issuer: "),
        ([], "platforms"),
        ({"platforms": {}}, "platforms"),
        ({"platforms": [as_entry(), "x"]}, "platform 2: must be an object"),
        ({"platforms": [as_entry(jwks_uri="x")]}, "platform 1: has no field 'jwks_uri'"),
        (
            {"platforms": [{"name": "X", "url": "x"}]},
            "platform 1: lacks auth_login_url, auth_token_url, client_id",
        ),
        ({"platforms": [as_entry(deployment_ids="1")]}, "deployment_ids: must be a list"),
        ({"platforms": [as_entry(deployment_ids=[1])]}, "deployment_ids: "),
        ({"platforms": [as_entry(issuer=5)]}, "platform 1: issuer: "),
        ({"platforms": [as_entry(name=None)]}, "platform 1: name: "),
        ({"platforms": [as_entry(product="blackboard")]}, "platform 1: product: "),
        ({"platforms": [as_entry(auth_audience="")]}, "platform 1: auth_audience: "),
        ({"platforms": [as_entry(deployment_ids=[])]}, "platform 1: deployment_ids: "),
        ({"platforms": [as_entry(), as_entry(name="Again")]}, "platform 2: has the issuer and client_id of"),
    ],
)
def test_a_wrong_file_stops_the_start_and_names_the_place(
    settings: Settings, tmp_path: Path, document: Any, problem: str
) -> None:
    path = write(tmp_path / "tool_config.json", document)
    with pytest.raises(ConfigError, match=r"^EMENTOR_TOOL_CONFIG: ") as caught:
        create_app(replace(settings, tool_config=path))
    assert problem in str(caught.value)


def test_the_file_is_applied_at_each_start(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "tool_config.json", {"platforms": [as_entry()]})
    noted = ["platform_registered", "platform_changed"]
    for name, entries in (("Test LMS", noted[:1]), ("Renamed", noted), ("Renamed", noted)):
        write(path, {"platforms": [as_entry(name=name)]})
        app = create_app(replace(settings, tool_config=path))
        with app.app_context():
            assert [platform.name for platform in list_platforms()] == [name]
            assert [row.action for row in db.session.query(AuditEntry).order_by(AuditEntry.id)] == entries
            db.session.remove()
            db.engine.dispose()


def test_a_file_may_name_several_clients_of_one_issuer_and_leave_out_what_is_optional(
    settings: Settings, tmp_path: Path
) -> None:
    short = {name: value for name, value in as_entry().items() if name not in ("product", "auth_audience")}
    empty = short | {"client_id": "3", "product": None}
    canvas = {"client_id": "2", "product": "canvas", "auth_audience": "https://aud.example"}
    listed = [short, empty, as_entry(deployment_ids=[], **canvas)]
    path = write(tmp_path / "tool_config.json", {"platforms": listed})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # as some editors begin a file
    app = create_app(replace(settings, tool_config=path))
    with app.app_context():
        plain, nothing, other = list_registrations(DETAILS.issuer)
        assert nothing.product == ""
        assert (plain.product, plain.assertion_audience) == ("", DETAILS.auth_token_url)
        assert (other.product, other.assertion_audience) == ("canvas", "https://aud.example")
        assert other.deployment_ids == frozenset()
        db.session.remove()
        db.engine.dispose()


def test_a_start_never_lets_in_what_an_admin_stopped(settings: Settings, tmp_path: Path) -> None:
    path = write(tmp_path / "tool_config.json", {"platforms": [as_entry()]})
    for _start in range(2):
        app = create_app(replace(settings, tool_config=path))
        with app.app_context():
            (platform,) = list_platforms()
            (place,) = platform.deployments
            platform.status = place.status = REFUSED
            db.session.commit()
            db.session.remove()
            db.engine.dispose()
    app = create_app(replace(settings, tool_config=path))
    with app.app_context():
        (platform,) = list_platforms()
        assert (platform.status, platform.deployments[0].status) == (REFUSED, REFUSED)
        db.session.remove()
        db.engine.dispose()


def test_the_sample_file_describes_the_demo_platform() -> None:
    from lti_tool.demo_lms import constants

    path = Path(__file__).parents[2] / "tool_config.json"
    (demo,) = read_tool_config(path, allow_loopback=True)
    assert (demo.client_id, demo.deployment_ids) == (constants.CLIENT_ID, (constants.DEPLOYMENT_ID,))
    assert demo.auth_login_url == demo.issuer + constants.AUTH_PATH
    assert demo.auth_token_url == demo.issuer + constants.TOKEN_PATH
    assert demo.jwks_url == demo.issuer + constants.CERTS_PATH
    with pytest.raises(ConfigError):
        read_tool_config(path, allow_loopback=False)


def test_the_tool_key_is_stored_sealed_and_signs(app: Flask, add: Callable[..., int]) -> None:
    add()
    services: Services = app.extensions["ementor"]
    with app.app_context():
        registration = find_registration(DETAILS.issuer, DETAILS.client_id)
        assert registration is not None
    assertion = services.keys.sign_assertion(registration)
    (published,) = services.keys.jwks()["keys"]
    claims = jwt.decode(
        assertion, jwt.PyJWK(published), algorithms=["RS256"], audience=DETAILS.auth_token_url
    )
    assert claims["iss"] == claims["sub"] == DETAILS.client_id
    with app.app_context():
        (row,) = db.session.query(ToolKey).all()
        assert row.kid == published["kid"]
        assert "PRIVATE" not in row.private_key_sealed


def test_a_secret_key_that_opens_nothing_stops_the_start(app: Flask, settings: Settings) -> None:
    """Replaced instead of added in front: said at once, not at the first launch."""
    app.extensions["ementor"].keys.ensure()
    with pytest.raises(ConfigError, match=r"^EMENTOR_SECRET_KEY: "):
        create_app(replace(settings, secret_keys=("n" * 32,)))
    create_app(replace(settings, secret_keys=("n" * 32, *settings.secret_keys)))


@pytest.fixture
def second_process(app: Flask, settings: Settings) -> Iterator[Services]:
    """Services of another process of the same tool."""
    other = create_app(settings)
    yield other.extensions["ementor"]
    with other.app_context():
        db.engine.dispose()


def test_a_newer_key_signs_and_a_retired_one_is_not_published(app: Flask, second_process: Services) -> None:
    """Another process rotated: both keys are published while the old one lives."""
    services: Services = app.extensions["ementor"]
    services.keys.ensure()
    with app.app_context():
        (old,) = db.session.query(ToolKey).all()
        old_kid, now = old.kid, services.clock.real_now()
        services.keys._make_first(now)
    published = [key["kid"] for key in second_process.keys.jwks()["keys"]]
    assert len(published) == 2
    assert published[1] == old_kid
    with app.app_context():
        db.session.get_one(ToolKey, old_kid).retired_at = services.clock.real_now()
        db.session.commit()
    assert [key["kid"] for key in services.keys.jwks()["keys"]] == published[:1]


def test_a_key_can_be_read_by_a_second_process(app: Flask, second_process: Services) -> None:
    assert app.extensions["ementor"].keys.jwks() == second_process.keys.jwks()
