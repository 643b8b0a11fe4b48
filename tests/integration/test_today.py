"""Today: the whole caseload and nobody else, ranked, with a number of queries that does not grow."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import SOURCE_MOODLE, Membership, SyncRun
from course_sync.records import record_read
from mentor_console.access import LaunchFacts, Viewer, viewer_of
from mentor_console.learner_page import get_learner_page
from mentor_console.models import Assignment, Flag, RoleGrant
from mentor_console.today import get_today
from tests.integration.console_world import NOW, World, days_ago, viewer_for


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


def mentor_of(world: World, *learners: Membership) -> Viewer:
    return viewer_for(world.make_mentor(*learners), world.course, is_mentor=True)


def reason(code: str, **values: object) -> dict[str, object]:
    return {"code": code, "values": values}


def test_cards_are_ranked_by_level_then_urgency_then_name(world: World) -> None:
    wanted = [
        ("Zoé", "act", 35.0),
        ("Amir", "act", 31.0),
        ("Bea", "act", 31.0),
        ("Cleo", "week", 99.0),
        ("Dan", "watch", 12.0),
        ("Eve", "praise", 99.0),
    ]
    learners = []
    for name, level, urgency in reversed(wanted):
        learner = world.make_member(name=name)
        world.raise_flag(learner, level=level, urgency=urgency)
        learners.append(learner)
    today = get_today(mentor_of(world, *learners), NOW)
    assert [card.name for card in today.cards] == [name for name, _, _ in wanted]
    assert today.counts == {
        "act": 3,
        "week": 1,
        "watch": 1,
        "praise": 1,
        "awaiting_reply": 0,
        "tasks_due": 0,
        "overdue": 0,
    }
    assert today.caseload_size == 6


def test_the_worst_flag_names_the_card_and_each_rule_speaks_before_one_speaks_twice(world: World) -> None:
    learner = world.make_member()
    world.raise_flag(
        learner, level="week", kind="methodological", rule="missed_deadline", reasons=[reason("missed")]
    )
    world.raise_flag(learner, level="act", kind="social", reasons=[reason("silent"), reason("cohort")])
    (card,) = get_today(mentor_of(world, learner), NOW).cards
    assert (card.level, card.kind) == ("act", "social")
    assert [item.code for item in card.reasons] == ["silent", "missed"]
    assert card.more_reasons == 1


def test_quiet_learners_have_a_name_and_no_card(world: World) -> None:
    quiet = world.make_member(name="Quiet", last_access_days=2)
    unknown = world.make_member(name="Unknown", last_access_days=None, access_as_of=None)
    cleared = world.make_member(name="cleared")
    world.raise_flag(cleared, cleared_at=days_ago(1))
    today = get_today(mentor_of(world, quiet, unknown, cleared), NOW)
    assert today.cards == ()
    assert [line.name for line in today.quiet] == ["cleared", "Quiet"]
    assert today.quiet[1].last_access_at == days_ago(2)
    assert [line.name for line in today.unread] == ["Unknown"]
    assert sum(today.counts.values()) == 0


def test_only_the_own_caseload_even_for_a_trainer(world: World) -> None:
    mine, other = world.make_member(), world.make_member()
    world.raise_flag(mine)
    world.raise_flag(other)
    mentor = world.make_mentor(mine)
    both = viewer_for(mentor, world.course, is_mentor=True, is_trainer=True)
    assert [card.membership_id for card in get_today(both, NOW).cards] == [mine.id]
    trainer_only = viewer_for(world.make_person(), world.course, is_trainer=True)
    assert get_today(trainer_only, NOW).caseload_size == 0


def test_learners_of_all_courses_of_the_mentor(world: World) -> None:
    second = world.make_course(world.platform, title="Second")
    here, there = world.make_member(name="Here"), world.make_member(second, name="There")
    mentor = world.make_mentor(here)
    world.grant(mentor, "mentor", second)
    world.give(mentor, there)
    world.raise_flag(there)
    today = get_today(viewer_for(mentor, world.course, is_mentor=True), NOW)
    assert [(card.name, card.course_title) for card in today.cards] == [("There", "Second")]
    assert [(line.name, line.course_title) for line in today.quiet] == [("Here", world.course.title)]


def test_an_observer_sees_the_named_learners(world: World) -> None:
    watched = world.make_member()
    world.make_member()
    observer = viewer_for(
        world.make_person(),
        world.course,
        is_mentor=True,
        observed_subjects=frozenset({watched.person.external_id}),
    )
    assert [line.membership_id for line in get_today(observer, NOW).quiet] == [watched.id]


def test_those_who_left_or_are_suspended_stand_apart(world: World) -> None:
    left = world.make_member(name="Left", status="left", left_at=days_ago(3))
    suspended = world.make_member(name="Suspended", status="suspended")
    active = world.make_member(name="Active")
    world.raise_flag(left)
    today = get_today(mentor_of(world, left, suspended, active), NOW)
    assert [line.name for line in today.departed] == ["Left", "Suspended"]
    assert [line.name for line in today.quiet] == ["Active"]
    assert today.cards == ()
    assert today.caseload_size == 1


def test_weeks_are_seven_days_ending_today_beside_the_middle_of_the_class(world: World) -> None:
    learner = world.make_member()
    world.raise_flag(learner)
    world.be_active(learner, [NOW.date(), days_ago(6).date(), days_ago(7).date(), days_ago(70).date()])
    for active_days in (2, 4):
        world.be_active_daily(world.make_member(), until_days_ago=0, days=active_days)
    world.be_active_daily(world.make_member(status="left"), until_days_ago=0, days=7)
    world.be_active_daily(world.make_member(standing="staff"), until_days_ago=0, days=7)
    (card,) = get_today(mentor_of(world, learner), NOW).cards
    assert [week.own_days for week in card.weeks] == [0, 0, 0, 0, 0, 1, 2]
    assert card.weeks[-1].starts_on == days_ago(6).date()
    assert card.weeks[-1].cohort_median_days == 2
    assert card.weeks[-2].cohort_median_days == 0


def test_weeks_before_the_course_are_left_out_and_unknown_visits_have_none(world: World) -> None:
    world.course.starts_at = days_ago(10)
    learner = world.make_member()
    unknown = world.make_member(last_access_days=None, access_as_of=None)
    for membership in (learner, unknown):
        world.raise_flag(membership, rule="missed_deadline")
    cards = {card.membership_id: card for card in get_today(mentor_of(world, learner, unknown), NOW).cards}
    assert len(cards[learner.id].weeks) == 2
    assert cards[unknown.id].weeks == ()


def test_the_last_contact_is_anybodys_and_says_whose(world: World) -> None:
    learner = world.make_member()
    world.raise_flag(learner)
    mentor = world.make_mentor(learner)
    colleague = world.make_mentor(learner, name="Colleague")
    world.log_contact(learner, mentor, occurred_at=days_ago(9))
    world.log_contact(learner, colleague, occurred_at=days_ago(2), channel="phone")
    (card,) = get_today(viewer_for(mentor, world.course, is_mentor=True), NOW).cards
    assert card.last_contact is not None
    assert (card.last_contact.mentor_name, card.last_contact.channel) == ("Colleague", "phone")
    assert not card.last_contact.is_own


def test_freshness_is_the_oldest_kind_and_names_what_is_missing(world: World) -> None:
    learner = world.make_member()
    world.raise_flag(learner)
    world.read_facts(world.course, "roster", days_ago(3), source="lti")
    world.read_facts(world.course, "roster", days_ago(0.1))
    world.read_facts(world.course, "grades", days_ago(2), error_code="refused")
    world.read_facts(world.course, "access", days_ago(1))
    today = get_today(mentor_of(world, learner), NOW)
    assert today.freshness.as_of == days_ago(2)
    assert [(fact.kind, fact.code, fact.as_of) for fact in today.freshness.missing] == [
        ("grades", "refused", days_ago(2))
    ]
    assert today.freshness.running is None
    assert today.cards[0].as_of == days_ago(2)


def test_a_running_sync_is_told(world: World) -> None:
    learner = world.make_member()
    run = SyncRun(
        context_id=world.course.id,
        trigger="person",
        state="running",
        started_at=NOW,
        beat_at=NOW,
        as_of=NOW,
        steps_done=3,
        steps_total=9,
    )
    db.session.add(run)
    db.session.flush()
    running = get_today(mentor_of(world, learner), NOW).freshness.running
    assert running is not None
    assert (running.steps_done, running.steps_total) == (3, 9)


def test_a_mentor_without_learners_has_an_empty_day(world: World) -> None:
    today = get_today(mentor_of(world), NOW)
    assert (today.cards, today.quiet, today.departed, today.caseload_size) == ((), (), (), 0)
    assert today.freshness.as_of is None


def test_above_an_empty_day_stands_how_fresh_the_course_is(world: World) -> None:
    world.read_facts(world.course, "roster", NOW - timedelta(hours=1))
    assert get_today(mentor_of(world), NOW).freshness.as_of == NOW - timedelta(hours=1)
    nowhere = replace(mentor_of(world), context_id=None)
    assert get_today(nowhere, NOW).freshness.as_of is None


def test_names_are_put_in_order_without_regard_to_case(world: World) -> None:
    learners = [world.make_member(name=name) for name in ("bob", "Alice", "carol")]
    assert [line.name for line in get_today(mentor_of(world, *learners), NOW).quiet] == [
        "Alice",
        "bob",
        "carol",
    ]


def _add_learners(world: World, mentor_id: int, courses: int, number: int) -> None:
    made = [world.make_course(world.platform) for _ in range(courses)]
    for course in made:
        db.session.add(_grant_row(world, mentor_id, course.id))
    rows = []
    for index in range(number):
        learner = world.make_member(made[index % courses])
        rows.append(learner)
        if index % 2:
            world.raise_flag(learner)
            world.raise_flag(learner, rule="missed_deadline", level="week")
    db.session.add_all(
        Assignment(mentor_id=mentor_id, membership_id=row.id, assigned_at=days_ago(1)) for row in rows
    )
    db.session.commit()


def _grant_row(world: World, mentor_id: int, course_id: int) -> RoleGrant:
    return RoleGrant(
        organisation_id=world.organisation.id,
        person_id=mentor_id,
        role="mentor",
        context_id=course_id,
        granted_at=days_ago(1),
    )


def test_the_number_of_queries_does_not_grow_with_the_caseload(world: World) -> None:
    mentor_id = world.make_mentor().id
    launch = LaunchFacts(
        mentor_id, world.organisation.id, world.platform.id, world.course.id, frozenset({"Learner"})
    )

    def look() -> int:
        return get_today(viewer_of(launch), NOW).caseload_size

    _add_learners(world, mentor_id, courses=1, number=30)
    few = world.count_queries(look)
    _add_learners(world, mentor_id, courses=3, number=270)
    assert world.count_queries(look) == few <= 12
    assert look() == 300


def test_flags_of_another_learner_never_reach_a_card(world: World) -> None:
    learner = world.make_member()
    stranger = world.make_member()
    world.raise_flag(stranger)
    viewer = mentor_of(world, learner)
    assert get_today(viewer, NOW).cards == ()
    assert db.session.query(Flag).count() == 1
    assert get_today(viewer, NOW + timedelta(days=1)).caseload_size == 1


@pytest.mark.parametrize(
    ("columns", "unread_since"),
    [
        ({"access_as_of": days_ago(1)}, None),
        ({"access_as_of": days_ago(25), "last_access_days": 26}, days_ago(25)),
        ({"access_as_of": days_ago(25), "progress_as_of": days_ago(25)}, days_ago(25)),
        # Visits are hidden by now, or always were: progress is read every few days.
        ({"access_as_of": days_ago(25), "progress_as_of": days_ago(6)}, None),
        ({"access_as_of": None, "last_access_days": None, "progress_as_of": days_ago(6)}, None),
        ({"access_as_of": None, "last_access_days": None, "progress_as_of": days_ago(9)}, days_ago(9)),
    ],
)
def test_nobody_is_fine_who_is_not_read_any_more(
    world: World, columns: dict[str, Any], unread_since: datetime | None
) -> None:
    """Nothing would be raised about such a learner. While nothing is read of anybody, the page says that."""
    learner = world.make_member(**columns)
    viewer = mentor_of(world, learner)
    record_read(learner.context_id, "access", SOURCE_MOODLE, days_ago(25))
    db.session.commit()
    everybody = get_today(viewer, NOW)
    record_read(learner.context_id, "access", SOURCE_MOODLE, NOW)
    db.session.commit()
    today = get_today(viewer, NOW)
    assert [line.unread_since for line in (*today.quiet, *today.unread)] == [unread_since]
    assert (len(today.quiet), len(today.unread)) == ((1, 0) if unread_since is None else (0, 1))
    assert (len(everybody.quiet), len(everybody.unread)) == (1, 0)
    assert get_learner_page(viewer, learner, NOW).unread_since == unread_since


def test_nobody_is_fine_of_whom_nothing_was_read(world: World) -> None:
    """Visits or steps are enough to say so; a row of the roster is not."""
    never = {"last_access_days": None, "access_as_of": None}
    listed = world.make_member(name="Listed", **never)
    counted = world.make_member(name="Counted", progress_as_of=days_ago(1), **never)
    today = get_today(mentor_of(world, listed, counted), NOW)
    assert [line.name for line in today.unread] == ["Listed"]
    assert [line.name for line in today.quiet] == ["Counted"]
