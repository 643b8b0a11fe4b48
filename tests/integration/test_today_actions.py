"""Today with all that people do on it: places for good news, tasks, what waits; queries do not grow."""

from __future__ import annotations

import contextvars
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from course_sync.database import db
from course_sync.models import Membership, Person
from lti_tool.session import SESSION_COOKIE, OpenedSession, open_session
from mentor_console.access import LaunchFacts, Viewer, viewer_of
from mentor_console.answers import give_answer
from mentor_console.decisions import dismiss_flags, snooze
from mentor_console.learner_page import get_learner_page, get_own_page
from mentor_console.models import Assignment, FlagDecision, LearnerAnswer, PrivateNote, SupportTask
from mentor_console.tasks import add_task, update_task
from mentor_console.today import get_today
from tests.integration.console_world import NOW, World, counted_queries, days_ago, viewer_for

TODAY = NOW.date()


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


def mentor_of(world: World, *learners: Membership) -> Viewer:
    return viewer_for(world.make_mentor(*learners), world.course, is_mentor=True)


def flagged(world: World, *levels: str) -> list[Membership]:
    learners = []
    for number, level in enumerate(levels):
        learner = world.make_member()
        world.raise_flag(learner, level=level, urgency=100.0 - number)
        learners.append(learner)
    return learners


class TestPlaces:
    def test_seven_cards_and_the_number_that_waits(self, world: World) -> None:
        viewer = mentor_of(world, *flagged(world, *["week"] * 10))
        today = get_today(viewer, NOW)
        assert (len(today.cards), today.waiting, today.counts["week"]) == (7, 3, 10)
        every = get_today(viewer, NOW, limit=None)
        assert (len(every.cards), every.waiting) == (10, 0)
        assert every.cards[:7] == today.cards

    def test_a_place_is_kept_for_good_news(self, world: World) -> None:
        viewer = mentor_of(world, *flagged(world, *["act"] * 9, "praise", "praise"))
        today = get_today(viewer, NOW)
        assert [card.level for card in today.cards] == ["act"] * 6 + ["praise"]
        assert (today.waiting, today.counts["act"], today.counts["praise"]) == (4, 9, 2)

    def test_good_news_fills_what_alarms_leave(self, world: World) -> None:
        viewer = mentor_of(world, *flagged(world, "act", "act", *["praise"] * 9))
        assert [card.level for card in get_today(viewer, NOW).cards] == ["act"] * 2 + ["praise"] * 5

    def test_good_news_beside_an_alarm_is_an_alarms_card(self, world: World) -> None:
        (learner,) = flagged(world, "watch")
        world.raise_flag(learner, rule="back_again", level="praise")
        today = get_today(mentor_of(world, learner), NOW)
        assert [card.level for card in today.cards] == ["watch"]
        assert (today.counts["watch"], today.counts["praise"]) == (1, 0)


class TestTasks:
    def test_due_and_overdue_are_counted_and_listed(self, world: World) -> None:
        learner, other = world.make_member(name="Ann"), world.make_member()
        viewer = mentor_of(world, learner)
        stranger = mentor_of(world, other)
        days = {"late": -2, "now": 0, "soon": 1, "some day": None, "done": -3}
        for title, due in days.items():
            due_on = None if due is None else TODAY + timedelta(days=due)
            given = {"kind": "social", "title": title, "due_on": due_on, "request_key": title}
            add_task(viewer, learner, **given, now=NOW)
        done = next(task for task in get_learner_page(viewer, learner, NOW).tasks if task.title == "done")
        update_task(viewer, done.task_id, version=1, changes={"state": "done"}, now=NOW)
        given = {"kind": "social", "title": "theirs", "due_on": TODAY, "request_key": "theirs"}
        add_task(stranger, other, **given, now=NOW)
        today = get_today(viewer, NOW)
        assert (today.counts["tasks_due"], today.counts["overdue"]) == (1, 1)
        assert [(task.title, task.learner_name) for task in today.due_tasks] == [
            ("late", "Ann"),
            ("now", "Ann"),
        ]
        world.raise_flag(learner)
        assert get_today(viewer, NOW).cards[0].tasks_open == 4

    def test_the_day_is_the_readers(self, world: World) -> None:
        learner = world.make_member()
        viewer = mentor_of(world, learner)
        tomorrow = TODAY + timedelta(days=1)
        add_task(viewer, learner, kind="social", title="A", due_on=tomorrow, request_key="a", now=NOW)
        assert get_today(viewer, NOW).counts["tasks_due"] == 0
        assert get_today(viewer, NOW, zone=ZoneInfo("Asia/Tokyo")).counts["tasks_due"] == 1


class TestTomorrow:
    """What the day leaves for the next one, if nothing happens until then."""

    def test_who_comes_back(self, world: World) -> None:
        """Those whose card is there by then, by whatever it was quietened; not those who rest for longer."""
        learners = {name: world.make_member(name=name) for name in ("Snoozed", "Longer", "Ill", "Called")}
        viewer = mentor_of(world, *learners.values())
        for learner in learners.values():
            world.raise_flag(learner, level="act", raised_at=days_ago(3))
        ill = learners["Ill"]
        own = viewer_for(ill.person, world.course, is_learner=True, own_membership_id=ill.id)
        away = {"text": "", "until": TODAY + timedelta(days=5), "request_key": "ill"}
        give_answer(own, kind="ill_until", **away, now=days_ago(0.1))
        for name, days in (("Snoozed", 1), ("Longer", 2), ("Ill", 1)):
            snooze(viewer, learners[name], until=TODAY + timedelta(days=days), now=NOW)
        mentor = db.session.get_one(Person, viewer.person_id)
        world.log_contact(learners["Called"], mentor, occurred_at=NOW, outcome="no_answer")
        today = get_today(viewer, NOW)
        assert (today.cards, len(today.set_aside)) == ((), 4)
        assert [line.name for line in today.back_tomorrow] == ["Called", "Snoozed"]

    def test_a_task_of_tomorrow_is_none_of_today(self, world: World) -> None:
        learner = world.make_member()
        viewer = mentor_of(world, learner)
        for days in (0, 1, 2):
            given = {"kind": "social", "title": "A", "due_on": TODAY + timedelta(days=days)}
            add_task(viewer, learner, **given, request_key=str(days), now=NOW)
        today = get_today(viewer, NOW)
        assert [line.due_on for line in today.due_tasks] == [TODAY]
        assert [line.due_on for line in today.due_tomorrow] == [TODAY + timedelta(days=1)]


class TestLearnerPage:
    def test_shared_tasks_and_answers_are_on_both_pages_decisions_on_one(self, world: World) -> None:
        learner = world.make_member()
        viewer = mentor_of(world, learner)
        own = viewer_for(learner.person, world.course, is_learner=True, own_membership_id=learner.id)
        world.raise_flag(learner)
        for title, shared in (("Read chapter 2", True), ("Ask the trainer first", False)):
            given = {"kind": "educational", "title": title, "due_on": None, "shared": shared}
            add_task(viewer, learner, **given, request_key=title, now=NOW)
        give_answer(own, kind="need_help", text="Chapter 2?", request_key="h", now=NOW)
        dismiss_flags(viewer, learner, reason="other", text="Colleague knows", now=NOW)
        page, mine = get_learner_page(viewer, learner, NOW), get_own_page(own, learner, NOW)
        assert {task.title for task in page.tasks} == {"Read chapter 2", "Ask the trainer first"}
        assert [task.title for task in mine.tasks] == ["Read chapter 2"]
        assert [answer.text for answer in mine.answers] == ["Chapter 2?"]
        assert page.set_aside
        assert (page.flags[0].is_set_aside, mine.flags[0].is_set_aside) == (True, False)
        assert "Colleague knows" in repr(page)
        for hidden in ("Colleague knows", "Ask the trainer first"):
            assert hidden not in repr(mine)
        assert {entry.kind for entry in mine.timeline} == {"flag", "task", "answer", "course"}

    def test_the_timeline_by_kind(self, world: World) -> None:
        learner = world.make_member()
        person = world.make_mentor(learner)
        viewer = viewer_for(person, world.course, is_mentor=True)
        world.raise_flag(learner)
        world.log_contact(learner, person)
        given = {"kind": "social", "title": "A", "due_on": None, "request_key": "a"}
        add_task(viewer, learner, **given, now=NOW)
        update_task(
            viewer,
            get_learner_page(viewer, learner, NOW).tasks[0].task_id,
            version=1,
            changes={"state": "dropped"},
            now=NOW + timedelta(minutes=1),
        )
        dismiss_flags(viewer, learner, reason="wrong_data", now=NOW)

        def shown(*kinds: str) -> list[str]:
            page = get_learner_page(viewer, learner, NOW, kinds=kinds or None)
            return [entry.event or entry.kind for entry in page.timeline]

        assert shown("task") == ["task_dropped", "task_added"]
        assert shown("contact", "flag") == ["flag", "contact"]
        assert set(shown()) == {"task_dropped", "task_added", "flag", "contact", "decision", "last_visit"}
        assert shown("nothing") == []

    def test_the_newest_hundred_and_how_many_are_older(self, world: World) -> None:
        learner = world.make_member()
        person = world.make_mentor(learner)
        viewer = viewer_for(person, world.course, is_mentor=True)
        for number in range(130):
            world.log_contact(learner, person, occurred_at=days_ago(2 + number / 10), summary=str(number))
        page = get_learner_page(viewer, learner, NOW, kinds=["contact"])
        assert (len(page.timeline), page.timeline_older) == (100, 30)
        assert page.timeline[0].contact is not None
        assert page.timeline[0].contact.summary == "0"


def fill(world: World, mentor_id: int, number: int) -> None:
    """Learners with everything that can stand on Today."""
    author = {"decided_by_id": mentor_id, "decided_at": NOW, "seen": []}
    for index in range(number):
        learner = world.make_member()
        db.session.add(Assignment(mentor_id=mentor_id, membership_id=learner.id, assigned_at=days_ago(1)))
        flag = world.raise_flag(learner, level=("act", "week", "watch", "praise")[index % 4])
        key = f"{learner.id}"
        if index % 3 == 0:
            seen = [{"flag_id": flag.id, "rule": flag.rule, "level": flag.level, "evidence": []}]
            row = {**author, "seen": seen, "membership_id": learner.id}
            db.session.add(FlagDecision(action="dismiss", reason="wrong_data", **row))
        if index % 5 == 0:
            said = {"kind": "need_help", "text": "Help", "given_at": NOW, "request_key": key}
            db.session.add(LearnerAnswer(membership_id=learner.id, **said))
        task = {"kind": "social", "title": "A", "due_on": TODAY, "created_by_id": mentor_id}
        moments = {"created_at": NOW, "updated_at": NOW, "request_key": key}
        db.session.add(SupportTask(membership_id=learner.id, **task, **moments))
        note = {"author_id": mentor_id, "text": "N", "written_at": NOW, "request_key": key}
        db.session.add(PrivateNote(membership_id=learner.id, **note))
    db.session.commit()


def test_a_request_sends_at_most_12_queries_for_300_learners_as_for_30(app: Flask) -> None:
    """A whole one, of a teacher whom no roster names: of them the most is asked."""
    with app.app_context():
        world = World()
        mentor = world.make_mentor()
        launch = LaunchFacts(
            mentor.id, world.organisation.id, world.platform.id, world.course.id, frozenset({"Instructor"})
        )
        fill(world, launch.person_id, 30)
        client = app.test_client()
        opened = sign_in(client, launch)

        def count_sent() -> int:
            with counted_queries() as sent:
                # In a context of its own, as on a server: in this one it would share the session of the test.
                answer = contextvars.Context().run(client.get, f"{opened.path}/today")
            assert answer.status_code == 200
            return len(sent)

        few = count_sent()
        fill(world, launch.person_id, 270)
        assert count_sent() == few <= 12
        every = get_today(viewer_of(launch), NOW, limit=None)
        assert every.caseload_size == 300
        assert every.counts["awaiting_reply"] == 60
        assert every.counts["tasks_due"] == 300


def sign_in(client: FlaskClient, launch: LaunchFacts) -> OpenedSession:
    opened = open_session(
        person_id=launch.person_id,
        platform_id=launch.platform_id,
        context_id=launch.context_id,
        roles=launch.roles,
        real_now=datetime.now(UTC),
    )
    client.set_cookie(SESSION_COOKIE, opened.secret, domain="localhost", path=opened.path)
    return opened


def test_the_queries_of_a_learners_page_do_not_grow_with_its_history(world: World) -> None:
    learner = world.make_member()
    person = world.make_mentor(learner)
    viewer = viewer_for(person, world.course, is_mentor=True)
    own = viewer_for(learner.person, world.course, is_learner=True, own_membership_id=learner.id)

    def add(first: int, number: int) -> None:
        for index in range(first, first + number):
            world.log_contact(learner, person)
            world.raise_flag(learner, cleared_at=NOW, rule=f"rule {index}")
            given = {"kind": "social", "title": "A", "due_on": None, "request_key": f"t{index}"}
            add_task(viewer, learner, **given, now=NOW)
            give_answer(own, kind="need_help", text="?", request_key=f"a{index}", now=NOW)

    key = learner.id
    add(0, 2)
    few = world.count_queries(lambda: get_learner_page(viewer, db.session.get_one(Membership, key), NOW))
    learner, person = db.session.get_one(Membership, key), db.session.get_one(type(person), viewer.person_id)
    add(2, 30)
    many = world.count_queries(lambda: get_learner_page(viewer, db.session.get_one(Membership, key), NOW))
    assert many == few
