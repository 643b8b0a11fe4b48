"""Facts beside the steps, on the own page and on the mentor's: forums, the platform's own summary."""

from __future__ import annotations

import pytest
from flask import Flask

from course_sync.facts import DiscussionFact
from course_sync.models import Membership
from course_sync.posts import record_discussion
from mentor_console.learner_page import get_learner_page, get_own_page
from mentor_console.screens import OwnPage
from tests.integration.console_world import NOW, World, days_ago, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


def own_page(world: World, learner: Membership) -> OwnPage:
    viewer = viewer_for(learner.person, world.course, is_learner=True, own_membership_id=learner.id)
    return get_own_page(viewer, learner, NOW)


def writer_and_silent(world: World) -> tuple[Membership, Membership]:
    """Somebody who wrote; and who did not, of whom only the platform's report tells how far they are."""
    forum = world.make_activity(module="forum", posts_as_of=days_ago(1))
    writer = world.make_member()
    talk = DiscussionFact("5", days_ago(2), 3)
    record_discussion(forum.id, talk, {writer.id: (2, days_ago(3))}, {writer.id})
    return writer, world.make_member(reported_share=0.4, reported_as_of=days_ago(1))


def test_posts_and_the_report_are_told_to_learner_and_trainer(world: World) -> None:
    writer, silent = writer_and_silent(world)
    posts = {"posts": 2, "at": days_ago(3).isoformat()}
    facts = {
        fact.what: fact for page in (own_page(world, silent), own_page(world, writer)) for fact in page.facts
    }
    assert (facts["posts"].reason.code, dict(facts["posts"].reason.values)) == ("fact_posts", posts)
    assert (facts["reported"].reason.values, facts["reported"].as_of) == ({"share": 0.4}, days_ago(1))
    trainer = viewer_for(world.make_person(), world.course, is_trainer=True)
    told = [get_learner_page(trainer, learner, NOW).told for learner in (writer, silent)]
    assert [[reason.code for reason in reasons] for reasons in told] == [
        ["fact_posts"],
        ["fact_reported", "fact_no_posts"],
    ]


def test_forums_that_were_never_read_are_not_known(world: World) -> None:
    world.make_activity(module="forum")
    (fact,) = [fact for fact in own_page(world, world.make_member()).facts if fact.what == "posts"]
    assert (fact.reason.code, dict(fact.reason.values)) == ("fact_unknown", {"what": "posts"})


def test_a_report_tells_nothing_beside_known_steps(world: World) -> None:
    learner = world.make_member(reported_share=0.4, progress_as_of=days_ago(1))
    world.know(learner, world.make_activity(), completion="complete", completion_source="moodle")
    assert "reported" not in {fact.what for fact in own_page(world, learner).facts}


def test_what_completes_a_step_is_said_where_it_is_not_plain(world: World) -> None:
    for kind, rules in (
        ("manual", []),
        ("automatic", ["completionview"]),
        ("automatic", ["completionpassgrade", "completionusegrade"]),
        ("automatic", ["completionreplies", "completionview"]),
    ):
        world.make_activity(completion_kind=kind, completion_rules=rules)
    steps = own_page(world, world.make_member()).progress.steps
    assert [step.asks_for for step in steps] == ["tick", "", "pass", "posts"]
