"""What a launch leaves behind: person, course and membership, also when two launches meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from course_sync import records
from course_sync.database import db
from course_sync.models import Context, Membership, Person
from course_sync.records import LaunchedContext, LaunchRecord, record_launch, registration_of
from tests.harness.sync_world import START, SyncWorld, add_context, small_course

COURSE = LaunchedContext(
    external_id="7",
    title="Facilitation",
    label="EM101",
    memberships_url="https://moodle.example/memberships",
    starts_at=START,
    ends_at=None,
)
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
INSTRUCTOR = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"
SITE_ADMIN = "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator"


@pytest.fixture
def platform(app_context: Flask) -> Any:
    context = db.session.get_one(Context, add_context("https://moodle.example", course="99"))
    return context.platform


def launch(platform: Any, **changes: Any) -> LaunchRecord:
    values = {
        "platform_id": platform.id,
        "organisation_id": platform.organisation_id,
        "subject": "147",
        "names": {"name": "Bruno Ivy", "given_name": "Bruno", "family_name": "Ivy"},
        "email": "bruno@example.invalid",
        "locale": "fr",
        "time_zone": "Europe/Paris",
        "context": COURSE,
        "roles": [LEARNER],
        "now": START,
    }
    record = record_launch(**{**values, **changes})
    db.session.commit()
    return record


def test_first_launch_makes_person_course_and_membership(platform: Any) -> None:
    record = launch(platform)
    assert record.context is not None
    assert record.membership is not None
    assert (record.person.name, record.person.given_name, record.person.locale) == (
        "Bruno Ivy",
        "Bruno",
        "fr",
    )
    assert record.person.time_zone == "Europe/Paris"
    assert (record.context.title, record.context.first_launched_at) == ("Facilitation", START)
    assert (record.context.starts_at, record.context.ends_at) == (START, None)
    assert (record.membership.launch_roles, record.membership.nrps_roles) == (["Learner"], None)
    assert (record.membership.standing, record.membership.status) == ("learner", "active")
    assert (record.membership.as_of, record.membership.first_seen_at) == (None, START)


def test_unknown_roles_are_null_in_the_database(platform: Any) -> None:
    launch(platform)
    assert db.session.scalar(select(func.count()).where(Membership.nrps_roles.is_(None))) == 1


def test_launching_again_updates_and_never_doubles(platform: Any) -> None:
    first = launch(platform)
    second = launch(
        platform, names={"name": "Bruno Maple"}, email="", locale="", roles=[], now=START + timedelta(days=1)
    )
    assert second.person.id == first.person.id
    assert (second.person.name, second.person.given_name) == ("Bruno Maple", "Bruno")
    assert (second.person.email, second.person.locale) == ("bruno@example.invalid", "fr")
    assert second.membership is not None
    assert (second.membership.launch_roles, second.membership.standing) == ([], "unknown")
    assert second.membership.first_seen_at == START
    assert db.session.scalar(select(func.count()).select_from(Person)) == 1


def test_only_context_roles_count(platform: Any) -> None:
    record = launch(platform, roles=[INSTRUCTOR, SITE_ADMIN, "Learner", INSTRUCTOR])
    assert record.membership is not None
    assert record.membership.launch_roles == ["Instructor", "Learner"]
    assert record.membership.standing == "staff"


def test_launch_from_outside_a_course(platform: Any) -> None:
    record = launch(platform, context=None)
    assert (record.context, record.membership) == (None, None)
    assert record.person.name == "Bruno Ivy"


@pytest.mark.parametrize(
    ("told", "kept"), [("99", ""), ("Mars/Olympus", ""), ("Asia/Hanoi!", ""), ("UTC", "UTC")]
)
def test_unknown_time_zone_is_the_organisations(platform: Any, told: str, kept: str) -> None:
    launch(platform)
    assert launch(platform, time_zone=told).person.time_zone == kept


@pytest.mark.parametrize(
    ("told", "kept"), [("pt_br", "pt-br"), ("ar", "ar"), ("<script>", ""), ("fr-" + "x" * 40, "")]
)
def test_locale_is_a_language_tag_or_nothing(platform: Any, told: str, kept: str) -> None:
    assert launch(platform, locale=told).person.locale == kept


def test_course_keeps_what_a_launch_leaves_out(platform: Any) -> None:
    launch(platform)
    bare = replace(COURSE, title="", label="", memberships_url=None, starts_at=None)
    record = launch(platform, context=bare, now=START + timedelta(days=1))
    assert record.context is not None
    assert (record.context.title, record.context.memberships_url) == ("Facilitation", COURSE.memberships_url)
    assert (record.context.starts_at, record.context.first_launched_at) == (START, START)


def test_same_subject_on_two_platforms_is_two_people(platform: Any) -> None:
    other = db.session.get_one(
        Context, add_context("https://other.example", organisation="Elsewhere")
    ).platform
    assert launch(platform).person.id != launch(other).person.id


def test_launch_of_somebody_known_keeps_what_rosters_said(app_context: Flask) -> None:
    world = small_course(SyncWorld())
    world.sync()
    context = db.session.get_one(Context, world.context_id)
    record = launch(
        context.platform, subject="145", roles=[INSTRUCTOR], context=replace(COURSE, external_id="7")
    )
    assert record.membership is not None
    assert (record.membership.standing, record.membership.nrps_roles) == ("staff", ["Learner"])


def test_manager_who_is_in_no_roster_never_leaves_it(app_context: Flask) -> None:
    world = small_course(SyncWorld())
    context = db.session.get_one(Context, world.context_id)
    launch(context.platform, subject="9", roles=[INSTRUCTOR])
    world.sync()
    assert (world.member(9).status, world.member(9).nrps_roles) == ("active", None)


def test_learner_who_launched_before_the_next_roster_enrolled_then(app_context: Flask) -> None:
    world = small_course(SyncWorld())
    world.sync()
    context = db.session.get_one(Context, world.context_id)
    moment = world.later(days=1).now
    launch(context.platform, subject="147x", now=moment)
    world.moodle.users[170] = replace(world.moodle.users[147], user_id=170)
    launch(context.platform, subject="170", now=moment)
    world.later(hours=3).sync()
    assert world.member(170).enrolled_at == moment


def test_registration_of_a_platform(platform: Any) -> None:
    registration = registration_of(platform)
    assert (registration.issuer, registration.client_id) == ("https://moodle.example", "client")
    assert registration.deployment_ids == frozenset()
    assert registration.platform_id == platform.id


def test_a_reading_that_two_processes_note_for_the_first_time_is_one_row(
    app_context: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, insert = SyncWorld(), records.insert_new

    def be_second(model: Any, rows: list[dict[str, Any]]) -> int:
        insert(model, [row | {"as_of": START - timedelta(minutes=1)} for row in rows])
        return insert(model, rows)

    monkeypatch.setattr(records, "insert_new", be_second)
    records.record_read(world.context_id, "roster", "moodle", START)
    db.session.commit()
    assert world.freshness("roster").as_of == START
