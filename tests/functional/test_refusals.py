"""Every refusal says what it is: to the person in both languages, to the admin with what to do."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from flask_babel import force_locale, gettext
from sqlalchemy import select, update

from course_sync.database import db
from course_sync.models import Organisation
from course_sync.registrations import Registration
from lti_tool.commands.refusals import refusals
from lti_tool.error_pages import page_of_refusal
from lti_tool.models import RefusalCount, WaitingLaunch
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
from lti_tool.registration_advice import REGISTRATION_ADVICE
from lti_tool.registration_refusals import CODES as REGISTRATION_CODES
from lti_tool.secrets import hash_of
from lti_tool.waiting_launches import ROW_LIFE, TICKET_LIFE, forget_expired
from tests.harness.desk import prepare_desk
from tests.harness.lti_platform import TOOL, TestPlatform, launch, platform_row, post_launch, use_keys_of
from tests.harness.world import MAIN

TESTS = Path(__file__).parents[1]
OWN_WORDS = {code for code, kind in CODES.items() if kind == "approval"}
"""What waits for approval names the organisation, and is worded in registration_wording."""


def repeated(texts: list[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1]


def test_every_code_has_its_texts() -> None:
    assert set(PERSON) == set(CODES) - OWN_WORDS
    assert set(ADVICE) == set(CODES)
    assert set(REGISTRATION_ADVICE) == set(REGISTRATION_CODES)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_no_two_codes_say_the_same(app: Flask, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        g.registration = None
        pages = [page_of_refusal(LaunchRefused(code)).sentences for code in CODES]
        assert repeated(["".join(sentences) for sentences in pages]) == []
        assert repeated([gettext(text) for text in PERSON.values()]) == []
        advice = [*ADVICE.values(), *REGISTRATION_ADVICE.values()]
        assert repeated([gettext(one.meaning) for one in advice]) == []
        if language == "fr":
            told = [*PERSON.values(), *(part for one in advice for part in (one.meaning, one.remedy))]
            assert [text for text in told if gettext(text) == text] == []


def test_every_code_is_provoked_by_a_test() -> None:
    """Named in a test other than this one, as what a page or an error must carry."""
    texts = [path.read_text("utf-8") for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    named = set(re.findall(r'"([a-z_]+)"', "".join(texts)))
    assert {*CODES, *REGISTRATION_CODES} - named == set()


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


def test_what_nobody_signed_is_told_apart(
    app: Flask, client: FlaskClient, registration: Registration
) -> None:
    """Whoever knows issuer and client id can send tokens; those the platform signed are told from them."""
    platform = TestPlatform()
    use_keys_of(app, platform)
    now = app.extensions["ementor"].clock.real_now()
    launch(client, platform, version="2.0")
    forged = platform.sign(platform.claims("n"))[:-8] + "AAAAAAAA"
    post_launch(client, forged, "s")
    client.post("/lti/storage", data={"ticket": "made up"})
    with app.app_context():
        lines = {line.code: line for line in list_of_organisation(registration.organisation_id, now)}
    assert (lines["version_wrong"].unsigned, lines["signature_invalid"].unsigned) == (0, 1)
    assert lines["signature_invalid"].platform_names == ("Test LMS",)
    assert (lines["ticket_foreign"].unsigned, lines["ticket_foreign"].platform_names) == (0, ())


def test_what_was_counted_before_signatures_were_noted_accuses_nobody(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not "nobody signed it": of the whole day it is not known, also of what came after."""
    desk = prepare_desk(app)
    main, now = desk.world.courses[MAIN].platform, desk.world.real_now
    with app.app_context():
        for days, signed in ((1, None), (0, True)):
            record_refusal("user_missing", main.id, now - timedelta(days=days), is_signed=bool(signed))
        db.session.execute(update(RefusalCount).where(RefusalCount.day < now.date()).values(signed=None))
        record_refusal("user_missing", main.id, now - timedelta(days=1), is_signed=True)
        (line,) = list_of_organisation(main.organisation_id, now)
        assert (line.refusals, line.unsigned, line.untold) == (3, 0, 2)
        refusals.callback.__wrapped__()  # type: ignore[union-attr]
    assert "Of 2 it is not known whether they were signed." in capsys.readouterr().out
    page = desk.open("admin", "organisation/refusals").text
    assert "Nobody knows who sent" not in page
    assert "Of 2 of these it is not known whether the platform had signed them" in page


def test_a_late_ticket_counts_under_its_platform_for_a_day(
    app: Flask, client: FlaskClient, registration: Registration
) -> None:
    now = app.extensions["ementor"].clock.real_now()
    row = {"state_hash": "s", "platform_id": registration.platform_id, "claims_sealed": "sealed"}
    with app.app_context():
        for ticket, at in (("late", now - TICKET_LIFE), ("of yesterday", now - ROW_LIFE)):
            db.session.add(WaitingLaunch(ticket_hash=hash_of(ticket), created_at=at, **row))
        forget_expired(now)
        db.session.commit()
        (left,) = db.session.scalars(select(WaitingLaunch))
        assert (left.ticket_hash, left.claims_sealed) == (hash_of("late"), "")
    for ticket in ("late", "of yesterday"):
        client.post("/lti/storage", data={"ticket": ticket}, headers={"Origin": TOOL})
    with app.app_context():
        (line,) = list_all(now)
    assert (line.code, line.refusals, line.unsigned) == ("ticket_unknown", 2, 1)
    assert line.platform_names == ("Test LMS",)


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


def test_the_page_says_whose_word_a_refusal_is(app: Flask) -> None:
    desk = prepare_desk(app)
    main, now = desk.world.courses[MAIN].platform, desk.world.real_now
    with app.app_context():
        record_refusal("user_missing", main.id, now, is_signed=True)
    assert "Nobody knows who sent" not in desk.open("admin", "organisation/refusals").text
    with app.app_context():
        record_refusal("key_unknown", main.id, now)
    assert "Nobody knows who sent this." in desk.open("admin", "organisation/refusals").text
    with app.app_context():
        for is_signed in (True, False, False):
            record_refusal("key_unknown", main.id, now, is_signed=is_signed)
        record_refusal("invite_used", None, now, organisation_id=main.organisation_id)
        record_refusal("invite_used", main.id, now, organisation_id=main.organisation_id)
        record_refusal("invite_expired", None, now, organisation_id=main.organisation_id + 1)
        record_refusal("invite_unknown", None, now)
    page = desk.open("admin", "organisation/refusals").text
    assert "Nobody knows who sent 3 of these." in page
    assert REGISTRATION_ADVICE["invite_used"].meaning in page
    assert "by an invite of yours" in page
    assert "invite_expired" not in page
    assert "invite_unknown" not in page


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
    with app.app_context():
        now = app.extensions["ementor"].clock.real_now()
        record_refusal("invite_expired", None, now, organisation_id=registration.organisation_id)
        record_refusal("invite_unknown", None, now)
        record_refusal("key_unknown", registration.platform_id, now)
        tell()
    told = capsys.readouterr().out
    assert "an invite of Organisation" in told
    assert "an unknown invite" in told
    assert "Nobody knows who sent 1 of these" in told
