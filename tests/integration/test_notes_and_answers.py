"""Private notes, which nobody else ever sees; and learners' answers, which reach the mentor at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer
from mentor_console.answers import give_answer, withdraw_answer
from mentor_console.contacts import record_contact, take_back_contact
from mentor_console.course_facts import load_course
from mentor_console.decisions import dismiss_flags, snooze
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.flagging import refresh_flags
from mentor_console.learner_page import get_learner_page, get_own_page
from mentor_console.models import Contact, Flag, LearnerAnswer
from mentor_console.notes import add_note, list_notes, take_back_note
from mentor_console.today import get_today
from tests.integration.console_world import NOW, World, days_ago, viewer_for

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


@pytest.fixture
def own(world: World, learner: Membership) -> Viewer:
    return viewer_for(learner.person, world.course, is_learner=True, own_membership_id=learner.id)


def say(viewer: Viewer, kind: str, **changes: Any) -> LearnerAnswer:
    given = {"text": "Please call me.", "request_key": f"{kind}-{changes.get('now', NOW)}", "now": NOW}
    return give_answer(viewer, kind=kind, **{**given, **changes})


def contact(viewer: Viewer, learner: Membership, at: datetime, key: str = "contact") -> Contact:
    given = {"kind": "social", "channel": "phone", "outcome": "reached", "summary": "", "request_key": key}
    return record_contact(viewer, learner, **given, occurred_at=at, duration_minutes=None, now=at)


class TestNotes:
    def test_only_the_author_reads_them(self, world: World, mentor: Viewer, learner: Membership) -> None:
        add_note(mentor, learner, text=" Prefers evenings ", request_key="n1", now=NOW)
        (note,) = list_notes(mentor, learner)
        assert (note.text, note.written_at) == ("Prefers evenings", NOW)
        colleague = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
        trainer = viewer_for(world.make_person(), world.course, is_trainer=True, is_admin=True)
        for viewer in (colleague, trainer):
            assert list_notes(viewer, learner) == ()
            assert "Prefers evenings" not in repr(get_learner_page(viewer, learner, NOW))
            with pytest.raises(AccessDenied):
                take_back_note(viewer, note.note_id, NOW)
        assert get_learner_page(mentor, learner, NOW).notes == (note,)

    def test_never_on_the_learners_own_page(self, mentor: Viewer, own: Viewer, learner: Membership) -> None:
        add_note(mentor, learner, text="Prefers evenings", request_key="n1", now=NOW)
        assert "Prefers evenings" not in repr(get_own_page(own, learner, NOW))

    def test_taken_back_once(self, mentor: Viewer, learner: Membership) -> None:
        undo = add_note(mentor, learner, text="A", request_key="n1", now=NOW)
        assert take_back_note(mentor, undo.id, NOW)
        assert not take_back_note(mentor, undo.id, NOW)
        assert list_notes(mentor, learner) == ()

    def test_the_newest_own_one_stands_on_the_card(
        self, world: World, mentor: Viewer, learner: Membership
    ) -> None:
        world.raise_flag(learner)
        colleague = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
        for number, viewer in enumerate((mentor, mentor, colleague)):
            add_note(viewer, learner, text=f"Note {number}", request_key=f"n{number}", now=NOW)
        (card,) = get_today(mentor, NOW).cards
        assert card.note is not None
        assert card.note.text == "Note 1"

    @pytest.mark.parametrize(
        ("given", "problems"),
        [
            ({"text": " "}, {"text": "required"}),
            ({"text": "x" * 2001}, {"text": "too_long"}),
            ({"request_key": ""}, {"request_key": "required"}),
        ],
    )
    def test_what_is_refused(
        self, mentor: Viewer, learner: Membership, given: dict[str, str], problems: dict[str, str]
    ) -> None:
        with pytest.raises(InvalidInput) as caught:
            add_note(mentor, learner, **{"text": "A", "request_key": "n", **given}, now=NOW)
        assert caught.value.problems == problems

    def test_sent_twice_is_one_and_strangers_write_none(
        self, world: World, mentor: Viewer, learner: Membership
    ) -> None:
        first = add_note(mentor, learner, text="A", request_key="n", now=NOW)
        assert add_note(mentor, learner, text="A ", request_key="n", now=NOW) == first
        with pytest.raises(Conflict, match="request_key_used"):
            add_note(mentor, learner, text="B", request_key="n", now=NOW)
        colleague = viewer_for(world.make_mentor(learner), world.course, is_mentor=True)
        with pytest.raises(Conflict, match="request_key_used"):
            add_note(colleague, learner, text="C", request_key="n", now=NOW)
        with pytest.raises(AccessDenied):
            add_note(mentor, world.make_member(), text="A", request_key="m", now=NOW)


class TestAskingForHelp:
    def test_raises_a_quiet_learner_to_the_top_at_once(
        self, world: World, mentor: Viewer, own: Viewer, learner: Membership
    ) -> None:
        urgent = world.make_member(name="Urgent")
        world.give(db.session.get_one(type(learner.person), mentor.person_id), urgent)
        world.raise_flag(urgent)
        say(own, "need_help")
        today = get_today(mentor, NOW)
        assert [card.membership_id for card in today.cards] == [learner.id, urgent.id]
        card = today.cards[0]
        assert (card.level, card.awaits_reply, card.playbooks[0]) == ("", True, "reply_to_help")
        assert card.answer is not None
        assert (card.answer.kind, card.answer.text) == ("need_help", "Please call me.")
        assert today.counts["awaiting_reply"] == 1
        assert learner.id not in {line.membership_id for line in today.quiet}

    def test_a_contact_afterwards_answers_it_and_taking_that_back_asks_again(
        self, mentor: Viewer, own: Viewer, learner: Membership
    ) -> None:
        say(own, "need_help", now=days_ago(1))
        contact(mentor, learner, days_ago(2), "before")
        assert get_today(mentor, NOW).counts["awaiting_reply"] == 1
        made = contact(mentor, learner, NOW, "after")
        assert get_today(mentor, NOW).cards == ()
        (line,) = get_own_page(own, learner, NOW).answers
        assert not line.awaits_reply
        take_back_contact(mentor, made.id, NOW)
        assert get_today(mentor, NOW).counts["awaiting_reply"] == 1

    def test_a_contact_of_the_minute_before_the_question_is_no_answer(
        self, mentor: Viewer, own: Viewer, learner: Membership
    ) -> None:
        at = NOW.replace(second=0)
        contact(mentor, learner, at)
        say(own, "need_help", now=at + timedelta(seconds=50))
        assert get_today(mentor, NOW + timedelta(minutes=2)).counts["awaiting_reply"] == 1
        given = {"kind": "social", "channel": "phone", "outcome": "reached", "summary": ""}
        rest = {"occurred_at": at, "duration_minutes": None, "request_key": "k"}
        record_contact(mentor, learner, **given, **rest, now=at + timedelta(seconds=55))
        assert get_today(mentor, NOW + timedelta(minutes=2)).counts["awaiting_reply"] == 0

    @pytest.mark.parametrize(
        ("channel", "outcome", "waiting"),
        [
            ("phone", "no_answer", 1),
            ("video", "no_answer", 1),
            ("email", "no_answer", 0),
            ("phone", "reached", 0),
        ],
    )
    def test_a_call_that_nobody_took_is_no_answer(
        self, mentor: Viewer, own: Viewer, learner: Membership, channel: str, outcome: str, waiting: int
    ) -> None:
        say(own, "need_help", now=days_ago(1))
        given = {"kind": "social", "channel": channel, "outcome": outcome, "summary": ""}
        rest = {"occurred_at": NOW, "duration_minutes": None, "request_key": "call"}
        record_contact(mentor, learner, **given, **rest, now=NOW)
        assert get_today(mentor, NOW).counts["awaiting_reply"] == waiting

    def test_nor_does_it_undo_a_reply(self, mentor: Viewer, own: Viewer, learner: Membership) -> None:
        say(own, "need_help", now=days_ago(1))
        contact(mentor, learner, NOW, "reached")
        call = {"kind": "social", "channel": "phone", "outcome": "no_answer", "summary": ""}
        at = NOW + timedelta(minutes=1)
        record_contact(
            mentor, learner, **call, occurred_at=at, duration_minutes=None, request_key="call", now=at
        )
        assert get_today(mentor, at).counts["awaiting_reply"] == 0
        assert [line.awaits_reply for line in get_learner_page(mentor, learner, at).answers] == [False]

    def test_no_decision_hides_it(
        self, world: World, mentor: Viewer, own: Viewer, learner: Membership
    ) -> None:
        world.raise_flag(learner)
        snooze(mentor, learner, until=TODAY + timedelta(days=9), now=days_ago(1))
        assert get_today(mentor, NOW).cards == ()
        say(own, "need_help")
        (card,) = get_today(mentor, NOW).cards
        assert (card.level, card.awaits_reply) == ("act", True)
        dismiss_flags(mentor, learner, reason="already_handled", now=NOW)
        (card,) = get_today(mentor, NOW).cards
        assert (card.level, card.awaits_reply) == ("", True)

    def test_the_longest_wait_is_first(self, world: World, own: Viewer, learner: Membership) -> None:
        other = world.make_member()
        both = viewer_for(world.make_mentor(learner, other), world.course, is_mentor=True)
        theirs = viewer_for(other.person, world.course, is_learner=True, own_membership_id=other.id)
        say(own, "need_help", now=days_ago(1))
        say(theirs, "need_help", now=days_ago(2))
        assert [card.membership_id for card in get_today(both, NOW).cards] == [other.id, learner.id]
        say(theirs, "this_is_wrong", fact="grades")
        (first, second) = get_today(both, NOW).cards
        assert (first.membership_id, first.more_answers, second.more_answers) == (other.id, 1, 0)
        assert first.answer is not None
        assert first.answer.kind == "this_is_wrong"

    def test_withdrawn_by_the_learner_alone(
        self, world: World, mentor: Viewer, own: Viewer, learner: Membership
    ) -> None:
        answer = say(own, "need_help")
        other = world.make_member()
        theirs = viewer_for(other.person, world.course, is_learner=True, own_membership_id=other.id)
        for viewer in (mentor, theirs):
            with pytest.raises(AccessDenied):
                withdraw_answer(viewer, answer.id, NOW)
        assert withdraw_answer(own, answer.id, NOW)
        assert not withdraw_answer(own, answer.id, NOW)
        assert get_today(mentor, NOW).cards == ()
        assert [line.withdrawn for line in get_learner_page(mentor, learner, NOW).answers] == [True]


class TestAbsence:
    def test_pauses_alarms_until_the_day_is_over_and_is_seen_first(
        self, world: World, mentor: Viewer, own: Viewer, learner: Membership
    ) -> None:
        world.raise_flag(learner)
        zone = ZoneInfo("America/Lima")
        answer = say(own, "ill_until", until=TODAY + timedelta(days=2), zone=zone)
        assert answer.until_at is not None
        assert answer.until_at.astimezone(zone).isoformat()[:16] == f"{TODAY + timedelta(days=3)}T00:00"
        (card,) = get_today(mentor, NOW).cards
        assert (card.level, card.awaits_reply) == ("", False)
        assert card.answer is not None
        assert card.answer.kind == "ill_until"
        dismiss_flags(mentor, learner, reason="known_absence", now=NOW)
        today = get_today(mentor, NOW)
        assert today.cards == ()
        assert [line.paused_until for line in today.set_aside] == [answer.until_at]
        assert get_learner_page(mentor, learner, NOW).paused_until == answer.until_at

    def test_the_rules_are_told(self, world: World, own: Viewer, learner: Membership) -> None:
        answer = say(own, "working_offline", text="")
        assert (answer.until, answer.until_at) == (None, NOW + timedelta(days=7))
        assert load_course(world.course.id, NOW).learners[0].paused_until == answer.until_at
        over = load_course(world.course.id, NOW + timedelta(days=7)).learners[0]
        assert (over.paused_until, over.absences) == (answer.until_at, ((NOW, answer.until_at),))
        withdraw_answer(own, answer.id, NOW)
        assert load_course(world.course.id, NOW).learners[0].paused_until is None

    def test_silence_is_counted_from_its_last_day(self, world: World) -> None:
        ill = world.make_member(last_access_days=40)
        viewer = viewer_for(ill.person, world.course, is_learner=True, own_membership_id=ill.id)
        zone = ZoneInfo("Europe/Paris")
        say(viewer, "ill_until", until=days_ago(2).date(), now=days_ago(8), zone=zone)
        say(viewer, "working_offline", until=days_ago(5).date(), now=days_ago(7), zone=zone)
        for days, expected in ((0, []), (5, [("watch", 7)]), (12, [("act", 14)])):
            refresh_flags(world.course.id, NOW + timedelta(days=days))
            flags = db.session.scalars(select(Flag).filter_by(membership_id=ill.id, cleared_at=None)).all()
            told = [(flag.level, flag.reasons[0]["values"]["days"]) for flag in flags]
            assert told == expected
            for flag in flags:
                (left_out,) = (item for item in flag.reasons if item["code"] == "pause_left_out")
                assert left_out["values"]["until"] == days_ago(2).date().isoformat()

    def test_alarms_come_back_when_it_is_over(
        self, world: World, mentor: Viewer, own: Viewer, learner: Membership
    ) -> None:
        world.raise_flag(learner, raised_at=days_ago(5))
        answer = say(own, "ill_until", until=TODAY, now=days_ago(4))
        assert answer.until_at is not None
        contact(mentor, learner, days_ago(3))
        assert get_today(mentor, answer.until_at - timedelta(seconds=1)).cards == ()
        assert [card.level for card in get_today(mentor, answer.until_at).cards] == ["act"]

    def test_an_absence_that_is_over_means_the_same_on_every_page(
        self, world: World, mentor: Viewer, own: Viewer, learner: Membership
    ) -> None:
        """It ended a snooze, and being over does not bring the old snooze back, here or there."""
        world.raise_flag(learner, raised_at=days_ago(5))
        snooze(mentor, learner, until=None, now=days_ago(4))
        say(own, "ill_until", until=days_ago(2).date(), now=days_ago(3))
        assert [card.level for card in get_today(mentor, NOW).cards] == ["act"]
        page = get_learner_page(mentor, learner, NOW)
        assert (page.set_aside, page.answers[0].is_active, page.paused_until) == (False, False, None)


class TestContesting:
    def test_marks_the_flag_and_waits_for_a_reply(
        self, world: World, mentor: Viewer, own: Viewer, learner: Membership
    ) -> None:
        flag = world.raise_flag(learner)
        say(own, "this_is_wrong", flag_id=flag.id, text="I was there.")
        (card,) = get_today(mentor, NOW).cards
        assert (card.is_contested, card.awaits_reply, card.level) == (True, True, "act")
        assert get_learner_page(mentor, learner, NOW).flags[0].is_contested
        assert get_own_page(own, learner, NOW).flags[0].is_contested

    def test_a_fact_may_be_wrong_too(self, mentor: Viewer, own: Viewer) -> None:
        say(own, "this_is_wrong", fact="last_access")
        (card,) = get_today(mentor, NOW).cards
        assert card.answer is not None
        assert (card.answer.fact, card.is_contested) == ("last_access", False)

    def test_not_somebody_elses_flag(self, world: World, own: Viewer) -> None:
        foreign = world.raise_flag(world.make_member())
        for flag_id in (foreign.id, 4711):
            with pytest.raises(InvalidInput) as caught:
                say(own, "this_is_wrong", flag_id=flag_id)
            assert caught.value.problems == {"flag": "unknown"}


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"kind": ""}, {"kind": "required"}),
        ({"kind": "bored"}, {"kind": "unknown"}),
        ({"kind": "ill_until"}, {"until": "required"}),
        ({"kind": "ill_until", "until": TODAY - timedelta(days=1)}, {"until": "in_past"}),
        ({"kind": "working_offline", "until": TODAY + timedelta(days=91)}, {"until": "too_far"}),
        ({"kind": "need_help", "text": " "}, {"text": "required"}),
        ({"kind": "need_help", "text": "x" * 2001}, {"text": "too_long"}),
        ({"kind": "this_is_wrong", "text": ""}, {"text": "required", "flag": "required"}),
        ({"kind": "this_is_wrong", "fact": "shoe_size"}, {"fact": "unknown"}),
        ({"kind": "need_help", "request_key": "k" * 65}, {"request_key": "too_long"}),
    ],
)
def test_what_a_learner_cannot_say(own: Viewer, given: dict[str, Any], problems: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        give_answer(own, **{"text": "Text", "request_key": "k", **given}, now=NOW)
    assert caught.value.problems == problems
    assert db.session.scalar(select(func.count(LearnerAnswer.id))) == 0


def test_sent_twice_is_one_answer_and_only_learners_answer(own: Viewer, mentor: Viewer) -> None:
    first = say(own, "need_help", request_key="k")
    assert say(own, "need_help", request_key="k").id == first.id
    with pytest.raises(Conflict, match="request_key_used"):
        say(own, "need_help", request_key="k", text="And again")
    withdraw_answer(own, first.id, NOW)
    with pytest.raises(Conflict, match="request_key_used"):
        say(own, "need_help", request_key="k")
    with pytest.raises(AccessDenied):
        say(mentor, "need_help")
