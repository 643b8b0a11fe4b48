"""The trainer's and the admin's page: right counts, the right people, and no learner named to an admin."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from flask import Flask

from course_sync.models import Context
from mentor_console.access import AccessDenied, Viewer
from mentor_console.answers import give_answer
from mentor_console.caseload import assign, unassign
from mentor_console.caseload_changes import CHANGES_SHOWN
from mentor_console.desks import freshness_of, get_admin_page, get_trainer_page
from tests.integration.console_world import NOW, World, days_ago, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


def trainer_of(world: World, course: Context | None = None) -> Viewer:
    return viewer_for(world.make_person(), course or world.course, is_trainer=True)


def admin_of(world: World) -> Viewer:
    return viewer_for(world.make_person(), None, is_admin=True)


class TestTrainerPage:
    def test_only_for_the_trainer(self, world: World) -> None:
        for parts in ({"is_mentor": True}, {"is_admin": True}, {"is_learner": True}, {"is_applicant": True}):
            with pytest.raises(AccessDenied):
                get_trainer_page(viewer_for(world.make_person(), world.course, **parts), NOW)

    def test_learners_with_mentors_levels_and_visits(self, world: World) -> None:
        anna = world.make_member(name="Anna", groups=["B"], last_access_days=3)
        bert = world.make_member(name="bert", last_access_days=None, access_as_of=None)
        world.make_member(name="Gone", status="left")
        world.make_member(world.make_course(world.platform), name="Elsewhere")
        world.make_member(name="Paused", status="suspended")
        world.raise_flag(anna, rule="missed_deadline", level="week")
        world.raise_flag(anna, rule="silent", level="act")
        world.raise_flag(bert, cleared_at=days_ago(1))
        world.make_mentor(anna, name="Nadia")
        world.make_mentor(anna, name="Omar")
        page = get_trainer_page(trainer_of(world), NOW)
        assert [(m.name, m.level, m.status) for m in page.learners] == [
            ("Anna", "act", "active"),
            ("bert", None, "active"),
            ("Paused", None, "suspended"),
        ]
        first, second, _ = page.learners
        assert [mentor.name for mentor in first.mentors] == ["Nadia", "Omar"]
        assert (first.groups, first.last_access_at, first.access_known) == (("B",), days_ago(3), True)
        assert (second.mentors, second.access_known) == ((), False)
        assert page.without_mentor == 1
        assert page.course_title == world.course.title

    def test_load_counts_active_learners_of_this_course(self, world: World) -> None:
        other_course = world.make_course(world.platform)
        there = world.make_member(other_course)
        mentor = world.make_mentor(
            world.make_member(),
            world.make_member(),
            world.make_member(status="suspended"),
            world.make_member(status="left"),
            name="Nadia",
        )
        world.grant(mentor, "mentor", other_course)
        world.give(mentor, there)
        idle = world.make_mentor(name="Idle")
        former = world.make_person(name="Former")
        world.grant(former, "mentor", world.course, ended_at=NOW)
        page = get_trainer_page(trainer_of(world), NOW)
        assert [(load.name, load.person_id, load.learners) for load in page.mentors] == [
            ("Idle", idle.id, 0),
            ("Nadia", mentor.id, 2),
        ]

    def test_an_assignment_to_somebody_no_longer_named_is_no_mentor(self, world: World) -> None:
        learner = world.make_member()
        former = world.make_person()
        world.grant(former, "mentor", world.course, ended_at=NOW)
        world.give(former, learner)
        page = get_trainer_page(trainer_of(world), NOW)
        assert page.learners[0].mentors == ()
        assert page.without_mentor == 1

    def test_candidates_are_members_not_named_yet_staff_first_and_leavers_last(self, world: World) -> None:
        world.make_member(name="Learner")
        world.make_member(name="Unknown", standing="unknown")
        world.make_member(name="Tutor", standing="staff")
        world.make_member(name="Away", standing="staff", status="left")
        world.make_member(name="Passer-by", standing="unknown", nrps_roles=None)
        named = world.make_member(name="Named", standing="staff")
        world.grant(named.person, "mentor", world.course)
        page = get_trainer_page(trainer_of(world), NOW)
        assert [(c.name, c.standing) for c in page.candidates] == [
            ("Tutor", "staff"),
            ("Unknown", "unknown"),
            ("Learner", "learner"),
            ("Away", "staff"),
        ]
        assert [c.group for c in page.candidates][-1] == "left"
        assert page.mentors[0].membership_id == named.id

    def test_who_else_is_trainer_and_whose_grant_rests(self, world: World) -> None:
        viewer = trainer_of(world)
        roles: dict[str, Any] = {"nrps_roles": ["Instructor"], "standing": "staff"}
        world.make_member(name="Bea", launch_roles=["Instructor"], **roles)
        world.make_member(name="Carl", **roles)
        world.make_member(name="Learner in the launch", launch_roles=["Learner"], **roles)
        world.make_member(name="Gone", status="left", left_at=NOW, **roles)
        world.grant(world.make_person(name="Dora"), "trainer", world.course)
        world.grant(
            world.make_member(name="Left since", status="left", left_at=NOW).person, "trainer", world.course
        )
        resting = world.make_member(name="Emil", status="left", left_at=NOW)
        world.grant(resting.person, "mentor", world.course)
        page = get_trainer_page(viewer, NOW)
        assert [(t.name, t.is_by_grant, t.has_launched) for t in page.trainers] == [
            ("Bea", False, True),
            ("Carl", False, False),
            ("Dora", True, True),
        ]
        assert [(mentor.name, mentor.is_resting) for mentor in page.mentors] == [("Emil", True)]

    def test_who_asks_and_has_no_mentor(self, world: World) -> None:
        alone, answered, looked_after = (world.make_member(name=name) for name in ("A", "B", "C"))
        for number, member in enumerate((alone, answered, looked_after)):
            own = viewer_for(member.person, world.course, is_learner=True, own_membership_id=member.id)
            asks: dict[str, Any] = {"kind": "need_help", "text": "Please", "request_key": f"{number}" * 16}
            give_answer(own, **asks, now=days_ago(1))
        mentor = world.make_mentor(looked_after)
        world.log_contact(answered, mentor, occurred_at=NOW, recorded_at=NOW)
        (one,) = get_trainer_page(trainer_of(world), NOW).unanswered
        assert (one.name, one.answer.kind, one.answer.awaits_reply) == ("A", "need_help", True)

    def test_older_changes_are_a_page_further(self, world: World) -> None:
        viewer, learner, mentor = trainer_of(world), world.make_member(), world.make_mentor()
        for _ in range(CHANGES_SHOWN):
            assign(viewer, mentor.id, [learner], NOW)
            unassign(viewer, mentor.id, [learner], NOW)
        page = get_trainer_page(viewer, NOW)
        older = get_trainer_page(viewer, NOW, page.changes[-1].change_id)
        assert (page.has_older_changes, older.has_older_changes) == (True, False)
        assert len({line.change_id for line in page.changes + older.changes}) == 2 * CHANGES_SHOWN

    def test_open_requests_of_this_course(self, world: World) -> None:
        asking = world.ask(world.course, world.make_person(name="Manager"))
        decided = world.ask(world.course, world.make_person())
        decided.decided_at = NOW
        world.ask(world.make_course(world.platform), world.make_person())
        page = get_trainer_page(trainer_of(world), NOW)
        assert [(r.request_id, r.name, r.course_title) for r in page.requests] == [
            (asking.id, "Manager", world.course.title)
        ]

    def test_the_number_of_queries_does_not_grow(self, world: World) -> None:
        viewer = trainer_of(world)

        def look() -> int:
            return world.count_queries(lambda: get_trainer_page(viewer, NOW))

        few = look()
        mentors = [world.make_mentor() for _ in range(5)]
        for number in range(50):
            learner = world.make_member()
            world.give(mentors[number % 5], learner)
            world.raise_flag(learner)
            world.ask(world.course, world.make_person())
        assert look() == few <= 12


class TestAdminPage:
    def test_only_for_the_admin(self, world: World) -> None:
        with pytest.raises(AccessDenied):
            get_admin_page(trainer_of(world), NOW)

    def test_counts_per_course_and_platform(self, world: World) -> None:
        one, two = world.make_member(), world.make_member()
        world.make_member()
        world.make_member(standing="staff")
        world.make_member(status="left")
        world.make_mentor(one, two)
        world.make_mentor(one)
        former = world.make_person()
        world.grant(former, "mentor", world.course, ended_at=NOW)
        world.platform.moodle_url = "https://moodle.example"
        empty_platform = world.make_platform(world.organisation, name="Zzz")
        world.read_facts(world.course, "roster", days_ago(1), error_code="empty_roster")
        world.ask(world.course, world.make_person(name="Manager"))
        page = get_admin_page(admin_of(world), NOW)
        (course,) = page.courses
        assert (course.context_id, course.platform_name) == (world.course.id, world.platform.name)
        assert (course.learners, course.without_mentor, course.mentors) == (3, 1, 2)
        assert (course.freshness.as_of, course.freshness.missing[0].code) == (days_ago(1), "empty_roster")
        assert [(p.platform_id, p.courses, p.moodle_url) for p in page.platforms] == [
            (world.platform.id, 1, "https://moodle.example"),
            (empty_platform.id, 0, None),
        ]
        assert [request.name for request in page.requests] == ["Manager"]
        assert page.organisation_name == world.organisation.name

    def test_nothing_of_another_organisation_and_no_learners_name(self, world: World) -> None:
        world.make_member(name="Secret Learner")
        foreign = world.make_platform(world.make_organisation(), name="Foreign platform")
        foreign_course = world.make_course(foreign, title="Foreign course")
        world.ask(foreign_course, world.make_person(foreign, name="Foreign applicant"))
        page = str(asdict(get_admin_page(admin_of(world), NOW)))
        assert "Secret" not in page
        assert "Foreign" not in page
        assert world.course.title in page

    def test_the_number_of_queries_does_not_grow(self, world: World) -> None:
        viewer = admin_of(world)

        def look() -> int:
            return world.count_queries(lambda: get_admin_page(viewer, NOW))

        few = look()
        for _ in range(10):
            course = world.make_course(world.make_platform(world.organisation))
            world.make_mentor(world.make_member(course), course=course)
            world.ask(course, world.make_person(course.platform))
        assert look() == few <= 12


def test_freshness_of_several_courses_is_that_of_the_stalest(world: World) -> None:
    other = world.make_course(world.platform)
    world.read_facts(world.course, "access", days_ago(1))
    world.read_facts(other, "access", days_ago(4), error_code="unreachable")
    world.read_facts(world.course, "grades", None, error_code="refused")
    world.read_facts(other, "grades", days_ago(2), error_code="refused")
    freshness = freshness_of([world.course.id, other.id])
    assert freshness.as_of == days_ago(4)
    assert {(fact.kind, fact.code, fact.as_of) for fact in freshness.missing} == {
        ("access", "unreachable", days_ago(4)),
        ("grades", "refused", None),
    }
    assert freshness_of([]).as_of is None
