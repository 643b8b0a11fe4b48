"""Who is what: every row of the table "Is in the tool", as `viewer_of` decides it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from course_sync.database import db
from course_sync.models import (
    SOURCE_LTI,
    SOURCE_MOODLE,
    Context,
    Freshness,
    Membership,
    Organisation,
    Person,
    Platform,
)
from course_sync.records import standing_of
from mentor_console.access import LaunchFacts, Viewer, viewer_of
from mentor_console.models import RoleGrant

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


@dataclass
class Course:
    """One course of one platform, and one person who launches from it."""

    organisation: Organisation = field(init=False)
    platform: Platform = field(init=False)
    context: Context = field(init=False)
    person: Person = field(init=False)

    def __post_init__(self) -> None:
        self.organisation = self.add(Organisation(name="Org", created_at=NOW))
        self.platform = self.make_platform("https://lms.example")
        self.context = self.make_context("course-1")
        self.person = self.add(
            Person(organisation_id=self.organisation.id, platform_id=self.platform.id, external_id="user-1")
        )

    def add(self, row: Any) -> Any:
        db.session.add(row)
        db.session.flush()
        return row

    def make_platform(self, issuer: str) -> Platform:
        addresses = dict.fromkeys(("auth_login_url", "auth_token_url", "jwks_url"), issuer)
        row: Platform = self.add(
            Platform(
                organisation_id=self.organisation.id,
                name=issuer,
                issuer=issuer,
                client_id="1",
                created_at=NOW,
                **addresses,
            )
        )
        return row

    def make_context(self, external_id: str) -> Context:
        row: Context = self.add(
            Context(
                organisation_id=self.organisation.id, platform_id=self.platform.id, external_id=external_id
            )
        )
        return row

    def enrol(
        self,
        launch: list[str],
        nrps: list[str] | None,
        platform_roles: list[str] | None = None,
        status: str = "active",
    ) -> Membership:
        row: Membership = self.add(
            Membership(
                context_id=self.context.id,
                person_id=self.person.id,
                launch_roles=launch,
                nrps_roles=nrps,
                platform_roles=platform_roles,
                standing=standing_of(launch, nrps, platform_roles),
                status=status,
                first_seen_at=NOW,
            )
        )
        return row

    def roster_was_read(self, error_code: str | None = None) -> None:
        self.add(
            Freshness(
                context_id=self.context.id,
                kind="roster",
                source=SOURCE_LTI,
                as_of=NOW,
                tried_at=NOW,
                error_code=error_code,
            )
        )

    def grant(self, role: str, context: Context | None, ended: bool = False) -> None:
        self.add(
            RoleGrant(
                organisation_id=self.organisation.id,
                person_id=self.person.id,
                context_id=context.id if context else None,
                role=role,
                granted_at=NOW,
                ended_at=NOW if ended else None,
            )
        )

    def launch(self, *roles: str, **facts: Any) -> Viewer:
        known = {
            "person_id": self.person.id,
            "organisation_id": self.organisation.id,
            "platform_id": self.platform.id,
            "context_id": self.context.id,
        }
        return viewer_of(LaunchFacts(**(known | {"roles": frozenset(roles)} | facts)))


@pytest.fixture
def course(app_context: Flask) -> Course:
    return Course()


def parts_of(viewer: Viewer) -> set[str]:
    return set(viewer.parts) - {"anyone"}


def test_row_1_instructor_in_launch_and_roster_is_trainer(course: Course) -> None:
    course.roster_was_read()
    course.enrol(["Instructor"], ["Instructor"])
    assert parts_of(course.launch("Instructor")) == {"trainer"}


def test_row_2_instructor_in_launch_and_learner_in_roster_is_nothing_yet(course: Course) -> None:
    course.roster_was_read()
    membership = course.enrol(["Instructor"], ["Learner"])
    assert parts_of(course.launch("Instructor")) == set()
    assert membership.standing == "staff"


def test_row_2_non_editing_teacher_of_the_web_services_is_nothing_yet(course: Course) -> None:
    course.roster_was_read()
    membership = course.enrol(["Instructor"], None, ["teacher"])
    assert parts_of(course.launch("Instructor")) == set()
    assert membership.standing == "staff"


def test_row_2_named_e_mentor_is_mentor(course: Course) -> None:
    course.roster_was_read()
    course.enrol(["Instructor"], ["Learner"])
    course.grant("mentor", course.context)
    assert parts_of(course.launch("Instructor")) == {"mentor"}


def test_row_3_instructor_absent_from_the_roster_may_ask(course: Course) -> None:
    course.roster_was_read()
    course.enrol(["Instructor"], None)
    viewer = course.launch("Instructor")
    assert parts_of(viewer) == {"applicant"}
    assert not viewer.role_unchecked


def test_row_3_administrator_may_ask(course: Course) -> None:
    course.roster_was_read()
    course.enrol(["Instructor"], None)
    assert parts_of(course.launch("Instructor", is_platform_administrator=True)) == {"applicant"}
    assert parts_of(course.launch(is_platform_administrator=True)) == {"applicant"}


def test_row_3_administrator_outside_a_course_has_nothing_to_ask_for(course: Course) -> None:
    assert parts_of(course.launch(is_platform_administrator=True, context_id=None)) == set()


def test_row_3_a_grant_lets_them_in(course: Course) -> None:
    course.roster_was_read()
    course.enrol(["Instructor"], None)
    course.grant("trainer", course.context)
    assert parts_of(course.launch("Instructor")) == {"trainer"}


def test_row_4_learner_has_the_own_page(course: Course) -> None:
    course.roster_was_read()
    membership = course.enrol(["Learner"], ["Learner"])
    viewer = course.launch("Learner")
    assert parts_of(viewer) == {"learner"}
    assert viewer.own_membership_id == membership.id


def test_row_4_learner_by_the_launch_alone_has_the_own_page(course: Course) -> None:
    course.enrol(["Learner"], None)
    assert parts_of(course.launch("Learner")) == {"learner"}


def test_row_4_custom_role_that_the_launch_calls_learner_has_the_own_page(course: Course) -> None:
    course.roster_was_read()
    course.enrol(["Learner"], None, ["ementor"])
    assert parts_of(course.launch("Learner")) == {"learner"}


def test_row_4_learner_who_is_named_has_both(course: Course) -> None:
    course.enrol(["Learner"], ["Learner"])
    course.grant("mentor", course.context)
    assert parts_of(course.launch("Learner")) == {"learner", "mentor"}


def test_row_5_observer_is_mentor_of_exactly_those_named(course: Course) -> None:
    course.enrol(["Mentor"], None)
    viewer = course.launch("Mentor", mentored_subjects=frozenset({"5", "6"}))
    assert parts_of(viewer) == {"mentor"}
    assert viewer.observed_subjects == {"5", "6"}


@pytest.mark.parametrize(
    ("roles", "subjects", "in_course"),
    [(["Mentor"], [], True), (["Learner"], ["5"], True), ([], ["5"], True), (["Mentor"], ["5"], False)],
    ids=["role alone", "claim as learner", "claim alone", "outside a course"],
)
def test_row_5_needs_role_and_claim_and_course(
    course: Course, roles: list[str], subjects: list[str], in_course: bool
) -> None:
    course.enrol(roles, None)
    context_id = course.context.id if in_course else None
    viewer = course.launch(*roles, mentored_subjects=frozenset(subjects), context_id=context_id)
    assert "mentor" not in viewer.parts
    assert viewer.observed_subjects == frozenset()


@pytest.mark.parametrize(
    "roles", [[], ["ContentDeveloper"], ["Manager"], ["Officer", "Member"], ["Administrator"]]
)
def test_row_6_any_other_role_is_nothing(course: Course, roles: list[str]) -> None:
    course.roster_was_read()
    course.enrol(roles, None)
    assert parts_of(course.launch(*roles)) == set()


def test_row_7_admin_only_by_grant(course: Course) -> None:
    course.grant("admin", None)
    assert parts_of(course.launch()) == {"admin"}
    assert parts_of(course.launch(context_id=None)) == {"admin"}


def test_roster_never_read_makes_nobody_trainer(course: Course) -> None:
    course.enrol(["Instructor"], None)
    viewer = course.launch("Instructor")
    assert "trainer" not in viewer.parts
    assert viewer.role_unchecked


def test_a_complaint_about_the_web_services_alone_leaves_nobody_unchecked(course: Course) -> None:
    course.roster_was_read()
    failed = Freshness(context_id=course.context.id, kind="roster", source=SOURCE_MOODLE, error_code="x")
    course.add(failed)
    for roles, facts in (((), {"is_platform_administrator": True}), (("Instructor",), {})):
        viewer = course.launch(*roles, **facts)
        assert (viewer.is_applicant, viewer.role_unchecked) == (True, False)


def test_roster_that_failed_last_time_leaves_a_newcomer_unchecked(course: Course) -> None:
    course.roster_was_read(error_code="unreachable")
    course.enrol(["Instructor"], None)
    assert course.launch("Instructor").role_unchecked


def test_roster_that_failed_last_time_keeps_a_known_trainer(course: Course) -> None:
    course.roster_was_read(error_code="unreachable")
    course.enrol(["Instructor"], ["Instructor"])
    viewer = course.launch("Instructor")
    assert parts_of(viewer) == {"trainer"}
    assert not viewer.role_unchecked


def test_instructor_in_the_roster_alone_is_no_trainer(course: Course) -> None:
    """The launch is what the person is now; an older roster adds nothing to it."""
    course.roster_was_read()
    course.enrol(["Learner"], ["Instructor"])
    assert parts_of(course.launch("Learner")) == set()


@pytest.mark.parametrize("status", ["left", "suspended"])
def test_roster_roles_of_somebody_who_left_count_for_nothing(course: Course, status: str) -> None:
    """A manager who was enrolled as a teacher once: asks, like any manager."""
    course.roster_was_read()
    course.enrol(["Instructor"], ["Instructor"], status=status)
    assert parts_of(course.launch("Instructor")) == {"applicant"}


def test_roles_hold_in_their_own_course_only(course: Course) -> None:
    other = course.make_context("course-2")
    course.roster_was_read()
    course.enrol(["Instructor"], ["Instructor"])
    course.grant("trainer", course.context)
    viewer = course.launch("Instructor", context_id=other.id)
    assert "trainer" not in viewer.parts
    assert "trainer" not in course.launch("Instructor", context_id=None).parts


def test_an_ended_grant_is_no_grant(course: Course) -> None:
    for role, context in (("trainer", course.context), ("mentor", course.context), ("admin", None)):
        course.grant(role, context, ended=True)
    assert parts_of(course.launch("Learner")) == set()


def test_a_grant_of_another_organisation_is_no_grant(course: Course) -> None:
    course.grant("admin", None)
    other = course.add(Organisation(name="Other", created_at=NOW))
    assert parts_of(course.launch(organisation_id=other.id)) == set()


@pytest.mark.parametrize("status", ["left", "suspended"])
def test_a_named_mentor_who_is_gone_from_the_course_is_none_any_more(course: Course, status: str) -> None:
    course.grant("mentor", course.context)
    assert parts_of(course.launch()) == {"mentor"}, "external, never in the roster"
    membership = course.enrol(["Instructor"], ["Learner"])
    assert parts_of(course.launch("Instructor")) == {"mentor"}
    membership.status = status
    db.session.flush()
    assert parts_of(course.launch()) == set()
    assert parts_of(course.launch("Instructor")) == {"applicant"}
    course.grant("mentor", course.make_context("course-2"))
    assert parts_of(course.launch()) == {"mentor"}, "of the other course"


@pytest.mark.parametrize("role", ["mentor", "trainer"])
def test_a_grant_given_after_somebody_left_holds_until_they_leave_again(course: Course, role: str) -> None:
    membership = course.enrol(["Learner"], ["Learner"], status="left")
    membership.left_at = NOW - timedelta(days=1)
    course.grant(role, course.context)
    assert role in parts_of(course.launch("Learner"))
    membership.left_at = NOW
    db.session.flush()
    assert role not in parts_of(course.launch("Learner"))


@pytest.mark.parametrize("status", ["left", "suspended"])
def test_a_trainer_by_grant_who_is_gone_from_the_course_is_none_any_more(course: Course, status: str) -> None:
    course.grant("trainer", course.context)
    course.grant("admin", None)
    assert parts_of(course.launch()) == {"trainer", "admin"}, "external, never in the roster"
    membership = course.enrol(["Instructor"], ["Instructor"])
    assert "trainer" in parts_of(course.launch("Instructor"))
    membership.status = status
    db.session.flush()
    assert parts_of(course.launch()) == {"admin"}, "no administrator's grant rests"
    assert "trainer" not in parts_of(course.launch("Instructor"))
    membership.status = "active"
    db.session.flush()
    assert parts_of(course.launch()) == {"trainer", "admin"}, "the grant rested, it did not end"
