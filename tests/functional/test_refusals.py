"""Every refusal says what it is: to the person in both languages, to the admin with what to do."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, g
from flask_babel import force_locale, gettext

from course_sync.database import db
from course_sync.models import Organisation
from course_sync.registrations import Registration
from lti_tool.commands.refusals import refusals
from lti_tool.error_pages import page_of_refusal
from lti_tool.refusal_advice import ADVICE
from lti_tool.refusal_log import (
    KEPT,
    SHOWN,
    forget_old_refusals,
    list_all,
    list_of_organisation,
    record_refusal,
)
from lti_tool.refusal_texts import PERSON
from lti_tool.refusals import CODES, LaunchRefused
from tests.harness.desk import prepare_desk
from tests.harness.lti_platform import TestPlatform, platform_row
from tests.harness.world import MAIN

TESTS = Path(__file__).parents[1]
OWN_WORDS = {code for code, kind in CODES.items() if kind == "approval"}
"""What waits for approval names the organisation, and is worded in registration_wording."""


def repeated(texts: list[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1]


def test_every_code_has_its_texts() -> None:
    assert set(PERSON) == set(CODES) - OWN_WORDS
    assert set(ADVICE) == set(CODES)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_two_codes_say_the_same(app: Flask, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        g.registration = None
        pages = [page_of_refusal(LaunchRefused(code)).sentences for code in CODES]
        assert repeated(["".join(sentences) for sentences in pages]) == []
        assert repeated([gettext(text) for text in PERSON.values()]) == []
        assert repeated([gettext(advice.meaning) for advice in ADVICE.values()]) == []
        if language == "fr":
            told = [*PERSON.values(), *(part for a in ADVICE.values() for part in (a.meaning, a.remedy))]
            assert [text for text in told if gettext(text) == text] == []


def test_every_code_is_provoked_by_a_test() -> None:
    """Named in a test other than this one, as what a page or an error must carry."""
    texts = [path.read_text("utf-8") for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    named = set(re.findall(r'"([a-z_]+)"', "".join(texts)))
    assert set(CODES) - named == set()


@pytest.fixture
def registration(app: Flask) -> Registration:
    platform = TestPlatform()
    platform.register(app)
    row = platform_row(app)
    return Registration(row.id, row.organisation_id, "", "", "", "", "", frozenset())


def test_refusals_are_summed_by_reason(app: Flask, registration: Registration) -> None:
    now = app.extensions["ementor"].clock.real_now()
    with app.app_context():
        for days, code, known in ((20, "user_missing", 1), (13, "roles_missing", 1), (1, "roles_missing", 1)):
            record_refusal(code, registration.platform_id if known else None, now - timedelta(days=days))
        record_refusal("platform_unknown", None, now)
        first, second = list_of_organisation(registration.organisation_id, now)
        assert (first.code, first.refusals, first.platform_names) == ("platform_unknown", 1, ())
        assert (second.code, second.refusals, second.platform_names) == ("roles_missing", 2, ("Test LMS",))
        assert second.last_at == now - timedelta(days=1)
        forget_old_refusals(now + KEPT - SHOWN)
        db.session.commit()
        assert len(list_all(now)) == 2


def test_another_organisation_reads_nothing_of_ours(app: Flask, registration: Registration) -> None:
    """Nor of a platform nobody knows: it might be the other one's."""
    now = app.extensions["ementor"].clock.real_now()
    with app.app_context():
        other = Organisation(name="Other", locale="en", time_zone="Europe/Paris", created_at=now)
        db.session.add(other)
        db.session.commit()
        record_refusal("roles_missing", registration.platform_id, now)
        record_refusal("platform_unknown", None, now)
        assert list_of_organisation(other.id, now) == []
        assert [line.code for line in list_of_organisation(registration.organisation_id, now)] == [
            "roles_missing"
        ]
        assert {line.code for line in list_all(now)} == {"roles_missing", "platform_unknown"}


def test_the_admin_reads_what_it_means_and_what_to_do(app: Flask) -> None:
    desk = prepare_desk(app)
    assert "Nobody was refused." in desk.open("admin", "organisation/refusals").text
    platform_id = desk.world.courses[MAIN].platform.id
    with app.app_context():
        for _ in range(3):
            record_refusal("deployment_unknown", platform_id, desk.world.real_now)
    assert "organisation/refusals" in desk.open("admin", "organisation").text
    page = desk.open("admin", "organisation/refusals").text
    for part in (ADVICE["deployment_unknown"].meaning, ADVICE["deployment_unknown"].remedy, "3 times"):
        assert part in page
    assert "deployment_unknown" in page
    assert desk.open("trainer", "organisation/refusals").status == 403


def test_the_command_line_tells_it_as_well(
    app: Flask, registration: Registration, capsys: pytest.CaptureFixture[str]
) -> None:
    tell = refusals.callback.__wrapped__  # type: ignore[union-attr]
    with app.app_context():
        tell()
        assert "Nobody was refused" in capsys.readouterr().out
        record_refusal("platform_unknown", None, app.extensions["ementor"].clock.real_now())
        tell()
    told = capsys.readouterr().out
    assert "platform_unknown" in told
    assert "a platform this tool does not know" in told
    assert ADVICE["platform_unknown"].remedy in told
