"""A report over participants as a source of sums, beside what is known better."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.errors import PlatformRefused, PlatformUnreachable
from course_sync.models import Context
from course_sync.records import REPORT
from course_sync.sources import moodle_report
from course_sync.sources.moodle_report import FUNCTION
from lti_tool.moodle_reports import ReportPanel, find_report, name_report
from tests.harness.sync_world import START, SyncWorld, small_course

ROSTER = "core_enrol_get_enrolled_users"
COMPLETION = "core_completion_get_activities_completion_status"
SEEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HEADERS = ["Email address", "Last access to course", "Completed", "Student progress", "Time completed"]


def report_of(*rows: list[str]) -> dict[str, Any]:
    data = {"headers": HEADERS, "rows": [{"columns": row} for row in rows], "totalrowcount": len(rows)}
    return {"details": {"conditiondata": '{"course:courseselector_values":["7"]}'}, "data": data}


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    """Completion may not be read; a report is named that tells of 147 and 148. Moments are those of Paris."""
    world = small_course(SyncWorld())
    world.moodle.failing[COMPLETION] = PlatformRefused("Access denied", code="accessdenied")
    world.moodle.failing[FUNCTION] = report_of(
        ["u147@example.invalid", "Friday, 20 November 2026, 10:30 AM", "No", "42.9%", ""],
        [
            "u148@example.invalid",
            "Friday, 20 November 2026, 10:30 AM",
            "Yes",
            "100.0%",
            "Friday, 20 November 2026, 10:30 AM",
        ],
    )
    db.session.get_one(Context, world.context_id).platform.moodle_report_id = 3
    db.session.commit()
    return world


def test_sums_stand_in_where_completion_is_not_granted(world: SyncWorld) -> None:
    report = world.sync()
    assert {row.kind for row in report.errors} == {"completion"}
    first, second = world.member(147), world.member(148)
    assert (first.reported_share, first.reported_as_of, first.completed_at) == (0.429, START, None)
    assert (second.reported_share, second.completed_at) == (1.0, SEEN)
    assert world.member(149).reported_share is None
    assert first.last_access_at != SEEN, "the list of participants tells it better"


def test_the_learners_own_reading_wins(world: SyncWorld) -> None:
    del world.moodle.failing[COMPLETION]
    world.sync()
    world.later(hours=1).sync()
    assert world.member(148).completed_at is None


def test_visits_are_taken_from_the_report_where_the_list_does_not_tell_them(
    world: SyncWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = world.moodle._user
    hidden = lambda user: {key: value for key, value in plain(user).items() if key != "lastcourseaccess"}  # noqa: E731
    monkeypatch.setattr(world.moodle, "_user", hidden)
    world.sync()
    assert (world.member(147).last_access_at, world.member(147).access_as_of) == (SEEN, START)
    assert world.member(149).access_as_of is None


def test_a_report_that_is_not_understood_is_said_and_changes_nothing(world: SyncWorld) -> None:
    world.sync()
    world.moodle.failing[FUNCTION]["data"]["headers"] = [
        "Correo",
        "Acceso",
        "Completado",
        "Progreso",
        "Fecha",
    ]
    report = world.later(hours=1).sync()
    (problem,) = [row for row in report.errors if row.kind == "report"]
    assert problem.code == "report_not_understood"
    assert "Correo, Acceso" in problem.detail
    assert world.member(147).reported_share == 0.429


def test_without_a_report_none_is_asked_for(world: SyncWorld) -> None:
    db.session.get_one(Context, world.context_id).platform.moodle_report_id = None
    db.session.commit()
    world.sync()
    assert world.moodle.called(FUNCTION) == []


def test_a_report_with_more_rows_than_are_read_is_used_and_said(
    world: SyncWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moodle_report, "MAX_PAGES", 1)
    world.moodle.failing[FUNCTION]["data"]["totalrowcount"] = 5
    report = world.sync()
    assert [row.detail for row in report.errors if row.kind == "report"] == ["2 of 5 rows were read"]
    assert world.freshness(REPORT).error_code == "report_cut"
    assert world.member(147).reported_share == 0.429


def panel(world: SyncWorld) -> ReportPanel:
    """What the admin's page says of the report."""
    db.session.expire_all()
    return find_report(db.session.get_one(Context, world.context_id).platform)


def read_at(world: SyncWorld) -> datetime | None:
    """When it was read, according to that."""
    return panel(world).read_at


def test_a_run_that_did_not_come_to_the_report_tells_nothing_of_it(world: SyncWorld) -> None:
    world.moodle.failing[ROSTER] = PlatformUnreachable("no answer")
    world.sync()
    assert read_at(world) is None
    del world.moodle.failing[ROSTER]
    world.later(hours=1).sync()
    assert read_at(world) == world.real
    assert world.freshness(REPORT).error_code is None


def test_what_is_read_while_another_is_named_tells_nothing_of_that_one(world: SyncWorld) -> None:
    platform = db.session.get_one(Context, world.context_id).platform

    def name_another(_done: int, _total: int) -> None:
        if platform.moodle_report_id == 3:
            name_report(platform, 13, world.real)

    world.sync(name_another)
    assert [call["reportid"] for call in world.moodle.called(FUNCTION)] == [3], "with which the run began"
    assert read_at(world) is None
    world.later(hours=1).sync()
    assert read_at(world) == world.real


def test_of_whom_another_report_told_is_not_said_of_this_one(world: SyncWorld) -> None:
    """What the one before told stays; of the new one nothing is known before it was read."""
    world.sync()
    assert panel(world).learners == 2
    platform = db.session.get_one(Context, world.context_id).platform
    name_report(platform, 13, world.later(hours=1).real)
    assert (panel(world).read_at, panel(world).learners) == (None, 0)
    good = world.moodle.failing[FUNCTION]
    world.moodle.failing[FUNCTION] = PlatformRefused("Access denied", code="accessdenied")
    world.later(hours=1).sync()
    assert panel(world).learners == 0
    world.moodle.failing[FUNCTION] = report_of(good["data"]["rows"][0]["columns"])
    world.later(hours=1).sync()
    assert panel(world).learners == 1
    world.moodle.failing[FUNCTION] = PlatformRefused("Access denied", code="accessdenied")
    world.later(hours=1).sync()
    assert panel(world).learners == 1, "what it told stays told"
    assert world.member(148).reported_share == 1.0
