"""A whole pull against a Moodle in memory: what it keeps, what it costs, what it leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.errors import PlatformRefused
from course_sync.models import ActiveDay, Activity, Context
from course_sync.sync import sync_context
from tests.harness.fake_moodle import User
from tests.harness.sync_world import START, SyncWorld, add_context, small_course, unix

COMPLETION = "core_completion_get_activities_completion_status"


@pytest.fixture
def world(app_context: Flask) -> SyncWorld:
    return small_course(SyncWorld())


def test_first_sync_keeps_everything(world: SyncWorld) -> None:
    day = START - timedelta(days=2)
    world.moodle.completions[147, 71] = (1, unix(day), None)
    world.moodle.submissions[147, 6] = ("submitted", unix(day))
    world.moodle.grades[147, 76] = (65.0, unix(day))
    world.moodle.grades[148, 74] = (40.0, unix(day))

    report = world.sync()

    assert (report.state, report.errors, report.learners_read) == ("done", (), 6)
    learner = world.member(147)
    assert (learner.standing, learner.status, learner.groups) == ("learner", "active", ["Group 11"])
    assert learner.last_access_at == START - timedelta(days=1)
    assert learner.person.name == "Ada Hazel"
    assert learner.person.email == "u147@example.invalid"
    page, assignment, quiz = (world.progress(147, cmid) for cmid in (71, 76, 74))
    assert page is not None
    assert (page.completion, page.completed_at, page.completion_source) == ("complete", day, "moodle")
    assert assignment is not None
    assert (assignment.submission, assignment.submitted_at) == ("submitted", day)
    assert (assignment.score_ratio, assignment.graded_at, assignment.grade_as_of) == (0.65, day, START)
    assert quiz is not None
    assert (quiz.completion, quiz.submission, quiz.score_ratio) == ("incomplete", None, None)
    graded_quiz = world.progress(148, 74)
    assert graded_quiz is not None
    assert (graded_quiz.submission, graded_quiz.submitted_at, graded_quiz.score_ratio) == (
        "submitted",
        day,
        0.4,
    )


def test_structure_has_dates_and_kinds(world: SyncWorld) -> None:
    world.sync()
    rows = {row.external_id: row for row in db.session.scalars(select(Activity))}
    assert {key: row.module for key, row in rows.items()} == {"71": "page", "76": "assign", "74": "quiz"}
    assert rows["71"].due_at == START - timedelta(days=10)
    assert rows["76"].due_at == START + timedelta(days=10)
    assert [rows[key].accepts_submission for key in ("71", "76", "74")] == [False, True, True]
    course = db.session.get_one(Context, world.context_id)
    assert (course.title, course.label) == ("Facilitation", "EM101")
    assert course.starts_at == datetime.fromtimestamp(world.moodle.startdate, UTC)
    assert course.ends_at is None


def test_staff_is_never_a_learner(world: SyncWorld) -> None:
    world.sync()
    trainer, teacher = world.member(144), world.member(145)
    assert (trainer.standing, trainer.nrps_roles) == ("staff", ["Instructor"])
    assert (teacher.standing, teacher.nrps_roles, teacher.platform_roles) == (
        "staff",
        ["Learner"],
        ["teacher"],
    )
    read = {params["userid"] for params in world.moodle.called(COMPLETION)}
    assert read == set(range(147, 153))


def test_a_learner_without_facts_stays_unknown(world: SyncWorld) -> None:
    world.moodle.failing[COMPLETION] = PlatformRefused("Access denied", code="accessdenied")
    world.moodle.failing["mod_assign_get_submissions"] = PlatformRefused("no", code="nopermissions")
    world.sync()
    assert world.progress(147, 71) is None
    assert world.progress(147, 76) is None
    assert world.member(147).progress_as_of is None


def test_second_sync_writes_nothing_and_asks_little(world: SyncWorld) -> None:
    world.moodle.completions[147, 71] = (1, unix(START - timedelta(days=2)), None)
    world.moodle.submissions[148, 6] = ("draft", unix(START))
    first = world.sync()
    assert first.rows_changed > 0
    world.moodle.calls.clear()

    second = world.later(hours=1).sync()

    assert (second.state, second.rows_changed, second.learners_read) == ("done", 0, 0)
    assert len(world.moodle.called(COMPLETION)) == 1, "whether it can still be read"
    assert second.requests <= 12
    assert world.member(147).as_of == world.now
    assert world.member(147).access_as_of == world.now
    assert world.freshness("completion").as_of == world.now


def test_only_learners_who_moved_are_read_again(world: SyncWorld) -> None:
    world.sync()
    world.moodle.calls.clear()
    world.later(hours=5)
    world.moodle.users[149].last_access = unix(world.now - timedelta(hours=1))
    world.moodle.completions[149, 71] = (1, unix(world.now - timedelta(hours=1)), None)

    report = world.sync()

    assert [params["userid"] for params in world.moodle.called(COMPLETION)] == [149]
    assert report.learners_read == 1
    done = world.progress(149, 71)
    assert done is not None
    assert done.completion == "complete"


def test_access_at_the_moment_of_reading_is_read_once_more(world: SyncWorld) -> None:
    world.moodle.users[149].last_access = unix(START)
    world.sync()
    world.moodle.calls.clear()
    world.later(hours=1).sync()
    assert [params["userid"] for params in world.moodle.called(COMPLETION)] == [149]
    world.moodle.calls.clear()
    world.later(hours=1).sync()
    (probe,) = world.moodle.called(COMPLETION)
    assert probe["userid"] != 149, "only one of those who wait longest, to know that it can still be read"


def test_a_grade_given_to_a_silent_learner_arrives_with_the_next_sync(world: SyncWorld) -> None:
    world.sync()
    world.later(hours=1)
    world.moodle.grades[150, 76] = (80.0, unix(world.now))
    assert world.sync().learners_read == 0
    graded = world.progress(150, 76)
    assert graded is not None
    assert (graded.score_ratio, graded.grade_as_of) == (0.8, world.now)


def test_a_grade_taken_back_is_gone(world: SyncWorld) -> None:
    world.moodle.grades[150, 76] = (80.0, unix(START))
    world.sync()
    del world.moodle.grades[150, 76]
    world.later(hours=1).sync()
    graded = world.progress(150, 76)
    assert graded is not None
    assert (graded.score_ratio, graded.graded_at) == (None, None)


def test_nobodys_facts_grow_older_than_seven_days(world: SyncWorld) -> None:
    world.sync()
    world.moodle.completions[150, 71] = (1, unix(START), 144)
    for _day in range(7):
        world.later(days=1).sync()
        for user_id in range(147, 153):
            read_at = world.member(user_id).progress_as_of
            assert read_at is not None
            assert world.now - read_at <= timedelta(days=7)
    overridden = world.progress(150, 71)
    assert overridden is not None
    assert overridden.completion == "complete"


def test_rereading_a_class_is_spread_over_days(world: SyncWorld) -> None:
    small_course(world, learners=60)
    world.sync()
    reads = []
    for _day in range(6):
        reads.append(world.later(days=1).sync().learners_read)
    assert sum(reads) >= 60
    assert max(reads) <= 40


def test_completion_set_by_staff_is_no_day_of_activity(world: SyncWorld) -> None:
    day = START - timedelta(days=3)
    world.moodle.completions[147, 71] = (1, unix(day), 144)
    world.moodle.completions[148, 71] = (1, unix(day), None)
    world.moodle.submissions[148, 6] = ("submitted", unix(day - timedelta(days=1)))
    world.sync()

    def days(user_id: int) -> dict[str, str]:
        rows = db.session.scalars(select(ActiveDay).filter_by(membership_id=world.member(user_id).id))
        return {row.day.isoformat(): row.evidence for row in rows}

    assert days(147) == {"2026-11-20": "visit"}
    assert days(148) == {"2026-11-20": "visit", "2026-11-18": "completion", "2026-11-17": "submission"}


def test_visits_seen_one_after_the_other_add_up(world: SyncWorld) -> None:
    for _day in range(3):
        world.moodle.users[147].last_access = unix(world.now - timedelta(hours=2))
        world.sync()
        world.later(days=1)
    member_id = world.member(147).id
    assert db.session.scalar(select(func.count()).where(ActiveDay.membership_id == member_id)) == 3


def test_who_appears_in_a_later_roster_enrolled_about_then(world: SyncWorld) -> None:
    world.sync()
    assert world.member(147).enrolled_at is None
    world.later(days=1)
    world.moodle.add(User(170))
    world.sync()
    assert world.member(170).enrolled_at == world.now
    assert world.member(170).first_seen_at == world.now
    assert world.member(147).enrolled_at is None


def test_suspended_is_neither_active_nor_left(world: SyncWorld) -> None:
    world.sync()
    world.moodle.users[147].suspended = True
    world.later(hours=1).sync()
    assert world.member(147).status == "suspended"
    world.moodle.users[147].suspended = False
    world.later(hours=1).sync()
    assert world.member(147).status == "active"


def test_suspended_is_told_from_the_lti_roster_without_the_right_to_ask(world: SyncWorld) -> None:
    world.sync()
    world.moodle.users[147].suspended = True
    original = world.moodle.answer

    def refuse_suspended(function: str, params: dict) -> object:  # type: ignore[type-arg]
        if any(row["name"] == "onlysuspended" for row in params.get("options", []) if isinstance(row, dict)):
            return PlatformRefused("Review course enrolments", code="nopermissions")
        return original(function, params)

    world.moodle.answer = refuse_suspended  # type: ignore[method-assign]
    report = world.later(hours=1).sync()
    assert world.member(147).status == "suspended"
    assert world.member(148).status == "active"
    assert [(row.kind, row.code) for row in report.errors] == [("roster", "nopermissions")]


def test_leavers_stay_with_their_facts_and_may_come_back(world: SyncWorld) -> None:
    world.moodle.completions[147, 71] = (1, unix(START), None)
    world.sync()
    gone = world.moodle.users.pop(147)
    world.later(days=1).sync()
    assert (world.member(147).status, world.member(147).left_at) == ("left", world.now)
    assert world.member(147).standing == "learner"
    kept = world.progress(147, 71)
    assert kept is not None
    assert kept.completion == "complete"
    world.moodle.add(gone)
    world.later(days=1).sync()
    assert (world.member(147).status, world.member(147).left_at) == ("active", None)


def test_names_follow_the_platform(world: SyncWorld) -> None:
    world.sync()
    world.moodle.users[147].last = "Maple"
    world.later(hours=1).sync()
    assert world.member(147).person.name == "Ada Maple"
    assert world.member(147).person.family_name == "Maple"


def test_two_platforms_with_the_same_ids_never_mix(world: SyncWorld) -> None:
    world.sync()
    other = small_course(SyncWorld(context_id=add_context("https://other.example", organisation="Elsewhere")))
    other.moodle.users[147].first = "Zoé"
    other.moodle.grades[147, 76] = (10.0, unix(START))
    other.sync()
    assert world.member(147).person.name == "Ada Hazel"
    assert other.member(147).person.name == "Zoé Hazel"
    assert world.member(147).person_id != other.member(147).person_id
    ungraded = world.progress(147, 76)
    assert ungraded is not None
    assert ungraded.score_ratio is None


def test_removed_activities_stay_marked_and_come_back(world: SyncWorld) -> None:
    world.sync()
    page = world.moodle.modules.pop(0)
    world.later(hours=1).sync()
    row = db.session.scalars(select(Activity).filter_by(external_id="71")).one()
    assert row.removed_at == world.now
    world.moodle.modules.insert(0, page)
    world.later(hours=1).sync()
    assert row.removed_at is None


def test_group_submission_counts_for_its_members(world: SyncWorld) -> None:
    world.moodle.users[148].groups = ()
    world.moodle.group_submissions[11, 6] = ("submitted", unix(START))
    world.sync()
    member, outsider = world.progress(147, 76), world.progress(148, 76)
    assert member is not None
    assert member.submission == "submitted"
    assert outsider is None or outsider.submission is None


def test_extension_is_asked_for_before_anybody_is_blamed(world: SyncWorld) -> None:
    assign = world.moodle.modules[1]
    assign.due = unix(START - timedelta(days=1))
    world.moodle.submissions[148, 6] = ("submitted", unix(START - timedelta(days=3)))
    world.moodle.extensions[147, 6] = unix(START + timedelta(days=5))
    world.sync()
    extended, plain = world.progress(147, 76), world.progress(149, 76)
    assert extended is not None
    assert extended.due_at_override == START + timedelta(days=5)
    assert plain is not None
    assert (plain.due_at_override, plain.due_source) == (None, "moodle")
    asked = [params["userid"] for params in world.moodle.called("mod_assign_get_submission_status")]
    assert sorted(asked) == [147, 149, 150, 151, 152]
    world.moodle.calls.clear()
    assert world.later(hours=1).sync().rows_changed == 0
    assert world.moodle.called("mod_assign_get_submission_status") == []


def test_quiz_attempt_without_a_grade_is_found_when_the_quiz_has_closed(world: SyncWorld) -> None:
    world.moodle.modules[2].due = unix(START - timedelta(days=1))
    moment = START - timedelta(days=2)
    world.moodle.attempts[147, 16] = ("finished", unix(moment))
    world.moodle.attempts[148, 16] = ("inprogress", 0)
    world.sync()
    found = {user: world.progress(user, 74) for user in (147, 148, 149)}
    assert {user: row and row.submission for user, row in found.items()} == {
        147: "submitted",
        148: "draft",
        149: "none",
    }
    assert found[147] is not None
    assert found[147].submitted_at == moment


def test_course_completion_is_kept_and_taken_back(world: SyncWorld) -> None:
    world.moodle.completed[147] = unix(START - timedelta(days=1))
    world.sync()
    assert world.member(147).completed_at == START - timedelta(days=1)
    del world.moodle.completed[147]
    world.later(days=7).sync()
    assert world.member(147).completed_at is None


def test_at_most_four_calls_at_a_time(world: SyncWorld) -> None:
    small_course(world, learners=20)
    world.client.delay_seconds = 0.005
    world.sync()
    assert 1 < world.client.most_parallel <= 4


def test_lti_alone_gives_a_roster_and_nothing_else(app_context: Flask) -> None:
    world = small_course(SyncWorld())
    context = db.session.get_one(Context, world.context_id)
    context.platform.moodle_url = context.platform.moodle_token_sealed = None
    db.session.commit()
    report = world.sync()
    assert (report.state, report.errors) == ("done", ())
    assert world.member(147).standing == "learner"
    assert (world.member(147).access_as_of, world.member(147).source) == (None, "lti")
    assert world.moodle.calls == []


def test_no_source_at_all_is_said(app_context: Flask) -> None:
    world = SyncWorld()
    context = db.session.get_one(Context, world.context_id)
    context.memberships_url = context.platform.moodle_url = None
    db.session.commit()
    report = world.sync()
    assert (report.state, [row.code for row in report.errors]) == ("failed", ["no_source"])


def test_token_that_cannot_be_opened_leaves_the_roster_working(world: SyncWorld) -> None:
    world.sync()
    world.moodle.users.pop(147)
    services = world.services

    def fail(_sealed: str) -> str:
        raise ValueError("wrong key")

    report = sync_context(
        world.context_id,
        now=world.now,
        real_now=lambda: world.real,
        trigger="cli",
        services=type(services)(client=world.client, open_secret=fail),
    )
    assert (report.state, [row.code for row in report.errors]) == ("partial", ["token_unreadable"])
    assert world.freshness("roster").error_code == "token_unreadable"
    assert world.member(147).status == "active"
