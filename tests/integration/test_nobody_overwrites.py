"""Two people at once: nobody decides about what they have not seen, and nothing is lost unseen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import Viewer
from mentor_console.caseload import end_mentor
from mentor_console.course_breaks import add_break, breaks_mark, list_breaks, list_removed_breaks
from mentor_console.decisions import dismiss_flags, snooze
from mentor_console.errors import Conflict, NewsSince
from mentor_console.learner_page import get_learner_page
from mentor_console.models import CaseloadChange, CourseBreak, FlagDecision, LearnerAnswer, SupportTask
from mentor_console.quieting import parse_seen
from mentor_console.support_lines import Undo
from mentor_console.task_clashes import get_clash
from mentor_console.tasks import add_task, list_lines, list_tasks, undo_task_change, update_task
from mentor_console.today import get_today
from mentor_console.undo import undo
from tests.integration.console_world import NOW, World, at_once, days_ago, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def learner(world: World) -> Membership:
    return world.make_member()


@pytest.fixture
def mentors(world: World, learner: Membership) -> list[Viewer]:
    made = [world.make_mentor(learner, name=name) for name in ("Mia", "Ben")]
    db.session.commit()
    return [viewer_for(mentor, world.course, is_mentor=True) for mentor in made]


def say(learner: Membership, kind: str, key: str = "said", **columns: Any) -> LearnerAnswer:
    row = LearnerAnswer(membership_id=learner.id, kind=kind, given_at=NOW, request_key=key, **columns)
    db.session.add(row)
    db.session.commit()
    return row


class TestDecisions:
    def test_what_came_up_since_the_page_was_opened_is_not_decided_on(
        self, world: World, learner: Membership, mentors: list[Viewer]
    ) -> None:
        flag = world.raise_flag(learner, level="week")
        (card,) = get_today(mentors[0], NOW).cards
        seen = parse_seen(card.seen)
        assert get_learner_page(mentors[0], learner, NOW).seen == card.seen
        flag.level = "act"
        other = world.raise_flag(learner, rule="missed_deadline", level="watch")
        answer = say(learner, "ill_until", until=date(2026, 12, 1), until_at=NOW + timedelta(days=9))
        for decide in (
            lambda: dismiss_flags(mentors[0], learner, reason="wrong_data", seen=seen, now=NOW),
            lambda: snooze(mentors[0], learner, until=None, seen=seen, now=NOW),
        ):
            with pytest.raises(NewsSince) as caught:
                decide()
            assert caught.value.flag_ids == {flag.id, other.id}
            assert caught.value.answer_ids == {answer.id}
        assert db.session.scalar(select(func.count(FlagDecision.id))) == 0
        again = parse_seen(get_learner_page(mentors[0], learner, NOW).seen)
        dismiss_flags(mentors[0], learner, reason="wrong_data", seen=again, now=NOW)
        assert get_today(mentors[0], NOW).cards == ()

    @pytest.mark.parametrize("text", ["", "/", "1:act", "x:act:/0", "1:act:/x", "1:watch:/0"])
    def test_who_sends_nothing_readable_has_seen_nothing(
        self, world: World, learner: Membership, mentors: list[Viewer], text: str
    ) -> None:
        world.raise_flag(learner)
        with pytest.raises(NewsSince):
            snooze(mentors[0], learner, until=None, seen=parse_seen(text), now=NOW)

    def test_an_answer_committed_beside_a_decision_is_still_news(
        self, world: World, learner: Membership, mentors: list[Viewer]
    ) -> None:
        """Also where it carries an earlier moment than the decision."""
        world.raise_flag(learner)
        snooze(mentors[0], learner, until=None, now=NOW)
        say(learner, "need_help", text="?", key="late").given_at = days_ago(1)
        db.session.commit()
        (card,) = get_today(mentors[0], NOW).cards
        assert (card.awaits_reply, card.level) == (True, "act")

    def test_only_a_reply_is_left_to_do(self, learner: Membership, mentors: list[Viewer]) -> None:
        say(learner, "need_help", text="?")
        with pytest.raises(Conflict, match="awaits_reply"):
            dismiss_flags(mentors[0], learner, reason="wrong_data", now=NOW)

    def test_all_who_wait_for_a_reply_are_counted(self, world: World, mentors: list[Viewer]) -> None:
        for number in range(9):
            member = world.make_member()
            world.give(db.session.get_one(type(member.person), mentors[0].person_id), member)
            say(member, "need_help", text="?", key=f"said {number}")
        assert (get_today(mentors[0], NOW).needed, len(get_today(mentors[0], NOW).cards)) == (9, 7)


class TestTasks:
    def add(self, viewer: Viewer, learner: Membership) -> tuple[int, Undo]:
        given = {"kind": "social", "title": "Ring", "due_on": None, "shared": True, "request_key": "form"}
        made = add_task(viewer, learner, **given, now=NOW)  # type: ignore[arg-type]
        return db.session.scalars(select(SupportTask.id)).one(), made

    def test_the_changes_are_taken_back_one_by_one(self, learner: Membership, mentors: list[Viewer]) -> None:
        mentor = mentors[0]
        task_id, made = self.add(mentor, learner)
        titles = {"title": "Ring at noon"}
        first = update_task(mentor, task_id, version=1, changes=titles, now=NOW)
        second = update_task(mentor, task_id, version=2, changes={"state": "done"}, now=NOW)
        with pytest.raises(Conflict, match="changed_since"):
            undo_task_change(mentor, first.id, NOW)
        for change, offered in ((second, first), (first, made)):
            assert undo_task_change(mentor, change.id, NOW)
            (line,) = list_lines(list_tasks([learner.id]), mentor, learner, NOW)
            assert line.undo == offered
        assert (line.title, line.state, line.has_changed) == ("Ring", "open", False)
        assert undo_task_change(mentor, made.id, NOW)
        assert list_tasks([learner.id]) == []

    def test_what_a_colleague_did_is_told_field_by_field(
        self, learner: Membership, mentors: list[Viewer]
    ) -> None:
        mia, ben = mentors
        task_id, _ = self.add(mia, learner)
        theirs = {"title": "Ring", "state": "done", "outcome": "Reached her", "shared": False}
        update_task(ben, task_id, version=1, changes=theirs, now=NOW)
        mine = {"title": "Ring", "outcome": "No answer", "shared": True, "due_on": None}
        with pytest.raises(Conflict, match="changed_by_other"):
            update_task(mia, task_id, version=1, changes=mine, now=NOW)
        clash = get_clash(mia, task_id, 1, mine, NOW, zone=NOW.tzinfo)  # type: ignore[arg-type]
        assert (clash.by_name, clash.at, clash.taken_back) == ("Ben", NOW, False)
        rows = {row.field: (row.theirs, row.yours, row.is_yours) for row in clash.differences}
        assert rows == {
            "state": ("done", None, False),
            "outcome": ("Reached her", "No answer", True),
            "shared": (False, True, True),
        }

    def test_what_was_taken_back_is_set_again_with_what_was_written(
        self, learner: Membership, mentors: list[Viewer]
    ) -> None:
        mia, ben = mentors
        task_id, made = self.add(mia, learner)
        undo_task_change(mia, made.id, NOW)
        mine = {"state": "done", "outcome": "Reached her"}
        with pytest.raises(Conflict, match="taken_back"):
            update_task(ben, task_id, version=1, changes=mine, now=NOW)
        clash = get_clash(ben, task_id, 1, mine, NOW, zone=NOW.tzinfo)  # type: ignore[arg-type]
        assert (clash.taken_back, clash.by_name, clash.task.version) == (True, "Mia", 2)
        again = update_task(ben, task_id, version=2, changes=mine, restore=True, now=NOW)
        (task,) = list_tasks([learner.id])
        assert (task.state, task.outcome) == ("done", "Reached her")
        assert undo_task_change(ben, again.id, NOW)
        assert list_tasks([learner.id]) == []


class TestBreaks:
    def add(self, viewer: Viewer, key: str, based_on: str = "") -> int:
        day = NOW.date()
        given = {"name": key, "starts_on": day, "ends_on": day, "request_key": key, "based_on": based_on}
        return add_break(viewer, **given, now=NOW).id  # type: ignore[arg-type]

    def test_of_two_trainers_one_is_told_and_a_form_counts_once(
        self, app_context: Flask, world: World
    ) -> None:
        trainers = [viewer_for(world.make_person(), world.course, is_trainer=True) for _ in range(2)]
        db.session.commit()
        results = at_once(app_context, lambda number: self.add(trainers[number], f"form {number}"), times=2)
        assert [error.code for error in results if isinstance(error, Conflict)] == ["changed_by_other"]
        mark = breaks_mark(list_breaks(world.course.id))
        twice = at_once(app_context, lambda _: self.add(trainers[0], "twice", mark), times=3)
        assert len(set(twice)) == 1
        assert db.session.scalar(select(func.count(CourseBreak.id))) == 2

    def test_added_and_removed_and_both_taken_back(self, world: World) -> None:
        trainer = viewer_for(world.make_person(name="Tea"), world.course, is_trainer=True)
        key = self.add(trainer, "Feast")
        assert undo(trainer, Undo("break", key), NOW)
        assert list_breaks(world.course.id) == ()
        (line,) = list_removed_breaks(trainer)
        assert (line.name, line.by_name, line.changed_at) == ("Feast", "Tea", NOW)
        with pytest.raises(Conflict, match="request_key_used"):
            self.add(trainer, "Feast")
        assert undo(trainer, Undo("break_end", key), NOW)
        assert not undo(trainer, Undo("break_end", key), NOW)
        assert [item.break_id for item in list_breaks(world.course.id)] == [key]


def test_two_trainers_end_the_same_mentor_once(app_context: Flask, world: World, learner: Membership) -> None:
    mentor = world.make_mentor(learner)
    trainers = [viewer_for(world.make_person(), world.course, is_trainer=True) for _ in range(2)]
    mentor_id = mentor.id
    db.session.commit()
    results = at_once(app_context, lambda number: end_mentor(trainers[number], mentor_id, NOW), times=2)
    assert sorted(done.changed for done in results) == [0, 1]  # type: ignore[attr-defined]
    assert db.session.scalar(select(func.count(CaseloadChange.id))) == 1


def test_the_history_goes_on_below_its_newest_hundred(
    world: World, learner: Membership, mentors: list[Viewer]
) -> None:
    author = db.session.get_one(type(learner.person), mentors[0].person_id)
    for number in range(103):
        world.log_contact(learner, author, occurred_at=days_ago(number // 2))
    first = get_learner_page(mentors[0], learner, NOW, kinds=("contact",))
    world.log_contact(learner, author, occurred_at=NOW)
    older = get_learner_page(mentors[0], learner, NOW, kinds=("contact",), before=first.timeline[-1].mark)
    ids = [entry.contact.contact_id for entry in (*first.timeline, *older.timeline) if entry.contact]
    assert (len(first.timeline), first.timeline_older, older.timeline_older) == (100, 3, 0)
    assert len(set(ids)) == 103
