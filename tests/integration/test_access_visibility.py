"""Who sees which learner: the right kind of person from the wrong place sees nobody."""

from __future__ import annotations

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import (
    AccessDenied,
    Viewer,
    get_learner,
    get_member_of_course,
    get_own_membership,
    visible_learners,
)
from tests.integration.console_world import COURSE_START, NOW, World, days_ago, viewer_for

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


def seen_by(viewer: Viewer) -> set[int]:
    return {membership.id for membership in db.session.scalars(visible_learners(viewer))}


def assert_sees_only(viewer: Viewer, *expected: Membership) -> None:
    """List and single look-up agree, for every membership there is."""
    wanted = {membership.id for membership in expected}
    assert seen_by(viewer) == wanted
    for membership in db.session.query(Membership).all():
        if membership.id in wanted:
            assert get_learner(viewer, membership.id).id == membership.id
        else:
            with pytest.raises(AccessDenied):
                get_learner(viewer, membership.id)


def test_mentor_sees_own_caseload_and_no_other(world: World) -> None:
    mine, theirs, _nobodys = (world.make_member() for _ in range(3))
    mentor = world.make_mentor(mine)
    world.make_mentor(theirs)
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True), mine)


def test_mentor_sees_caseload_across_courses_of_the_platform(world: World) -> None:
    here = world.make_member()
    other_course = world.make_course(world.platform)
    there = world.make_member(other_course)
    mentor = world.make_mentor(here)
    world.grant(mentor, "mentor", other_course)
    world.give(mentor, there)
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True), here, there)


def test_assignment_without_being_named_in_that_course_shows_nobody(world: World) -> None:
    other_course = world.make_course(world.platform)
    there = world.make_member(other_course)
    mentor = world.make_mentor()
    world.give(mentor, there)
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True))


def test_being_named_without_assignment_shows_nobody(world: World) -> None:
    world.make_member()
    mentor = world.make_mentor()
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True))


@pytest.mark.parametrize("status", ["left", "suspended"])
def test_mentor_who_is_gone_from_a_course_loses_that_caseload_only(world: World, status: str) -> None:
    """Their own place in the course ended; where they never had one, they stay."""
    here, elsewhere = world.make_member(), world.make_course(world.platform)
    there = world.make_member(elsewhere)
    mentor = world.make_mentor(here)
    own = world.make_member(person=mentor, standing="staff")
    world.grant(mentor, "mentor", elsewhere)
    world.give(mentor, there)
    viewer = viewer_for(mentor, world.course, is_mentor=True)
    assert_sees_only(viewer, here, there)
    own.status = status
    db.session.flush()
    assert_sees_only(viewer, there)
    own.status = "active"
    db.session.flush()
    assert_sees_only(viewer, here, there)


@pytest.mark.parametrize(("left_days_ago", "holds"), [(1, False), (60, False), (90, True)])
def test_a_former_learner_named_after_leaving_is_mentor(
    world: World, left_days_ago: int, holds: bool
) -> None:
    """The grant is as old as the course's first day; who left after it, or on that very moment, is gone."""
    learner = world.make_member()
    mentor = world.make_mentor(learner)
    left_at = COURSE_START if left_days_ago == 60 else days_ago(left_days_ago)
    own = world.make_member(person=mentor, status="left", left_at=left_at)
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True), *([learner] if holds else []))
    own.status = "suspended"
    db.session.flush()
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True))


def test_nobody_sees_themselves_among_their_learners(world: World) -> None:
    """Not as e-mentor, not as trainer who is a learner by the platform's book, not as observer."""
    other = world.make_member()
    mentor = world.make_mentor(other)
    own = world.make_member(person=mentor)
    world.give(mentor, own)
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True), other)
    assert_sees_only(viewer_for(mentor, world.course, is_trainer=True), other)
    observer = viewer_for(
        mentor, world.course, observed_subjects=frozenset({mentor.external_id, other.person.external_id})
    )
    assert_sees_only(observer, other)


def test_ended_assignment_shows_nobody(world: World) -> None:
    learner = world.make_member()
    mentor = world.make_mentor()
    world.give(mentor, learner, ended_at=NOW)
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True))


def test_ended_grant_shows_nobody(world: World) -> None:
    learner = world.make_member()
    former = world.make_person()
    world.grant(former, "mentor", world.course, ended_at=NOW)
    world.give(former, learner)
    assert_sees_only(viewer_for(former, world.course, is_mentor=True))


def test_a_grant_of_another_role_is_not_that_of_mentor(world: World) -> None:
    learner = world.make_member()
    person = world.make_person()
    world.grant(person, "trainer", world.course)
    world.give(person, learner)
    assert_sees_only(viewer_for(person, world.course, is_mentor=True))


def test_trainer_sees_the_launched_course_and_no_other(world: World) -> None:
    here = world.make_member()
    world.make_member(world.make_course(world.platform))
    world.make_member(world.make_course(world.make_platform(world.organisation)))
    assert_sees_only(viewer_for(world.make_person(), world.course, is_trainer=True), here)


def test_staff_and_people_of_unknown_standing_are_never_shown_as_learners(world: World) -> None:
    staff = world.make_member(standing="staff")
    unknown = world.make_member(standing="unknown")
    mentor = world.make_mentor(staff, unknown)
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True, is_trainer=True))


def test_leavers_stay_visible_to_those_who_looked_after_them(world: World) -> None:
    left = world.make_member(status="left", left_at=NOW)
    mentor = world.make_mentor(left)
    assert_sees_only(viewer_for(mentor, world.course, is_mentor=True), left)


@pytest.mark.parametrize("part", ["is_learner", "is_admin", "is_applicant"])
def test_other_parts_see_no_learner(world: World, part: str) -> None:
    learner = world.make_member()
    person = world.make_mentor(learner)
    assert_sees_only(viewer_for(person, world.course, **{part: True}))


def test_nothing_crosses_an_organisation_even_with_rows_that_say_so(world: World) -> None:
    foreign = world.make_platform(world.make_organisation())
    foreign_course = world.make_course(foreign)
    foreign_learner = world.make_member(foreign_course)
    mentor = world.make_mentor()
    world.grant(mentor, "mentor", foreign_course)
    world.give(mentor, foreign_learner)
    assert_sees_only(viewer_for(mentor, foreign_course, is_mentor=True, is_trainer=True))


def test_observer_sees_exactly_the_named_learners_of_the_launched_course(world: World) -> None:
    named = world.make_member()
    world.make_member()
    elsewhere = world.make_member(world.make_course(world.platform), named.person)
    subject = named.person.external_id
    observer = viewer_for(
        world.make_person(), world.course, is_mentor=True, observed_subjects=frozenset({subject})
    )
    assert_sees_only(observer, named)
    assert elsewhere.id not in seen_by(observer)


def test_observer_never_reaches_the_same_subject_of_another_platform(world: World) -> None:
    other = world.make_platform(world.organisation)
    namesake = world.make_person(other, external_id="7")
    world.make_member(world.make_course(other), namesake)
    watched = world.make_member(person=world.make_person(external_id="7"))
    observer = viewer_for(
        world.make_person(), world.course, is_mentor=True, observed_subjects=frozenset({"7"})
    )
    assert_sees_only(observer, watched)


def test_unknown_ids_are_refused_like_forbidden_ones(world: World) -> None:
    viewer = viewer_for(world.make_person(), world.course, is_trainer=True)
    for absent in (0, -1, 999_999):
        with pytest.raises(AccessDenied):
            get_learner(viewer, absent)


def test_a_member_of_another_course_is_not_set_up_from_here(world: World) -> None:
    there = world.make_member(world.make_course(world.platform))
    here = world.make_member()
    trainer = viewer_for(world.make_person(), world.course, is_trainer=True)
    assert get_member_of_course(trainer, here.id) is here
    with pytest.raises(AccessDenied):
        get_member_of_course(trainer, there.id)
    with pytest.raises(AccessDenied):
        get_member_of_course(viewer_for(world.make_person(), world.course, is_mentor=True), here.id)


def test_own_membership_only_for_a_learner(world: World) -> None:
    own = world.make_member()
    learner = viewer_for(own.person, world.course, is_learner=True, own_membership_id=own.id)
    assert get_own_membership(learner) is own
    with pytest.raises(AccessDenied):
        get_own_membership(viewer_for(own.person, world.course))
