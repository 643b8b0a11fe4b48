"""More time by hand: which date holds, two people who give it at once, and taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Membership, Progress
from mentor_console.access import AccessDenied, Viewer
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.extensions import find_deadlines, set_extension, withdraw_extension
from mentor_console.flagging import refresh_flags
from mentor_console.learner_page import get_learner_page, get_own_page
from mentor_console.models import Extension, Flag
from mentor_console.support_lines import Undo
from mentor_console.undo import undo
from tests.integration.console_world import NOW, World, at_once, days_ago, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


def give(mentor: Viewer, learner: Membership, activity_id: int, days: int, **over: Any) -> Extension:
    until = NOW + timedelta(days=days)
    return set_extension(mentor, learner, activity_id, until, **over, request_key=f"form {days}", now=NOW)


def get_rows(learner: Membership) -> list[Progress]:
    return list(db.session.scalars(select(Progress).where(Progress.membership_id == learner.id)))


class TestExtensions:
    @pytest.fixture
    def late(self, world: World) -> tuple[Membership, int]:
        activity = world.make_assignment_activity(3)
        for _ in range(10):
            learner = world.make_member()
            world.be_active_daily(learner, until_days_ago=0)
            world.know(learner, activity, submission="submitted", submitted_at=days_ago(4))
        late = world.make_member()
        world.be_active_daily(late, until_days_ago=0)
        world.know(late, activity, submission="none")
        return late, activity.id

    def missed(self, membership: Membership) -> int:
        statement = select(func.count(Flag.id)).where(
            Flag.membership_id == membership.id, Flag.rule == "missed_deadline", Flag.cleared_at.is_(None)
        )
        return db.session.scalar(statement) or 0

    def test_the_later_deadline_holds_for_rules_and_pages(
        self, world: World, late: tuple[Membership, int]
    ) -> None:
        learner, activity_id = late
        mentor = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
        refresh_flags(world.course.id, NOW)
        assert self.missed(learner) == 1
        given = set_extension(mentor, learner, activity_id, NOW + timedelta(days=4), request_key="k", now=NOW)
        refresh_flags(world.course.id, NOW)
        assert self.missed(learner) == 0
        page = get_learner_page(mentor, learner, NOW)
        (step,) = page.progress.steps
        assert (step.due_at, step.extended, step.extended_by) == (NOW + timedelta(days=4), True, "hand")
        assert (step.state, page.progress.due_by_now) == ("open", 0)
        assert [line.extension_id for line in page.extensions] == [given.id]
        own = viewer_for(learner.person, world.course, is_learner=True, own_membership_id=learner.id)
        (fact,) = [fact for fact in get_own_page(own, learner, NOW).facts if fact.what == "submissions"]
        assert fact.reason.values["expected"] == 0
        assert withdraw_extension(mentor, given.id, NOW)
        assert not withdraw_extension(mentor, given.id, NOW)
        refresh_flags(world.course.id, NOW)
        assert self.missed(learner) == 1

    def test_the_platforms_own_later_date_wins(self, world: World, late: tuple[Membership, int]) -> None:
        learner, activity_id = late
        mentor = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
        given = give(mentor, learner, activity_id, 4)
        row = next(iter(get_rows(learner)))
        row.due_at_override = NOW + timedelta(days=9)
        db.session.commit()
        (step,) = get_learner_page(mentor, learner, NOW).progress.steps
        assert (step.due_at, step.extended_by) == (NOW + timedelta(days=9), "platform")
        with pytest.raises(InvalidInput) as caught:
            give(mentor, learner, activity_id, 8, based_on=given.id)
        assert caught.value.problems == {"due_at": "not_later"}

    def test_the_newest_word_counts(self, world: World, late: tuple[Membership, int]) -> None:
        learner, activity_id = late
        mentor = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
        based_on = None
        for days in (9, 4):
            based_on = give(mentor, learner, activity_id, days, based_on=based_on, may_shorten=True).id
        (step,) = get_learner_page(mentor, learner, NOW).progress.steps
        assert step.due_at == NOW + timedelta(days=4)

    def test_what_is_refused(self, world: World, late: tuple[Membership, int]) -> None:
        learner, activity_id = late
        mentor = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
        dateless = world.make_activity().id
        foreign = world.make_assignment_activity(1, world.make_course(world.platform)).id
        ahead = NOW + timedelta(days=3)
        wanted: list[tuple[int, Any, dict[str, str]]] = [
            (activity_id, None, {"due_at": "required"}),
            (activity_id, ahead.replace(tzinfo=None), {"due_at": "no_time_zone"}),
            (activity_id, days_ago(4), {"due_at": "not_later"}),
            (activity_id, NOW + timedelta(days=366), {"due_at": "too_far"}),
            (dateless, ahead, {"activity": "no_deadline"}),
            (foreign, ahead, {"activity": "unknown"}),
            (4711, ahead, {"activity": "unknown"}),
        ]
        for key, due_at, problems in wanted:
            with pytest.raises(InvalidInput) as caught:
                set_extension(mentor, learner, key, due_at, request_key="k", now=NOW)
            assert caught.value.problems == problems
        stranger = viewer_for(world.make_mentor(), world.course, is_mentor=True)
        given = set_extension(mentor, learner, activity_id, ahead, request_key="k", now=NOW)
        with pytest.raises(AccessDenied):
            set_extension(stranger, learner, activity_id, ahead, request_key="k", now=NOW)
        with pytest.raises(AccessDenied):
            withdraw_extension(stranger, given.id, NOW)


class TestTwoAtOnce:
    @pytest.fixture
    def step(self, world: World) -> tuple[Membership, int, list[Viewer]]:
        learner, activity = world.make_member(), world.make_assignment_activity(3)
        mentors = [viewer_for(world.make_mentor(learner), world.course, is_mentor=True) for _ in range(2)]
        db.session.commit()
        return learner, activity.id, mentors

    def holding(self, learner: Membership) -> list[int]:
        """Days from now until each date that holds by hand."""
        db.session.expire_all()
        dates = find_deadlines([learner.id]).get(learner.id, {})
        return [(date - NOW).days for date in dates.values()]

    def test_a_form_sent_twice_gives_once(self, app_context: Flask, step: Any) -> None:
        learner, activity_id, (mentor, colleague) = step
        key = learner.id
        results = at_once(
            app_context, lambda _: give(mentor, db.session.get_one(Membership, key), activity_id, 4).id
        )
        assert len(set(results)) == 1
        assert isinstance(results[0], int)
        assert db.session.scalar(select(func.count(Extension.id))) == 1
        with pytest.raises(Conflict, match="request_key_used"):
            give(colleague, learner, activity_id, 4)

    @pytest.mark.parametrize("stands", [False, True])
    def test_of_two_one_is_told(self, app_context: Flask, step: Any, stands: bool) -> None:
        learner, activity_id, mentors = step
        key, based_on = learner.id, None
        if stands:
            based_on = give(mentors[0], learner, activity_id, 3).id

        def act(number: int) -> object:
            member = db.session.get_one(Membership, key)
            return give(mentors[number], member, activity_id, 5 + number, based_on=based_on).id

        results = at_once(app_context, act, times=2)
        told = [result for result in results if isinstance(result, Conflict)]
        assert [error.code for error in told] == ["changed_by_other"]
        (winner,) = [number for number, result in enumerate(results) if isinstance(result, int)]
        assert self.holding(learner) == [5 + winner]

    def test_less_time_than_was_given_is_asked_about(self, step: Any) -> None:
        learner, activity_id, (mentor, colleague) = step
        first = give(mentor, learner, activity_id, 9).id
        with pytest.raises(Conflict, match="changed_by_other"):
            give(colleague, learner, activity_id, 4)
        with pytest.raises(InvalidInput) as caught:
            give(colleague, learner, activity_id, 4, based_on=first)
        assert caught.value.problems == {"due_at": "shorter"}
        assert self.holding(learner) == [9]
        give(colleague, learner, activity_id, 4, based_on=first, may_shorten=True)
        assert self.holding(learner) == [4]

    def test_taken_back_the_date_before_it_holds_and_that_can_be_undone(self, step: Any) -> None:
        learner, activity_id, (mentor, colleague) = step
        first = give(mentor, learner, activity_id, 4).id
        second = give(mentor, learner, activity_id, 9, based_on=first).id
        with pytest.raises(Conflict, match="changed_since"):
            withdraw_extension(mentor, first, NOW)
        with pytest.raises(AccessDenied):
            undo(colleague, Undo("extension", second), NOW)
        assert undo(mentor, Undo("extension", second), NOW)
        assert not undo(mentor, Undo("extension", second), NOW)
        assert self.holding(learner) == [4]
        assert undo(mentor, Undo("extension_end", second), NOW)
        assert not undo(mentor, Undo("extension_end", second), NOW)
        assert self.holding(learner) == [9]
        assert withdraw_extension(colleague, second, NOW)
        give(mentor, learner, activity_id, 6, based_on=first)
        with pytest.raises(Conflict, match="changed_since"):
            undo(colleague, Undo("extension_end", second), NOW)
        assert self.holding(learner) == [6]

    def test_the_history_tells_it_and_offers_the_way_back(self, step: Any) -> None:
        learner, activity_id, (mentor, colleague) = step
        given = give(mentor, learner, activity_id, 4).id
        (entry,) = get_learner_page(mentor, learner, NOW, kinds=("decision",)).timeline
        assert (entry.event, entry.extension and entry.extension.undo) == (
            "extension_given",
            Undo("extension", given),
        )
        withdraw_extension(colleague, given, NOW + timedelta(hours=1))
        page = get_learner_page(colleague, learner, NOW, kinds=("decision",))
        assert [entry.event for entry in page.timeline] == ["extension_withdrawn", "extension_given"]
        assert page.timeline[0].extension is not None
        assert page.timeline[0].extension.undo == Undo("extension_end", given)
