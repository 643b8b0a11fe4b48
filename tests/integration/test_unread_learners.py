"""Learners nobody has read: what others do, and mere time, raise, harden and end none of their flags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync.database import db
from course_sync.errors import PlatformUnreachable
from course_sync.models import SOURCE_MOODLE, Membership
from course_sync.records import record_read
from mentor_console.flagging import judge_anew, refresh_flags
from mentor_console.models import Flag
from tests.harness.fake_moodle import Module, User
from tests.harness.own_world import FIRST, QUIZ, SECOND, read_without_tokens
from tests.harness.sync_world import START, SyncWorld, unix
from tests.integration.console_world import NOW, World, days_ago
from tests.integration.test_flagging import flags_of, go_unread, make_silent

COMPLETION = "core_completion_get_activities_completion_status"
CLASS = range(170, 182)
DUE = START - timedelta(days=3)


def standing(world: SyncWorld, user_id: int) -> list[tuple[Any, ...]]:
    """The flags of a learner as they stand, after the rules have spoken."""
    judge_anew(world.context_id, world.now)
    db.session.expire_all()
    flags = select(Flag).where(Flag.membership_id == world.member(user_id).id, Flag.cleared_at.is_(None))
    return [(flag.rule, flag.level, flag.reasons) for flag in db.session.scalars(flags.order_by(Flag.rule))]


def take_steps(world: SyncWorld, people: Iterable[int]) -> None:
    """They come, and do seven steps more than the two they had done."""
    for user_id in people:
        visit = unix(world.now - timedelta(hours=2))
        world.moodle.users[user_id] = replace(world.moodle.users[user_id], last_access=visit)
        for step in range(200, 209):
            world.moodle.completions[(user_id, step)] = (1, 2, unix(world.now - timedelta(hours=3)))


def add_class(world: SyncWorld, others: Iterable[int] = (), **columns: Any) -> None:
    """Twelve pages, one of them due three days ago; everybody has done two of the others."""
    moodle = world.moodle
    moodle.startdate = unix(START - timedelta(days=40))
    moodle.modules = [Module(200 + n, "page", 300 + n, due=unix(DUE) if n == 0 else 0) for n in range(12)]
    moodle.add(*(User(user, last_access=unix(START - timedelta(hours=5)), **columns) for user in CLASS))
    for user_id in (*CLASS, *others):
        for step in (201, 202):
            moodle.completions[(user_id, step)] = (1, 2, unix(START - timedelta(days=5)))


def fail_for(world: SyncWorld, user_id: int, asked: str = COMPLETION) -> Any:
    """Completion of this user times out (or what else is asked), until what is returned is put back."""
    plain = world.client.call_moodle

    def call(base: str, token: str, function: str, params: dict[str, Any], **options: Any) -> Any:
        if function == asked and params["userid"] == user_id:
            raise PlatformUnreachable("slow", code="timeout")
        return plain(base, token, function, params, **options)

    world.client.call_moodle = call
    return plain


def test_who_came_and_could_not_be_read_is_not_behind_the_others(app_context: Flask) -> None:
    world = SyncWorld()
    world.moodle.add(User(144, "editingteacher"))
    add_class(world)
    world.sync()
    assert standing(world, 170) == []
    take_steps(world.later(days=1), CLASS)
    plain = fail_for(world, 170)
    assert world.sync().state == "partial"
    assert standing(world, 170) == []
    world.client.call_moodle = plain
    world.later(minutes=30).sync()
    assert standing(world, 170) == []


def test_who_is_behind_stays_so_until_read(app_context: Flask) -> None:
    """That a step was not done on the day it was due was known as long as there was no visit since."""
    world = SyncWorld()
    world.moodle.add(User(144, "editingteacher"))
    add_class(world)
    world.moodle.modules[0].due = unix(START + timedelta(hours=12))
    world.sync()
    take_steps(world.later(days=1), CLASS[1:])
    world.sync()
    before = standing(world, 170)
    assert [flag[:2] for flag in before] == [("falling_behind", "act")]
    take_steps(world.later(days=1), CLASS[:1])
    plain = fail_for(world, 170)
    world.sync()
    assert standing(world, 170) == before
    world.client.call_moodle = plain
    world.later(minutes=30).sync()
    assert standing(world, 170) == []


def test_whose_account_is_gone_leaves_its_learners_as_they_were(app_context: Flask) -> None:
    """Behind, silent or late with a hand-in: neither raised, nor more urgent, nor too old to be told."""
    world = read_without_tokens()
    add_class(world, (150, 151), groups=(12,))
    world.moodle.modules.append(Module(76, "assign", 6, due=unix(DUE)))
    for user_id in CLASS:
        world.moodle.submissions[(user_id, 6)] = ("submitted", unix(DUE))
    world.moodle.users[150] = replace(world.moodle.users[150], last_access=unix(START - timedelta(days=9)))
    world.moodle.users[151] = replace(world.moodle.users[151], last_access=unix(START - timedelta(hours=5)))
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.sync()
    before = [standing(world, user_id) for user_id in (150, 151)]
    found = [("silent", "watch")], [("missed_deadline", "week")]
    assert [[flag[:2] for flag in flags] for flags in before] == list(found)
    del world.client.groups[FIRST]
    for days in (1, 3, 26):
        take_steps(world.later(days=days), (150, 151, *CLASS))
        world.sync(trigger="schedule")
        assert [standing(world, user_id) for user_id in (150, 151)] == before


def test_a_quiz_is_missed_by_who_is_read_whoever_else_is_not(app_context: Flask) -> None:
    """No account sees the learner in no group; that one leaves no question about the others open."""
    world = read_without_tokens()
    world.moodle.modules = [Module(74, "quiz", QUIZ, due=unix(START + timedelta(hours=12)))]
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.sync()
    told = []
    for hours in (13, 24):
        world.later(hours=hours).sync()
        told.append([flag[:2] for flag in standing(world, 153)])
    assert told == [[], [("missed_deadline", "week")]]


def test_a_question_that_times_out_takes_no_missed_quiz_out_of_the_flag(app_context: Flask) -> None:
    """The list of hand-ins is read, and tells of the assignment alone."""
    world = read_without_tokens()
    quiz = Module(74, "quiz", QUIZ, due=unix(START + timedelta(hours=12)))
    world.moodle.modules = [quiz, Module(76, "assign", 6, due=unix(START + timedelta(hours=10)))]
    world.give(145, FIRST)
    world.give(146, SECOND)
    for hours in (0, 13, 25):
        world.later(hours=hours).sync()
        before = standing(world, 153)
    assert [(rule, level, len(reasons)) for rule, level, reasons in before] == [("missed_deadline", "act", 2)]
    world.later(hours=12)
    visit = unix(world.now - timedelta(minutes=30))
    world.moodle.users[153] = replace(world.moodle.users[153], last_access=visit)
    plain = fail_for(world, 153, "mod_quiz_get_user_attempts")
    assert world.sync().state == "partial"
    assert standing(world, 153) == before
    world.client.call_moodle = plain
    world.later(hours=1).sync()
    assert standing(world, 153) == before


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


def others_of(world: World, last_access_days: float, until_days_ago: int) -> list[Membership]:
    others = [world.make_member(last_access_days=last_access_days) for _ in range(10)]
    for member in others:
        world.be_active_daily(member, until_days_ago=until_days_ago)
    return others


def told(member: Membership) -> list[tuple[Any, ...]]:
    return [(flag.rule, flag.level, flag.reasons) for flag in flags_of(member) if flag.cleared_at is None]


@pytest.mark.parametrize(("others_days", "flagged"), [(4, "slowing_down"), (0.5, "silent")])
def test_what_the_others_do_is_no_silence_and_no_visit(
    world: World, others_days: float, flagged: str
) -> None:
    """Where all were quiet, their coming raises no silence; where all came, their silence ends none."""
    others = others_of(world, others_days, int(others_days))
    member = make_silent(world, days=9)
    refresh_flags(world.course.id, NOW)
    before = told(member)
    assert [flag[:2] for flag in before] == [(flagged, "watch")]
    for days in (1, 10):
        later = NOW + timedelta(days=days)
        record_read(member.context_id, "access", SOURCE_MOODLE, later)
        for other in others:
            other.access_as_of = later
            # Those who were quiet come; those who were there come no more.
            other.last_access_at = later - timedelta(hours=3) if others_days > 1 else other.last_access_at
        db.session.commit()
        refresh_flags(world.course.id, later)
        assert told(member) == before


def test_slowing_down_does_not_end_because_nobody_looks(world: World) -> None:
    others_of(world, 0.5, 0)
    member = world.make_member(last_access_days=3)
    world.be_active(member, [days_ago(days).date() for days in (3, 13, 20, 22, 24, 26)])
    refresh_flags(world.course.id, NOW)
    before = told(member)
    assert [flag[0] for flag in before] == ["slowing_down"]
    go_unread(member, since_days=2.3)
    refresh_flags(world.course.id, NOW + timedelta(minutes=1))
    assert told(member) == before
