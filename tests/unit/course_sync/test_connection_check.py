"""The test of a connection against a site that answers as Moodle does: each lack is named, loud or silent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from course_sync import connection_check
from course_sync.connection_answers import ABSENT, FAILED, REFUSED, SILENT, UNTRIED, WORKS, ProbeResult
from course_sync.connection_check import (
    CALL_SECONDS,
    PATIENT,
    TOTAL_SECONDS,
    CheckReport,
    CheckTarget,
    check_connection,
)
from course_sync.errors import PlatformUnreachable
from course_sync.moodle_access import MoodleAccess
from course_sync.moodle_needs import NEEDS
from course_sync.moodle_wire import find_error, form_fields
from lti_tool.demo_lms import constants
from lti_tool.demo_lms.app import create_demo_lms
from lti_tool.demo_lms.faults import Faults
from lti_tool.demo_lms.site import EXTENSION, DemoSite
from lti_tool.demo_lms.webservice.call import WsError, parse_params
from lti_tool.demo_lms.webservice.server import answer_call

RECORDED = Path(__file__).parents[2] / "recorded" / "moodle"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass
class SiteClient:
    """A platform client without network: the demo site answers, or nobody does."""

    site: DemoSite
    fails_after: int = 10_000
    asked: list[str] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)
    """Answers in place of the site's."""

    def call_moodle(
        self, base_url: str, token: str, function: str, params: dict[str, Any], **options: Any
    ) -> Any:
        assert 0 < options["timeout_seconds"] <= (TOTAL_SECONDS if function in PATIENT else CALL_SECONDS)
        assert options["retry"] is False
        self.asked.append(function)
        if len(self.asked) > self.fails_after:
            raise PlatformUnreachable("no answer in time", code="timeout")
        if function in self.changed:
            return self.changed[function]
        try:
            answer = answer_call(self.site, parse_params(form_fields(token, function, params).items()))
        except WsError as problem:
            answer = problem.to_json()
        error = find_error(answer, token)
        if error:
            raise error
        return answer


@dataclass
class SlowClient(SiteClient):
    """Answers after so many seconds, by a clock of its own, or not before the time is over."""

    seconds: dict[str, float] = field(default_factory=dict)
    clock: float = 0.0

    def call_moodle(
        self, base_url: str, token: str, function: str, params: dict[str, Any], **options: Any
    ) -> Any:
        assert options["read_seconds"] == options["timeout_seconds"]
        needed, limit = self.seconds.get(function, self.seconds["else"]), options["timeout_seconds"]
        self.clock += min(needed, limit)
        if needed > limit:
            raise PlatformUnreachable("no answer in time", code="timeout")
        return super().call_moodle(base_url, token, function, params, **options)


@pytest.fixture(scope="module")
def shared_site(tmp_path_factory: pytest.TempPathFactory) -> DemoSite:
    app = create_demo_lms(
        tmp_path_factory.mktemp("site"), "http://127.0.0.1:1", "http://localhost", now=lambda: NOON
    )
    site: DemoSite = app.extensions[EXTENSION]
    return site


@pytest.fixture
def site(shared_site: DemoSite) -> Iterator[DemoSite]:
    yield shared_site
    shared_site.faults = Faults()


def try_out(site: DemoSite, client: SiteClient | None = None, **changes: Any) -> CheckReport:
    """A whole test with what the tool knows after a sync of some days ago."""
    ids = [str(person.user_id) for person in site.enrolled_people() if not site.is_suspended(person)]
    given = {
        "access": MoodleAccess("http://127.0.0.1:1", constants.WS_TOKEN),
        "course_id": str(constants.COURSE_ID),
        "known_ids": frozenset(ids),
        "known_learner_id": ids[-1],
    }
    return check_connection(client or SiteClient(site), CheckTarget(**(given | changes)))  # type: ignore[arg-type]


def by_code(report: CheckReport) -> dict[str, ProbeResult]:
    return {result.code: result for result in report.results}


def test_with_everything_granted_nothing_is_missing(site: DemoSite) -> None:
    client = SiteClient(site)
    report = try_out(site, client)
    assert report.problems == ()
    assert report.release == constants.MOODLE_RELEASE
    assert report.user_id == str(constants.WS_READER_ID)
    untried = {result.code: result.why for result in report.results if result.state == UNTRIED}
    assert untried == {"hidden": "nothing_hidden", "posts": "no_discussion"}
    needed = {need.function for need in NEEDS} - {"mod_forum_get_discussion_posts"}
    assert set(client.asked) == needed | {"core_group_get_course_groups"}
    assert len(client.asked) == 17, "each once, the list of members and that of suspended ones"


@pytest.mark.parametrize(
    ("capability", "states"),
    [
        ("moodle/site:accessallgroups", {"roster": SILENT, "completion": REFUSED}),
        ("moodle/user:viewdetails", {"roster": SILENT}),
        ("moodle/course:viewhiddenuserfields", {"visits": SILENT}),
        ("moodle/course:enrolreview", {"suspended": REFUSED}),
        ("moodle/course:view", {"roster": REFUSED, "activities": REFUSED, "assignments": SILENT}),
        ("moodle/course:viewparticipants", {"roster": REFUSED}),
        ("mod/assign:view", {"assignments": SILENT, "hand_ins": SILENT, "extensions": REFUSED}),
        ("mod/assign:viewgrades", {"hand_ins": SILENT, "extensions": REFUSED}),
        ("mod/quiz:view", {"quizzes": SILENT, "attempts": REFUSED}),
        ("mod/quiz:viewreports", {"attempts": REFUSED}),
        ("gradereport/user:view", {"grades": REFUSED}),
        ("moodle/grade:viewall", {"grades": REFUSED}),
        ("report/progress:view", {"completion": REFUSED}),
        ("report/completion:view", {"course_completion": REFUSED}),
        ("mod/forum:viewdiscussion", {"discussions": REFUSED}),
    ],
)
def test_each_missing_capability_is_named_at_what_it_costs(
    site: DemoSite, capability: str, states: dict[str, str]
) -> None:
    site.faults = Faults(missing_capabilities=frozenset({capability}))
    found = by_code(try_out(site))
    assert {code: found[code].state for code in states} == states
    for code in states:
        named = found[code].capabilities
        # Where Moodle's words or code tell of one, it is the only one named.
        assert capability in named, (code, named)
        if found[code].state == REFUSED:
            assert found[code].words
            assert found[code].error
    blamed = {name for result in found.values() for name in result.capabilities}
    assert len(blamed) <= 3, blamed
    unharmed = (
        {"token"} if capability == "moodle/course:view" else {"token", "course", "activities", "deadlines"}
    )
    assert {found[code].state for code in unharmed} == {WORKS}


def test_a_list_that_is_too_short_tells_how_short(site: DemoSite) -> None:
    site.faults = Faults(missing_capabilities=frozenset({"moodle/user:viewdetails"}))
    roster = by_code(try_out(site))["roster"]
    assert (roster.why, roster.seen, roster.capabilities) == ("short_roster", 1, ("moodle/user:viewdetails",))
    assert roster.expected is not None
    assert roster.expected > 100
    nobody_known = by_code(try_out(site, known_ids=frozenset(), known_learner_id=None))
    assert nobody_known["roster"].state == WORKS
    assert nobody_known["grades"].why == "no_learner"


def test_functions_that_are_not_in_the_service_are_named_without_calling_them(site: DemoSite) -> None:
    missing = frozenset({"mod_quiz_get_user_attempts", "core_enrol_get_enrolled_users"})
    site.faults = Faults(missing_functions=missing)
    client = SiteClient(site)
    found = by_code(try_out(site, client))
    absent = {code for code, result in found.items() if result.state == ABSENT}
    assert absent == {"attempts", "roster", "visits", "suspended", "groups"}
    assert not missing & set(client.asked)
    assert found["grades"].state == WORKS, "somebody known here stands in for the missing list"


def test_posts_are_tried_where_somebody_began_a_discussion(site: DemoSite) -> None:
    functions = ("mod_forum_get_forum_discussions", "mod_forum_get_discussion_posts")
    told = {name: json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8")) for name in functions}
    client = SiteClient(site, changed=told)
    assert by_code(try_out(site, client))["posts"].state == WORKS
    assert functions[1] in client.asked


def test_without_the_list_of_functions_each_is_tried(site: DemoSite) -> None:
    site.faults = Faults(missing_functions=frozenset({"core_webservice_get_site_info"}))
    report = try_out(site)
    assert report.release == ""
    assert [result.code for result in report.problems] == ["token"]
    assert report.problems[0].error == "accessexception"


@pytest.mark.parametrize(("faults", "state"), [(Faults(invalid_token=True), REFUSED), (Faults(), FAILED)])
def test_where_nothing_answers_nothing_else_is_asked(site: DemoSite, faults: Faults, state: str) -> None:
    site.faults = faults
    client = SiteClient(site, fails_after=0 if state == FAILED else 10)
    report = try_out(site, client)
    assert len(client.asked) == 1
    assert [(result.code, result.state) for result in report.problems] == [("token", state)]
    assert {result.why for result in report.results[1:]} == {"no_answer"}


def test_an_outage_in_the_middle_blames_no_capability(site: DemoSite) -> None:
    report = try_out(site, SiteClient(site, fails_after=4))
    failed = [result for result in report.problems if result.state == FAILED]
    assert len(failed) > 3
    assert not any(result.capabilities for result in failed)


def try_slowly(
    site: DemoSite, monkeypatch: pytest.MonkeyPatch, other: float = 0, **seconds: float
) -> dict[str, ProbeResult]:
    """What a test finds where calls last so long; one after the other, so that it is always the same."""
    client = SlowClient(site, seconds={"else": other, **seconds})
    own_time = SimpleNamespace(monotonic=lambda: client.clock, time=lambda: 0)
    monkeypatch.setattr(connection_check, "time", own_time)
    monkeypatch.setattr(connection_check, "PARALLEL", 1)
    report = try_out(site, client)
    assert not any(result.capabilities for result in report.problems)
    return by_code(report)


def test_hand_ins_and_grades_may_take_longer_than_the_rest(
    site: DemoSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = {"mod_assign_get_submissions": 20, "gradereport_user_get_grade_items": 20}
    found = try_slowly(site, monkeypatch, **long)
    assert {found[code].state for code in ("hand_ins", "grades", "completion")} == {WORKS}
    found = try_slowly(site, monkeypatch, core_completion_get_activities_completion_status=20)
    assert (found["completion"].state, found["completion"].error) == (FAILED, "timeout")


def test_what_the_end_of_the_test_cuts_off_is_no_fault(
    site: DemoSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = try_slowly(site, monkeypatch, mod_assign_get_submissions=60)
    assert (found["hand_ins"].state, found["hand_ins"].why) == (UNTRIED, "slow")
    late = ("grades", "completion", "course_completion", "extensions", "attempts", "discussions", "posts")
    assert {(found[code].state, found[code].why) for code in late} == {(UNTRIED, "no_time")}
    assert found["roster"].state == WORKS


def test_what_there_was_no_time_for_is_not_tried(site: DemoSite, monkeypatch: pytest.MonkeyPatch) -> None:
    found = try_slowly(site, monkeypatch, other=11)
    works = {code for code, result in found.items() if result.state == WORKS}
    assert works == {"token", "roster", "visits", "groups", "suspended", "course"}
    assert {result.state for code, result in found.items() if code not in works} == {UNTRIED}
    slow = {code for code, result in found.items() if result.why == "slow"}
    assert slow == {"activities"}
    assert {found[code].why for code in found.keys() - works - slow} == {"no_time"}


def test_without_a_course_the_token_and_the_service_are_still_tested(site: DemoSite) -> None:
    site.faults = Faults(missing_functions=frozenset({"mod_assign_get_submissions"}))
    found = by_code(try_out(site, course_id=""))
    assert found["token"].state == WORKS
    assert found["hand_ins"].state == ABSENT
    assert found["roster"].why == "no_course"


def test_a_course_that_is_no_longer_there_is_said_in_moodles_words(site: DemoSite) -> None:
    found = by_code(try_out(site, course_id="99"))
    assert found["activities"].state == REFUSED
    assert "Can't find data record" in found["activities"].words


def test_the_token_of_a_site_administrator_is_warned_of(site: DemoSite) -> None:
    info = {"userid": 2, "userissiteadmin": True, "release": "4.5", "functions": []}
    found = by_code(try_out(site, SiteClient(site, changed={"core_webservice_get_site_info": info})))
    assert (found["token"].state, found["token"].why) == (WORKS, "site_admin")


def test_an_answer_a_sync_could_not_read_does_not_work(site: DemoSite) -> None:
    found = by_code(try_out(site, SiteClient(site, changed={"core_course_get_contents": {"odd": 1}})))
    assert (found["activities"].state, found["activities"].error) == (FAILED, "unknown_form")


def test_groups_are_missed_only_where_the_course_has_some(site: DemoSite) -> None:
    roster = [{"id": 201, "fullname": "A", "lastcourseaccess": 1, "roles": [{"shortname": "student"}]}]
    changed: dict[str, Any] = {"core_enrol_get_enrolled_users": roster}
    found = by_code(try_out(site, SiteClient(site, changed=changed), known_ids=frozenset()))
    assert (found["groups"].state, found["groups"].expected) == (SILENT, 2)
    none = SiteClient(site, changed=changed | {"core_group_get_course_groups": []})
    assert by_code(try_out(site, none, known_ids=frozenset()))["groups"].state == UNTRIED
    site.faults = Faults(missing_capabilities=frozenset({"moodle/course:managegroups"}))
    refused = by_code(try_out(site, SiteClient(site, changed=changed), known_ids=frozenset()))["groups"]
    assert (refused.state, refused.capabilities) == (REFUSED, ("moodle/course:managegroups",))
    assert "(Manage groups)" in refused.words


def test_the_documentation_names_every_function_and_capability() -> None:
    page = (Path(__file__).parents[3] / "docs" / "connect-moodle.md").read_text(encoding="utf-8")
    wanted = {need.function for need in NEEDS} | {name for need in NEEDS for name in need.capabilities}
    assert {name for name in wanted if f"`{name}`" not in page} == set()


def test_a_token_never_stands_in_a_representation() -> None:
    assert constants.WS_TOKEN not in repr(MoodleAccess("https://moodle.example", constants.WS_TOKEN))
