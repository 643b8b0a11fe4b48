"""A learner's page and the learner's own: facts as they are, newest first, nothing for the wrong person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete

from course_sync.database import db
from course_sync.models import LookDay, Membership
from mentor_console.access import AccessDenied, Viewer
from mentor_console.flagging import refresh_flags
from mentor_console.learner_page import get_learner_page, get_own_page
from mentor_console.own_facts import FACT_CODES
from mentor_console.screens import KnownFact, OwnPage, StepLine
from tests.integration.console_world import COURSE_START, NOW, World, days_ago, viewer_for
from tests.integration.test_own_facts import writer_and_silent


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


def trainer_of(world: World) -> Viewer:
    return viewer_for(world.make_person(), world.course, is_trainer=True)


def own_page(world: World, learner: Membership, before: str = "") -> OwnPage:
    viewer = viewer_for(learner.person, world.course, is_learner=True, own_membership_id=learner.id)
    return get_own_page(viewer, learner, NOW, before=before)


def steps_by_name(steps: tuple[StepLine, ...]) -> dict[str, StepLine]:
    return {step.name: step for step in steps}


def facts_by_what(page: OwnPage) -> dict[str, KnownFact]:
    return {fact.what: fact for fact in page.facts}


class TestAccess:
    def test_another_mentors_learner_is_refused(self, world: World) -> None:
        learner = world.make_member()
        viewer = viewer_for(world.make_mentor(), world.course, is_mentor=True)
        with pytest.raises(AccessDenied):
            get_learner_page(viewer, learner, NOW)

    def test_somebody_elses_own_page_is_refused(self, world: World) -> None:
        mine, other = world.make_member(), world.make_member()
        viewer = viewer_for(mine.person, world.course, is_learner=True, own_membership_id=mine.id)
        with pytest.raises(AccessDenied):
            get_own_page(viewer, other, NOW)
        with pytest.raises(AccessDenied):
            get_own_page(trainer_of(world), other, NOW)


class TestProgress:
    def test_every_state_of_a_step(self, world: World) -> None:
        learner = world.make_member()

        def step(
            name: str, due_days_ago: float | None, known: dict[str, object] | None, **columns: object
        ) -> None:
            due_at = None if due_days_ago is None else days_ago(due_days_ago)
            activity = world.make_activity(name=name, due_at=due_at, **columns)
            if known is not None:
                world.know(learner, activity, **known)

        hand_in = {"module": "assign", "accepts_submission": True}
        step("done", 1, {"completion": "complete", "completed_at": days_ago(2)})
        step("passed", None, {"completion": "passed", "score_ratio": 0.7})
        step("failed", 1, {"completion": "failed"})
        step("handed in", 1, {"submission": "submitted", "submitted_at": days_ago(2)}, **hand_in)
        step("on paper", 1, {"score_ratio": 0.5, "submission": "none"}, **hand_in)
        step("late", 1, {"submission": "none"}, **hand_in)
        step("late reading", 1, {"completion": "incomplete"})
        step("draft", 1, {"submission": "draft"}, **hand_in)
        step("open", -1, {"completion": "incomplete"}, **hand_in)
        step("extended", 1, {"submission": "none", "due_at_override": NOW + timedelta(days=2)}, **hand_in)
        step("hidden hand-in", 1, {"completion": "incomplete"}, **hand_in)
        step("nothing known", 1, None)
        step("zero is no proof", 1, {"score_ratio": 0.0, "submission": "none"}, **hand_in)
        step("optional", 1, {"completion": "incomplete"}, tracked=False)
        step("not shown", 1, {"completion": "incomplete"}, visible=False)
        step("removed", 1, {"completion": "incomplete"}, removed_at=days_ago(1))
        progress = get_learner_page(trainer_of(world), learner, NOW).progress
        assert {step.name: step.state for step in progress.steps} == {
            "done": "done",
            "passed": "done",
            "failed": "failed",
            "handed in": "handed_in",
            "on paper": "handed_in",
            "late": "late",
            "late reading": "late",
            "draft": "late",
            "open": "open",
            "extended": "open",
            "hidden hand-in": "unknown",
            "nothing known": "unknown",
            "zero is no proof": "late",
            "optional": "open",
        }
        lines = steps_by_name(progress.steps)
        assert (lines["done"].at, lines["handed in"].at) == (days_ago(2), days_ago(2))
        assert (lines["extended"].extended, lines["extended"].due_at) == (True, NOW + timedelta(days=2))
        assert (lines["optional"].counts, lines["late"].counts) == (False, True)
        assert (progress.done, progress.required, progress.due_by_now) == (4, 13, 10)

    def test_against_the_middle_of_the_class(self, world: World) -> None:
        activities = [world.make_activity(name=f"Step {number}") for number in range(3)]
        optional = world.make_activity(name="Optional", tracked=False)
        learner = world.make_member()

        def classmate(done: int, **columns: object) -> None:
            member = world.make_member(**columns)
            for number, activity in enumerate(activities):
                world.know(member, activity, completion="complete" if number < done else "incomplete")
            world.know(member, optional, completion="complete")

        world.know(learner, activities[0], completion="incomplete")
        classmate(1)
        classmate(2)
        classmate(3)
        classmate(3, status="left")
        classmate(3, standing="staff")
        classmate(3, completed_at=days_ago(1))
        classmate(3, course=world.make_course(world.platform))
        # Of these two nothing is known: they are not counted as having done nothing.
        world.make_member()
        world.know(world.make_member(), activities[0], due_at_override=NOW)
        progress = get_learner_page(trainer_of(world), learner, NOW).progress
        assert (progress.cohort_median_done, progress.cohort_size) == (1.5, 4)
        shares = {step.name: step.cohort_done_share for step in progress.steps}
        assert shares == {
            "Step 0": 0.75,
            "Step 1": pytest.approx(2 / 3),
            "Step 2": pytest.approx(1 / 3),
            "Optional": 1,
        }

    def test_nothing_known_is_not_nothing_done(self, world: World) -> None:
        world.make_activity()
        page = get_learner_page(trainer_of(world), world.make_member(), NOW)
        assert (page.progress.source, page.progress.as_of, page.progress.cohort_size) == ("", None, 0)
        assert page.progress.steps[0].cohort_done_share is None


class TestPage:
    def test_who_it_is_and_who_looks_after_them(self, world: World) -> None:
        person = world.make_person(
            name="Amélie Rousseau", given_name="Amélie", email="a@example.org", external_id="42"
        )
        learner = world.make_member(
            person=person, groups=["B", "evenings"], last_access_days=12, progress_as_of=days_ago(1)
        )
        world.platform.moodle_url = "https://moodle.example/"
        mentor = world.make_mentor(learner, name="Nadia")
        former = world.make_person(name="Former")
        world.grant(former, "mentor", world.course, ended_at=NOW)
        world.give(former, learner)
        world.give(mentor, world.make_member())
        page = get_learner_page(viewer_for(mentor, world.course, is_mentor=True), learner, NOW)
        assert (page.name, page.short_name, page.email) == ("Amélie Rousseau", "Amélie", "a@example.org")
        assert (page.groups, page.mentors) == (("B", "evenings"), ("Nadia",))
        assert (page.last_access_at, page.access_known, page.access_as_of) == (days_ago(12), True, NOW)
        assert page.progress.as_of == days_ago(1)
        course_id = world.course.external_id
        assert page.platform_profile_url == f"https://moodle.example/user/view.php?id=42&course={course_id}"

    def test_no_profile_without_a_moodle_address(self, world: World) -> None:
        page = get_learner_page(trainer_of(world), world.make_member(), NOW)
        assert page.platform_profile_url is None

    def test_open_flags_worst_first(self, world: World) -> None:
        learner = world.make_member()
        world.raise_flag(learner, rule="missed_deadline", level="week", kind="methodological")
        world.raise_flag(learner, rule="silent", level="act")
        world.raise_flag(learner, rule="old", cleared_at=days_ago(1))
        page = get_learner_page(trainer_of(world), learner, NOW)
        assert [flag.rule for flag in page.flags] == ["silent", "missed_deadline"]
        assert (page.level, page.kind) == ("act", "social")

    def test_weeks_up_to_the_last_in_which_nobody_looked_are_marked(self, world: World) -> None:
        learner = world.make_member()
        missed = NOW.date() - timedelta(days=16)
        db.session.execute(delete(LookDay).where(LookDay.day == missed))
        page = get_learner_page(trainer_of(world), learner, NOW)
        assert [week.is_whole for week in page.weeks] == [week.starts_on > missed for week in page.weeks]
        assert [week.is_whole for week in page.weeks[-3:]] == [False, True, True]

    def test_at_most_twelve_weeks_none_before_the_course(self, world: World) -> None:
        learner = world.make_member()
        page = get_learner_page(trainer_of(world), learner, NOW)
        assert len(page.weeks) == 9
        assert page.weeks[0].starts_on <= COURSE_START.date() < page.weeks[1].starts_on
        world.course.starts_at = days_ago(400)
        assert len(get_learner_page(trainer_of(world), learner, NOW).weeks) == 12


class TestTimeline:
    def test_everything_newest_first(self, world: World) -> None:
        learner = world.make_member(
            enrolled_at=days_ago(50), last_access_days=2, status="left", left_at=days_ago(1)
        )
        mentor = world.make_mentor(learner)
        essay = world.make_assignment_activity(20, name="Essay")
        world.know(
            learner,
            essay,
            submission="submitted",
            submitted_at=days_ago(21),
            completion="complete",
            completed_at=days_ago(21),
            score_ratio=0.6,
            graded_at=days_ago(15),
        )
        world.raise_flag(learner, raised_at=days_ago(10), cleared_at=days_ago(8))
        world.log_contact(learner, mentor, occurred_at=days_ago(9))
        timeline = get_learner_page(viewer_for(mentor, world.course, is_mentor=True), learner, NOW).timeline
        told = [
            entry.event
            or (entry.contact and "contact")
            or (entry.flag_raised and "raised")
            or (entry.flag_cleared and "cleared")
            for entry in timeline
        ]
        assert told == [
            "left", "last_visit", "cleared", "contact", "raised", "graded", "handed_in", "enrolled",
        ]  # fmt: skip
        assert [entry.subject for entry in timeline if entry.event in ("graded", "handed_in")] == [
            "Essay"
        ] * 2
        assert timeline[3].contact is not None
        assert timeline[3].contact.is_own

    def test_steps_of_one_day_are_one_line_and_optional_ones_none(self, world: World) -> None:
        learner = world.make_member(last_access_days=None)
        morning, evening = days_ago(3).replace(hour=8), days_ago(3).replace(hour=20)
        for name, at, tracked in (
            ("One", morning, True),
            ("Two", evening, True),
            ("Other day", days_ago(5), True),
            ("Optional", morning, False),
        ):
            activity = world.make_activity(name=name, tracked=tracked)
            world.know(learner, activity, completion="complete", completed_at=at)
        timeline = get_learner_page(trainer_of(world), learner, NOW).timeline
        assert [(entry.event, entry.subject, entry.count, entry.at) for entry in timeline] == [
            ("completed", "Two", 2, evening),
            ("completed", "Other day", 1, days_ago(5)),
        ]

    def test_what_belongs_to_others_stays_away(self, world: World) -> None:
        learner, other = world.make_member(last_access_days=None), world.make_member()
        world.raise_flag(other)
        world.log_contact(other, world.make_mentor(other))
        assert get_learner_page(trainer_of(world), learner, NOW).timeline == ()


class TestOwnPage:
    def test_flags_come_without_level_and_contacts_with_their_words(self, world: World) -> None:
        learner = world.make_member()
        mentor = world.make_mentor(learner, name="Nadia", email="nadia@example.org")
        world.raise_flag(learner, level="act")
        world.raise_flag(learner, rule="old", level="week", cleared_at=days_ago(1))
        world.log_contact(learner, mentor, summary="Three short slots a week")
        page = own_page(world, learner)
        assert [(info.name, info.email) for info in page.mentors] == [("Nadia", "nadia@example.org")]
        assert [flag.level for flag in page.flags] == [""]
        assert page.flags[0].reasons
        for entry in page.timeline:
            for flag in (entry.flag_raised, entry.flag_cleared):
                assert flag is None or flag.level == ""
        contacts = [entry.contact for entry in page.timeline if entry.contact]
        assert [(line.summary, line.is_own) for line in contacts] == [("Three short slots a week", False)]

    def test_the_history_goes_on_below_the_last_line(self, world: World) -> None:
        learner = world.make_member()
        mentor = world.make_mentor(learner)
        for number in range(130):
            world.log_contact(learner, mentor, occurred_at=days_ago(2 + number / 10))
        first = own_page(world, learner)
        rest = own_page(world, learner, before=first.timeline[-1].mark)
        logged = [entry.contact for page in (first, rest) for entry in page.timeline if entry.contact]
        assert (len(first.timeline), first.timeline_older, rest.timeline_older) == (100, 31, 0)
        assert len({line.contact_id for line in logged}) == 130

    def test_next_steps_overdue_first_then_by_deadline(self, world: World) -> None:
        learner = world.make_member()
        for name, due_days_ago in (("next week", -7), ("overdue", 2), ("tomorrow", -1), ("undated", None)):
            due_at = None if due_days_ago is None else days_ago(due_days_ago)
            activity = world.make_activity(name=name, due_at=due_at)
            world.know(learner, activity, completion="incomplete")
        world.know(learner, world.make_activity(name="done"), completion="complete")
        optional = world.make_activity(name="optional", tracked=False, due_at=days_ago(-1))
        world.know(learner, optional, completion="incomplete")
        world.make_activity(name="coming, nothing known", due_at=days_ago(-2))
        world.make_activity(name="past, nothing known", due_at=days_ago(2))
        assert [step.name for step in own_page(world, learner).next_steps] == [
            "overdue",
            "tomorrow",
            "coming, nothing known",
            "next week",
            "undated",
        ]

    def test_known_facts_with_source_and_time(self, world: World) -> None:
        world.course.platform.moodle_url = "https://moodle.example"  # the whole site tells
        learner = world.make_member(
            last_access_days=2,
            enrolled_at=days_ago(50),
            groups=["B"],
            as_of=days_ago(9),
            access_as_of=days_ago(9),
        )
        world.be_active(learner, [days_ago(2).date(), days_ago(27).date(), days_ago(28).date()])
        essay, quiz = world.make_assignment_activity(3), world.make_assignment_activity(-3)
        world.know(learner, essay, submission="none", completion="incomplete")
        world.know(learner, quiz, submission="submitted", submitted_at=days_ago(1), score_ratio=1.0)
        for kind in ("roster", "access", "submissions", "grades", "completion"):
            world.read_facts(world.course, kind, days_ago(0.5))
        facts = facts_by_what(own_page(world, learner))
        told = {what: (fact.reason.code, dict(fact.reason.values)) for what, fact in facts.items()}
        assert told == {
            "last_access": ("fact_last_access", {"at": days_ago(2).isoformat()}),
            "active_days": ("fact_active_days", {"days": 2, "window_days": 28}),
            "steps_done": ("fact_steps_done", {"done": 1, "required": 2}),
            "submissions": ("fact_submissions", {"handed_in": 1, "expected": 2}),
            "grades": ("fact_grades", {"graded": 1}),
            "groups": ("fact_groups", {"names": "B", "count": 1}),
            "enrolment": ("fact_enrolled", {"at": days_ago(50).isoformat()}),
            "identity": ("fact_identity", {"name": learner.person.display_name, "email": ""}),
        }
        assert {fact.source for fact in facts.values()} == {"moodle"}
        assert {fact.as_of for fact in facts.values()} == {days_ago(0.5)}

    def test_what_is_not_known_is_said_to_be_so(self, world: World) -> None:
        world.make_assignment_activity(3)
        learner = world.make_member(last_access_days=None, access_as_of=None)
        facts = facts_by_what(own_page(world, learner))
        unknown = {what for what, fact in facts.items() if fact.reason.code == "fact_unknown"}
        assert unknown == {"last_access", "active_days", "steps_done", "submissions", "enrolment"}
        assert all(facts[what].reason.values == {"what": what} for what in unknown)
        assert all(facts[what].as_of is None for what in unknown)

    def test_never_opened_differs_from_unknown(self, world: World) -> None:
        facts = facts_by_what(own_page(world, world.make_member(last_access_days=None)))
        assert facts["last_access"].reason.code == "fact_never_opened"
        assert facts["active_days"].reason.values["days"] == 0

    def test_every_code_is_listed_with_its_values(self, world: World) -> None:
        known = world.make_member(groups=["B"], enrolled_at=days_ago(9))
        world.know(known, world.make_assignment_activity(3), submission="submitted", score_ratio=1.0)
        pages = [own_page(world, known), own_page(world, world.make_member(access_as_of=None))]
        pages.append(own_page(world, world.make_member(last_access_days=None)))
        pages += [own_page(world, learner) for learner in writer_and_silent(world)]
        made = {fact.reason.code: tuple(fact.reason.values) for page in pages for fact in page.facts}
        assert made == dict(FACT_CODES)


def test_the_number_of_queries_does_not_grow(world: World) -> None:
    viewer = trainer_of(world)
    learner_id = world.make_member().id
    own = viewer_for(
        db.session.get_one(Membership, learner_id).person,
        world.course,
        is_learner=True,
        own_membership_id=learner_id,
    )

    def look(get: Callable[..., object], who: Viewer) -> int:
        return world.count_queries(lambda: get(who, db.session.get_one(Membership, learner_id), NOW))

    refresh_flags(world.course.id, NOW)
    few = look(get_learner_page, viewer), look(get_own_page, own)
    learner = db.session.get_one(Membership, learner_id)
    for _ in range(30):
        activity = world.make_assignment_activity(3)
        world.know(learner, activity, submission="submitted", submitted_at=days_ago(4))
        world.know(world.make_member(), activity, completion="complete")
        world.raise_flag(learner, rule="old", cleared_at=days_ago(1))
        world.log_contact(learner, world.make_mentor(learner))
    many = look(get_learner_page, viewer), look(get_own_page, own)
    assert few == many
    assert max(many) <= 30
