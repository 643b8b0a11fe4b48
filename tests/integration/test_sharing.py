"""Caps, and sharing a whole course out in one go that is taken back in one go."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from course_sync.database import db
from mentor_console.access import AccessDenied, Viewer
from mentor_console.caseload_changes import list_changes
from mentor_console.desks import get_trainer_page
from mentor_console.errors import Conflict, InvalidInput, LaterChange
from mentor_console.models import Assignment, CaseloadChange
from mentor_console.sharing import balance, get_caps, set_cap
from mentor_console.undo import undo
from tests.integration.console_world import NOW, World, counted_queries, days_ago, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def trainer(world: World) -> Viewer:
    return viewer_for(world.make_person(), world.course, is_trainer=True)


def loads() -> dict[int, int]:
    found: dict[int, int] = {}
    for mentor_id in db.session.scalars(select(Assignment.mentor_id).where(Assignment.ended_at.is_(None))):
        found[mentor_id] = found.get(mentor_id, 0) + 1
    return found


class TestCaps:
    def test_the_newest_word_and_the_own_one_wins(self, world: World, trainer: Viewer) -> None:
        one, other = world.make_mentor(), world.make_mentor()
        assert get_caps(world.course.id).of(one.id) is None
        set_cap(trainer, 25, NOW)
        set_cap(trainer, 10, NOW, other.id)
        set_cap(trainer, 40, NOW, based_on=get_caps(world.course.id).mark_of(None))
        caps = get_caps(world.course.id)
        assert (caps.of(one.id), caps.of(other.id)) == (40, 10)
        set_cap(trainer, None, NOW, other.id, based_on=caps.mark_of(other.id))
        assert get_caps(world.course.id).of(other.id) == 40
        set_cap(trainer, None, NOW, based_on=caps.mark_of(None))
        assert get_caps(world.course.id).of(one.id) is None

    def test_nobody_replaces_a_limit_they_have_not_seen(self, world: World, trainer: Viewer) -> None:
        other = viewer_for(world.make_person(), world.course, is_trainer=True)
        assert set_cap(trainer, 25, NOW).undo is not None
        with pytest.raises(Conflict, match="changed_by_other"):
            set_cap(other, 30, NOW)
        assert get_caps(world.course.id).course == 25
        assert set_cap(other, 25, NOW).undo is None, "the same number, sent twice or by two, is one change"
        assert [(line.action, line.cap) for line in list_changes(trainer)] == [("cap", 25)]

    def test_limits_are_taken_back_the_newest_first(self, world: World, trainer: Viewer) -> None:
        mentor = world.make_mentor(name="Nadia")
        first = set_cap(trainer, 25, NOW).undo
        second = set_cap(trainer, 40, NOW, based_on=get_caps(world.course.id).mark_of(None)).undo
        own = set_cap(trainer, 5, NOW, mentor.id).undo
        assert first is not None
        assert second is not None
        assert own is not None
        with pytest.raises(LaterChange):
            undo(trainer, first, NOW)
        assert undo(trainer, second, NOW)
        assert (get_caps(world.course.id).course, get_caps(world.course.id).of(mentor.id)) == (25, 5)
        assert undo(trainer, own, NOW)
        assert undo(trainer, first, NOW)
        assert get_caps(world.course.id).of(mentor.id) is None
        assert [line.mentor_name for line in list_changes(trainer)] == ["Nadia", "", ""]

    def test_the_trainers_page_says_so(self, world: World, trainer: Viewer) -> None:
        world.make_mentor(world.make_member(), world.make_member())
        set_cap(trainer, 1, NOW)
        page = get_trainer_page(trainer, NOW)
        assert page.cap == 1
        assert [(mentor.learners, mentor.cap, mentor.is_over) for mentor in page.mentors] == [(2, 1, True)]

    @pytest.mark.parametrize("learners", [-1, 501, True, "ten"])
    def test_not_any_number(self, trainer: Viewer, learners: object) -> None:
        with pytest.raises(InvalidInput, match="out_of_range"):
            set_cap(trainer, learners, NOW)  # type: ignore[arg-type]

    def test_only_for_mentors_here_by_the_trainer(self, world: World, trainer: Viewer) -> None:
        elsewhere = world.make_mentor(course=world.make_course(world.platform))
        with pytest.raises(InvalidInput, match="not_named"):
            set_cap(trainer, 5, NOW, elsewhere.id)
        with pytest.raises(AccessDenied):
            set_cap(viewer_for(elsewhere, world.course, is_mentor=True, is_admin=True), 5, NOW)


class TestBalance:
    def test_everybody_without_a_mentor_gets_one_evenly(self, world: World, trainer: Viewer) -> None:
        kept = world.make_member()
        first, second = world.make_mentor(kept), world.make_mentor()
        for _ in range(6):
            world.make_member()
        world.make_member(status="suspended")
        world.make_member(status="left")
        world.make_member(standing="unknown")
        world.make_member(world.make_course(world.platform))
        made = balance(trainer, NOW)
        assert (made.assigned, made.moved, made.remaining) == (6, 0, 0)
        assert loads() in ({first.id: 4, second.id: 3}, {first.id: 3, second.id: 4})
        assert sum(made.per_mentor.values()) == 6
        assert balance(trainer, NOW).undo is None

    def test_urgent_learners_are_spread(self, world: World, trainer: Viewer) -> None:
        mentors = [world.make_mentor().id for _ in range(3)]
        urgent = {world.raise_flag(world.make_member()).membership_id for _ in range(3)}
        praised = world.make_member()
        world.raise_flag(praised, level="praise")
        for _ in range(8):
            world.make_member()
        balance(trainer, NOW)
        rows = db.session.execute(select(Assignment.mentor_id, Assignment.membership_id)).all()
        assert {mentor_id for mentor_id, key in rows if key in urgent} == set(mentors)
        assert sorted(loads().values()) == [4, 4, 4]

    def test_caps_hold_and_the_rest_is_said(self, world: World, trainer: Viewer) -> None:
        small, large = world.make_mentor(), world.make_mentor()
        set_cap(trainer, 3, NOW)
        set_cap(trainer, 1, NOW, small.id)
        for _ in range(6):
            world.make_member()
        made = balance(trainer, NOW)
        assert (made.assigned, made.remaining, made.per_mentor) == (4, 2, {small.id: 1, large.id: 3})

    def test_one_undo_for_the_whole_batch(self, world: World, trainer: Viewer) -> None:
        kept = world.make_member()
        mentor = world.make_mentor(kept)
        for _ in range(7):
            world.make_member()
        made = balance(trainer, NOW)
        assert made.undo is not None
        assert loads() == {mentor.id: 8}
        assert undo(trainer, made.undo, NOW)
        assert loads() == {mentor.id: 1}

    def test_evening_out_moves_few_and_is_undone_whole(self, world: World, trainer: Viewer) -> None:
        learners = [world.make_member() for _ in range(6)]
        full, empty = world.make_mentor(*learners), world.make_mentor()
        shared = world.make_member()
        for mentor in (full, empty):
            world.give(mentor, shared)
        made = balance(trainer, NOW, only_unassigned=False)
        assert (made.assigned, made.moved) == (0, 3)
        assert loads() == {full.id: 4, empty.id: 4}
        still = select(Assignment.mentor_id).where(
            Assignment.membership_id == shared.id, Assignment.ended_at.is_(None)
        )
        assert set(db.session.scalars(still)) == {full.id, empty.id}
        assert made.undo is not None
        assert undo(trainer, made.undo, NOW)
        assert loads() == {full.id: 7, empty.id: 1}

    def test_somebody_whose_mentor_is_no_longer_named_has_none(self, world: World, trainer: Viewer) -> None:
        gone = world.make_person()
        world.grant(gone, "mentor", world.course, ended_at=days_ago(1))
        orphan = world.make_member()
        world.give(gone, orphan)
        named = world.make_mentor()
        assert balance(trainer, NOW).per_mentor == {named.id: 1}

    def test_a_fellow_learner_is_not_their_own_mentor(self, world: World, trainer: Viewer) -> None:
        fellow = world.make_member()
        world.grant(fellow.person, "mentor", world.course)
        made = balance(trainer, NOW)
        assert (made.assigned, made.remaining) == (0, 1)

    def test_without_mentors_nothing_is_left_behind(self, world: World, trainer: Viewer) -> None:
        world.make_member()
        with pytest.raises(InvalidInput, match="nobody_named"):
            balance(trainer, NOW)
        assert db.session.scalars(select(CaseloadChange)).all() == []

    def test_only_the_trainer(self, world: World) -> None:
        for parts in ({"is_mentor": True}, {"is_admin": True}, {}):
            with pytest.raises(AccessDenied):
                balance(viewer_for(world.make_person(), world.course, **parts), NOW)

    def test_a_large_course_costs_few_queries(self, world: World, trainer: Viewer) -> None:
        for _ in range(3):
            world.make_mentor()
        for _ in range(120):
            world.make_member()
        db.session.commit()
        with counted_queries() as sent:
            assert balance(trainer, NOW).assigned == 120
        assert len(sent) <= 12
