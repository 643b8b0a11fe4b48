"""Naming people of earlier courses: found by name only, by a trainer, on the same platform."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from mentor_console import caseload
from mentor_console.access import AccessDenied, LaunchFacts, Viewer, viewer_of
from mentor_console.former_learners import find_former_learners
from tests.integration.console_world import COURSE_START, NOW, World, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def trainer(world: World) -> Viewer:
    return viewer_for(world.make_person(), world.course, is_trainer=True)


def test_found_are_learners_of_earlier_courses_who_are_not_in_this_one(world: World, trainer: Viewer) -> None:
    earlier = world.make_course(
        world.platform, starts_at=COURSE_START - timedelta(days=300), title="Last year"
    )
    beside = world.make_course(world.platform)
    world.make_member(earlier, name="Élodie Martin")
    world.make_member(earlier, name="Elena Martin", standing="staff")
    world.make_member(earlier, name="Elias Martin", status="suspended")
    world.make_member(beside, name="Still Martin")
    world.make_member(beside, name="Gone Martin", status="left", left_at=NOW)
    both = world.make_member(earlier, name="Both Martin")
    world.make_member(person=both.person)
    visitor = world.make_member(earlier, name="Visitor Martin")
    world.make_member(person=visitor.person, standing="unknown", nrps_roles=None)
    foreign = world.make_course(world.make_platform(world.organisation), starts_at=earlier.starts_at)
    world.make_member(foreign, name="Foreign Martin")
    found = find_former_learners(trainer, "martin")
    assert [one.name for one in found] == ["Gone Martin", "Visitor Martin", "Élodie Martin"]
    assert [one.course_title for one in find_former_learners(trainer, "MARTIN élo")] == ["Last year"]
    assert find_former_learners(trainer, "ma") == ()


def test_named_they_are_mentor_here_and_nobody_else_may_be_named_so(world: World, trainer: Viewer) -> None:
    earlier = world.make_course(world.platform, starts_at=COURSE_START - timedelta(days=300))
    former = world.make_member(earlier).person
    made = caseload.name_former_learner(trainer, former.id, NOW)
    assert made.undo is not None
    ids = (former.id, former.organisation_id, former.platform_id, world.course.id)
    assert viewer_of(LaunchFacts(*ids, frozenset())).is_mentor
    for person in (world.make_person(), world.make_member(world.make_course(world.platform)).person):
        with pytest.raises(AccessDenied):
            caseload.name_former_learner(trainer, person.id, NOW)
    mentor = viewer_for(former, world.course, is_mentor=True, is_admin=True)
    with pytest.raises(AccessDenied):
        find_former_learners(mentor, "martin")
    with pytest.raises(AccessDenied):
        caseload.name_former_learner(mentor, former.id, NOW)
