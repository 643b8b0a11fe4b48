"""Reading a course with tokens of single people: what each sees, nobody leaves, while they have a part."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from course_sync import pull_work
from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.errors import PlatformRefused
from course_sync.models import Activity, Context, LookDay, Membership
from course_sync.sync import PlatformServices
from lti_tool.own_tokens import erase_unentitled
from mentor_console.course_facts import load_course
from mentor_console.freshness import freshness_of
from mentor_console.grants import grant_role
from mentor_console.learner_page import get_own_page
from mentor_console.models import AuditEntry, RoleGrant
from mentor_console.own_accounts import find_refused, list_usable
from tests.harness.fake_moodle import FakeClient, FakeMoodle, Module, User
from tests.harness.sync_world import START, SyncWorld, unix
from tests.integration.console_world import viewer_for

ESSAY, QUIZ = 6, 16
FIRST, SECOND = "first-token", "second-token"
VISIT = unix(START - timedelta(days=1))


class GroupClient(FakeClient):
    """Moodle with separate groups: each token sees the members of its owner's group, and refuses the rest."""

    def __init__(self, moodle: FakeMoodle, groups: dict[str, int]) -> None:
        super().__init__(moodle)
        self.groups = groups
        self.ungrouped: set[int] = set()
        """Users who are in no group and named all the same."""

    def call_moodle(
        self, base_url: str, token: str, function: str, params: dict[str, Any], **options: Any
    ) -> Any:
        if token not in self.groups:
            raise PlatformRefused("Invalid token - token not found", code="invalidtoken")
        group = self.groups[token]
        everybody = function == "gradereport_user_get_grade_items" and not params["userid"]
        if everybody and params.get("groupid") != group:
            raise PlatformRefused("error/notingroup", code="notingroup")
        answer = super().call_moodle(base_url, token, function, params, **options)
        if function == "core_enrol_get_enrolled_users":
            seen = [row for row in answer if any(one["id"] == group for one in row.get("groups", []))]
            return seen + [row for row in answer if row["id"] in self.ungrouped]
        asked = params.get("userid")
        if asked and group not in self.moodle.users[asked].groups:
            raise PlatformRefused("Access denied", code="accessdenied")
        return answer


class OwnWorld(SyncWorld):
    """Two e-mentors with a group each, and a learner in no group."""

    locked = False
    """Whether the key to sealed tokens is missing."""

    @property
    def services(self) -> PlatformServices:
        services = replace(super().services, list_own_tokens=list_usable)
        return replace(services, open_secret={}.__getitem__) if self.locked else services

    def seen(self) -> set[str]:
        """Ids of learners whose progress was read."""
        db.session.expire_all()
        rows = db.session.query(Membership).filter_by(context_id=self.context_id, standing="learner")
        return {row.person.external_id for row in rows if row.progress_as_of}

    def give(self, user_id: int, token: str) -> None:
        owner = self.member(user_id).person
        grant_role(owner, "mentor", db.session.get_one(Context, self.context_id), None, self.now)
        db.session.add(PersonToken(person_id=owner.id, token_sealed=token[::-1], connected_at=self.now))
        db.session.commit()


@pytest.fixture
def world(app_context: Flask) -> OwnWorld:
    moodle = FakeMoodle()
    moodle.add(
        User(144, "editingteacher"), User(145, "teacher", groups=(11,)), User(146, "teacher", groups=(12,))
    )
    moodle.add(*(User(150 + n, last_access=VISIT, groups=(11 if n < 4 else 12,)) for n in range(8)))
    moodle.add(User(160, last_access=VISIT))
    moodle.modules = [
        Module(71, "page", 36, due=VISIT),
        Module(76, "assign", ESSAY, due=VISIT),
        Module(74, "quiz", QUIZ, due=VISIT),
    ]
    moodle.submissions[(150, ESSAY)] = ("submitted", VISIT)
    moodle.grades[(151, 74)] = (80, VISIT)
    client = GroupClient(moodle, {FIRST: 11, SECOND: 12})
    world = OwnWorld(moodle=moodle, client=client)
    platform = db.session.get_one(Context, world.context_id).platform
    platform.product, platform.moodle_url, platform.moodle_token_sealed = "moodle", None, None
    db.session.commit()
    world.sync()
    return world


def test_each_token_tells_of_its_own_group_alone(world: OwnWorld) -> None:
    assert world.seen() == set(), "without a token there is the list of members, and no more"
    world.give(145, FIRST)
    report = world.sync()
    assert report.errors == ()
    assert report.state == "done"
    assert world.seen() == {"150", "151", "152", "153"}
    assert set(world.statuses().values()) == {"active"}
    assert world.member(160).access_as_of is None
    handed_in, nothing = world.progress(150, 76), world.progress(152, 76)
    assert handed_in is not None
    assert nothing is not None
    assert (handed_in.submission, nothing.submission) == ("submitted", "none")
    graded = world.progress(151, 74)
    assert graded is not None
    assert (graded.score_ratio, graded.grade_source) == (0.8, "moodle")
    assert world.progress(155, 76) is None
    assert db.session.query(LookDay).count() == 0
    assert {row.hand_ins_as_of for row in db.session.query(Activity)} == {None}
    world.give(146, SECOND)
    assert world.later(hours=1).sync().errors == ()
    assert world.seen() == {str(150 + n) for n in range(8)}
    assert freshness_of([world.context_id]).by_own_accounts
    read_again = world.progress(152, 76)
    assert read_again is not None
    assert read_again.submission_as_of == world.now, "what is not there was looked for again"


def test_a_hand_in_without_a_date_grows_no_younger(world: OwnWorld) -> None:
    world.moodle.submissions[(151, ESSAY)] = ("submitted", 0)
    world.give(145, FIRST)
    world.sync()
    first_read = world.now
    world.later(hours=1).sync()
    undated, draft = world.progress(151, 76), world.progress(152, 76)
    assert undated is not None
    assert draft is not None
    assert (undated.submitted_at, undated.submission_as_of) == (None, first_read)
    assert draft.submission_as_of == world.now


def test_a_course_read_by_own_accounts_alone_lacks_nothing(world: OwnWorld) -> None:
    db.session.get_one(Context, world.context_id).memberships_url = None
    db.session.commit()
    assert [row.code for row in world.sync().errors] == ["no_source"]
    world.give(145, FIRST)
    report = world.later(hours=1).sync()
    assert (report.state, report.errors) == ("done", ())


def test_silence_of_an_account_neither_ends_a_membership_nor_removes_an_activity(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.sync()
    for user_id in range(150, 154):
        world.moodle.users[user_id] = replace(world.moodle.users[user_id], groups=(12,))
    world.moodle.modules = world.moodle.modules[:1]
    assert world.later(days=1).sync().errors == ()
    assert set(world.statuses().values()) == {"active"}
    assert {row.removed_at for row in db.session.query(Activity)} == {None}
    del world.moodle.users[150]
    world.later(hours=1).sync()
    assert world.statuses()["150"] == "left", "the list of LTI is whole, and decides"


def test_visits_no_account_sees_any_more_are_known_up_to_then_and_no_silence(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.sync()
    seen_until = world.now
    world.client.groups.pop(SECOND)
    world.later(days=20).sync()
    told = {row.membership_id: row.visits_until for row in load_course(world.context_id, world.now).learners}
    assert told[world.member(150).id] is None
    assert told[world.member(154).id] == seen_until


def test_a_learners_facts_are_dated_by_who_reads_this_learner(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.sync()
    world.client.groups.pop(FIRST)
    world.later(days=2).sync()
    learner = world.member(150)
    viewer = viewer_for(learner.person, learner.context, is_learner=True, own_membership_id=learner.id)
    dated = {fact.what: fact.as_of for fact in get_own_page(viewer, learner, world.now).facts if fact.source}
    assert {dated[what] for what in ("last_access", "submissions")} == {START}
    assert dated["identity"] == world.now, "the list of LTI names everybody"


def test_a_refused_token_is_told_of_once_and_not_tried_again(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.client.groups.clear()
    world.real += timedelta(minutes=7)
    report = world.sync()
    assert {(problem.kind, problem.code) for problem in report.errors} == {("roster", "own_token_refused")}
    assert db.session.query(PersonToken).one().refused_at == world.real
    assert world.later(hours=1).sync().errors == ()
    assert freshness_of([world.context_id]).unconnected == ("moodle",)
    owner = world.member(145).person_id
    assert find_refused(owner) == START + timedelta(minutes=7)
    assert find_refused(world.member(146).person_id) is None


def test_only_accounts_that_may_be_read_with_count_as_a_connection(world: OwnWorld) -> None:
    idle = PersonToken(person_id=world.member(146).person_id, token_sealed="x", connected_at=world.now)
    db.session.add(idle)
    db.session.commit()
    told = freshness_of([world.context_id])
    assert (told.unconnected, told.by_own_accounts) == (("moodle",), False)
    world.give(145, FIRST)
    told = freshness_of([world.context_id])
    assert (told.unconnected, told.by_own_accounts) == ((), True)


def test_who_is_suspended_stays_so_though_an_account_still_names_them(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.sync()
    enrolled_at = world.member(150).enrolled_at
    world.moodle.users[150] = replace(world.moodle.users[150], suspended=True)
    world.moodle.add(User(170, last_access=VISIT, groups=(11,), suspended=True))
    for _run in range(2):
        world.later(hours=1).sync()
        gone = world.member(150)
        assert (gone.status, gone.enrolled_at) == ("left", enrolled_at)
        assert gone.left_at == START + timedelta(hours=1)
        assert world.member(170).status != "active", "whom the whole list never named is not in"
    world.moodle.users[150] = replace(world.moodle.users[150], suspended=False)
    world.later(hours=1).sync()
    back = world.member(150)
    assert (back.status, back.left_at, back.enrolled_at) == ("active", None, world.now)


def test_a_run_that_finds_nothing_new_writes_nothing(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.moodle.users[151] = replace(world.moodle.users[151], suspended=True)
    for _run in range(2):
        world.later(hours=1).sync()
    assert world.later(hours=1).sync().rows_changed == 0


def test_a_token_that_is_erased_or_replaced_during_a_run_does_not_end_it(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.give(146, SECOND)
    (first, second) = [row.person_id for row in list_usable(world.context_id)]

    def meddle(done: int, total: int) -> None:
        if done < 2:  # before the first answer to an account
            return
        db.session.query(PersonToken).filter_by(person_id=second).delete()
        db.session.query(PersonToken).filter_by(person_id=first).update({"token_sealed": "another"})
        db.session.commit()

    world.client.groups.pop(FIRST)
    report = world.sync(meddle)
    assert [problem.code for problem in report.errors] == ["own_token_refused"]
    assert [row.refused_at for row in db.session.query(PersonToken)] == [None], (
        "the new one was not tried yet"
    )


def lone_account(world: OwnWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner is in no group and sees four learners, three of whose grades fit into a run."""
    world.moodle.users[145] = replace(world.moodle.users[145], groups=())
    monkeypatch.setattr(pull_work, "MAX_LONE_GRADES", 3)
    world.client.ungrouped = {145}
    world.give(145, FIRST)


def grades_read(world: OwnWorld) -> dict[int, datetime]:
    """When grades were read, of whom they were."""
    read = {key: world.member(key).grades_as_of for key in range(150, 154)}
    return {key: moment for key, moment in read.items() if moment}


def test_grades_one_by_one_are_read_in_turn_and_who_waits_is_said(
    world: OwnWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lone_account(world, monkeypatch)
    assert [problem.code for problem in world.sync().errors] == ["grades_of_some"]
    assert world.freshness("grades").error_code == "grades_of_some"
    first = world.now
    assert list(grades_read(world).values()) == [first] * 3
    assert world.later(minutes=30).sync().errors == ()
    assert sorted(grades_read(world).values()) == [first] * 3 + [world.now], "each has a time of their own"
    assert world.freshness("grades").error_code is None
    asked = len(world.moodle.called("gradereport_user_get_grade_items"))
    world.later(minutes=30).sync()
    asked = len(world.moodle.called("gradereport_user_get_grade_items")) - asked
    assert asked == 0, "nobody came, and nobody's grades are a day old"
    world.moodle.users[152] = replace(world.moodle.users[152], last_access=unix(world.now))
    world.moodle.grades[(152, 74)] = (60, VISIT)
    world.later(minutes=30).sync()
    assert grades_read(world)[152] == world.now
    graded = world.progress(152, 74)
    assert graded is not None
    assert graded.score_ratio == 0.6


def test_all_grades_of_a_day_ago_are_asked_for_again_the_oldest_first(
    world: OwnWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    lone_account(world, monkeypatch)
    world.sync()
    world.later(hours=1).sync()
    late = next(key for key, moment in grades_read(world).items() if moment == world.now)
    assert [problem.code for problem in world.later(days=2).sync().errors] == ["grades_of_some"]
    assert {key for key, moment in grades_read(world).items() if moment != world.now} == {late}


def test_what_one_account_may_not_read_is_not_made_up_for_by_another(world: OwnWorld) -> None:
    """Attempts at a quiz are refused to the first account: of its learners "no attempt" is not known."""
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.sync()
    read_at = world.freshness("extensions").as_of
    plain = world.client.call_moodle

    def refuse(base_url: str, token: str, function: str, params: dict[str, Any], **options: Any) -> Any:
        if token == FIRST and function in ("mod_quiz_get_user_attempts", "gradereport_user_get_grade_items"):
            raise PlatformRefused("You may not", code="nopermissions")
        return plain(base_url, token, function, params, **options)

    world.client.call_moodle = refuse  # type: ignore[method-assign]
    for user_id in (150, 155):
        user = world.moodle.users[user_id]
        world.moodle.users[user_id] = replace(user, last_access=unix(world.now + timedelta(minutes=5)))
    assert world.later(hours=1).sync().state == "partial"
    told = world.freshness("extensions")
    assert (told.error_code, told.as_of) == ("nopermissions", read_at)
    assert world.freshness("grades").error_code == "nopermissions"
    assert world.freshness("submissions").error_code is None
    assert world.freshness("submissions").as_of == world.now


def test_an_account_that_is_not_in_the_course_is_told_of_beside_one_that_is(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.moodle.users[145] = replace(world.moodle.users[145], groups=())
    world.sync()
    assert world.freshness("roster").error_code == "owner_not_in_course"
    assert "155" in world.seen()


def test_a_key_of_ours_that_is_missing_is_no_fault_of_the_token(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.locked = True
    assert [problem.code for problem in world.sync().errors] == ["token_unreadable"]
    world.locked = False
    assert world.later(hours=1).sync().errors == ()
    assert "150" in world.seen()


def test_an_owner_without_a_part_is_not_read_with_and_the_token_erased(world: OwnWorld) -> None:
    world.give(145, FIRST)
    assert [row.person_id for row in list_usable(world.context_id)]
    assert erase_unentitled(world.real) == 0
    db.session.query(RoleGrant).one().ended_at = world.now
    db.session.commit()
    assert list_usable(world.context_id) == []
    world.sync()
    assert world.seen() == set()
    assert erase_unentitled(world.real) == 1
    assert db.session.query(PersonToken).count() == 0
    audited = {row.action: row.subject for row in db.session.query(AuditEntry)}
    assert audited["own_token_erased"] == {"person_id": world.member(145).person_id}


def test_who_left_the_course_or_teaches_it(world: OwnWorld) -> None:
    world.give(145, FIRST)
    member = world.member(145)
    member.status, member.left_at = "left", world.now + timedelta(hours=1)
    db.session.commit()
    assert list_usable(world.context_id) == []
    trainer = world.member(144).person
    db.session.add(PersonToken(person_id=trainer.id, token_sealed="x", connected_at=world.now))
    db.session.commit()
    assert [row.person_id for row in list_usable(world.context_id)] == [trainer.id]


def test_where_the_site_has_its_own_token_nobody_elses_is_used(world: OwnWorld) -> None:
    world.give(145, FIRST)
    platform = db.session.get_one(Context, world.context_id).platform
    platform.moodle_url, platform.moodle_token_sealed = "https://moodle.example", SECOND[::-1]
    db.session.commit()
    world.sync()
    assert "150" not in world.seen()
