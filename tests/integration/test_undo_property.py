"""Whatever a trainer changes and takes back, in whatever order: nothing breaks, and undoing leads back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Membership, Person
from mentor_console import caseload
from mentor_console.access import Viewer
from mentor_console.errors import ConsoleError, LaterChange
from mentor_console.models import Assignment, RoleGrant
from mentor_console.sharing import balance
from mentor_console.support_lines import Balanced, Done, Undo
from mentor_console.undo import undo
from tests.integration.console_world import NOW, World, viewer_for

MENTORS = LEARNERS = 3

Pairs = frozenset[tuple[int, int]]
"""Who looks after whom: (mentor's person id, learner's membership id)."""


@dataclass
class Desk:
    """One course with its trainer; every change is kept with what held before it."""

    world: World
    kept: list[tuple[Undo, Pairs]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.course = self.world.make_course(self.world.platform)
        self.trainer: Viewer = viewer_for(self.world.make_person(), self.course, is_trainer=True)
        self.learners: list[Membership] = [self.world.make_member(self.course) for _ in range(LEARNERS)]
        self.members: list[Membership] = [
            self.world.make_member(self.course, standing="staff") for _ in range(2)
        ]
        self.mentors: list[Person] = [self.world.make_mentor(course=self.course)]
        self.mentors += [member.person for member in self.members]
        db.session.commit()

    def pairs(self) -> Pairs:
        here = select(Membership.id).where(Membership.context_id == self.course.id)
        rows = select(Assignment.mentor_id, Assignment.membership_id).where(
            Assignment.ended_at.is_(None), Assignment.membership_id.in_(here)
        )
        found = [(mentor_id, learner_id) for mentor_id, learner_id in db.session.execute(rows)]
        assert len(found) == len(set(found))
        return frozenset(found)

    def named(self) -> frozenset[int]:
        rows = select(RoleGrant.person_id).where(
            RoleGrant.ended_at.is_(None), RoleGrant.context_id == self.course.id
        )
        return frozenset(db.session.scalars(rows))

    def do(self, action: str, mentor: int, learner: int) -> None:
        """One press of a button; what the tool refuses changes nothing."""
        before = self.pairs(), self.named()
        person, wanted = self.mentors[mentor], self.learners[: learner + 1]
        acts: dict[str, Callable[[], Done | Balanced]] = {
            "name": lambda: caseload.name_mentor(self.trainer, self.members[mentor % 2], NOW),
            "end": lambda: caseload.end_mentor(self.trainer, person.id, NOW),
            "assign": lambda: caseload.assign(self.trainer, person.id, wanted, NOW),
            "unassign": lambda: caseload.unassign(self.trainer, person.id, wanted[-1:], NOW),
            "balance": lambda: balance(self.trainer, NOW, only_unassigned=bool(learner % 2)),
        }
        try:
            what = acts[action]().undo
        except ConsoleError:
            assert (self.pairs(), self.named()) == before
            return
        if what is not None:
            self.kept.append((what, before[0]))

    def take_back(self, number: int) -> None:
        """Undo any of the changes; where a later one stands in its way, that is one which was not undone."""
        if not self.kept:
            return
        number %= len(self.kept)
        what, pairs = self.kept[number]
        held, later_id = self.pairs(), None
        try:
            assert undo(self.trainer, what, NOW)
        except LaterChange as error:
            later_id = error.change_id
        if later_id is not None:
            assert later_id in {later.id for later, _ in self.kept[number + 1 :]}
            assert self.pairs() == held
            return
        concerned = {learner_id for _, learner_id in held ^ self.pairs()}
        of_concerned = {pair for pair in self.pairs() if pair[1] in concerned}
        assert of_concerned == {pair for pair in pairs if pair[1] in concerned}
        del self.kept[number]


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


steps = st.tuples(
    st.sampled_from(["name", "end", "assign", "assign", "unassign", "unassign", "balance", "undo", "undo"]),
    st.integers(0, MENTORS - 1),
    st.integers(0, LEARNERS - 1),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=3, max_size=12))
def test_undoing_leads_back_the_way_one_came(world: World, done: list[tuple[str, int, int]]) -> None:
    desk = Desk(world)
    start = desk.pairs(), desk.named()
    for action, mentor, learner in done:
        if action == "undo":
            desk.take_back(mentor * LEARNERS + learner)
        else:
            desk.do(action, mentor, learner)
    for what, _ in reversed(desk.kept):
        assert undo(desk.trainer, what, NOW)
    assert (desk.pairs(), desk.named()) == start
