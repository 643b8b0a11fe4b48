"""Rules by course and organisation, breaks, extensions, and what each flag said on each day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer
from mentor_console.course_breaks import add_break, list_breaks, remove_break
from mentor_console.course_facts import load_course
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.flag_history import list_flag_history, reading_on
from mentor_console.flagging import judge_anew, refresh_flags
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS
from mentor_console.models import Flag, FlagReading, RuleSetting
from mentor_console.rule_settings import get_rules, preview_rules, save_rules, thresholds_for
from tests.integration.console_world import NOW, World, at_once, days_ago, viewer_for

TODAY = NOW.date()


@pytest.fixture
def world(app_context: Flask) -> World:
    return World()


@pytest.fixture
def trainer(world: World) -> Viewer:
    return viewer_for(world.make_person(), world.course, is_trainer=True)


@pytest.fixture
def admin(world: World) -> Viewer:
    return viewer_for(world.make_person(), None, is_admin=True)


def make_class(world: World, number: int = 10) -> None:
    for _ in range(number):
        world.be_active_daily(world.make_member(last_access_days=0.5), until_days_ago=0)


def make_silent(world: World, days: int) -> Membership:
    membership = world.make_member(last_access_days=days)
    world.be_active_daily(membership, until_days_ago=days)
    return membership


def silent_level(membership: Membership) -> str | None:
    db.session.expire_all()
    statement = select(Flag.level).where(
        Flag.membership_id == membership.id, Flag.rule == "silent", Flag.cleared_at.is_(None)
    )
    return db.session.scalars(statement).one_or_none()


def counts() -> tuple[int, int]:
    kept = db.session.scalar(select(func.count(RuleSetting.id))) or 0
    return kept, db.session.scalar(select(func.count(Flag.id))) or 0


class TestRules:
    def test_course_over_organisation_over_default(
        self, world: World, trainer: Viewer, admin: Viewer
    ) -> None:
        other = world.make_course(world.platform)
        save_rules(admin, {"silent_watch_days": 8, "silent_act_days": 16}, None, NOW, "organisation")
        save_rules(trainer, {"silent_watch_days": 9}, None, NOW)
        here, there = thresholds_for(world.course.id), thresholds_for(other.id)
        assert (here.silent_watch_days, here.silent_act_days) == (9, 16)
        assert (there.silent_watch_days, there.silent_act_days) == (8, 16)
        assert here.silent_week_days == DEFAULT_THRESHOLDS.silent_week_days
        page = get_rules(trainer)
        assert (page.own, page.values["silent_act_days"]) == ({"silent_watch_days": 9}, 16)
        assert page.inherited["silent_watch_days"] == 8
        elsewhere = world.make_course(world.make_platform(world.make_organisation()))
        assert thresholds_for(elsewhere.id) == DEFAULT_THRESHOLDS

    def test_one_click_sent_twice_saves_once(self, world: World, trainer: Viewer) -> None:
        numbers = {"silent_watch_days": 6}
        first = save_rules(trainer, numbers, None, NOW)
        assert save_rules(trainer, numbers, None, NOW + timedelta(seconds=2)).id == first.id
        colleague = viewer_for(world.make_person(), world.course, is_trainer=True)
        for viewer, sent, at in (
            (colleague, numbers, NOW),
            (trainer, {"silent_watch_days": 5}, NOW),
            (trainer, numbers, NOW + timedelta(minutes=2)),
        ):
            with pytest.raises(Conflict, match="changed_by_other"):
                save_rules(viewer, sent, None, at)
        assert get_rules(trainer).based_on_id == first.id

    def test_a_course_is_judged_anew_at_once(self, world: World, trainer: Viewer) -> None:
        make_class(world)
        silent = make_silent(world, 12)
        refresh_flags(world.course.id, NOW)
        assert silent_level(silent) == "week"
        first = save_rules(trainer, {"silent_act_days": 12}, None, NOW)
        assert silent_level(silent) == "act"
        save_rules(trainer, {}, first.id, NOW)
        assert silent_level(silent) == "week"
        assert get_rules(trainer).own == {}

    def test_nobody_is_judged_past_the_last_reading_of_visits(self, world: World, trainer: Viewer) -> None:
        make_class(world)
        world.read_facts(world.course, "access", NOW, source="moodle")
        judge_anew(world.course.id, NOW)
        before, later = counts(), NOW + timedelta(days=10)
        save_rules(trainer, {"silent_act_days": 15}, None, later)
        assert counts() == (before[0] + 1, before[1])

    def test_a_preview_counts_and_writes_nothing(self, world: World, trainer: Viewer) -> None:
        make_class(world)
        for days in (8, 12, 15):
            make_silent(world, days)
        make_silent(world, 30).status = "left"
        refresh_flags(world.course.id, NOW)
        before = counts()
        now = preview_rules(trainer, {}, NOW)
        assert (now.newly, now.no_longer, now.changed_level) == (0, 0, 0)
        assert now.flagged == now.flagged_now
        assert now.learners == 13
        stricter = preview_rules(
            trainer, {"silent_watch_days": 12, "silent_week_days": 13, "silent_act_days": 14}, NOW
        )
        assert stricter.by_rule["silent"] == now.by_rule["silent"] - 1
        assert stricter.flagged_now == now.flagged
        assert (stricter.no_longer + stricter.changed_level) >= 1
        assert counts() == before
        assert silent_level(make_silent(world, 8)) is None

    def test_an_admin_previews_all_courses(self, world: World, admin: Viewer) -> None:
        make_class(world)
        make_silent(world, 12)
        other = world.make_course(world.platform)
        learner = world.make_member(other, last_access_days=12)
        world.be_active_daily(learner, until_days_ago=12)
        foreign = world.make_course(world.make_platform(world.make_organisation()))
        world.be_active_daily(world.make_member(foreign, last_access_days=20), until_days_ago=20)
        page = preview_rules(admin, {"silent_act_days": 12}, NOW, "organisation")
        assert page.learners == 12
        assert page.by_level["act"] >= 2

    def test_who_was_second_is_told(self, world: World, trainer: Viewer) -> None:
        other = viewer_for(world.make_person(), world.course, is_trainer=True)
        shown = get_rules(trainer).based_on_id
        first = save_rules(trainer, {"silent_watch_days": 8}, shown, NOW)
        with pytest.raises(Conflict, match="changed_by_other"):
            save_rules(other, {"silent_watch_days": 5}, shown, NOW)
        assert thresholds_for(world.course.id).silent_watch_days == 8
        save_rules(other, {"silent_watch_days": 5}, first.id, NOW)
        page = get_rules(trainer)
        assert (page.values["silent_watch_days"], page.changed_at) == (5, NOW)

    def test_of_many_at_once_one_saves(self, app_context: Flask, world: World, trainer: Viewer) -> None:
        db.session.commit()
        for scope, viewer in (
            ("course", trainer),
            ("organisation", viewer_for(world.make_person(), None, is_admin=True)),
        ):
            db.session.commit()

            def save(number: int, viewer: Viewer = viewer, scope: Any = scope) -> RuleSetting:
                return save_rules(viewer, {"silent_watch_days": number}, None, NOW, scope)

            results = at_once(app_context, save)
            assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 3 + ["RuleSetting"]

    @pytest.mark.parametrize(
        ("overrides", "problems"),
        [
            ({"silence": 3}, {"silence": "unknown"}),
            ({"silent_watch_days": "7"}, {"silent_watch_days": "not_a_number"}),
            ({"silent_watch_days": 7.5}, {"silent_watch_days": "not_a_number"}),
            ({"silent_watch_days": True}, {"silent_watch_days": "not_a_number"}),
            ({"silent_watch_days": -1}, {"silent_watch_days": "out_of_range"}),
            ({"silent_watch_days": 99}, {"silent_watch_days": "contradiction"}),
        ],
    )
    def test_numbers_that_cannot_be(
        self, trainer: Viewer, overrides: dict[str, Any], problems: dict[str, str]
    ) -> None:
        for act in (
            lambda: preview_rules(trainer, overrides, NOW),
            lambda: save_rules(trainer, overrides, None, NOW),
        ):
            with pytest.raises(InvalidInput) as caught:
                act()
            assert caught.value.problems == problems
        assert counts()[0] == 0

    def test_an_organisation_does_not_contradict_its_courses(self, trainer: Viewer, admin: Viewer) -> None:
        save_rules(trainer, {"silent_act_days": 12}, None, NOW)
        with pytest.raises(InvalidInput) as caught:
            save_rules(admin, {"silent_week_days": 13}, None, NOW, "organisation")
        assert caught.value.problems == {"silent_week_days": "contradiction"}

    def test_numbers_of_an_older_version_give_way(self, world: World, trainer: Viewer) -> None:
        row = {"organisation_id": world.organisation.id, "context_id": world.course.id, "version": 1}
        stored = {"threshold_of_yesterday": 4, "silent_watch_days": 50}
        who = {"created_by_id": trainer.person_id, "created_at": NOW}
        db.session.add(RuleSetting(**row, **who, thresholds=stored))
        db.session.commit()
        assert thresholds_for(world.course.id) == DEFAULT_THRESHOLDS

    def test_by_whom(self, world: World, trainer: Viewer, admin: Viewer) -> None:
        mentor = viewer_for(world.make_person(), world.course, is_mentor=True)
        for viewer, scope in ((mentor, "course"), (trainer, "organisation"), (admin, "course")):
            with pytest.raises(AccessDenied):
                get_rules(viewer, scope)  # type: ignore[arg-type]
            with pytest.raises(AccessDenied):
                preview_rules(viewer, {}, NOW, scope)  # type: ignore[arg-type]
            with pytest.raises(AccessDenied):
                save_rules(viewer, {}, None, NOW, scope)  # type: ignore[arg-type]
        foreign = save_rules(admin, {"silent_watch_days": 6}, None, NOW, "organisation")
        with pytest.raises(AccessDenied):
            save_rules(trainer, {}, foreign.id, NOW)


class TestBreaks:
    def test_silence_in_a_break_is_no_silence(self, world: World, trainer: Viewer) -> None:
        make_class(world)
        silent = make_silent(world, 12)
        refresh_flags(world.course.id, NOW)
        assert silent_level(silent) == "week"
        starts_on = TODAY - timedelta(days=11)
        row = add_break(
            trainer,
            name=" Autumn ",
            starts_on=starts_on,
            ends_on=TODAY - timedelta(days=1),
            request_key="k",
            now=NOW,
        )
        refresh_flags(world.course.id, NOW)
        assert silent_level(silent) is None
        (line,) = list_breaks(world.course.id)
        assert (line.name, line.starts_on, line.ends_on) == ("Autumn", starts_on, TODAY - timedelta(days=1))
        assert load_course(world.course.id, NOW).course.breaks == (
            (datetime(2026, 11, 9, 23, tzinfo=UTC), datetime(2026, 11, 20, 23, tzinfo=UTC)),  # days in Paris
        )
        assert remove_break(trainer, row.id, NOW)
        assert not remove_break(trainer, row.id, NOW)
        refresh_flags(world.course.id, NOW)
        assert silent_level(silent) == "week"

    @pytest.mark.parametrize(
        ("given", "problems"),
        [
            ({"name": ""}, {"name": "required"}),
            ({"name": "x" * 201}, {"name": "too_long"}),
            ({"starts_on": None}, {"starts_on": "required"}),
            ({"ends_on": TODAY - timedelta(days=1)}, {"ends_on": "before_start"}),
            ({"ends_on": TODAY + timedelta(days=120)}, {"ends_on": "too_long"}),
            ({"ends_on": TODAY.replace(year=2096)}, {"ends_on": "too_far"}),
        ],
    )
    def test_what_is_refused(self, trainer: Viewer, given: dict[str, Any], problems: dict[str, str]) -> None:
        with pytest.raises(InvalidInput) as caught:
            add_break(
                trainer,
                **{"name": "A", "starts_on": TODAY, "ends_on": TODAY, **given},
                request_key="k",
                now=NOW,
            )
        assert caught.value.problems == problems

    def test_by_the_trainer_of_that_course(self, world: World, trainer: Viewer) -> None:
        row = add_break(trainer, name="A", starts_on=TODAY, ends_on=TODAY, request_key="k", now=NOW)
        elsewhere = viewer_for(world.make_person(), world.make_course(world.platform), is_trainer=True)
        mentor = viewer_for(world.make_mentor(), world.course, is_mentor=True)
        for viewer in (elsewhere, mentor):
            with pytest.raises(AccessDenied):
                remove_break(viewer, row.id, NOW)
        with pytest.raises(AccessDenied):
            add_break(mentor, name="A", starts_on=TODAY, ends_on=TODAY, request_key="k", now=NOW)


class TestHistory:
    def test_why_on_that_day(self, world: World, trainer: Viewer) -> None:
        make_class(world)
        silent = make_silent(world, 8)
        for days in (0, 1, 3):
            at = NOW + timedelta(days=days)
            others = select(Membership).where(Membership.id != silent.id)
            for membership in db.session.scalars(others):
                membership.last_access_at = at
            refresh_flags(world.course.id, at)
            refresh_flags(world.course.id, at + timedelta(hours=1))
        silent.last_access_at = NOW + timedelta(days=4)
        db.session.flush()
        refresh_flags(world.course.id, NOW + timedelta(days=4))
        history = next(item for item in list_flag_history(trainer, silent) if item.flag.rule == "silent")
        days = [line.reasons[0].values["days"] for line in history.readings]
        assert days == [8, 9, 11]

        def days_on(moment: datetime) -> object:
            reading = reading_on(history, moment)
            return reading.reasons[0].values["days"] if reading else None

        assert days_on(days_ago(1)) is None
        assert days_on(NOW) == 8
        assert days_on(NOW + timedelta(days=2)) == 9
        assert days_on(NOW + timedelta(days=3, hours=5)) == 11
        assert days_on(NOW + timedelta(days=5)) is None

    def test_the_same_facts_are_one_reading_and_two_refreshers_write_one(
        self, app_context: Flask, world: World
    ) -> None:
        make_class(world)
        make_silent(world, 12)
        db.session.commit()
        context_id = world.course.id
        at_once(app_context, lambda _: refresh_flags(context_id, NOW))
        refresh_flags(context_id, NOW + timedelta(minutes=30))
        per_flag = select(func.count(FlagReading.id)).group_by(FlagReading.flag_id)
        assert set(db.session.scalars(per_flag)) == {1}
        assert db.session.scalar(select(func.count(FlagReading.id))) == counts()[1]

    def test_what_was_said_between_two_readings_of_the_facts(self, world: World, trainer: Viewer) -> None:
        make_class(world)
        silent = make_silent(world, 12)
        world.read_facts(world.course, "access", NOW, source="moodle")
        judge_anew(world.course.id, NOW)
        based_on = None
        for minutes, days in enumerate((12, 13, 12), start=1):
            saved = save_rules(trainer, {"silent_act_days": days}, based_on, NOW + timedelta(minutes=minutes))
            based_on = saved.id
        history = next(item for item in list_flag_history(trainer, silent) if item.flag.rule == "silent")
        said = [(line.read_at - NOW, line.facts_at, line.level) for line in history.readings]
        levels = enumerate(("week", "act", "week", "act"))
        assert said == [(timedelta(minutes=minutes), NOW, level) for minutes, level in levels]
        higher = {"silent_watch_days": 13, "silent_week_days": 14, "silent_act_days": 15}
        save_rules(trainer, higher, based_on, at := NOW + timedelta(days=1))
        flag = db.session.get_one(Flag, history.flag.flag_id)
        assert (flag.cleared_at, flag.evaluated_at) == (at, NOW)

    def test_of_two_at_the_same_moment_the_later_is_kept(self, world: World, trainer: Viewer) -> None:
        make_class(world)
        silent = make_silent(world, 12)
        first = save_rules(trainer, {"silent_act_days": 12}, None, NOW)
        save_rules(trainer, {}, first.id, NOW)
        history = next(item for item in list_flag_history(trainer, silent) if item.flag.rule == "silent")
        assert [line.level for line in history.readings] == ["week"]

    def test_only_of_learners_one_may_see(self, world: World) -> None:
        stranger = viewer_for(world.make_mentor(), world.course, is_mentor=True)
        with pytest.raises(AccessDenied):
            list_flag_history(stranger, world.make_member())
