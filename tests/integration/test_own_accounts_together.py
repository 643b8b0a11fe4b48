"""Own accounts that may not read everything: what others make up for, and grades of some at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from course_sync import pull_work
from course_sync.course_hosts import main_host
from course_sync.database import db
from course_sync.errors import PlatformRefused, PlatformUnreachable
from course_sync.models import Context
from tests.harness.fake_moodle import User
from tests.harness.own_world import FIRST, SECOND, VISIT, OwnWorld, read_without_tokens
from tests.harness.sync_world import unix

GRADES = "gradereport_user_get_grade_items"
ATTEMPTS = "mod_quiz_get_user_attempts"


@pytest.fixture
def world(app_context: Flask) -> OwnWorld:
    return read_without_tokens()


def lone_account(world: OwnWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is in no group and sees four learners, three of whose grades fit into a run."""
    world.moodle.users[145] = replace(world.moodle.users[145], groups=())
    monkeypatch.setattr(pull_work, "MAX_LONE_GRADES", 3)
    world.client.ungrouped = {145}
    leave_out(world, 146, 160, *range(154, 158))
    world.give(145, FIRST)


def leave_out(world: OwnWorld, *user_ids: int) -> None:
    """They teach now, so that there is no learner whom no account sees."""
    for user_id in user_ids:
        world.moodle.users[user_id] = replace(world.moodle.users[user_id], role="editingteacher")
    world.sync()


def refuse(world: OwnWorld, weak: str) -> None:
    """From now on Moodle refuses this account grades and attempts at quizzes."""
    plain = world.client.call_moodle

    def call(base_url: str, token: str, function: str, params: dict[str, Any], **options: Any) -> Any:
        if token == weak and function in (ATTEMPTS, GRADES):
            raise PlatformRefused("You may not", code="nopermissions")
        return plain(base_url, token, function, params, **options)

    world.client.call_moodle = call  # type: ignore[method-assign]


def visit(world: OwnWorld, *user_ids: int) -> None:
    """They come soon after the last run."""
    for user_id in user_ids:
        user = world.moodle.users[user_id]
        world.moodle.users[user_id] = replace(user, last_access=unix(world.now + timedelta(minutes=5)))


def grades_read(world: OwnWorld) -> dict[int, datetime]:
    """When grades were read, of whom they were."""
    read = {key: world.member(key).grades_as_of for key in range(150, 154)}
    return {key: moment for key, moment in read.items() if moment}


def test_grades_one_by_one_are_read_in_turn_and_who_waits_is_said(
    world: OwnWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lone_account(world, monkeypatch)
    assert [problem.code for problem in world.sync().errors] == ["grades_of_some"]
    assert world.freshness("grades").error_code == "grades_of_some"
    first = world.now
    assert list(grades_read(world).values()) == [first] * 3
    assert world.later(minutes=30).sync().errors == ()
    assert sorted(grades_read(world).values()) == [first] * 3 + [world.now], "each has a time of their own"
    assert world.freshness("grades").error_code is None
    asked = len(world.moodle.called(GRADES))
    world.later(minutes=30).sync()
    asked = len(world.moodle.called(GRADES)) - asked
    assert asked == 0, "nobody came, and nobody's grades are a day old"
    world.moodle.users[152] = replace(world.moodle.users[152], last_access=unix(world.now))
    world.moodle.grades[(152, 74)] = (60, VISIT)
    world.later(minutes=30).sync()
    assert grades_read(world)[152] == world.now
    graded = world.progress(152, 74)
    assert graded is not None
    assert graded.score_ratio == 0.6


def test_all_grades_of_a_day_ago_are_asked_for_again_in_turn(
    world: OwnWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lone_account(world, monkeypatch)
    world.sync()
    world.later(hours=1).sync()
    assert [problem.code for problem in world.later(days=2).sync().errors] == ["grades_of_some"]
    again = world.now
    assert list(grades_read(world).values()).count(again) == 3
    assert world.later(hours=1).sync().errors == ()
    assert min(grades_read(world).values()) == again


def test_single_calls_are_few_in_each_run_where_many_learners_are_seen(
    world: OwnWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of ten came: fewer than a call for the group is worth, and more than a run asks one by one."""
    monkeypatch.setattr(pull_work, "WHOLE_COURSE_LEARNERS", 3)
    monkeypatch.setattr(pull_work, "MAX_LONE_GRADES", 1)
    world.moodle.add(*(User(170 + n, last_access=VISIT, groups=(11,)) for n in range(6)))
    world.give(145, FIRST)
    assert world.sync().errors == ()
    visit(world, 150, 151)
    world.moodle.calls.clear()
    assert [problem.code for problem in world.later(hours=1).sync().errors] == ["grades_of_some"]
    assert world.later(hours=1).sync().errors == ()
    asked = [call["userid"] for call in world.moodle.called(GRADES)]
    assert sorted(asked) == [150, 151]


def test_who_is_graded_while_their_account_gives_no_list_is_found_afterwards(
    world: OwnWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a large course only those are read who came or were graded since; another account was read since."""
    monkeypatch.setattr(pull_work, "WHOLE_COURSE_LEARNERS", 3)
    leave_out(world, 160)
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.sync()
    world.later(hours=2)
    world.moodle.grades[(150, 76)] = (70, unix(world.now - timedelta(hours=1)))
    plain = world.client.call_moodle

    def call(base_url: str, token: str, *arguments: Any, **options: Any) -> Any:
        if token == FIRST:
            raise PlatformUnreachable("slow", code="timeout")
        return plain(base_url, token, *arguments, **options)

    world.client.call_moodle = call  # type: ignore[method-assign]
    assert world.sync().state == "partial"
    world.client.call_moodle = plain  # type: ignore[method-assign]
    assert world.later(hours=2).sync().state == "done"
    graded = world.progress(150, 76)
    assert graded is not None
    assert graded.score_ratio == 0.7
    world.moodle.calls.clear()
    world.later(hours=2).sync()
    assert world.moodle.called(GRADES) == []


def test_what_one_account_may_not_read_is_not_made_up_for_by_another(world: OwnWorld) -> None:
    """Attempts at a quiz are refused to the first account: of its learners "no attempt" is not known."""
    leave_out(world, 160)
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.sync()
    read_at = world.freshness("extensions").as_of
    refuse(world, FIRST)
    visit(world, 150, 155)
    assert world.later(hours=1).sync().state == "partial"
    told = world.freshness("extensions")
    assert (told.error_code, told.as_of) == ("nopermissions", read_at)
    assert world.freshness("grades").error_code == "nopermissions"
    assert world.freshness("submissions").error_code is None
    assert world.freshness("submissions").as_of == world.now


@pytest.mark.parametrize("weak", [FIRST, SECOND])
def test_what_one_account_may_not_read_another_reads_of_the_same_learners(world: OwnWorld, weak: str) -> None:
    world.moodle.users[146] = replace(world.moodle.users[146], groups=(11,))
    world.client.groups[SECOND] = 11
    leave_out(world, 160, *range(154, 158))
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.sync()
    refuse(world, weak)
    visit(world, 150)
    world.moodle.calls.clear()
    report = world.later(hours=1).sync()
    assert {problem.code for problem in report.errors} == {"nopermissions"}, "it is said all the same"
    for kind in ("grades", "extensions"):
        told = world.freshness(kind)
        assert (told.error_code, told.as_of) == (None, world.now)
    asked = [call["userid"] for call in world.moodle.called(ATTEMPTS)]
    assert asked == [150], "whose progress the one reads, the other asks for attempts"


def test_the_places_of_a_site_are_shared_where_only_own_accounts_read_it(world: OwnWorld) -> None:
    course = db.session.get_one(Context, world.context_id)
    course.memberships_url = None
    assert main_host(course) == "https://moodle.example:443"
