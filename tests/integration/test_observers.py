"""Observers see exactly the learners whom the platform names for them, in the course of the launch."""

from __future__ import annotations

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import Context, Person
from mentor_console.access import LaunchFacts, Viewer, viewer_of, visible_learners
from tests.integration.console_world import World


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


def watch(person: Person, course: Context, subjects: set[str], *roles: str) -> Viewer:
    """A launch as Mentor, perhaps more, with these subjects."""
    db.session.commit()
    facts = LaunchFacts(
        person.id,
        person.organisation_id,
        person.platform_id,
        course.id,
        frozenset({"Mentor", *roles}),
        mentored_subjects=frozenset(subjects),
    )
    return viewer_of(facts)


def seen_by(viewer: Viewer) -> set[int]:
    return {membership.id for membership in db.session.scalars(visible_learners(viewer))}


def test_only_those_named_here_and_on_this_platform(world: World) -> None:
    ann, bob = world.make_member(), world.make_member()
    elsewhere = world.make_member(world.make_course(world.platform))
    abroad = world.make_platform(world.organisation)
    namesake = world.make_person(abroad, external_id=ann.person.external_id)
    world.make_member(world.make_course(abroad), namesake)
    subjects = {ann.person.external_id, elsewhere.person.external_id, "nobody's"}
    viewer = watch(world.make_person(), world.course, subjects)
    assert viewer.parts == {"mentor", "anyone"}
    assert seen_by(viewer) == {ann.id}
    assert bob.id not in seen_by(viewer)


def test_without_subjects_they_are_nobody(world: World) -> None:
    world.make_member()
    viewer = watch(world.make_person(), world.course, set())
    assert viewer.parts == {"anyone"}
    assert seen_by(viewer) == set()


def test_a_learner_who_left_stays_theirs_and_staff_never_are(world: World) -> None:
    """The shared history stays open, as it does for an e-mentor."""
    left, staff = world.make_member(status="left"), world.make_member(standing="staff")
    subjects = {left.person.external_id, staff.person.external_id}
    assert seen_by(watch(world.make_person(), world.course, subjects)) == {left.id}


def test_an_observer_who_learns_too_has_both_parts_and_never_themselves(world: World) -> None:
    own, other = world.make_member(), world.make_member()
    subjects = {own.person.external_id, other.person.external_id}
    viewer = watch(own.person, world.course, subjects, "Learner")
    assert viewer.parts == {"mentor", "learner", "anyone"}
    assert seen_by(viewer) == {other.id}
    assert viewer.own_membership_id == own.id
