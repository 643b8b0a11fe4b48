"""Setting flags aside and taking that back: who may, what is refused, what comes back and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer
from mentor_console.decisions import REASONS, dismiss_flags, snooze, undo_decision
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.models import FlagDecision
from mentor_console.today import get_today
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


def cards(viewer: Viewer, days: float = 0) -> int:
    return len(get_today(viewer, NOW + timedelta(days=days)).cards)


def test_not_a_problem_takes_the_card_away_and_is_kept(
    world: World, mentor: Viewer, learner: Membership
) -> None:
    flag = world.raise_flag(learner)
    undo = dismiss_flags(mentor, learner, reason="known_absence", text=" In hospital.\x00 ", now=NOW)
    kept = db.session.get_one(FlagDecision, undo.id)
    assert (kept.action, kept.reason, kept.text) == ("dismiss", "known_absence", "In hospital.")
    assert (kept.decided_by_id, kept.decided_at) == (mentor.person_id, NOW)
    assert kept.seen == [{"flag_id": flag.id, "rule": "silent", "level": "act", "evidence": []}]
    today = get_today(mentor, NOW)
    assert (today.cards, today.quiet) == ((), ())
    assert [line.membership_id for line in today.set_aside] == [learner.id]
    assert today.set_aside[0].decision is not None
    assert today.set_aside[0].decision.reason == "known_absence"


def test_it_asks_again_when_it_gets_worse_or_another_rule_speaks(
    world: World, mentor: Viewer, learner: Membership
) -> None:
    flag = world.raise_flag(learner, level="week")
    dismiss_flags(mentor, learner, reason="already_handled", now=NOW)
    assert cards(mentor, days=60) == 0
    flag.level = "act"
    db.session.commit()
    assert cards(mentor) == 1
    flag.level = "week"
    world.raise_flag(learner, rule="missed_deadline", level="watch")
    (card,) = get_today(mentor, NOW).cards
    assert (card.level, card.more_reasons) == ("watch", 0)


def test_a_snooze_ends_when_its_day_begins_in_the_readers_zone(
    world: World, mentor: Viewer, learner: Membership
) -> None:
    world.raise_flag(learner)
    until = TODAY + timedelta(days=2)
    snooze(mentor, learner, until=until, now=NOW, zone=ZoneInfo("Asia/Tokyo"))
    begins_at = db.session.scalars(select(FlagDecision.until_at)).one()
    assert begins_at is not None
    assert begins_at.astimezone(ZoneInfo("Asia/Tokyo")).isoformat()[:16] == f"{until.isoformat()}T00:00"
    assert len(get_today(mentor, begins_at - timedelta(seconds=1)).cards) == 0
    assert len(get_today(mentor, begins_at).cards) == 1


def test_a_snooze_without_a_day_ends_with_something_new(
    world: World, mentor: Viewer, learner: Membership
) -> None:
    flag = world.raise_flag(learner, level="week")
    snooze(mentor, learner, until=None, now=NOW)
    assert cards(mentor, days=80) == 0
    values = {"activity_id": 7, "name": "Essay", "due_at": NOW.isoformat()}
    flag.reasons = [*flag.reasons, {"code": "missed_deadline", "values": values}]
    db.session.commit()
    assert cards(mentor) == 1


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_accepted(world: World, mentor: Viewer, learner: Membership, reason: str) -> None:
    world.raise_flag(learner)
    dismiss_flags(mentor, learner, reason=reason, text="Because.", now=NOW)
    assert cards(mentor) == 0


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"reason": ""}, {"reason": "required"}),
        ({"reason": "lazy"}, {"reason": "unknown"}),
        ({"reason": "other"}, {"text": "required"}),
        ({"reason": "other", "text": " \r\n"}, {"text": "required"}),
        ({"reason": "wrong_data", "text": "x" * 501}, {"text": "too_long"}),
    ],
)
def test_a_dismissal_needs_a_known_reason(
    world: World, mentor: Viewer, learner: Membership, given: dict[str, Any], problems: dict[str, str]
) -> None:
    world.raise_flag(learner)
    with pytest.raises(InvalidInput) as caught:
        dismiss_flags(mentor, learner, **given, now=NOW)
    assert caught.value.problems == problems
    assert cards(mentor) == 1


@pytest.mark.parametrize(("days", "code"), [(0, "in_past"), (-1, "in_past"), (91, "too_far")])
def test_a_snooze_lies_ahead_and_not_too_far(
    world: World, mentor: Viewer, learner: Membership, days: int, code: str
) -> None:
    world.raise_flag(learner)
    with pytest.raises(InvalidInput) as caught:
        snooze(mentor, learner, until=TODAY + timedelta(days=days), now=NOW)
    assert caught.value.problems == {"until": code}
    snooze(mentor, learner, until=TODAY + timedelta(days=90), now=NOW)


def test_where_nothing_is_open_there_is_nothing_to_decide(
    world: World, mentor: Viewer, learner: Membership
) -> None:
    world.raise_flag(learner, cleared_at=days_ago(1))
    with pytest.raises(Conflict, match="nothing_open"):
        dismiss_flags(mentor, learner, reason="other", text="?", now=NOW)
    with pytest.raises(Conflict, match="nothing_open"):
        snooze(mentor, learner, until=None, now=NOW)


def test_a_click_sent_twice_is_one_decision_and_another_reason_is_another(
    world: World, mentor: Viewer, learner: Membership
) -> None:
    world.raise_flag(learner)
    first = dismiss_flags(mentor, learner, reason="wrong_data", now=NOW)
    assert dismiss_flags(mentor, learner, reason="wrong_data", now=NOW + timedelta(seconds=3)) == first
    assert dismiss_flags(mentor, learner, reason="known_absence", now=NOW) != first
    assert db.session.scalar(select(func.count(FlagDecision.id))) == 2


def test_copies_of_one_click_that_arrive_together_are_one_decision(
    app_context: Flask, world: World, mentor: Viewer, learner: Membership
) -> None:
    """As when the page is left while the first is on its way: the copy may be faster."""
    world.raise_flag(learner)
    learner_id = learner.id
    db.session.commit()

    def decide(number: int) -> object:
        same, moment = db.session.get_one(Membership, learner_id), NOW + timedelta(seconds=number)
        return dismiss_flags(mentor, same, reason="wrong_data", now=moment)

    assert decide(2) == decide(1)
    assert len(set(at_once(app_context, decide))) == 1
    assert db.session.scalar(select(func.count(FlagDecision.id))) == 1


def test_undone_once_by_whoever_did_it_or_the_trainer(world: World, learner: Membership) -> None:
    world.raise_flag(learner)
    mentor, colleague = (
        viewer_for(world.make_mentor(learner), world.course, is_mentor=True) for _ in range(2)
    )
    trainer = viewer_for(world.make_person(), world.course, is_trainer=True)
    undo = dismiss_flags(mentor, learner, reason="wrong_data", now=NOW)
    with pytest.raises(AccessDenied):
        undo_decision(colleague, undo.id, NOW)
    assert undo_decision(mentor, undo.id, NOW)
    assert not undo_decision(mentor, undo.id, NOW)
    assert cards(mentor) == 1
    kept = db.session.get_one(FlagDecision, undo.id)
    assert (kept.undone_at, kept.undone_by_id) == (NOW, mentor.person_id)
    again = snooze(mentor, learner, until=None, now=NOW)
    assert undo_decision(trainer, again.id, NOW)


def test_a_trainer_elsewhere_does_not_undo_what_a_colleague_did_here(world: World) -> None:
    """Trainer of one course and mentor in another: there a mentor among others."""
    other = world.make_course(world.platform)
    learner = world.make_member(other)
    world.raise_flag(learner)
    doer = viewer_for(world.make_mentor(learner, course=other), other, is_mentor=True)
    both = viewer_for(world.make_mentor(learner, course=other), world.course, is_mentor=True, is_trainer=True)
    undo = dismiss_flags(doer, learner, reason="wrong_data", now=NOW)
    with pytest.raises(AccessDenied):
        undo_decision(both, undo.id, NOW)


def test_only_for_learners_one_may_see(world: World, mentor: Viewer) -> None:
    stranger = world.make_member()
    world.raise_flag(stranger)
    with pytest.raises(AccessDenied):
        dismiss_flags(mentor, stranger, reason="wrong_data", now=NOW)
    with pytest.raises(AccessDenied):
        snooze(mentor, stranger, until=None, now=NOW)
    with pytest.raises(AccessDenied):
        undo_decision(mentor, 4711, NOW)
