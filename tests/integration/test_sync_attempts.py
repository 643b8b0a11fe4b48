"""Attempts at quizzes that have closed, made late and marked by nobody: no run that ends early loses one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from course_sync import pull_learners, pull_work
from course_sync.database import db
from course_sync.errors import PlatformError, PlatformRefused, PlatformUnreachable
from tests.harness.fake_moodle import Module
from tests.harness.sync_world import START, SyncWorld, small_course, unix

ATTEMPTS, CHANGES = "mod_quiz_get_user_attempts", "core_course_get_updates_since"
GRADES = "gradereport_user_get_grade_items"
SLOW = PlatformUnreachable("slow", code="timeout")
LATE, QUIZ, INSTANCE = 148, 74, 16


class Died(BaseException):
    """No handler of ours expects it, as nobody hears of a SIGKILL."""


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite where a test does not name another: nothing in it is different on PostgreSQL."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_url")
    return url


@pytest.fixture(params=["told", "untold"])
def world(app_context: Flask, request: pytest.FixtureRequest) -> SyncWorld:
    """A quiz closed five hours ago, and everybody was asked; the platform tells what changed, or does not."""
    world = small_course(SyncWorld())
    if request.param == "untold":
        world.moodle.failing[CHANGES] = PlatformRefused("no", code="accessexception")
    world.moodle.modules[2].due = unix(START - timedelta(hours=5))
    assert world.sync().state == "done"
    assert submission(world) == "none"
    return world


def submission(world: SyncWorld, user_id: int = LATE) -> str | None:
    known = world.progress(user_id, QUIZ)
    return known.submission if known else None


def try_late(world: SyncWorld, *user_ids: int) -> None:
    """They come and hand in an essay; nobody has marked it."""
    moment = unix(world.now - timedelta(minutes=20))
    for user_id in user_ids or (LATE,):
        world.moodle.users[user_id].last_access = moment
        world.moodle.attempts[user_id, INSTANCE] = ("finished", moment)


@contextmanager
def failing(world: SyncWorld, function: str, problem: BaseException) -> Iterator[None]:
    """Meanwhile every call of this function ends like this."""
    plain = world.client.call_moodle

    def call(base_url: str, token: str, name: str, params: dict[str, Any], **options: Any) -> Any:
        if name == function:
            raise problem
        return plain(base_url, token, name, params, **options)

    world.client.call_moodle = call
    try:
        yield
    finally:
        world.client.call_moodle = plain


def sync_badly(world: SyncWorld, problem: BaseException, function: str = ATTEMPTS) -> None:
    """A run that is killed, or fails, in the middle."""
    with failing(world, function, problem):
        if isinstance(problem, PlatformError):
            assert world.sync().state == "partial"
        else:
            with pytest.raises(Died):
                world.sync()
            db.session.rollback()


@pytest.mark.parametrize("problem", [Died(), SLOW])
def test_an_attempt_is_found_by_the_run_after_one_that_ended_early(
    world: SyncWorld, problem: BaseException
) -> None:
    world.later(minutes=40)
    try_late(world)
    sync_badly(world, problem)
    assert submission(world) == "none"
    assert world.freshness("extensions").as_of == START
    assert world.later(hours=6).sync().state == "done"
    assert submission(world) == "submitted"
    world.moodle.calls.clear()
    world.later(hours=6).sync()
    assert world.moodle.called(ATTEMPTS) == [], "everybody is known"


@pytest.mark.parametrize("problem", [None, Died()])
def test_a_deadline_that_was_moved_and_passes_again(world: SyncWorld, problem: Died | None) -> None:
    """The learner tried in time after the deadline was moved; the run that could have seen it is killed."""
    world.moodle.modules[2].due = unix(START + timedelta(days=2))
    world.later(hours=1).sync()
    world.later(hours=24)
    try_late(world)
    if problem is None:
        world.sync()
    else:
        with failing(world, ATTEMPTS, problem):
            try:
                world.sync()
            except Died:
                db.session.rollback()
    world.later(hours=1).sync()
    world.later(hours=30)
    assert world.sync().state == "done"
    assert submission(world) == "submitted"


def test_in_a_course_without_completion_attempts_are_found_as_well(world: SyncWorld) -> None:
    """Nobody's progress is read there, so nothing but the visit tells who may have tried."""
    for module in world.moodle.modules:
        module.completion = 0
    world.later(hours=1).sync()
    world.later(hours=1)
    try_late(world)
    assert world.sync().state == "done"
    assert submission(world) == "submitted"


def test_questions_beyond_what_one_run_may_ask_are_asked_by_the_next(
    world: SyncWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull_learners, "MAX_DOUBTS", 3)
    late = (147, 148, 149, 150)
    world.later(minutes=40)
    try_late(world, *late)
    report = world.sync()
    assert [(row.kind, row.code) for row in report.errors] == [("extensions", "questions_left")]
    told = world.freshness("extensions")
    assert (told.as_of, told.error_code) == (START, "questions_left")
    assert [submission(world, user_id) for user_id in late].count("none") == 1
    assert world.later(minutes=40).sync().state == "done"
    assert {submission(world, user_id) for user_id in late} == {"submitted"}
    assert world.freshness("extensions").error_code is None


def test_who_is_asked_in_vain_does_not_keep_the_others_from_their_turn(
    world: SyncWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All come, the last one tries: of two questions in a run, none is asked twice."""
    monkeypatch.setattr(pull_learners, "MAX_DOUBTS", 2)
    world.later(minutes=40)
    try_late(world, *range(147, 153))
    for user_id in range(147, 152):
        del world.moodle.attempts[user_id, INSTANCE]
    world.moodle.calls.clear()
    for _run in range(3):
        world.sync()
        world.later(minutes=40)
    assert submission(world, 152) == "submitted"
    asked = [call["userid"] for call in world.moodle.called(ATTEMPTS)]
    assert len(asked) == len(set(asked))


def fail_for(world: SyncWorld, user_id: int, problem: PlatformError) -> Any:
    """Every question about this user at the quiz ends like this, until what is returned is put back."""
    plain = world.client.call_moodle

    def call(base_url: str, token: str, name: str, params: dict[str, Any], **options: Any) -> Any:
        if name == ATTEMPTS and (params["userid"], params["quizid"]) == (user_id, INSTANCE):
            raise problem
        return plain(base_url, token, name, params, **options)

    world.client.call_moodle = call
    return plain


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_one_refused_question_keeps_no_older_work_from_being_asked_about(app_context: Flask) -> None:
    """Nor is the quiz it was about known of everybody, until it is answered."""
    world = small_course(SyncWorld())
    world.moodle.modules[2].due = unix(START - timedelta(hours=5))
    world.moodle.modules.append(Module(80, "quiz", 22, due=unix(START - timedelta(days=5))))
    world.moodle.attempts[LATE, 22] = ("finished", unix(START - timedelta(days=6)))
    plain = fail_for(world, 147, PlatformRefused("not active", code="usernotconfirmed"))
    report = world.sync()
    assert [(row.kind, row.code) for row in report.errors] == [("extensions", "usernotconfirmed")]
    known = world.progress(LATE, 80)
    assert known is not None
    assert (known.submission, submission(world), submission(world, 147)) == ("submitted", "none", None)
    assert world.freshness("extensions").as_of is None
    world.moodle.calls.clear()
    world.client.call_moodle = plain
    assert world.later(hours=1).sync().state == "done"
    assert [(call["userid"], call["quizid"]) for call in world.moodle.called(ATTEMPTS)] == [(147, INSTANCE)]
    assert (submission(world, 147), world.freshness("extensions").as_of) == ("none", world.now)


@pytest.mark.parametrize(
    "problem", [SLOW, *(PlatformRefused("no", code=code) for code in ("invalidtoken", "accessexception"))]
)
def test_a_platform_that_does_not_answer_is_asked_about_no_older_work(
    app_context: Flask, problem: PlatformError
) -> None:
    world = small_course(SyncWorld())
    world.moodle.modules[2].due = unix(START - timedelta(hours=5))
    world.moodle.modules.append(Module(80, "quiz", 22, due=unix(START - timedelta(days=5))))
    fail_for(world, 147, problem)
    world.sync()
    assert {call["quizid"] for call in world.moodle.called(ATTEMPTS)} == {INSTANCE}


def test_an_attempt_of_somebody_in_no_group_does_not_hide_the_one_of_a_group(app_context: Flask) -> None:
    """The list of changes leaves out who is in no group."""
    world = small_course(SyncWorld())
    world.moodle.users[150].groups = ()
    world.moodle.modules[2].due = unix(START - timedelta(hours=5))
    world.sync()
    plain = world.moodle._updates

    def of_groups(module: Any, since: int) -> list[dict[str, Any]]:
        told = plain(module, since)
        rows = [
            {**row, "itemids": [key for key in row["itemids"] if world.moodle.users[key].groups]}
            for row in told
        ]
        return [row for row in rows if row["itemids"]]

    world.moodle._updates = of_groups  # type: ignore[method-assign]
    world.later(minutes=40)
    try_late(world, 150, 148)
    world.sync()
    assert (submission(world, 150), submission(world, 148)) == ("submitted", "submitted")


@pytest.mark.parametrize("problem", [Died(), SLOW])
def test_a_mark_in_a_large_course_is_found_by_the_run_after_one_that_ended_early(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    monkeypatch.setattr(pull_work, "WHOLE_COURSE_LEARNERS", 3)
    world = small_course(SyncWorld())
    world.sync()
    world.later(hours=30).sync()
    world.later(minutes=30)
    world.moodle.grades[LATE, QUIZ] = (80, unix(world.now - timedelta(minutes=10)))
    sync_badly(world, problem, GRADES)
    world.later(hours=6).sync()
    marked = world.progress(LATE, QUIZ)
    assert marked is not None
    assert marked.score_ratio == 0.8
