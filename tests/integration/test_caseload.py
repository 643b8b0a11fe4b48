"""Naming e-mentors, sharing learners out, taking them back: by the trainer of that course, safely twice."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Membership, Person
from mentor_console import caseload
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.grants import find_own_request
from mentor_console.models import AccessRequest, Assignment, CaseloadChange, RoleGrant
from mentor_console.support_lines import Done
from tests.integration.console_world import NOW, World, at_once, days_ago, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def trainer(world: World) -> Viewer:
    return viewer_for(world.make_person(), world.course, is_trainer=True)


def open_pairs() -> set[tuple[int, int]]:
    rows = db.session.execute(
        select(Assignment.mentor_id, Assignment.membership_id).where(Assignment.ended_at.is_(None))
    )
    return {(mentor_id, membership_id) for mentor_id, membership_id in rows}


class TestNaming:
    def test_a_member_becomes_mentor_and_who_did_it_is_kept(self, world: World, trainer: Viewer) -> None:
        member = world.make_member(standing="staff")
        assert caseload.name_mentor(trainer, member, NOW).undo is not None
        grant = db.session.scalars(select(RoleGrant)).one()
        assert (grant.person_id, grant.role, grant.context_id) == (
            member.person_id,
            "mentor",
            world.course.id,
        )
        assert (grant.granted_by_id, grant.granted_at) == (trainer.person_id, NOW)

    def test_naming_twice_is_one_grant(self, world: World, trainer: Viewer) -> None:
        member = world.make_member()
        caseload.name_mentor(trainer, member, days_ago(1))
        assert caseload.name_mentor(trainer, member, NOW).undo is None
        assert db.session.scalars(select(RoleGrant)).one().granted_at == days_ago(1)

    def test_only_by_the_trainer_of_that_course(self, world: World, trainer: Viewer) -> None:
        member = world.make_member()
        elsewhere = world.make_member(world.make_course(world.platform))
        with pytest.raises(AccessDenied):
            caseload.name_mentor(trainer, elsewhere, NOW)
        for parts in ({"is_mentor": True}, {"is_admin": True}, {"is_learner": True}, {}):
            with pytest.raises(AccessDenied):
                caseload.name_mentor(viewer_for(world.make_person(), world.course, **parts), member, NOW)
        assert db.session.scalar(select(func.count(RoleGrant.id))) == 0

    def test_somebody_suspended_is_refused(self, world: World, trainer: Viewer) -> None:
        with pytest.raises(InvalidInput, match="not_active"):
            caseload.name_mentor(trainer, world.make_member(status="suspended"), NOW)

    def test_a_former_learner_is_named_and_sees_whom_they_are_given(
        self, world: World, trainer: Viewer
    ) -> None:
        former, learner = world.make_member(status="left", left_at=days_ago(9)), world.make_member()
        caseload.name_mentor(trainer, former, NOW)
        caseload.assign(trainer, former.person_id, [learner], NOW)
        mentor = viewer_for(former.person, world.course, is_mentor=True)
        assert get_learner(mentor, learner.id).id == learner.id

    def test_ending_closes_the_assignments_here_and_nowhere_else(self, world: World, trainer: Viewer) -> None:
        here, other_course = world.make_member(), world.make_course(world.platform)
        there = world.make_member(other_course)
        mentor = world.make_mentor(here)
        world.grant(mentor, "mentor", other_course)
        world.give(mentor, there)
        assert caseload.end_mentor(trainer, mentor.id, NOW).changed == 1
        assert open_pairs() == {(mentor.id, there.id)}
        ended = db.session.scalars(select(RoleGrant).where(RoleGrant.ended_at.is_not(None))).one()
        assert (ended.context_id, ended.ended_by_id, ended.ended_at) == (
            world.course.id,
            trainer.person_id,
            NOW,
        )
        assert caseload.end_mentor(trainer, mentor.id, NOW) == Done(0, None)

    def test_named_again_after_an_end_is_a_new_grant_without_the_old_learners(
        self, world: World, trainer: Viewer
    ) -> None:
        member, learner = world.make_member(standing="staff"), world.make_member()
        caseload.name_mentor(trainer, member, days_ago(3))
        caseload.assign(trainer, member.person_id, [learner], days_ago(3))
        caseload.end_mentor(trainer, member.person_id, days_ago(2))
        caseload.name_mentor(trainer, member, NOW)
        assert open_pairs() == set()
        assert db.session.scalar(select(func.count(RoleGrant.id))) == 2

    def test_only_a_trainer_ends(self, world: World) -> None:
        mentor = world.make_mentor()
        with pytest.raises(AccessDenied):
            caseload.end_mentor(viewer_for(mentor, world.course, is_mentor=True), mentor.id, NOW)

    def test_two_at_once_name_one_mentor(self, app_context: Flask, world: World, trainer: Viewer) -> None:
        member_id = world.make_member().id
        db.session.commit()
        results = at_once(
            app_context,
            lambda _: caseload.name_mentor(trainer, db.session.get_one(Membership, member_id), NOW),
        )
        assert sum(isinstance(done, Done) and done.undo is not None for done in results) == 1
        assert all(isinstance(done, Done) for done in results)
        assert db.session.scalar(select(func.count(RoleGrant.id))) == 1
        assert db.session.scalar(select(func.count(CaseloadChange.id))) == 1


class TestSharingOut:
    def test_learners_go_to_a_named_mentor(self, world: World, trainer: Viewer) -> None:
        learners = [world.make_member() for _ in range(3)]
        mentor = world.make_mentor()
        assert caseload.assign(trainer, mentor.id, learners, NOW).changed == 3
        assert open_pairs() == {(mentor.id, learner.id) for learner in learners}
        row = db.session.scalars(select(Assignment).limit(1)).one()
        assert (row.assigned_by_id, row.assigned_at) == (trainer.person_id, NOW)

    def test_assigning_again_adds_only_what_is_new(self, world: World, trainer: Viewer) -> None:
        old, new = world.make_member(), world.make_member()
        mentor = world.make_mentor(old)
        assert caseload.assign(trainer, mentor.id, [old, new, new], NOW).changed == 1
        assert len(open_pairs()) == 2

    def test_several_mentors_for_one_learner(self, world: World, trainer: Viewer) -> None:
        learner = world.make_member()
        one, other = world.make_mentor(learner), world.make_mentor()
        caseload.assign(trainer, other.id, [learner], NOW)
        assert open_pairs() == {(one.id, learner.id), (other.id, learner.id)}

    def test_moving_is_taking_back_and_giving(self, world: World, trainer: Viewer) -> None:
        learner, stays = world.make_member(), world.make_member()
        old, new = world.make_mentor(learner, stays), world.make_mentor()
        assert caseload.unassign(trainer, old.id, [learner], NOW).changed == 1
        caseload.assign(trainer, new.id, [learner], NOW)
        assert open_pairs() == {(old.id, stays.id), (new.id, learner.id)}
        closed = db.session.scalars(select(Assignment).where(Assignment.ended_at.is_not(None))).one()
        assert (closed.ended_by_id, closed.ended_at) == (trainer.person_id, NOW)
        assert caseload.unassign(trainer, old.id, [learner], NOW) == Done(0, None)

    @pytest.mark.parametrize(
        ("standing", "status"), [("staff", "active"), ("unknown", "active"), ("learner", "left")]
    )
    def test_all_or_nothing_when_one_is_no_learner(
        self, world: World, trainer: Viewer, standing: str, status: str
    ) -> None:
        mentor = world.make_mentor()
        wrong = world.make_member(standing=standing, status=status)
        with pytest.raises(InvalidInput, match="not_a_learner"):
            caseload.assign(trainer, mentor.id, [world.make_member(), wrong], NOW)
        assert open_pairs() == set()

    def test_a_learner_of_another_course_is_refused(self, world: World, trainer: Viewer) -> None:
        mentor = world.make_mentor()
        there = world.make_member(world.make_course(world.platform))
        with pytest.raises(AccessDenied):
            caseload.assign(trainer, mentor.id, [there], NOW)
        with pytest.raises(AccessDenied):
            caseload.unassign(trainer, mentor.id, [there], NOW)

    def test_a_mentor_of_another_course_is_not_named_here(self, world: World, trainer: Viewer) -> None:
        mentor = world.make_mentor(course=world.make_course(world.platform))
        with pytest.raises(InvalidInput, match="not_named"):
            caseload.assign(trainer, mentor.id, [world.make_member()], NOW)

    def test_a_fellow_learner_may_mentor_others_but_not_themselves(
        self, world: World, trainer: Viewer
    ) -> None:
        fellow, other = world.make_member(), world.make_member()
        caseload.name_mentor(trainer, fellow, NOW)
        assert caseload.assign(trainer, fellow.person_id, [other], NOW).changed == 1
        with pytest.raises(InvalidInput, match="own_mentor"):
            caseload.assign(trainer, fellow.person_id, [fellow], NOW)

    def test_nobody_chosen_is_an_error(self, world: World, trainer: Viewer) -> None:
        with pytest.raises(InvalidInput, match="required"):
            caseload.assign(trainer, world.make_mentor().id, [], NOW)

    def test_only_a_trainer_shares_out(self, world: World) -> None:
        learner = world.make_member()
        mentor = world.make_mentor()
        viewer = viewer_for(mentor, world.course, is_mentor=True)
        with pytest.raises(AccessDenied):
            caseload.assign(viewer, mentor.id, [learner], NOW)
        with pytest.raises(AccessDenied):
            caseload.unassign(viewer, mentor.id, [learner], NOW)
        with pytest.raises(AccessDenied):
            caseload.list_course_learners(viewer, [learner.id])

    def test_ids_of_a_form_become_learners_or_are_refused_together(
        self, world: World, trainer: Viewer
    ) -> None:
        one, two = world.make_member(), world.make_member()
        staff = world.make_member(standing="staff")
        there = world.make_member(world.make_course(world.platform))
        found = caseload.list_course_learners(trainer, [one.id, two.id, one.id])
        assert {membership.id for membership in found} == {one.id, two.id}
        for wrong in (staff.id, there.id, 999_999):
            with pytest.raises(AccessDenied):
                caseload.list_course_learners(trainer, [one.id, wrong])

    def test_two_at_once_assign_once(self, app_context: Flask, world: World, trainer: Viewer) -> None:
        learner_ids = [world.make_member().id for _ in range(20)]
        mentor_id = world.make_mentor().id
        db.session.commit()
        results = at_once(
            app_context,
            lambda _: caseload.assign(
                trainer, mentor_id, caseload.list_course_learners(trainer, learner_ids), NOW
            ),
        )
        assert sorted(done.changed for done in results if isinstance(done, Done)) == [0, 0, 0, 20]
        assert len(open_pairs()) == 20


class TestAccessRequests:
    def applicant(self, world: World) -> tuple[Person, Viewer]:
        person = world.make_person()
        return person, viewer_for(person, world.course, is_applicant=True)

    def test_asking_twice_is_one_request(self, world: World) -> None:
        _, viewer = self.applicant(world)
        assert find_own_request(viewer) is None
        first = caseload.request_access(viewer, days_ago(1))
        assert caseload.request_access(viewer, NOW).id == first.id
        assert first.asked_at == days_ago(1)

    def test_only_an_applicant_asks(self, world: World, trainer: Viewer) -> None:
        with pytest.raises(AccessDenied):
            caseload.request_access(trainer, NOW)
        with pytest.raises(AccessDenied):
            caseload.request_access(viewer_for(world.make_person(), None, is_applicant=True), NOW)

    @pytest.mark.parametrize("role", ["trainer", "mentor"])
    def test_granting_gives_the_role(self, world: World, trainer: Viewer, role: str) -> None:
        person, viewer = self.applicant(world)
        request = caseload.request_access(viewer, NOW)
        decided = caseload.decide_request(trainer, request.id, role=role, now=NOW)
        assert (decided.granted_role, decided.decided_by_id, decided.decided_at) == (
            role,
            trainer.person_id,
            NOW,
        )
        grant = db.session.scalars(select(RoleGrant)).one()
        assert (grant.person_id, grant.role, grant.context_id) == (person.id, role, world.course.id)

    def test_declining_gives_nothing_and_one_may_ask_again(self, world: World, trainer: Viewer) -> None:
        _, viewer = self.applicant(world)
        first = caseload.request_access(viewer, days_ago(2))
        assert caseload.decide_request(trainer, first.id, role=None, now=days_ago(1)).granted_role is None
        assert db.session.scalar(select(func.count(RoleGrant.id))) == 0
        assert caseload.request_access(viewer, NOW).id != first.id

    def test_the_second_decision_comes_too_late(self, world: World, trainer: Viewer) -> None:
        request = world.ask(world.course, world.make_person())
        caseload.decide_request(trainer, request.id, role=None, now=NOW)
        with pytest.raises(Conflict, match="already_decided"):
            caseload.decide_request(trainer, request.id, role="trainer", now=NOW)
        assert db.session.scalar(select(func.count(RoleGrant.id))) == 0

    def test_an_admin_of_the_organisation_decides_too(self, world: World) -> None:
        request = world.ask(world.course, world.make_person())
        admin = viewer_for(world.make_person(), None, is_admin=True)
        assert caseload.decide_request(admin, request.id, role="mentor", now=NOW).granted_role == "mentor"

    def test_nobody_else_decides(self, world: World) -> None:
        request = world.ask(world.course, world.make_person())
        foreign = world.make_platform(world.make_organisation())
        other_course = world.make_course(world.platform)
        wrong = [
            viewer_for(world.make_person(), other_course, is_trainer=True),
            viewer_for(world.make_person(foreign), None, is_admin=True),
            viewer_for(world.make_mentor(), world.course, is_mentor=True),
            viewer_for(db.session.get_one(Person, request.person_id), world.course, is_applicant=True),
        ]
        for viewer in wrong:
            with pytest.raises(AccessDenied):
                caseload.decide_request(viewer, request.id, role="trainer", now=NOW)
        assert db.session.scalars(select(AccessRequest)).one().decided_at is None

    def test_unknown_requests_and_roles_are_refused(self, world: World, trainer: Viewer) -> None:
        request = world.ask(world.course, world.make_person())
        with pytest.raises(AccessDenied):
            caseload.decide_request(trainer, 999_999, role="mentor", now=NOW)
        with pytest.raises(InvalidInput, match="role"):
            caseload.decide_request(trainer, request.id, role="admin", now=NOW)

    def test_two_at_once_ask_once(self, app_context: Flask, world: World) -> None:
        _, viewer = self.applicant(world)
        db.session.commit()
        results = at_once(app_context, lambda _: caseload.request_access(viewer, NOW).id)
        assert len(set(results)) == 1
        assert isinstance(results[0], int)

    def test_two_at_once_decide_once(self, app_context: Flask, world: World, trainer: Viewer) -> None:
        request_id = world.ask(world.course, world.make_person()).id
        db.session.commit()
        roles = ["trainer", "mentor", None, "trainer"]
        results = at_once(
            app_context,
            lambda i: caseload.decide_request(trainer, request_id, role=roles[i], now=NOW).granted_role,
        )
        assert sum(isinstance(result, Conflict) for result in results) == 3
        granted = db.session.scalars(select(RoleGrant.role)).all()
        assert granted in ([], ["trainer"], ["mentor"])
        assert db.session.scalars(select(AccessRequest)).one().granted_role == (granted or [None])[0]


class TestGrantRole:
    def test_each_role_with_its_course_or_without(self, world: World) -> None:
        person = world.make_person()
        for role, course in (("trainer", world.course), ("mentor", world.course), ("admin", None)):
            grant = caseload.grant_role(person, role, course, None, NOW)
            assert (grant.role, grant.granted_by_id) == (role, None)
            assert caseload.grant_role(person, role, course, None, NOW).id == grant.id
        assert db.session.scalar(select(func.count(RoleGrant.id))) == 3

    def test_impossible_grants_are_refused(self, world: World) -> None:
        person = world.make_person()
        foreign = world.make_course(world.make_platform(world.organisation))
        impossible = [
            ("boss", None, "role"),
            ("trainer", None, "context"),
            ("admin", world.course, "context"),
            ("mentor", foreign, "context"),
        ]
        for role, course, field in impossible:
            with pytest.raises(InvalidInput) as caught:
                caseload.grant_role(person, role, course, None, NOW)
            assert caught.value.field == field
