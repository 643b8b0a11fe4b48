"""Language and time zone of a page: choice, then launch, then browser, then organisation."""

from __future__ import annotations

import re

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_babel import get_timezone
from sqlalchemy import update

from course_sync.database import db
from course_sync.models import Organisation, Person
from lti_tool.locale import match_offered, select_time_zone
from lti_tool.models import LaunchSession
from lti_tool.paths import offered_languages
from lti_tool.session import find_by_handle
from tests.harness.lti_platform import LEARNER, TestPlatform, launch


def language_of(client: FlaskClient, path: str, wanted: str = "") -> str:
    page = client.get(path, headers={"Accept-Language": wanted}).text
    found = re.search(r'<html lang="([^"]+)"', page)
    assert found
    return found[1]


def test_french_is_offered() -> None:
    assert offered_languages() == ["en", "fr"]


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("fr", "fr"),
        ("fr-CA", "fr"),
        ("fr_FR", "fr"),
        ("EN-gb", "en"),
        ("de", None),
        ("", None),
        ("*", None),
        ("../../etc", None),
        ("x" * 50, None),
    ],
)
def test_a_wish_is_met_by_its_language(wish: str, language: str | None) -> None:
    assert match_offered(wish) == language


def test_the_choice_wins_over_launch_over_browser_over_organisation(
    app: Flask, client: FlaskClient, platform: TestPlatform
) -> None:
    """Each level is taken away in turn."""
    response = launch(client, platform, roles=[LEARNER], launch_presentation={"locale": "fr"})
    path = response.headers["Location"] + "me"
    with app.app_context():
        db.session.execute(update(Organisation).values(locale="fr"))
        db.session.execute(update(Person).values(chosen_locale="en"))
        db.session.commit()
    assert language_of(client, path, "fr") == "en"
    with app.app_context():
        db.session.execute(update(Person).values(chosen_locale=""))
        db.session.commit()
    assert language_of(client, path, "en") == "fr"
    with app.app_context():
        db.session.execute(update(Person).values(locale="xx"))
        db.session.commit()
    assert language_of(client, path, "en") == "en"
    assert language_of(client, path, "de, *;q=0.5") == "fr"


def test_a_refusal_is_in_the_language_of_the_browser(client: FlaskClient) -> None:
    assert language_of(client, "/lti/launch", "fr-CH, fr;q=0.9, en;q=0.8") == "fr"
    assert language_of(client, "/lti/launch", "pl") == "en"


@pytest.mark.parametrize(
    ("own", "organisation", "expected"),
    [
        ("Asia/Tokyo", "Europe/Paris", "Asia/Tokyo"),
        ("", "America/Lima", "America/Lima"),
        ("99", "America/Lima", "America/Lima"),
        ("Mars/Olympus", "", "Europe/Paris"),
    ],
)
def test_the_zone_is_the_persons_then_the_organisations(
    app: Flask, client: FlaskClient, platform: TestPlatform, own: str, organisation: str, expected: str
) -> None:
    launch(client, platform)
    with app.app_context():
        db.session.execute(update(Person).values(time_zone=own))
        db.session.execute(update(Organisation).values(time_zone=organisation))
        db.session.commit()
    with app.test_request_context():
        g.session = find_by_handle(db.session.query(LaunchSession.handle).scalar())
        assert str(get_timezone()) == expected
        g.pop("session")
        assert select_time_zone() is None
