"""Every way a platform fails, against a course that was known before: nothing known is ever lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync.database import db
from course_sync.errors import PlatformAnswerInvalid, PlatformError, PlatformRefused, PlatformUnreachable
from course_sync.models import Activity, Context, Progress, SyncRun
from course_sync.sync import sync_roster
from tests.harness.fake_moodle import User
from tests.harness.sync_world import START, SyncWorld, small_course, unix

ROSTER = "core_enrol_get_enrolled_users"
EXCEPTION = {
    "exception": "core\\exception\\moodle_exception",
    "errorcode": "accessdenied",
    "message": "Access denied",
}


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    """A course of ten learners that was read whole an hour ago."""
    world = small_course(SyncWorld(), learners=10)
    world.moodle.completions[147, 71] = (1, unix(START), None)
    world.moodle.submissions[147, 6] = ("submitted", unix(START))
    world.moodle.grades[147, 76] = (65.0, unix(START))
    assert world.sync().state == "done"
    return world.later(hours=1)


def everything(world: SyncWorld) -> dict[str, Any]:
    """What is known of people, activities and their work."""
    db.session.expire_all()
    columns = ("completion", "completed_at", "submission", "submitted_at", "score_ratio", "graded_at")
    return {
        "statuses": world.statuses(),
        "roles": {user: world.member(user).platform_roles for user in (144, 147)},
        "access": world.member(147).last_access_at,
        "activities": {
            row.external_id: (row.removed_at, row.due_at, row.opens_at, row.tracked, row.accepts_submission)
            for row in db.session.scalars(select(Activity))
        },
        "progress": {
            (row.membership_id, row.activity_id): [getattr(row, name) for name in columns]
            for row in db.session.scalars(select(Progress))
        },
    }


@pytest.mark.parametrize(
    ("function", "answer", "kind", "code"),
    [
        (ROSTER, [], "roster", "empty_roster"),
        (ROSTER, PlatformUnreachable("no answer in time", code="timeout"), "roster", "timeout"),
        (ROSTER, EXCEPTION, "roster", "accessdenied"),
        (ROSTER, {"unexpected": 1}, "roster", "unknown_form"),
        (ROSTER, None, "roster", "unknown_form"),
        ("nrps", [], "roster", "empty_roster"),
        ("nrps", PlatformUnreachable("no answer in time", code="timeout"), "roster", "timeout"),
        ("nrps", [{"status": "Active"}], "roster", "invalid_roster"),
        ("core_course_get_contents", [], "structure", "empty_structure"),
        ("core_course_get_contents", EXCEPTION, "structure", "accessdenied"),
        ("core_course_get_contents", [{"name": "x"}], "structure", "unknown_form"),
        ("mod_assign_get_assignments", EXCEPTION, "structure", "accessdenied"),
        ("mod_quiz_get_quizzes_by_courses", EXCEPTION, "structure", "accessdenied"),
        ("core_calendar_get_calendar_events", EXCEPTION, "structure", "accessdenied"),
        ("core_course_get_courses_by_field", EXCEPTION, "structure", "accessdenied"),
        (
            "mod_assign_get_submissions",
            {
                "assignments": [],
                "warnings": [
                    {"item": "assignment", "itemid": 6, "warningcode": "1", "message": "No access rights"}
                ],
            },
            "submissions",
            "warning_1",
        ),
        ("mod_assign_get_submissions", EXCEPTION, "submissions", "accessdenied"),
        (
            "gradereport_user_get_grade_items",
            {**EXCEPTION, "errorcode": "notingroup", "message": "error/notingroup"},
            "grades",
            "notingroup",
        ),
    ],
)
def test_one_failing_call_loses_nothing(
    world: SyncWorld, function: str, answer: Any, kind: str, code: str
) -> None:
    before = everything(world)
    world.moodle.failing[function] = answer
    source = "lti" if function == "nrps" else "moodle"

    report = world.sync()

    assert everything(world) == before
    assert report.state == "partial"
    assert (kind, source, code) in {(row.kind, row.source, row.code) for row in report.errors}
    freshness = world.freshness(kind, source)
    assert (freshness.as_of, freshness.tried_at, freshness.error_code) == (START, world.now, code)
    run = db.session.scalars(select(SyncRun).order_by(SyncRun.id.desc())).first()
    assert run is not None
    assert run.state == "partial"
    assert code in [row["code"] for row in run.errors]

    del world.moodle.failing[function]
    assert world.later(hours=1).sync().state == "done"
    assert (world.freshness(kind, source).error_code, world.freshness(kind, source).as_of) == (
        None,
        world.now,
    )


def test_moodles_own_words_are_kept(world: SyncWorld) -> None:
    world.moodle.failing["gradereport_user_get_grade_items"] = EXCEPTION
    world.sync()
    assert world.freshness("grades").error_detail == "Access denied"


def test_completion_that_is_refused_keeps_what_was_known(world: SyncWorld) -> None:
    before = everything(world)
    function = "core_completion_get_activities_completion_status"
    world.moodle.failing[function] = EXCEPTION
    world.moodle.calls.clear()
    world.later(days=7)
    report = world.sync()
    assert everything(world)["progress"] == before["progress"]
    assert ("completion", "accessdenied") in {(row.kind, row.code) for row in report.errors}
    assert world.freshness("completion").as_of == START
    # Ten learners are due, but five refusals in a row are answer enough (four calls are under way at a time).
    assert len(world.moodle.called(function)) <= 8


def test_completion_that_may_no_longer_be_read_is_noticed_where_nobody_moved(world: SyncWorld) -> None:
    read_at = world.freshness("completion").as_of
    world.moodle.failing["core_completion_get_activities_completion_status"] = EXCEPTION
    report = world.sync()
    fresh = world.freshness("completion")
    assert (report.state, fresh.as_of, fresh.error_code) == ("partial", read_at, "accessdenied")
    world.moodle.failing.clear()
    assert world.later(hours=1).sync().state == "done"
    assert world.freshness("completion").as_of == world.now


def test_without_viewdetails_the_lti_roster_shows_that_people_are_missing(world: SyncWorld) -> None:
    before = everything(world)
    world.moodle.failing[ROSTER] = [world.moodle._user(world.moodle.users[144])]
    report = world.sync()
    assert everything(world) == before
    assert [(row.kind, row.source, row.code) for row in report.errors] == [
        ("roster", "moodle", "roster_incomplete"),
        ("submissions", "moodle", "submissions_incomplete"),
    ]
    assert "moodle/user:viewdetails" in report.errors[0].detail


@pytest.mark.parametrize("lti_too", [False, True])
def test_half_a_roster_makes_nobody_leave(world: SyncWorld, lti_too: bool) -> None:
    before = everything(world)
    half = list(world.moodle.users.values())[:6]
    world.moodle.failing[ROSTER] = [world.moodle._user(user) for user in half]
    if lti_too:
        world.moodle.failing["nrps"] = world.moodle.nrps_members()[:6]
    report = world.sync()
    assert everything(world) == before
    assert {(row.kind, row.code) for row in report.errors} == {
        ("roster", "roster_incomplete"),
        ("submissions", "submissions_incomplete"),
    }
    if lti_too:
        world.later(days=4).sync()
        assert set(world.statuses().values()) == {"active"}


def test_second_page_missing_makes_nobody_leave(app_context: Flask) -> None:
    world = small_course(SyncWorld(), learners=10)
    context = db.session.get_one(Context, world.context_id)
    context.platform.moodle_url = None
    db.session.commit()
    world.moodle.page_size = 5
    world.sync()
    world.moodle.failing["nrps"] = "second page"
    report = world.later(hours=1).sync()
    assert [(row.kind, row.code) for row in report.errors] == [("roster", "unreachable")]
    assert set(world.statuses().values()) == {"active"}
    assert report.state == "failed"


def test_a_course_that_really_empties_is_believed_after_a_while(world: SyncWorld) -> None:
    for user_id in range(149, 157):
        del world.moodle.users[user_id]
    assert {(row.kind, row.code) for row in world.sync().errors} == {
        ("roster", "roster_incomplete"),
        ("submissions", "submissions_incomplete"),
    }
    assert set(world.statuses().values()) == {"active"}
    assert world.later(days=9).sync().errors == ()
    assert world.member(150).status == "left"
    assert world.member(147).status == "active"


def test_nobody_leaves_through_the_lti_roster_while_moodle_fails(world: SyncWorld) -> None:
    del world.moodle.users[150]
    world.moodle.failing[ROSTER] = EXCEPTION
    world.sync()
    assert world.member(150).status == "active"
    del world.moodle.failing[ROSTER]
    world.later(hours=1).sync()
    assert world.member(150).status == "left"


def test_when_moodle_is_disconnected_the_lti_roster_decides(world: SyncWorld) -> None:
    context = db.session.get_one(Context, world.context_id)
    context.platform.moodle_url = None
    db.session.commit()
    del world.moodle.users[150]
    world.sync()
    assert world.member(150).status == "left"


def test_trainer_who_is_taken_out_of_the_lti_roster_is_one_no_longer(world: SyncWorld) -> None:
    world.moodle.users[144].suspended = True
    world.sync()
    assert world.member(144).nrps_roles is None


def test_site_that_is_down_is_not_asked_for_everything(world: SyncWorld) -> None:
    world.moodle.failing[ROSTER] = PlatformUnreachable()
    world.moodle.calls.clear()
    report = world.sync()
    assert {name for name, _params in world.moodle.calls} == {ROSTER}
    assert {row.kind for row in report.errors} == {
        "roster",
        "structure",
        "submissions",
        "grades",
        "posts",
        "completion",
        "extensions",
    }
    assert report.state == "partial"


def test_nothing_at_all_is_a_failed_run(world: SyncWorld) -> None:
    world.moodle.failing[ROSTER] = world.moodle.failing["nrps"] = PlatformUnreachable()
    assert world.sync().state == "failed"


def test_dates_that_cannot_be_read_stay_and_others_move(world: SyncWorld) -> None:
    world.moodle.failing["mod_assign_get_assignments"] = EXCEPTION
    world.moodle.modules[1].due = 0
    world.moodle.modules[2].due = unix(START + timedelta(days=20))
    world.sync()
    due = {row.external_id: row.due_at for row in db.session.scalars(select(Activity))}
    assert due["76"] == START + timedelta(days=10)
    assert due["74"] == START + timedelta(days=20)


def test_bug_in_the_pull_closes_the_run(world: SyncWorld) -> None:
    def explode(_function: str, _params: dict[str, Any]) -> Any:
        raise ZeroDivisionError

    world.moodle.answer = explode  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        world.sync()
    run = db.session.scalars(select(SyncRun).order_by(SyncRun.id.desc())).first()
    assert run is not None
    assert (run.state, run.errors[0]["code"]) == ("failed", "internal")


def test_roster_at_a_launch_is_read_and_kept(app_context: Flask) -> None:
    world = small_course(SyncWorld())
    sync_roster(world.context_id, now=world.now, services=world.services, timeout_seconds=5)
    assert world.member(144).nrps_roles == ["Instructor"]
    assert world.freshness("roster", "lti").as_of == world.now
    assert world.moodle.calls == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [(PlatformRefused("no", code="http_401"), "http_401"), ([], "empty_roster")],
)
def test_roster_at_a_launch_says_why_it_failed(world: SyncWorld, answer: Any, code: str) -> None:
    world.moodle.failing["nrps"] = answer
    with pytest.raises(PlatformError) as caught:
        sync_roster(world.context_id, now=world.now, services=world.services)
    assert caught.value.code == code
    assert world.freshness("roster", "lti").error_code == code
    assert set(world.statuses().values()) == {"active"}


def test_roster_at_a_launch_does_not_decide_over_moodles_own_list(world: SyncWorld) -> None:
    world.moodle.users[147].suspended = True
    sync_roster(world.context_id, now=world.now, services=world.services)
    assert world.member(147).status == "active"


def test_context_without_a_roster_service(world: SyncWorld) -> None:
    db.session.get_one(Context, world.context_id).memberships_url = None
    db.session.commit()
    with pytest.raises(PlatformRefused) as caught:
        sync_roster(world.context_id, now=world.now, services=world.services)
    assert caught.value.code == "no_roster_service"


def test_course_id_that_is_no_moodle_course(world: SyncWorld) -> None:
    db.session.get_one(Context, world.context_id).external_id = "abc"
    db.session.commit()
    report = world.sync()
    assert [row.code for row in report.errors] == ["invalid_course"]
    assert report.state == "partial"
    assert isinstance(report.errors, tuple)


def test_new_people_are_kept_even_from_a_roster_that_is_not_believed(world: SyncWorld) -> None:
    world.moodle.add(User(170))
    world.moodle.failing["nrps"] = [
        row for row in world.moodle.nrps_members() if row["user_id"] in ("144", "170")
    ]
    world.sync()
    assert world.member(170).status == "active"


def test_invalid_answers_name_the_function(world: SyncWorld) -> None:
    world.moodle.failing["core_course_get_contents"] = {"a": PlatformAnswerInvalid.code}
    report = world.sync()
    assert report.errors[0].detail == "core_course_get_contents answered in an unknown form"
