"""Reading a course with tokens of single people: what each sees, nobody leaves, while they have a part."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from course_sync.connection_models import PersonToken
from course_sync.database import db
from course_sync.models import Activity, Context, LookDay
from lti_tool.own_tokens import erase_unentitled
from mentor_console.course_facts import load_course
from mentor_console.freshness import freshness_of
from mentor_console.learner_page import get_own_page
from mentor_console.models import AuditEntry, RoleGrant
from mentor_console.own_accounts import list_usable
from tests.harness.fake_moodle import User
from tests.harness.own_world import ESSAY, FIRST, SECOND, VISIT, OwnWorld, read_without_tokens
from tests.harness.sync_world import START
from tests.integration.console_world import viewer_for


@pytest.fixture
def world(app_context: Flask) -> OwnWorld:
    return read_without_tokens()


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
    owner, colleague = (world.member(number).person_id for number in (145, 146))
    told = freshness_of([world.context_id], owner)
    assert (told.unconnected, told.own_refused_at) == (("moodle",), START + timedelta(minutes=7))
    assert freshness_of([world.context_id], colleague).own_refused_at is None
    assert freshness_of([world.context_id]).own_refused_at is None
    platform = world.member(145).context.platform
    platform.moodle_url = "https://moodle.example"
    assert freshness_of([world.context_id], owner).own_refused_at is None, "nobody's own is needed any more"


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


def test_nobody_is_sent_a_token_that_may_be_meant_for_another_address(world: OwnWorld) -> None:
    """While the first account is read the platform moves, and a new token is given to where it is now."""
    world.give(145, FIRST)
    world.give(146, SECOND)
    second = world.member(146).person_id
    sent: set[str] = set()
    plain = world.client.call_moodle

    def call(base_url: str, token: str, *arguments: Any, **options: Any) -> Any:
        sent.add(token)
        return plain(base_url, token, *arguments, **options)

    def move(_done: int, _total: int) -> None:
        if sent and db.session.query(PersonToken).count() == 2:
            db.session.query(PersonToken).delete()
            db.session.get_one(Context, world.context_id).platform.issuer = "https://elsewhere.example"
            db.session.add(PersonToken(person_id=second, token_sealed="wen", connected_at=world.now))
            db.session.commit()

    world.client.call_moodle = call  # type: ignore[method-assign]
    world.sync(move)
    assert db.session.query(PersonToken).count() == 1
    assert sent == {FIRST}


def test_where_the_site_gives_its_own_token_meanwhile_no_further_account_is_used(world: OwnWorld) -> None:
    world.give(145, FIRST)
    world.give(146, SECOND)

    def connect(_done: int, _total: int) -> None:
        platform = db.session.get_one(Context, world.context_id).platform
        platform.moodle_url = platform.issuer
        db.session.commit()

    world.sync(connect)
    assert "155" not in world.seen()


def test_learners_whom_no_account_names_any_more_are_counted_and_said(world: OwnWorld) -> None:
    """The token of a group's e-mentor expires: a week later the course is not called fresh and whole."""
    del world.moodle.users[160]
    world.give(145, FIRST)
    world.give(146, SECOND)
    world.sync()
    kinds = ("access", "submissions", "grades", "completion", "extensions")
    assert {world.freshness(kind).error_code for kind in (*kinds, "structure")} == {None}
    del world.client.groups[FIRST]
    for _day in range(7):
        assert world.later(days=1).sync().state in ("partial", "done")
    for kind in kinds:
        told = world.freshness(kind)
        assert (told.error_code, told.error_detail) == ("unread_by_accounts", "4")
        assert kind == "access" or told.as_of == START
    assert world.freshness("structure").as_of == world.now
    assert freshness_of([world.context_id]).as_of == START
    world.client.groups[FIRST] = 11
    db.session.query(PersonToken).update({"refused_at": None})
    db.session.commit()
    world.later(hours=1).sync()
    assert {world.freshness(kind).error_code for kind in kinds} == {None}
