"""Which course a connection is tried on unless somebody chooses; what is said where the time was over."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import force_locale

from course_sync import connection_records
from course_sync.connection_answers import UNTRIED, ProbeResult
from course_sync.connection_records import list_courses
from course_sync.database import db
from course_sync.models import Context
from lti_tool import connection_wording as words
from tests.harness.fake_moodle import FakeMoodle, User
from tests.harness.sync_world import SyncWorld


def test_a_course_of_middling_size_comes_first(app_context: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = SyncWorld(moodle=FakeMoodle())
    world.moodle.add(*(User(150 + number) for number in range(4)))
    world.sync()
    size = len(world.statuses())
    first = db.session.get_one(Context, world.context_id)
    places = {"platform_id": first.platform_id, "organisation_id": first.organisation_id}
    db.session.add(Context(**places, external_id="8", title="Nobody yet"))
    db.session.commit()
    for bounds in ((1, size), (1, size - 1), (0, size)):
        monkeypatch.setattr(connection_records, "HANDY_MEMBERS", bounds)
        assert [row.external_id for row in list_courses(first.platform_id)] == [first.external_id, "8"], (
            bounds
        )
    monkeypatch.setattr(connection_records, "HANDY_MEMBERS", (0, size - 1))
    assert [row.external_id for row in list_courses(first.platform_id)] == ["8", first.external_id]


@pytest.mark.parametrize(
    ("why", "state", "explanation", "note"),
    [
        ("slow", "pas encore de réponse", "avant la fin de cet essai", True),
        ("no_time", "non essayé", "le temps de cet essai était écoulé", True),
        ("no_quiz", "non essayé", "ne montre aucun test", False),
    ],
)
def test_what_was_cut_off_is_said(app: Flask, why: str, state: str, explanation: str, note: bool) -> None:
    result = ProbeResult("grades", UNTRIED, why=why)
    with app.test_request_context(), force_locale("fr"):
        assert words.state(result) == state
        assert explanation in words.explanation(result)
        assert bool(words.time_note([result])) is note
