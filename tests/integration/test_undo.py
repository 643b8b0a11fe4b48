"""Taking back contacts, namings and changes of caseloads: once, by the right person, never blindly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Membership
from mentor_console import caseload
from mentor_console.access import AccessDenied, Viewer
from mentor_console.caseload_changes import list_changes
from mentor_console.contacts import find_last_contacts
from mentor_console.errors import Conflict, LaterChange
from mentor_console.extensions import set_extension
from mentor_console.grants import find_open_grant
from mentor_console.learner_page import get_learner_page
from mentor_console.models import Assignment, CaseloadChange, SupportTask
from mentor_console.notes import add_note
from mentor_console.sharing import balance
from mentor_console.support_lines import Undo
from mentor_console.tasks import add_task, update_task
from mentor_console.undo import parse_undo, undo
from tests.integration.console_world import NOW, World, at_once, days_ago, viewer_for

LATER = NOW + timedelta(seconds=5)


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def trainer(world: World) -> Viewer:
    return viewer_for(world.make_person(), world.course, is_trainer=True)


def open_pairs() -> set[tuple[int, int]]:
    rows = select(Assignment.mentor_id, Assignment.membership_id).where(Assignment.ended_at.is_(None))
    return {(mentor_id, membership_id) for mentor_id, membership_id in db.session.execute(rows)}


def done(made: caseload.Done) -> Undo:
    assert made.undo is not None
    return made.undo


class TestTheValue:
    @pytest.mark.parametrize("kind", ["contact", "decision", "note", "task", "caseload"])
    def test_survives_a_form(self, kind: str) -> None:
        assert parse_undo(str(Undo(kind, 12))) == Undo(kind, 12)

    @pytest.mark.parametrize(
        "text", ["", "contact", "contact:", "contact:x", "contact:-1", "contact:0", "grant:1", "contact:²"]
    )
    def test_anything_else_is_nothing(self, text: str) -> None:
        assert parse_undo(text) is None
        assert parse_undo("contact:99999999999") is None

    def test_an_unknown_kind_or_id_is_refused(
        self, app_context: Flask, world: World, trainer: Viewer
    ) -> None:
        for kind in ("contact", "decision", "note", "task", "caseload", "grant"):
            with pytest.raises(AccessDenied):
                undo(trainer, Undo(kind, 4711), NOW)


class TestContacts:
    def test_only_that_there_was_one_is_still_told(self, world: World) -> None:
        learner = world.make_member()
        person = world.make_mentor(learner)
        mentor = viewer_for(person, world.course, is_mentor=True)
        older = world.log_contact(learner, person, occurred_at=days_ago(9))
        contact = world.log_contact(learner, person, summary="Wrong learner")
        (line, _) = [e.contact for e in get_learner_page(mentor, learner, NOW).timeline if e.contact]
        assert line.undo == Undo("contact", contact.id)
        assert undo(mentor, line.undo, LATER)
        assert not undo(mentor, line.undo, LATER)
        page = get_learner_page(mentor, learner, NOW)
        (line, _) = [entry.contact for entry in page.timeline if entry.contact]
        assert (line.taken_back, line.summary, line.undo) == (True, "", None)
        assert "Wrong learner" not in repr(page)
        assert find_last_contacts([learner.id])[learner.id].newest == older

    def test_not_a_colleagues_and_not_of_a_learner_lost(self, world: World, trainer: Viewer) -> None:
        learner = world.make_member()
        person = world.make_mentor(learner)
        contact = world.log_contact(learner, person)
        colleague = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
        with pytest.raises(AccessDenied):
            undo(colleague, Undo("contact", contact.id), NOW)
        caseload.unassign(trainer, person.id, [learner], NOW)
        with pytest.raises(AccessDenied):
            undo(viewer_for(person, world.course, is_mentor=True), Undo("contact", contact.id), NOW)
        assert undo(trainer, Undo("contact", contact.id), NOW)

    def test_a_note_goes_the_same_way(self, world: World, trainer: Viewer) -> None:
        learner = world.make_member()
        mentor = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
        what = add_note(mentor, learner, text="A", request_key="n", now=NOW)
        with pytest.raises(AccessDenied):
            undo(trainer, what, NOW)
        assert undo(mentor, what, NOW)


class TestCaseload:
    def test_sharing_out(self, world: World, trainer: Viewer) -> None:
        old, new = world.make_member(), world.make_member()
        mentor = world.make_mentor(old)
        what = done(caseload.assign(trainer, mentor.id, [old, new], NOW))
        assert undo(trainer, what, LATER)
        assert open_pairs() == {(mentor.id, old.id)}
        assert not undo(trainer, what, LATER)

    def test_taking_away_is_as_if_it_never_was(self, world: World, trainer: Viewer) -> None:
        learner = world.make_member()
        mentor = world.make_mentor(learner)
        what = done(caseload.unassign(trainer, mentor.id, [learner], NOW))
        assert open_pairs() == set()
        assert undo(trainer, what, LATER)
        row = db.session.scalars(select(Assignment)).one()
        db.session.refresh(row)
        assert (row.ended_at, row.ended_by_id, row.ended_by_change_id) == (None, None, None)

    def test_naming(self, world: World, trainer: Viewer) -> None:
        member = world.make_member(standing="staff")
        what = done(caseload.name_mentor(trainer, member, NOW))
        assert undo(trainer, what, LATER)
        assert find_open_grant(member.person_id, "mentor", world.course.id) is None

    def test_a_naming_on_which_learners_were_given_stays(self, world: World, trainer: Viewer) -> None:
        member, learner = world.make_member(standing="staff"), world.make_member()
        what = done(caseload.name_mentor(trainer, member, NOW))
        given = done(caseload.assign(trainer, member.person_id, [learner], NOW))
        with pytest.raises(Conflict, match="later_change"):
            undo(trainer, what, LATER)
        assert find_open_grant(member.person_id, "mentor", world.course.id) is not None
        undo(trainer, given, LATER)
        assert undo(trainer, what, LATER)

    def test_ending_a_mentor_brings_back_part_and_learners(self, world: World, trainer: Viewer) -> None:
        learners = [world.make_member() for _ in range(3)]
        mentor = world.make_mentor(*learners)
        made = caseload.end_mentor(trainer, mentor.id, NOW)
        assert made.changed == 3
        assert undo(trainer, done(made), LATER)
        assert find_open_grant(mentor.id, "mentor", world.course.id) is not None
        assert len(open_pairs()) == 3

    def test_not_after_the_mentor_was_named_again(self, world: World, trainer: Viewer) -> None:
        member, learner = world.make_member(standing="staff"), world.make_member()
        caseload.name_mentor(trainer, member, NOW)
        caseload.assign(trainer, member.person_id, [learner], NOW)
        what = done(caseload.end_mentor(trainer, member.person_id, NOW))
        caseload.name_mentor(trainer, member, NOW)
        with pytest.raises(Conflict, match="later_change"):
            undo(trainer, what, LATER)
        assert open_pairs() == set()
        change = db.session.get_one(CaseloadChange, what.id, populate_existing=True)
        assert change.undone_at is None

    def test_not_after_the_learner_was_given_to_somebody_else(self, world: World, trainer: Viewer) -> None:
        learner = world.make_member()
        old, new = world.make_mentor(learner), world.make_mentor()
        what = done(caseload.unassign(trainer, old.id, [learner], NOW))
        caseload.assign(trainer, new.id, [learner], NOW)
        with pytest.raises(Conflict, match="later_change"):
            undo(trainer, what, LATER)
        assert open_pairs() == {(new.id, learner.id)}

    def test_the_newest_comes_first_and_the_refusal_names_it(self, world: World, trainer: Viewer) -> None:
        """Given, taken, given, taken: no order of undoing doubles a pair or leaves a wrong one."""
        learner, mentor = world.make_member(), world.make_mentor()
        made = [
            done(act(trainer, mentor.id, [learner], NOW))
            for act in (caseload.assign, caseload.unassign, caseload.assign, caseload.unassign)
        ]
        for what in made[:3]:
            with pytest.raises(LaterChange) as caught:
                undo(trainer, what, LATER)
            assert caught.value.change_id == made[3].id
        for number, what in reversed(list(enumerate(made))):
            assert undo(trainer, what, LATER)
            assert open_pairs() == ({(mentor.id, learner.id)} if number % 2 else set())

    def test_a_change_about_other_learners_stands_in_nobodys_way(self, world: World, trainer: Viewer) -> None:
        one, other, mentor = world.make_member(), world.make_member(), world.make_mentor()
        first = done(caseload.assign(trainer, mentor.id, [one], NOW))
        caseload.assign(trainer, mentor.id, [other], NOW)
        assert undo(trainer, first, LATER)
        assert open_pairs() == {(mentor.id, other.id)}

    def test_not_after_the_mentor_lost_the_part(self, world: World, trainer: Viewer) -> None:
        learner = world.make_member()
        mentor = world.make_mentor(learner)
        what = done(caseload.unassign(trainer, mentor.id, [learner], NOW))
        caseload.end_mentor(trainer, mentor.id, NOW)
        with pytest.raises(Conflict, match="later_change"):
            undo(trainer, what, LATER)

    def test_not_after_the_mentor_has_worked_with_the_learner(self, world: World, trainer: Viewer) -> None:
        learner = world.make_member()
        mentor = world.make_mentor()
        what = done(caseload.assign(trainer, mentor.id, [learner], NOW))
        contact = world.log_contact(learner, mentor, recorded_at=LATER)
        db.session.commit()
        with pytest.raises(Conflict, match="built_on"):
            undo(trainer, what, LATER)
        undo(trainer, Undo("contact", contact.id), LATER)
        assert undo(trainer, what, LATER)

    def test_any_work_for_the_learner_counts_until_it_is_taken_back(
        self, world: World, trainer: Viewer
    ) -> None:
        learner, person = world.make_member(), world.make_mentor()
        step = world.make_assignment_activity(due_days_ago=-1)
        task: dict[str, Any] = {"kind": "social", "title": "Call", "request_key": "t" * 16}
        add_task(trainer, learner, **task, due_on=None, now=NOW)
        task_id = db.session.scalars(select(SupportTask.id)).one()
        given = done(caseload.assign(trainer, person.id, [learner], NOW))
        mentor = viewer_for(person, world.course, is_mentor=True)
        later = NOW + timedelta(days=3)

        def extend() -> Undo:
            more = set_extension(mentor, learner, step.id, later, request_key="e" * 16, now=LATER)
            return Undo("extension", more.id)

        works: tuple[Callable[[], Undo], ...] = (
            lambda: add_note(mentor, learner, text="A", request_key="n" * 16, now=LATER),
            lambda: update_task(mentor, task_id, version=1, changes={"state": "done"}, now=LATER),
            extend,
        )
        for work in works:
            what = work()
            with pytest.raises(Conflict, match="built_on"):
                undo(trainer, given, LATER)
            assert undo(mentor, what, LATER)
        assert undo(trainer, given, LATER)

    def test_only_by_a_trainer_of_that_course(self, world: World, trainer: Viewer) -> None:
        learner = world.make_member()
        mentor = world.make_mentor()
        what = done(caseload.assign(trainer, mentor.id, [learner], NOW))
        elsewhere = viewer_for(world.make_person(), world.make_course(world.platform), is_trainer=True)
        for viewer in (viewer_for(mentor, world.course, is_mentor=True), elsewhere):
            with pytest.raises(AccessDenied):
                undo(viewer, what, LATER)
        another = viewer_for(world.make_person(), world.course, is_trainer=True)
        assert undo(another, what, LATER)

    def test_the_history_tells_each_change_with_its_undo(self, world: World, trainer: Viewer) -> None:
        learner = world.make_member()
        member = world.make_member(standing="staff", name="Nadia")
        caseload.name_mentor(trainer, member, days_ago(2))
        given = done(caseload.assign(trainer, member.person_id, [learner], days_ago(1)))
        undo(trainer, given, NOW)
        lines = list_changes(trainer)
        assert [(line.action, line.mentor_name, line.learners) for line in lines] == [
            ("assign", "Nadia", 1),
            ("name", "Nadia", 0),
        ]
        assert [(line.taken_back, line.undo is None) for line in lines] == [(True, True), (False, False)]
        assert [line.action for line in list_changes(trainer, given.id)] == ["name"]
        with pytest.raises(AccessDenied):
            list_changes(viewer_for(member.person, world.course, is_mentor=True))

    def test_at_once_it_is_applied_once(self, app_context: Flask, world: World, trainer: Viewer) -> None:
        learners = [world.make_member() for _ in range(5)]
        mentor = world.make_mentor()
        what = done(caseload.assign(trainer, mentor.id, learners, NOW))
        results = at_once(app_context, lambda _: undo(trainer, what, LATER))
        assert sorted(results, key=str) == [False, False, False, True]
        assert open_pairs() == set()

    def test_two_trainers_and_everybody_at_once_leave_no_learner_doubled_or_lost(
        self, app_context: Flask, world: World, trainer: Viewer
    ) -> None:
        """Both press "share out", twice: every learner ends with exactly one mentor."""
        other = viewer_for(world.make_person(), world.course, is_trainer=True)
        learners = [world.make_member() for _ in range(30)]
        for _ in range(3):
            world.make_mentor()
        db.session.commit()
        results = at_once(app_context, lambda number: balance((trainer, other)[number % 2], NOW))
        assert sorted(getattr(result, "assigned", -1) for result in results) == [0, 0, 0, 30]
        pairs = open_pairs()
        assert {membership_id for _, membership_id in pairs} == {learner.id for learner in learners}
        assert len(pairs) == 30


def test_an_assignment_of_before_changes_were_kept_can_still_be_ended_and_brought_back(
    world: World, trainer: Viewer
) -> None:
    learner: Membership = world.make_member()
    mentor = world.make_mentor(learner)
    row = db.session.scalars(select(Assignment)).one()
    assert row.opened_by_change_id is None
    what = done(caseload.end_mentor(trainer, mentor.id, NOW))
    assert undo(trainer, what, LATER)
    assert open_pairs() == {(mentor.id, learner.id)}
