"""From rows to flags: raised once, refreshed in place, cleared when the reason is gone, history kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound

from course_sync.database import db
from course_sync.models import SOURCE_MOODLE, Membership
from course_sync.records import record_read
from mentor_console.flagging import FlagChanges, load_course, refresh_flags
from mentor_console.flags.findings import reason_from_json
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS
from mentor_console.models import Flag
from tests.integration.console_world import COURSE_START, NOW, World, counted_queries, days_ago


@pytest.fixture
def world(app_context: Flask) -> World:
    """A course in which ten learners come every day."""
    world = World()
    for _ in range(10):
        world.be_active_daily(world.make_member(last_access_days=0.5), until_days_ago=0)
    return world


def make_silent(world: World, days: int = 20, **columns: object) -> Membership:
    """A learner who came daily and then not for `days` days."""
    membership = world.make_member(last_access_days=days, **columns)
    world.be_active_daily(membership, until_days_ago=days)
    return membership


def flags_of(membership: Membership) -> list[Flag]:
    db.session.expire_all()
    return list(db.session.scalars(select(Flag).where(Flag.membership_id == membership.id).order_by(Flag.id)))


def come_back(membership: Membership) -> None:
    membership.last_access_at = days_ago(0.1)
    db.session.flush()


def go_unread(*members: Membership, since_days: float) -> None:
    """Nobody sees any more when they come; of the others it was read today."""
    record_read(members[0].context_id, "access", SOURCE_MOODLE, NOW)
    for member in members:
        member.access_as_of = days_ago(since_days)
    db.session.commit()


def test_a_flag_about_visits_stays_while_nobody_sees_the_learner(world: World) -> None:
    """Visits that cannot be read any more are no visit; leaving the course, and a visit, end it."""
    unseen, gone = make_silent(world), make_silent(world)
    refresh_flags(world.course.id, NOW)
    go_unread(unseen, gone, since_days=3)
    gone.status = "left"
    db.session.commit()
    refresh_flags(world.course.id, NOW + timedelta(hours=1))
    (flag,), (ended,) = flags_of(unseen), flags_of(gone)
    assert flag.cleared_at is None
    assert flag.reasons[0]["values"]["days"] == 20  # as it was when they were read
    assert ended.cleared_at is not None
    come_back(unseen)
    unseen.access_as_of = NOW
    db.session.commit()
    refresh_flags(world.course.id, NOW + timedelta(hours=2))
    assert flags_of(unseen)[0].cleared_at is not None


@pytest.mark.parametrize(("since_days", "raised"), [(0.1, ["silent"]), (1.9, []), (2.1, []), (5, [])])
def test_nobody_falls_silent_because_nobody_looks(world: World, since_days: float, raised: list[str]) -> None:
    """The silence of a learner is counted as far as their visits are read."""
    unseen = make_silent(world, days=8)
    go_unread(unseen, since_days=since_days)
    refresh_flags(world.course.id, NOW)
    assert [flag.rule for flag in flags_of(unseen)] == raised


def test_who_is_unseen_is_judged_by_the_rules_of_today(world: World) -> None:
    """Other numbers end what they would not have raised."""
    unseen = make_silent(world)
    refresh_flags(world.course.id, NOW)
    go_unread(unseen, since_days=3)
    names = ("silent_watch_days", "silent_week_days", "silent_act_days", "silent_ceiling_days")
    patient = replace(DEFAULT_THRESHOLDS, **dict.fromkeys(names, 60))
    refresh_flags(world.course.id, NOW + timedelta(hours=1), patient)
    assert flags_of(unseen)[0].cleared_at is not None


def test_a_hand_in_ends_never_started_also_of_who_is_unseen(world: World) -> None:
    activity = world.make_assignment_activity(-5)
    unseen = world.make_member(last_access_days=None)
    refresh_flags(world.course.id, NOW)
    assert [flag.rule for flag in flags_of(unseen)] == ["never_started"]
    go_unread(unseen, since_days=3)
    world.know(unseen, activity, submission="submitted", submitted_at=days_ago(1))
    db.session.commit()
    refresh_flags(world.course.id, NOW + timedelta(hours=1))
    assert flags_of(unseen)[0].cleared_at is not None


class TestLoading:
    def test_facts_are_those_of_the_rows(self, world: World) -> None:
        activity = world.make_assignment_activity(3, name="Assignment 1")
        learner = world.make_member(last_access_days=2, enrolled_at=days_ago(40), completed_at=None)
        world.be_active(learner, [days_ago(2).date(), days_ago(9).date()])
        world.know(
            learner,
            activity,
            completion="passed",
            completed_at=days_ago(4),
            submission="submitted",
            submitted_at=days_ago(5),
            score_ratio=0.8,
            graded_at=days_ago(1),
            due_at_override=days_ago(1),
        )
        snapshot = load_course(world.course.id, NOW)
        assert (snapshot.course.starts_at, snapshot.course.ends_at) == (COURSE_START, None)
        (fact,) = snapshot.activities
        assert (fact.activity_id, fact.name, fact.module) == (activity.id, "Assignment 1", "assign")
        assert (fact.required, fact.visible, fact.accepts_submission) == (True, True, True)
        known = next(item for item in snapshot.learners if item.membership_id == learner.id)
        assert known.active_days == (days_ago(9).date(), days_ago(2).date())
        assert (known.last_access_at, known.access_known) == (days_ago(2), True)
        assert (known.enrolled_at, known.status) == (days_ago(40), "active")
        (work,) = known.work
        assert (work.completion, work.completed_at) == ("passed", days_ago(4))
        assert (work.submitted_at, work.submission_known) == (days_ago(5), True)
        assert (work.score_ratio, work.graded_at, work.due_at_override) == (0.8, days_ago(1), days_ago(1))

    def test_unknown_stays_unknown(self, world: World) -> None:
        activity = world.make_assignment_activity(3)
        learner = world.make_member(last_access_days=None, access_as_of=None)
        world.know(learner, activity, completion="incomplete")
        known = next(i for i in load_course(world.course.id, NOW).learners if i.membership_id == learner.id)
        assert not known.access_known
        assert not known.work[0].submission_known

    def test_a_draft_is_known_and_not_handed_in(self, world: World) -> None:
        activity = world.make_assignment_activity(3)
        learner = world.make_member()
        world.know(learner, activity, submission="draft", submitted_at=days_ago(4))
        known = next(i for i in load_course(world.course.id, NOW).learners if i.membership_id == learner.id)
        assert (known.work[0].submitted_at, known.work[0].submission_known) == (None, True)

    def test_submitted_without_a_time_is_handed_in_when_read(self, world: World) -> None:
        activity = world.make_assignment_activity(3)
        learner = world.make_member()
        world.know(learner, activity, submission="submitted", submission_as_of=days_ago(2))
        known = next(i for i in load_course(world.course.id, NOW).learners if i.membership_id == learner.id)
        assert known.work[0].submitted_at == days_ago(2)

    def test_learners_only_and_of_this_course_only(self, world: World) -> None:
        staff = world.make_member(standing="staff")
        unknown = world.make_member(standing="unknown")
        elsewhere = world.make_member(world.make_course(world.platform))
        left = world.make_member(status="left")
        ids = {item.membership_id for item in load_course(world.course.id, NOW).learners}
        assert ids.isdisjoint({staff.id, unknown.id, elsewhere.id})
        assert left.id in ids
        assert load_course(world.course.id, NOW).cohort.learner_count == 10

    def test_removed_activities_are_gone_and_hidden_ones_not_visible(self, world: World) -> None:
        world.make_activity(removed_at=days_ago(1))
        hidden = world.make_activity(visible=False)
        (fact,) = load_course(world.course.id, NOW).activities
        assert (fact.activity_id, fact.visible) == (hidden.id, False)

    def test_where_nothing_is_tracked_the_dated_hand_ins_are_expected(self, world: World) -> None:
        dated = world.make_assignment_activity(3, tracked=False)
        world.make_activity(module="assign", accepts_submission=True, tracked=False)
        world.make_activity(tracked=False)
        facts = load_course(world.course.id, NOW).activities
        assert {fact.activity_id for fact in facts if fact.required} == {dated.id}
        tracked = world.make_activity(tracked=True)
        facts = load_course(world.course.id, NOW).activities
        assert {fact.activity_id for fact in facts if fact.required} == {tracked.id}

    def test_the_number_of_queries_does_not_grow(self, world: World) -> None:
        activity = world.make_assignment_activity(3)

        def count() -> int:
            db.session.expire_all()
            with counted_queries() as sent:
                load_course(world.course.id, NOW)
            return len(sent)

        few = count()
        for _ in range(60):
            learner = world.make_member()
            world.know(learner, activity, submission="none")
        assert count() == few <= 10

    def test_no_such_course(self, app_context: Flask) -> None:
        with pytest.raises(NoResultFound):
            refresh_flags(4711, NOW)


class TestRefreshing:
    def test_silence_raises_one_flag_with_reasons_that_survive_storage(self, world: World) -> None:
        silent = make_silent(world)
        assert refresh_flags(world.course.id, NOW) == FlagChanges(raised=1, cleared=0, kept=0)
        (flag,) = flags_of(silent)
        assert (flag.rule, flag.level, flag.cleared_at) == ("silent", "act", None)
        assert (flag.raised_at, flag.evaluated_at) == (NOW, NOW)
        assert reason_from_json(flag.reasons[0]).values["days"] == 20
        assert json.loads(json.dumps(flag.reasons)) == flag.reasons
        assert flag.clears
        assert flag.urgency > 0

    def test_the_same_facts_again_change_nothing(self, world: World) -> None:
        silent = make_silent(world)
        refresh_flags(world.course.id, NOW)
        before = [(f.id, f.level, f.reasons, f.raised_at) for f in flags_of(silent)]
        assert refresh_flags(world.course.id, NOW) == FlagChanges(raised=0, cleared=0, kept=1)
        assert [(f.id, f.level, f.reasons, f.raised_at) for f in flags_of(silent)] == before

    def test_the_open_flag_is_refreshed_in_place(self, world: World) -> None:
        silent = make_silent(world, days=8)
        refresh_flags(world.course.id, NOW)
        (first,) = flags_of(silent)
        assert first.level == "watch"
        later = NOW + timedelta(days=7)
        for membership in db.session.scalars(select(Membership).where(Membership.id != silent.id)):
            membership.last_access_at = later
        refresh_flags(world.course.id, later)
        (flag,) = flags_of(silent)
        assert (flag.id, flag.level, flag.raised_at, flag.evaluated_at) == (first.id, "act", NOW, later)
        assert reason_from_json(flag.reasons[0]).values["days"] == 15

    def test_a_visit_clears_and_the_next_silence_is_a_new_flag(self, world: World) -> None:
        silent = make_silent(world)
        refresh_flags(world.course.id, NOW)
        come_back(silent)
        assert refresh_flags(world.course.id, NOW).cleared == 1
        cleared = flags_of(silent)[0]
        assert cleared.cleared_at == NOW
        assert cleared.reasons
        silent.last_access_at = days_ago(20)
        db.session.flush()
        refresh_flags(world.course.id, NOW + timedelta(hours=1))
        old, new = (flag for flag in flags_of(silent) if flag.rule == "silent")
        assert (old.cleared_at, new.cleared_at) == (NOW, None)

    def test_a_missed_deadline_clears_by_handing_in_or_by_an_extension(self, world: World) -> None:
        activity = world.make_assignment_activity(3, name="Assignment 2")
        everybody = list(db.session.scalars(select(Membership)))
        for membership in everybody:
            world.know(membership, activity, submission="submitted", submitted_at=days_ago(4))
        late, extended = world.make_member(), world.make_member()
        late_work = world.know(late, activity, submission="none")
        extended_work = world.know(extended, activity, submission="none")
        refresh_flags(world.course.id, NOW)
        flag = self.missed(late)
        assert (flag.cleared_at, self.missed(extended).cleared_at) == (None, None)
        reason = reason_from_json(flag.reasons[0])
        assert (reason.values["handed_in"], reason.values["expected"]) == (10, 12)
        late_work.submission, late_work.submitted_at = "submitted", days_ago(0.5)
        extended_work.due_at_override = NOW + timedelta(days=3)
        db.session.flush()
        assert refresh_flags(world.course.id, NOW).cleared >= 2
        assert self.missed(late).cleared_at == self.missed(extended).cleared_at == NOW

    def missed(self, membership: Membership) -> Flag:
        (flag,) = (flag for flag in flags_of(membership) if flag.rule == "missed_deadline")
        return flag

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("standing", "staff"),
            ("standing", "unknown"),
            ("status", "left"),
            ("status", "suspended"),
            ("completed_at", days_ago(1)),
        ],
    )
    def test_whoever_is_no_learner_to_worry_about_loses_the_flag(
        self, world: World, column: str, value: object
    ) -> None:
        silent = make_silent(world)
        refresh_flags(world.course.id, NOW)
        setattr(silent, column, value)
        db.session.flush()
        assert refresh_flags(world.course.id, NOW).cleared == 1
        assert flags_of(silent)[0].cleared_at == NOW

    def test_people_without_known_visits_are_not_flagged_for_silence(self, world: World) -> None:
        world.make_member(last_access_days=None, access_as_of=None)
        assert refresh_flags(world.course.id, NOW).raised == 0

    def test_never_opened_is_raised(self, world: World) -> None:
        absent = world.make_member(last_access_days=None)
        assert refresh_flags(world.course.id, NOW).raised == 1
        assert flags_of(absent)[0].kind == "technical"

    def test_flags_of_other_courses_are_left_alone(self, world: World) -> None:
        other = world.make_member(world.make_course(world.platform))
        flag = world.raise_flag(other)
        refresh_flags(world.course.id, NOW)
        assert flags_of(other)[0].cleared_at is None
        assert flags_of(other)[0].evaluated_at == flag.evaluated_at

    def test_a_flag_raised_meanwhile_by_another_process_is_not_doubled(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        silent = make_silent(world)
        refresh_flags(world.course.id, NOW)
        monkeypatch.setattr("mentor_console.flagging._list_open", lambda _context_id: [])
        assert refresh_flags(world.course.id, NOW).raised == 0
        assert len(flags_of(silent)) == 1

    def test_a_course_that_has_not_begun_raises_nothing(self, world: World) -> None:
        make_silent(world)
        world.course.starts_at = NOW + timedelta(days=1)
        db.session.flush()
        assert refresh_flags(world.course.id, NOW) == FlagChanges(0, 0, 0)
