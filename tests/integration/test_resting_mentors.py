"""A learner whose only e-mentor left the course, or is suspended there: nobody looks after them now."""

from __future__ import annotations

import pytest
from flask import Flask

from course_sync.models import Membership
from mentor_console.access import Viewer
from mentor_console.caseload import assign, end_mentor
from mentor_console.desks import get_admin_page, get_trainer_page
from mentor_console.errors import InvalidInput
from mentor_console.learner_page import get_own_page
from mentor_console.sharing import balance
from mentor_console.undo import undo
from tests.integration.console_world import NOW, World, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def trainer(world: World) -> Viewer:
    return viewer_for(world.make_person(), world.course, is_trainer=True)


def make_resting(world: World, *learners: Membership, status: str = "left") -> Membership:
    """Somebody who was named, was given learners, and went."""
    went = {"left_at": NOW} if status == "left" else {}
    member = world.make_member(name="Gone", standing="staff", status=status, **went)
    world.grant(member.person, "mentor", world.course)
    for learner in learners:
        world.give(member.person, learner)
    return member


@pytest.mark.parametrize("status", ["left", "suspended"])
def test_coverage_counts_whom_nobody_looks_after_now(world: World, trainer: Viewer, status: str) -> None:
    alone, shared, _never, away = (world.make_member(name=name) for name in ("A", "B", "C", "D"))
    away.status = "suspended"
    make_resting(world, alone, shared, away, status=status)
    world.make_mentor(shared)
    page = get_trainer_page(trainer, NOW)
    assert (page.without_mentor, page.left_alone) == (2, 1)
    assert {m.name for m in page.learners if m.is_alone} == {"A", "C", "D"}
    (course,) = get_admin_page(viewer_for(world.make_person(), world.course, is_admin=True), NOW).courses
    assert (course.learners, course.without_mentor, course.mentors) == (3, 2, 1)


def test_they_are_shared_out_and_nobody_is_given_to_who_went(world: World, trainer: Viewer) -> None:
    alone, new = world.make_member(), world.make_member()
    gone = make_resting(world, alone)
    with pytest.raises(InvalidInput, match="nobody_named"):
        balance(trainer, NOW)
    with pytest.raises(InvalidInput, match="not_named"):
        assign(trainer, gone.person_id, [new], NOW)
    there = world.make_mentor()
    assert balance(trainer, NOW).per_mentor == {there.id: 2}
    assert get_trainer_page(trainer, NOW).without_mentor == 0


def test_the_learner_is_told_of_no_e_mentor_and_of_the_old_one_once_back(world: World) -> None:
    learner = world.make_member()
    gone = make_resting(world, learner)
    own = viewer_for(learner.person, world.course, is_learner=True, own_membership_id=learner.id)
    assert get_own_page(own, learner, NOW).mentors == ()
    gone.status, gone.left_at = "active", None
    assert [mentor.name for mentor in get_own_page(own, learner, NOW).mentors] == ["Gone"]


def test_ending_who_went_is_taken_back_whole(world: World, trainer: Viewer) -> None:
    learner = world.make_member()
    gone = make_resting(world, learner)
    done = end_mentor(trainer, gone.person_id, NOW)
    assert done.undo is not None
    assert get_trainer_page(trainer, NOW).left_alone == 0
    undo(trainer, done.undo, NOW)
    page = get_trainer_page(trainer, NOW)
    assert (page.left_alone, [mentor.learners for mentor in page.mentors]) == (1, [1])
