"""Logging contacts: what is refused, what a form sent twice does, and who may log at all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer
from mentor_console.contacts import (
    LastContacts,
    find_last_contacts,
    last_of,
    list_contacts,
    record_contact,
    take_back_contact,
)
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.models import Contact
from tests.integration.console_world import NOW, World, days_ago, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def learner(world: World) -> Membership:
    return world.make_member()


@pytest.fixture
def viewer(world: World, learner: Membership) -> Viewer:
    return viewer_for(world.make_mentor(learner), world.course, is_mentor=True)


def log(viewer: Viewer, learner: Membership, **changes: Any) -> Contact:
    given = {
        "kind": "social",
        "channel": "phone",
        "outcome": "reached",
        "summary": "  Spoke about the evenings.\r\nWill try again. ",
        "occurred_at": days_ago(1),
        "duration_minutes": 10,
        "request_key": "form-1",
        "now": NOW,
    }
    return record_contact(viewer, learner, **{**given, **changes})


def count_contacts() -> int:
    return db.session.scalar(select(func.count(Contact.id))) or 0


def test_a_contact_is_kept_as_said(viewer: Viewer, learner: Membership) -> None:
    contact = log(viewer, learner)
    db.session.expire_all()
    assert (contact.kind, contact.channel, contact.outcome) == ("social", "phone", "reached")
    assert contact.summary == "Spoke about the evenings.\nWill try again."
    assert (contact.occurred_at, contact.recorded_at, contact.duration_minutes) == (days_ago(1), NOW, 10)
    assert (contact.mentor_id, contact.membership_id) == (viewer.person_id, learner.id)


def test_the_same_form_twice_is_one_contact(viewer: Viewer, learner: Membership) -> None:
    first = log(viewer, learner)
    again = log(viewer, learner, now=NOW + timedelta(minutes=1))
    assert again.id == first.id
    assert count_contacts() == 1


@pytest.mark.parametrize(
    "change", [{"summary": "More came up"}, {"channel": "email"}, {"duration_minutes": 11}]
)
def test_the_same_form_with_other_words_is_never_taken_for_sent(
    viewer: Viewer, learner: Membership, change: dict[str, Any]
) -> None:
    log(viewer, learner)
    with pytest.raises(Conflict, match="request_key_used"):
        log(viewer, learner, **change)
    assert count_contacts() == 1


def test_nor_is_one_that_was_taken_back(viewer: Viewer, learner: Membership) -> None:
    take_back_contact(viewer, log(viewer, learner).id, NOW)
    with pytest.raises(Conflict, match="request_key_used"):
        log(viewer, learner)


def test_a_key_of_somebody_else_or_for_another_learner_is_a_conflict(
    world: World, viewer: Viewer, learner: Membership
) -> None:
    log(viewer, learner)
    other = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
    with pytest.raises(Conflict, match="request_key_used"):
        log(other, learner)
    mine_too = world.make_member()
    trainer = viewer_for(world.make_person(), world.course, is_trainer=True)
    log(trainer, learner, request_key="form-2")
    with pytest.raises(Conflict, match="request_key_used"):
        log(trainer, mine_too, request_key="form-2")
    assert count_contacts() == 2


def test_only_with_a_learner_one_may_see(world: World, viewer: Viewer) -> None:
    with pytest.raises(AccessDenied):
        log(viewer, world.make_member())
    assert count_contacts() == 0


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("kind", "", "required"),
        ("kind", "private", "unknown"),
        ("channel", "pigeon", "unknown"),
        ("outcome", "won", "unknown"),
        ("occurred_at", NOW + timedelta(minutes=6), "in_future"),
        ("occurred_at", NOW - timedelta(days=731), "too_old"),
        ("occurred_at", datetime(2026, 11, 20, 12), "no_time_zone"),  # noqa: DTZ001 - naive on purpose
        ("occurred_at", None, "required"),
        ("duration_minutes", -1, "out_of_range"),
        ("duration_minutes", 601, "out_of_range"),
        ("duration_minutes", True, "not_a_number"),
        ("summary", "x" * 4001, "too_long"),
        ("request_key", " ", "required"),
        ("request_key", "k" * 65, "too_long"),
    ],
)
def test_what_cannot_be_recorded_is_refused_naming_the_field(
    viewer: Viewer, learner: Membership, field: str, value: Any, code: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        log(viewer, learner, **{field: value})
    assert caught.value.problems == {field: code}
    assert (caught.value.field, caught.value.code) == (field, code)
    assert count_contacts() == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("occurred_at", NOW + timedelta(minutes=5)),
        ("occurred_at", NOW - timedelta(days=730)),
        ("duration_minutes", None),
        ("duration_minutes", 0),
        ("duration_minutes", 600),
        ("summary", ""),
        ("summary", "é" * 4000),
        ("request_key", "k" * 64),
    ],
)
def test_the_edges_are_inside(viewer: Viewer, learner: Membership, field: str, value: Any) -> None:
    assert getattr(log(viewer, learner, **{field: value}), field) == value


def test_all_problems_are_told_at_once(viewer: Viewer, learner: Membership) -> None:
    with pytest.raises(InvalidInput) as caught:
        log(viewer, learner, kind="", outcome="won", duration_minutes=9999)
    assert caught.value.problems == {
        "kind": "required",
        "outcome": "unknown",
        "duration_minutes": "out_of_range",
    }


def test_characters_the_database_cannot_hold_are_left_out(viewer: Viewer, learner: Membership) -> None:
    assert log(viewer, learner, summary="a\x00b").summary == "ab"


def test_contacts_of_all_mentors_newest_first_and_the_last_of_each(world: World) -> None:
    one, other, silent = world.make_member(), world.make_member(), world.make_member()
    mentor, colleague = world.make_mentor(one, other, silent), world.make_mentor(one)
    old = world.log_contact(one, mentor, occurred_at=days_ago(9))
    new = world.log_contact(one, colleague, occurred_at=days_ago(2))
    twin = world.log_contact(other, mentor, occurred_at=days_ago(3))
    twin_later = world.log_contact(other, mentor, occurred_at=days_ago(3))
    assert [contact.id for contact in list_contacts(one)] == [new.id, old.id]
    last = find_last_contacts([one.id, other.id, silent.id])
    assert {key: contacts.newest for key, contacts in last.items()} == {one.id: new, other.id: twin_later}
    assert last[one.id].reply == new
    missed = world.log_contact(one, mentor, occurred_at=days_ago(1), channel="phone", outcome="no_answer")
    assert find_last_contacts([one.id]) == {one.id: LastContacts(missed, new)}
    assert last_of(list_contacts(one)) == LastContacts(missed, new)
    assert twin.id != twin_later.id
