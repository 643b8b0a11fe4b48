"""Rules for a platform's own roles: what they give, what they never give, and that they end at once."""

from __future__ import annotations

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import Context, Membership, Person
from mentor_console import caseload, sharing
from mentor_console.access import AccessDenied, LaunchFacts, Viewer, viewer_of, visible_learners
from mentor_console.desks import get_admin_page, get_trainer_page
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.role_preview import find_meaning, preview_roles
from mentor_console.role_rules import get_roles, list_rules, save_roles, take_back_roles
from tests.integration.console_world import NOW, World, at_once, viewer_for

MENTORS = {"ementor": "mentor"}


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def admin(world: World) -> Viewer:
    return viewer_for(world.make_person(name="Ada Admin"), None, is_admin=True)


@pytest.fixture
def trainer(world: World) -> Viewer:
    return viewer_for(world.make_person(), world.course, is_trainer=True)


def put_in_force(admin: Viewer, world: World, rules: dict[str, str]) -> int | None:
    """Over whatever holds; the id of the version."""
    page = get_roles(admin, world.platform.id)
    mapping = save_roles(admin, world.platform.id, rules, page.based_on_id, NOW)
    return mapping.id if mapping else page.based_on_id


def make_coach(world: World, course: Context | None = None, **columns: object) -> Membership:
    """Staff with the role "ementor", as Moodle's web services tell it."""
    given = {"standing": "staff", "platform_roles": ["ementor"], "nrps_roles": ["Learner"]} | columns
    return world.make_member(course, **given)  # type: ignore[arg-type]


def enter(person: Person, course: Context, *roles: str) -> Viewer:
    """As a launch from the course would be seen right now."""
    db.session.commit()
    return viewer_of(
        LaunchFacts(person.id, person.organisation_id, person.platform_id, course.id, frozenset(roles))
    )


def seen_by(viewer: Viewer) -> set[int]:
    return {membership.id for membership in db.session.scalars(visible_learners(viewer))}


class TestWhatARuleGives:
    def test_e_mentor_without_learners_until_some_are_given(
        self, world: World, admin: Viewer, trainer: Viewer
    ) -> None:
        coach, learner = make_coach(world), world.make_member()
        world.make_member()
        assert not enter(coach.person, world.course, "Instructor").is_mentor
        put_in_force(admin, world, MENTORS)
        viewer = enter(coach.person, world.course, "Instructor")
        assert viewer.parts == {"mentor", "anyone"}
        assert seen_by(viewer) == set()
        caseload.assign(trainer, coach.person_id, [learner], NOW)
        assert seen_by(enter(coach.person, world.course, "Instructor")) == {learner.id}

    def test_never_trainer_nor_admin_nor_another_platforms_or_courses_mentor(
        self, world: World, admin: Viewer
    ) -> None:
        coach, course = make_coach(world), world.make_course(world.platform)
        elsewhere = make_coach(world, world.make_course(world.make_platform(world.organisation)))
        put_in_force(admin, world, MENTORS)
        stranger_there = enter(elsewhere.person, elsewhere.context, "Instructor")
        assert not stranger_there.is_mentor
        learner = world.make_member(course)
        world.give(coach.person, learner)
        viewer = enter(coach.person, course, "Instructor")
        assert (viewer.is_trainer, viewer.is_admin) == (False, False)
        assert seen_by(viewer) == set(), "e-mentor of the first course only"

    @pytest.mark.parametrize("status", ["left", "suspended"])
    def test_ends_with_the_membership(self, world: World, admin: Viewer, status: str) -> None:
        coach, learner = make_coach(world), world.make_member()
        put_in_force(admin, world, MENTORS)
        world.give(coach.person, learner)
        coach.status = status
        viewer = enter(coach.person, world.course, "Instructor")
        assert not viewer.is_mentor
        assert seen_by(viewer) == set()

    def test_ends_with_the_rule_and_leaves_who_was_named(
        self, world: World, admin: Viewer, trainer: Viewer
    ) -> None:
        coach, named, learner = make_coach(world), make_coach(world), world.make_member()
        put_in_force(admin, world, MENTORS)
        caseload.name_mentor(trainer, named, NOW)
        for mentor in (coach, named):
            caseload.assign(trainer, mentor.person_id, [learner], NOW)
        put_in_force(admin, world, {})
        gone, stays = (enter(mentor.person, world.course, "Instructor") for mentor in (coach, named))
        assert (gone.is_mentor, seen_by(gone)) == (False, set())
        assert (stays.is_mentor, seen_by(stays)) == (True, {learner.id})

    def test_ends_when_the_platform_takes_the_role_away(self, world: World, admin: Viewer) -> None:
        coach = make_coach(world)
        put_in_force(admin, world, MENTORS)
        coach.platform_roles = ["teacher"]
        assert not enter(coach.person, world.course, "Instructor").is_mentor

    def test_never_oneself(self, world: World, admin: Viewer) -> None:
        both = make_coach(world, standing="learner", platform_roles=["student", "ementor"])
        put_in_force(admin, world, MENTORS)
        world.give(both.person, both)
        viewer = enter(both.person, world.course, "Learner")
        assert viewer.parts == {"mentor", "learner", "anyone"}
        assert seen_by(viewer) == set()

    def test_what_only_a_launch_told_holds_in_the_course_of_the_launch(
        self, world: World, admin: Viewer
    ) -> None:
        world.platform.product = "canvas"
        canvas = {"platform_roles": None, "launch_platform_roles": ["E-Mentor", "TaEnrollment"]}
        coach, other = make_coach(world, **canvas), world.make_course(world.platform)
        make_coach(world, other, person=coach.person, **canvas)
        here, there = world.make_member(), world.make_member(other)
        for learner in (here, there):
            world.give(coach.person, learner)
        put_in_force(admin, world, {"E-Mentor": "mentor"})
        assert seen_by(enter(coach.person, world.course, "Instructor")) == {here.id}
        assert seen_by(enter(coach.person, other, "Instructor")) == {there.id}

    def test_what_web_services_tell_is_not_outdone_by_a_launch(self, world: World, admin: Viewer) -> None:
        """A teacher of Moodle may add custom parameters to an activity."""
        member = world.make_member(platform_roles=["student"], launch_platform_roles=["ementor"])
        put_in_force(admin, world, MENTORS)
        assert not enter(member.person, world.course, "Learner").is_mentor

    @pytest.mark.parametrize("product", ["moodle", ""])
    def test_what_a_launch_tells_counts_for_canvas_only(
        self, world: World, admin: Viewer, product: str
    ) -> None:
        """Elsewhere whoever edits an activity writes its custom parameters; also what was kept before."""
        world.platform.product = product
        told = {"platform_roles": None, "nrps_roles": None, "launch_platform_roles": ["ementor"]}
        member = world.make_member(name="Lea", **told)
        seen = preview_roles(admin, world.platform.id, MENTORS)
        assert (seen.mentors, seen.gained) == (0, ())
        put_in_force(admin, world, MENTORS)
        assert not enter(member.person, world.course, "Learner").is_mentor
        assert find_meaning(member, MENTORS) == ("", "")
        page = get_roles(admin, world.platform.id)
        assert (page.has_product, {role.name: role.people for role in page.roles}["ementor"]) == (
            bool(product),
            0,
        )

    def test_offered_gives_nothing(self, world: World, admin: Viewer) -> None:
        coach = make_coach(world)
        put_in_force(admin, world, {"ementor": "offered"})
        assert enter(coach.person, world.course, "Instructor").parts == {"anyone"}

    def test_names_are_compared_letter_by_letter(self, world: World, admin: Viewer) -> None:
        coach = make_coach(world, platform_roles=["Ementor", "ementor2", "x,ementor"])
        put_in_force(admin, world, MENTORS)
        assert not enter(coach.person, world.course, "Instructor").is_mentor


class TestOnTheDesks:
    def test_the_trainer_finds_them_and_shares_out_to_them(
        self, world: World, admin: Viewer, trainer: Viewer
    ) -> None:
        make_coach(world, name="Cora Coach")
        world.make_mentor(name="Nora Named")
        learners = [world.make_member() for _ in range(4)]
        put_in_force(admin, world, MENTORS)
        page = get_trainer_page(trainer, NOW)
        shown = [(mentor.name, mentor.by_role, mentor.is_named) for mentor in page.mentors]
        assert shown == [("Cora Coach", "ementor", False), ("Nora Named", "", True)]
        assert "Cora Coach" not in {candidate.name for candidate in page.candidates}
        done = sharing.balance(trainer, NOW)
        assert (done.assigned, sorted(done.per_mentor.values())) == (len(learners), [2, 2])
        state = get_admin_page(admin, NOW).courses[0]
        assert (state.mentors, state.without_mentor) == (2, 0)
        put_in_force(admin, world, {})
        assert get_trainer_page(trainer, NOW).without_mentor == 2
        assert get_admin_page(admin, NOW).courses[0].mentors == 1

    @pytest.mark.parametrize("has_web_services", [True, False])
    def test_offered_people_come_first_among_the_candidates(
        self, world: World, admin: Viewer, trainer: Viewer, has_web_services: bool
    ) -> None:
        """Without web services a non-editing teacher is who contradicts themselves."""
        roles = {"platform_roles": ["teacher"]} if has_web_services else {"launch_roles": ["Instructor"]}
        world.make_member(standing="staff", name="Aaron Editor", launch_roles=["Instructor"])
        make_coach(world, name="Zoe Assistant", **({"platform_roles": None} | roles))
        assert not any(candidate.is_offered for candidate in get_trainer_page(trainer, NOW).candidates)
        put_in_force(admin, world, {"teacher": "offered"})
        first, second = get_trainer_page(trainer, NOW).candidates
        assert (first.name, first.is_offered) == ("Zoe Assistant", True)
        assert (second.name, second.is_offered) == ("Aaron Editor", False)
        put_in_force(admin, world, {"teacher": "mentor"})
        is_mentor = [m.name for m in get_trainer_page(trainer, NOW).mentors] == ["Zoe Assistant"]
        assert is_mentor is has_web_services, "a contradiction alone makes nobody e-mentor"


class TestSaving:
    def test_nothing_is_saved_with_a_rule_that_cannot_be(self, world: World, admin: Viewer) -> None:
        rules = {" StudentEnrollment ": "mentor", "tutor": "trainer", "ementor": "mentor"}
        with pytest.raises(InvalidInput) as refused:
            save_roles(admin, world.platform.id, rules, None, NOW)
        assert refused.value.problems == {"StudentEnrollment": "learner_role", "tutor": "unknown"}
        assert list_rules(world.platform.id) == {}

    def test_only_the_admin_of_the_organisation(self, world: World, trainer: Viewer, admin: Viewer) -> None:
        foreign = world.make_platform(world.make_organisation())
        abroad = viewer_for(world.make_person(foreign), None, is_admin=True)
        for viewer, platform in ((trainer, world.platform), (abroad, world.platform), (admin, foreign)):
            for act in (
                lambda v, p: get_roles(v, p.id),
                lambda v, p: preview_roles(v, p.id, MENTORS),
                lambda v, p: save_roles(v, p.id, MENTORS, None, NOW),
                lambda v, p: take_back_roles(v, p.id, 1, NOW),
            ):
                with pytest.raises(AccessDenied):
                    act(viewer, platform)

    def test_a_colleague_who_saved_meanwhile_is_not_overwritten(self, world: World, admin: Viewer) -> None:
        first = put_in_force(admin, world, MENTORS)
        put_in_force(admin, world, {"tutor": "mentor"})
        for based_on in (None, first):
            with pytest.raises(Conflict):
                save_roles(admin, world.platform.id, {"coach": "mentor"}, based_on, NOW)
        assert list_rules(world.platform.id) == {"tutor": "mentor"}

    def test_of_two_who_save_at_once_one_is_told(
        self, app_context: Flask, world: World, admin: Viewer
    ) -> None:
        db.session.commit()
        platform_id = world.platform.id
        results = at_once(
            app_context, lambda n: save_roles(admin, platform_id, {f"r{n}": "mentor"}, None, NOW) and n
        )
        winners = [result for result in results if isinstance(result, int)]
        assert len(winners) == 1
        assert sum(isinstance(result, Conflict) for result in results) == len(results) - 1
        assert list_rules(platform_id) == {f"r{winners[0]}": "mentor"}

    def test_taking_back_restores_what_held_before_and_stays_written_down(
        self, world: World, admin: Viewer
    ) -> None:
        first = put_in_force(admin, world, MENTORS | {"teacher": "offered"})
        second = put_in_force(admin, world, {"ementor": "offered"})
        with pytest.raises(Conflict):
            take_back_roles(admin, world.platform.id, first or 0, NOW)
        take_back_roles(admin, world.platform.id, second or 0, NOW)
        assert list_rules(world.platform.id) == MENTORS | {"teacher": "offered"}
        newest, middle, oldest = get_roles(admin, world.platform.id).versions
        assert newest.is_newest
        assert set(newest.began) == {("ementor", "mentor"), ("teacher", "offered")}
        assert middle.began == newest.ended == (("ementor", "offered"),)
        assert (oldest.by_name, oldest.ended) == ("Ada Admin", ())

    def test_saving_what_holds_is_no_version(self, world: World, admin: Viewer) -> None:
        put_in_force(admin, world, MENTORS)
        put_in_force(admin, world, MENTORS)
        assert len(get_roles(admin, world.platform.id).versions) == 1

    def test_roles_seen_are_listed_with_how_many_have_them(self, world: World, admin: Viewer) -> None:
        coach, other = make_coach(world), world.make_course(world.platform)
        make_coach(world, other, person=coach.person)
        make_coach(world, other)
        make_coach(world, status="left", platform_roles=["bygone"])
        world.make_member(platform_roles=["student"])
        roles = {role.name: role for role in get_roles(admin, world.platform.id).roles}
        assert (roles["ementor"].people, roles["ementor"].courses, roles["ementor"].means) == (2, 2, "")
        assert roles["student"].refused == "learner_role"
        assert set(roles) == {"ementor", "student", "teacher"}


class TestPreview:
    def test_who_would_be_what(self, world: World, admin: Viewer) -> None:
        coach, learner = make_coach(world, name="Cora"), world.make_member()
        world.give(coach.person, learner)
        world.make_member(name="Tom", standing="staff", platform_roles=["tutor"])
        both = world.make_member(name="Lea", platform_roles=["student", "tutor"])
        world.grant(both.person, "mentor", world.course)
        put_in_force(admin, world, MENTORS)
        seen = preview_roles(admin, world.platform.id, {"tutor": "mentor", "ementor": "offered"})
        assert (seen.mentors_now, seen.mentors, seen.offered_now, seen.offered) == (1, 2, 0, 1)
        gained = [(person.name, person.is_learner, person.is_named) for person in seen.gained]
        assert gained == [("Lea", True, True), ("Tom", False, False)]
        assert [(person.name, person.learners, person.role_name) for person in seen.lost] == [
            ("Cora", 1, "ementor")
        ]
        assert seen.newly_offered == seen.lost
        assert list_rules(world.platform.id) == MENTORS, "nothing is saved"
        again = preview_roles(admin, world.platform.id, MENTORS)
        assert (again.gained, again.lost, again.mentors) == ((), (), 1)

    def test_a_role_without_people_changes_nobody(self, world: World, admin: Viewer) -> None:
        seen = preview_roles(admin, world.platform.id, {"nobody has it": "mentor"})
        assert (seen.mentors, seen.gained) == (0, ())
