"""Support tasks: what is refused, whose change counts, and what taking one back restores."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.learner_page import get_learner_page
from mentor_console.models import SupportTask, TaskChange
from mentor_console.support_lines import TaskLine, Undo
from mentor_console.tasks import add_task, get_task, list_lines, list_tasks, undo_task_change, update_task
from tests.integration.console_world import NOW, World, at_once, days_ago, viewer_for

TODAY = NOW.date()


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def learner(world: World) -> Membership:
    return world.make_member()


@pytest.fixture
def mentor(world: World, learner: Membership) -> Viewer:
    return viewer_for(world.make_mentor(learner), world.course, is_mentor=True)


def add(viewer: Viewer, learner: Membership, **changes: Any) -> Undo:
    given = {
        "kind": "methodological",
        "title": " Plan the week\x00 together ",
        "due_on": TODAY + timedelta(days=3),
        "playbook": "catch_up_plan",
        "request_key": "form-1",
        "now": NOW,
    }
    return add_task(viewer, learner, **{**given, **changes})


def only_task() -> SupportTask:
    db.session.expire_all()
    return db.session.scalars(select(SupportTask)).one()


def lines(viewer: Viewer, learner: Membership) -> tuple[TaskLine, ...]:
    return list_lines(list_tasks([learner.id]), viewer, learner, NOW)


def test_a_task_is_kept_as_said(mentor: Viewer, learner: Membership) -> None:
    undo = add(mentor, learner, shared=True)
    task = only_task()
    assert (task.title, task.kind, task.state, task.outcome) == (
        "Plan the week together",
        "methodological",
        "open",
        "",
    )
    assert (task.due_on, task.playbook, task.shared) == (TODAY + timedelta(days=3), "catch_up_plan", True)
    assert (task.version, task.created_by_id, task.created_at) == (1, mentor.person_id, NOW)
    (line,) = lines(mentor, learner)
    assert (line.undo, line.has_changed, line.is_overdue, line.is_due_today) == (undo, False, False, False)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("kind", "", "required"),
        ("kind", "financial", "unknown"),
        ("title", " \x00", "required"),
        ("title", "x" * 201, "too_long"),
        ("due_on", "tomorrow", "not_a_date"),
        ("due_on", NOW, "not_a_date"),
        ("due_on", date(2020, 1, 1), "too_old"),
        ("due_on", date(2126, 1, 1), "too_far"),
        ("playbook", "hire_a_coach", "unknown"),
        ("shared", "yes", "unknown"),
        ("request_key", "", "required"),
        ("request_key", "k" * 65, "too_long"),
    ],
)
def test_what_cannot_be_recorded_is_refused_naming_the_field(
    mentor: Viewer, learner: Membership, field: str, value: Any, code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        add(mentor, learner, **{field: value})
    assert caught.value.problems == {field: code}
    assert list_tasks([learner.id]) == []


def test_the_same_form_twice_is_one_task_and_nobody_elses(
    world: World, mentor: Viewer, learner: Membership
) -> None:
    own_idea = {"playbook": None}
    first = add(mentor, learner, **own_idea)
    assert add(mentor, learner, **own_idea) == first
    assert db.session.scalar(select(func.count(TaskChange.id))) == 1
    with pytest.raises(Conflict, match="request_key_used"):
        add(mentor, learner, title="Changed meanwhile", **own_idea)
    (task,) = list_tasks([learner.id])
    changed = update_task(mentor, task.id, version=1, changes={"title": "B", "due_on": None}, now=NOW)
    assert add(mentor, learner, **own_idea) == first
    undo_task_change(mentor, changed.id, NOW)
    assert add(mentor, learner, **own_idea) == first
    undo_task_change(mentor, first.id, NOW)
    with pytest.raises(Conflict, match="request_key_used"):
        add(mentor, learner, **own_idea)
    colleague = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
    with pytest.raises(Conflict, match="request_key_used"):
        add(colleague, learner)


def test_the_history_tells_each_end_and_each_new_start(mentor: Viewer, learner: Membership) -> None:
    add(mentor, learner)
    task, undo = only_task(), None
    steps = ({"state": "done", "outcome": "Agreed."}, {"title": "B"}, {"state": "open", "outcome": ""})
    for version, changes in enumerate((*steps, {"state": "dropped", "outcome": "Moved."}), start=1):
        at = NOW + timedelta(hours=version)
        undo = update_task(mentor, task.id, version=version, changes=changes, now=at)
    told = [
        ("task_dropped", 4, "Moved."),
        ("task_reopened", 3, ""),
        ("task_done", 1, "Agreed."),
        ("task_added", 0, "Moved."),
    ]
    assert tell_tasks(mentor, learner) == told
    assert undo is not None
    undo_task_change(mentor, undo.id, NOW + timedelta(hours=5))
    assert tell_tasks(mentor, learner) == [*told[1:3], ("task_added", 0, "")]


def tell_tasks(viewer: Viewer, learner: Membership) -> list[tuple[str | None, float, str]]:
    entries = get_learner_page(viewer, learner, NOW, kinds=("task",)).timeline
    return [
        (entry.event, (entry.at - NOW) / timedelta(hours=1), entry.task.outcome)
        for entry in entries
        if entry.task is not None
    ]


def test_one_click_sent_twice_is_one_change_and_only_ones_own(
    world: World, mentor: Viewer, learner: Membership
) -> None:
    add(mentor, learner)
    task, done = only_task(), {"state": "done", "outcome": "Agreed."}
    change = {"version": 1, "changes": done, "now": NOW}
    first = update_task(mentor, task.id, **change)
    assert update_task(mentor, task.id, **{**change, "now": NOW + timedelta(seconds=2)}) == first
    assert only_task().version == 2
    colleague = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
    for viewer, other in (
        (colleague, {}),
        (mentor, {"changes": {**done, "outcome": "Else."}}),
        (mentor, {"now": NOW + timedelta(minutes=2)}),
    ):
        with pytest.raises(Conflict, match="changed_by_other"):
            update_task(viewer, task.id, **{**change, **other})
    undo_task_change(mentor, first.id, NOW)
    with pytest.raises(Conflict):
        update_task(mentor, task.id, **change)


def test_done_with_an_outcome_and_taken_back(mentor: Viewer, learner: Membership) -> None:
    made = add(mentor, learner)
    task = only_task()
    undo = update_task(
        mentor, task.id, version=1, changes={"state": "done", "outcome": " Went well "}, now=NOW
    )
    task = only_task()
    assert (task.state, task.outcome, task.version, task.title) == (
        "done",
        "Went well",
        2,
        "Plan the week together",
    )
    assert undo_task_change(mentor, undo.id, NOW)
    task = only_task()
    assert (task.state, task.outcome, task.version) == ("open", "", 3)
    assert not undo_task_change(mentor, undo.id, NOW)
    assert only_task().version == 3
    (line,) = lines(mentor, learner)
    assert (line.undo, line.has_changed) == (made, False)


def test_a_due_day_comes_back_as_the_day_it_was(mentor: Viewer, learner: Membership) -> None:
    add(mentor, learner)
    undo = update_task(mentor, only_task().id, version=1, changes={"due_on": None}, now=NOW)
    assert only_task().due_on is None
    undo_task_change(mentor, undo.id, NOW)
    assert only_task().due_on == TODAY + timedelta(days=3)


def test_a_form_that_is_behind_changes_nothing(world: World, mentor: Viewer, learner: Membership) -> None:
    add(mentor, learner)
    task_id = only_task().id
    colleague = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
    update_task(colleague, task_id, version=1, changes={"title": "Colleague's"}, now=NOW)
    with pytest.raises(Conflict, match="changed_by_other"):
        update_task(mentor, task_id, version=1, changes={"title": "Mine"}, now=NOW)
    assert only_task().title == "Colleague's"
    update_task(mentor, task_id, version=2, changes={"title": "Mine, having read"}, now=NOW)
    assert only_task().version == 3


def test_nothing_is_taken_back_under_somebody_elses_change(
    world: World, mentor: Viewer, learner: Membership
) -> None:
    made = add(mentor, learner)
    task_id = only_task().id
    colleague = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
    change = update_task(colleague, task_id, version=1, changes={"state": "dropped"}, now=NOW)
    with pytest.raises(Conflict, match="changed_since"):
        undo_task_change(mentor, made.id, NOW)
    with pytest.raises(AccessDenied):
        undo_task_change(mentor, change.id, NOW)
    assert only_task().state == "dropped"
    assert db.session.scalar(select(func.count(TaskChange.id)).where(TaskChange.undone_at.is_not(None))) == 0


def test_a_task_taken_back_is_gone_and_cannot_be_changed(mentor: Viewer, learner: Membership) -> None:
    made = add(mentor, learner)
    task_id = only_task().id
    assert undo_task_change(mentor, made.id, NOW)
    assert list_tasks([learner.id]) == []
    with pytest.raises(Conflict, match="taken_back"):
        update_task(mentor, task_id, version=2, changes={"state": "done"}, now=NOW)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, {"changes": "required"}),
        ({"membership_id": 1}, {"membership_id": "unknown"}),
        ({"version": 9}, {"version": "unknown"}),
        ({"state": "half"}, {"state": "unknown"}),
        ({"outcome": "x" * 501}, {"outcome": "too_long"}),
        ({"title": ""}, {"title": "required"}),
    ],
)
def test_only_known_fields_with_known_values_change(
    mentor: Viewer, learner: Membership, changes: dict[str, Any], problems: dict[str, str]
) -> None:
    add(mentor, learner)
    with pytest.raises(InvalidInput) as caught:
        update_task(mentor, only_task().id, version=1, changes=changes, now=NOW)
    assert caught.value.problems == problems
    assert only_task().version == 1


def test_open_ones_first_by_day(mentor: Viewer, learner: Membership) -> None:
    days = {"later": 5, "overdue": -1, "today": 0, "never": None}
    for name, due in days.items():
        due_on = None if due is None else TODAY + timedelta(days=due)
        add(mentor, learner, title=name, due_on=due_on, request_key=name)
    done = next(task for task in list_tasks([learner.id]) if task.title == "overdue")
    update_task(mentor, done.id, version=1, changes={"state": "done"}, now=NOW)
    add(mentor, learner, title="overdue too", due_on=TODAY - timedelta(days=2), request_key="too")
    shown = lines(mentor, learner)
    assert [line.title for line in shown] == ["overdue too", "today", "later", "never", "overdue"]
    assert [line.is_overdue for line in shown] == [True, False, False, False, False]
    assert [line.is_due_today for line in shown] == [False, True, False, False, False]


def test_only_for_learners_one_may_see(world: World, mentor: Viewer, learner: Membership) -> None:
    add(mentor, learner)
    task_id = only_task().id
    stranger = viewer_for(world.make_mentor(), world.course, is_mentor=True)
    with pytest.raises(AccessDenied):
        get_task(stranger, task_id)
    with pytest.raises(AccessDenied):
        update_task(stranger, task_id, version=1, changes={"state": "done"}, now=NOW)
    with pytest.raises(AccessDenied):
        add(stranger, learner, request_key="other")
    with pytest.raises(AccessDenied):
        get_task(mentor, 4711)


def test_of_many_at_once_one_changes_and_the_others_are_told(
    app_context: Flask, world: World, learner: Membership
) -> None:
    """Two mentors and a trainer with the same form open, all pressing at the same moment."""
    mentors = [viewer_for(world.make_mentor(learner), world.course, is_mentor=True) for _ in range(2)]
    people = [*mentors, viewer_for(world.make_person(), world.course, is_trainer=True)]
    add(people[0], learner, now=days_ago(1))
    task_id = only_task().id

    def press(number: int) -> object:
        changes = {"title": f"By {number}", "state": "done"}
        return update_task(people[number % 3], task_id, version=1, changes=changes, now=NOW)

    results = at_once(app_context, press, times=6)
    winners = [number for number, result in enumerate(results) if isinstance(result, Undo)]
    told = [result.code for result in results if isinstance(result, Conflict)]
    assert (len(winners), told) == (1, ["changed_by_other"] * 5)
    task = only_task()
    assert (task.title, task.version) == (f"By {winners[0]}", 2)
    assert db.session.scalar(select(func.count(TaskChange.id))) == 2


def test_undo_at_once_is_applied_once(app_context: Flask, mentor: Viewer, learner: Membership) -> None:
    add(mentor, learner)
    undo = update_task(mentor, only_task().id, version=1, changes={"state": "done"}, now=NOW)
    results = at_once(app_context, lambda _: undo_task_change(mentor, undo.id, NOW))
    assert sorted(results, key=str) == [False, False, False, True]
    assert (only_task().state, only_task().version) == ("open", 3)
