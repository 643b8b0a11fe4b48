"""Forums: who wrote how often and when, read only where it may have changed, and never what was written."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.errors import PlatformRefused
from course_sync.forum_models import Discussion, PostCount
from course_sync.models import ActiveDay
from course_sync.posts import Written, find_written
from tests.harness.fake_changes import Post
from tests.harness.fake_moodle import Module
from tests.harness.sync_world import START, SyncWorld, small_course, unix

LISTS, POSTS = "mod_forum_get_forum_discussions", "mod_forum_get_discussion_posts"
UPDATES = "core_course_get_updates_since"
TUESDAY = START - timedelta(days=4)
REFUSED = PlatformRefused("Access control exception", code="accessexception")


@pytest.fixture(params=["told what changed", "not told"])
def world(app_context: Flask, request: pytest.FixtureRequest) -> SyncWorld:
    """Two forums; in the first, a discussion with replies of 147 and 148, and one that 148 began."""
    world = small_course(SyncWorld())
    world.moodle.modules += [Module(72, "forum", 11), Module(79, "forum", 12)]
    world.moodle.discussions = {
        (11, 5): [Post(144, unix(START) - 900_000), Post(147, unix(TUESDAY)), Post(148, unix(TUESDAY) + 60)],
        (11, 6): [Post(148, unix(TUESDAY) + 120)],
        (12, 7): [Post(144, unix(TUESDAY))],
    }
    if request.param == "not told":
        world.moodle.failing[UPDATES] = REFUSED
    assert world.sync().state == "done"
    return world


def come_and_write(world: SyncWorld, user_id: int, discussion: tuple[int, int]) -> None:
    moment = unix(world.now - timedelta(minutes=30))
    world.moodle.users[user_id].last_access = moment + 60
    world.moodle.discussions.setdefault(discussion, []).append(Post(user_id, moment))


def written(world: SyncWorld, user_id: int) -> Written:
    return find_written(world.member(user_id).id)


def asked(world: SyncWorld) -> tuple[list[int], list[int]]:
    """Forums and discussions that were asked for."""
    lists, posts = world.moodle.called(LISTS), world.moodle.called(POSTS)
    return sorted(row["forumid"] for row in lists), sorted(row["discussionid"] for row in posts)


def test_posts_are_counted_and_are_days_of_activity(world: SyncWorld) -> None:
    assert written(world, 147) == Written(1, TUESDAY)
    assert written(world, 148) == Written(2, TUESDAY + timedelta(minutes=2))
    assert written(world, 149) == Written(0, None)
    statement = select(ActiveDay.day).where(ActiveDay.evidence == "post")
    days = db.session.scalars(statement.where(ActiveDay.membership_id == world.member(148).id)).all()
    assert days == [date(2026, 11, 17)]
    assert world.freshness("posts").as_of == START
    assert db.session.scalar(select(func.count()).select_from(PostCount)) == 3, "the trainer's are not kept"


def test_nothing_is_asked_where_nobody_came(world: SyncWorld) -> None:
    world.moodle.calls.clear()
    assert world.later(hours=5).sync().rows_changed == 0
    assert asked(world) == ([], [])
    assert world.freshness("posts").as_of == world.now


def test_only_the_discussion_that_changed_is_read(world: SyncWorld) -> None:
    world.later(hours=5)
    come_and_write(world, 149, (11, 6))
    world.moodle.calls.clear()
    world.sync()
    lists, discussions = asked(world)
    assert discussions == [6]
    assert lists == ([11, 12] if UPDATES in world.moodle.failing else [11])
    assert written(world, 149).posts == 1
    assert written(world, 148).posts == 2


def test_private_replies_and_deleted_posts_count_nothing(world: SyncWorld) -> None:
    world.later(hours=5)
    come_and_write(world, 149, (11, 5))
    world.moodle.discussions[11, 5][-1].private = True
    come_and_write(world, 150, (11, 5))
    world.moodle.discussions[11, 5][-2:-1] += [Post(151, unix(world.now), deleted=True)]
    world.moodle.discussions[11, 5][1].deleted = True
    world.sync()
    assert [written(world, user).posts for user in (147, 149, 150, 151)] == [0, 0, 1, 0]


def test_a_discussion_that_is_deleted_is_forgotten_within_days(world: SyncWorld) -> None:
    del world.moodle.discussions[11, 6]
    for _day in range(6):
        world.later(days=1).sync()
    assert written(world, 148).posts == 1
    assert db.session.scalar(select(func.count()).select_from(Discussion)) == 2


@pytest.mark.parametrize("function", [LISTS, POSTS])
def test_forums_that_may_not_be_read_lose_nothing_and_come_later(world: SyncWorld, function: str) -> None:
    world.later(hours=5)
    come_and_write(world, 149, (11, 6))
    world.moodle.failing[function] = PlatformRefused("no", code="noviewdiscussionspermission")
    report = world.sync()
    assert (report.state, {row.kind for row in report.errors}) == ("partial", {"posts"})
    assert (written(world, 148).posts, written(world, 149).posts) == (2, 0)
    assert world.freshness("posts").as_of == START
    del world.moodle.failing[function]
    assert world.later(hours=1).sync().state == "done"
    assert written(world, 149).posts == 1


def test_who_may_not_see_all_groups_makes_no_discussion_forgotten(world: SyncWorld) -> None:
    world.moodle.failing["core_enrol_get_enrolled_users"] = []
    del world.moodle.discussions[11, 6]
    for _day in range(6):
        world.later(days=1).sync()
    assert written(world, 148).posts == 2
