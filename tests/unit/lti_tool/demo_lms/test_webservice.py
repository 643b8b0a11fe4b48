"""What the web services say, and how they refuse: values, filters, errors, missing capabilities."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.faults import Faults
from lti_tool.demo_lms.site import DemoSite
from lti_tool.demo_lms.webservice.call import WsError, parse_params

Ask = Callable[..., Any]
Read = Callable[[str], Any]
COURSE = {"courseid": constants.COURSE_ID}
LEARNER = constants.FIRST_LEARNER_ID
ROSTER = "core_enrol_get_enrolled_users"


def option(name: str, value: object, number: int = 0) -> dict[str, object]:
    return {f"options[{number}][name]": name, f"options[{number}][value]": value}


def test_parameters_with_brackets() -> None:
    pairs = [
        ("a", "1"),
        ("b[0]", "x"),
        ("b[1]", "y"),
        ("o[0][name]", "n"),
        ("o[0][value]", "v"),
        ("c[]", "z"),
    ]
    assert parse_params(pairs) == {
        "a": "1",
        "b": {"0": "x", "1": "y"},
        "o": {"0": {"name": "n", "value": "v"}},
        "c": {"0": "z"},
    }
    with pytest.raises(WsError, match="given twice"):
        parse_params([("a", "1"), ("a[0]", "2")])


def test_parameters_may_come_in_the_query(lms: FlaskClient) -> None:
    query = {"wstoken": constants.WS_TOKEN, "wsfunction": ROSTER, "moodlewsrestformat": "json", **COURSE}
    assert len(json.loads(lms.get(constants.WS_PATH, query_string=query).data)) > 200


def test_errors_are_the_recorded_ones(ws: Ask, recorded: Read, site: DemoSite) -> None:
    errors = recorded("ws_errors")
    assert ws(ROSTER, **COURSE, _token="wrong") == errors["invalidtoken"]
    assert ws("core_user_delete_users") == errors["function_not_in_service"]
    assert ws(ROSTER, courseid=99) == errors["unknown_course"]
    other = next(row.person for row in site.enrolled_learners() if row.person.group_id == 12)
    status = "core_completion_get_activities_completion_status"
    denied = ws(status, **COURSE, userid=other.user_id, _token=constants.MENTOR_1_WS_TOKEN)
    assert denied == errors["other_group_user_completion_mentor1"]
    site.faults = Faults(missing_capabilities=frozenset({"moodle/course:managegroups"}))
    assert ws("core_group_get_course_groups", **COURSE) == errors["no_permission"]


@pytest.mark.parametrize("value", ["", "abc", "21abc", "9" * 30])
def test_a_course_id_that_is_no_number(ws: Ask, value: str) -> None:
    assert ws(ROSTER, courseid=value)["errorcode"] == "invalidparameter"


def test_a_required_parameter_is_named(ws: Ask) -> None:
    answer = ws("core_completion_get_activities_completion_status", **COURSE)
    assert answer["errorcode"] == "invalidparameter"
    assert "userid" in answer["message"]


@pytest.mark.parametrize(
    ("function", "params", "capability", "key"),
    [
        (ROSTER, COURSE, "moodle/site:accessallgroups", f"{ROSTER} without moodle/site:accessallgroups"),
        (
            "core_completion_get_activities_completion_status",
            {**COURSE, "userid": LEARNER},
            "moodle/site:accessallgroups",
            "core_completion_get_activities_completion_status without moodle/site:accessallgroups",
        ),
        (
            "gradereport_user_get_grade_items",
            {**COURSE, "userid": 0},
            "moodle/site:accessallgroups",
            "gradereport_user_get_grade_items (userid=0) without moodle/site:accessallgroups",
        ),
    ],
)
def test_missing_capabilities_look_as_recorded(
    ws: Ask,
    recorded: Read,
    site: DemoSite,
    function: str,
    params: dict[str, object],
    capability: str,
    key: str,
) -> None:
    assert ws(function, **params) != recorded("missing_capabilities")[key]
    site.faults = Faults(missing_capabilities=frozenset({capability}))
    assert ws(function, **params) == recorded("missing_capabilities")[key]


def test_without_viewdetails_only_the_trainer_is_left(ws: Ask, site: DemoSite) -> None:
    site.faults = Faults(missing_capabilities=frozenset({"moodle/user:viewdetails"}))
    assert [user["id"] for user in ws(ROSTER, **COURSE)] == [constants.TRAINER_ID]


def test_without_viewgrades_submissions_vanish_with_a_warning(
    ws: Ask, recorded: Read, site: DemoSite
) -> None:
    site.faults = Faults(missing_capabilities=frozenset({"mod/assign:viewgrades"}))
    answer = ws("mod_assign_get_submissions", **{"assignmentids[0]": 31})
    wanted = recorded("missing_capabilities")["mod_assign_get_submissions without mod/assign:viewgrades"]
    wanted["warnings"][0]["itemid"] = 31
    assert answer == wanted


@pytest.mark.parametrize(
    ("capability", "function", "params", "title"),
    [
        (
            "report/progress:view",
            "core_completion_get_activities_completion_status",
            {**COURSE, "userid": LEARNER},
            "View activity completion reports",
        ),
        (
            "report/completion:view",
            "core_completion_get_course_completion_status",
            {**COURSE, "userid": LEARNER},
            "View course completion report",
        ),
        ("moodle/grade:viewall", "gradereport_user_get_grade_items", COURSE, "View grades of other users"),
        (
            "mod/quiz:viewreports",
            "mod_quiz_get_user_attempts",
            {"quizid": 61, "userid": LEARNER},
            "View quiz reports",
        ),
    ],
)
def test_a_refusal_names_the_permission(
    ws: Ask, site: DemoSite, capability: str, function: str, params: dict[str, object], title: str
) -> None:
    assert "exception" not in ws(function, **params)
    site.faults = Faults(missing_capabilities=frozenset({capability}))
    answer = ws(function, **params)
    assert answer["errorcode"] == "nopermissions"
    assert f"({title})" in answer["message"]


def test_the_roster_of_the_first_day(ws: Ask) -> None:
    users = ws(ROSTER, **COURSE)
    roles = [user["roles"][0]["shortname"] for user in users]
    assert (roles.count("editingteacher"), roles.count("teacher"), roles.count("student")) == (1, 2, 262)
    assert [user["id"] for user in users] == sorted(user["id"] for user in users)
    trainer = users[0]
    assert "groups" not in trainer
    assert all(user["email"].endswith("@example.invalid") for user in users)


def test_roster_pages_together_are_the_whole(ws: Ask) -> None:
    whole = ws(ROSTER, **COURSE)
    pages = [
        ws(ROSTER, **COURSE, **option("limitfrom", start), **option("limitnumber", 100, 1))
        for start in (0, 100, 200, 300)
    ]
    assert [len(page) for page in pages] == [100, 100, 65, 0]
    assert [user for page in pages for user in page] == whole


def test_suspended_people_are_unmarked_in_the_roster_and_left_out_by_onlyactive(
    ws: Ask, site: DemoSite
) -> None:
    site.faults = Faults(suspended_user_ids=frozenset({LEARNER}))
    whole, active = ws(ROSTER, **COURSE), ws(ROSTER, **COURSE, **option("onlyactive", 1))
    assert {user["id"] for user in whole} - {user["id"] for user in active} == {LEARNER}
    statuses = ws("core_completion_get_activities_completion_status", **COURSE, userid=LEARNER)["statuses"]
    assert not any(row["istrackeduser"] for row in statuses)


def test_last_access_is_real_and_never_in_the_future(ws: Ask, site: DemoSite) -> None:
    now = site.clock.now().timestamp()
    day_zero = site.clock.day_zero.timestamp()
    learners = [user for user in ws(ROSTER, **COURSE) if user["id"] in site.histories]
    for user in learners:
        assert user["lastcourseaccess"] <= now
        if user["lastcourseaccess"]:
            day = (user["lastcourseaccess"] - day_zero) / constants.SECONDS_PER_DAY - 0.5
            assert day in site.histories[user["id"]].access_days
    assert sum(user["lastcourseaccess"] == 0 for user in learners) == 8


def test_an_assignment_shows_submission_at_once_and_score_after_fourteen_days(
    ws: Ask, site: DemoSite
) -> None:
    activity = site.course.of_kind("assign")[2]
    history = next(
        row
        for row in site.enrolled_learners()
        if (found := row.hand_ins.get(activity.cmid)) and found.day == 89 and found.score is not None
    )
    hand_in = history.hand_ins[activity.cmid]

    def look() -> tuple[str | None, Any]:
        answer = ws("mod_assign_get_submissions", **{"assignmentids[0]": activity.instance})
        rows = {row["userid"]: row for row in answer["assignments"][0]["submissions"]}
        grades = ws("gradereport_user_get_grade_items", **COURSE, userid=history.person.user_id)
        items = {
            row["iteminstance"]: row
            for row in grades["usergrades"][0]["gradeitems"]
            if row["itemmodule"] == "assign"
        }
        mine = rows.get(history.person.user_id)
        return mine and mine["gradingstatus"], items[activity.instance]["graderaw"]

    seen = {}
    for day in (88, 89, 102, 103):
        site.clock.advance(day - site.clock.day)
        seen[day] = look()
    assert seen == {
        88: (None, None),
        89: ("notgraded", None),
        102: ("notgraded", None),
        103: ("graded", hand_in.score),
    }


def test_a_failed_quiz_is_state_3_and_overall_complete(ws: Ask, site: DemoSite) -> None:
    site.clock.advance(150)
    quizzes = {activity.cmid for activity in site.course.of_kind("quiz")}
    states: dict[int, set[bool]] = {}
    for history in site.enrolled_learners():
        answer = ws(
            "core_completion_get_activities_completion_status", **COURSE, userid=history.person.user_id
        )
        for row in answer["statuses"]:
            if row["cmid"] in quizzes:
                states.setdefault(row["state"], set()).add(row["isoverallcomplete"])
                score = history.find_score(row["cmid"], site.clock.known_day)
                wanted = 0 if score is None else 2 if score >= 40 else 3
                assert row["state"] == wanted
    assert states == {0: {False}, 2: {True}, 3: {True}}


def test_who_has_left_is_in_no_answer(ws: Ask, site: DemoSite) -> None:
    leaver = next(
        row for row in site.enrolled_learners() if row.unregistered_day and row.unregistered_day > 58
    )
    user_id, last_day = leaver.person.user_id, leaver.unregistered_day or 0
    site.clock.advance(last_day - 1 - site.clock.day)
    assert user_id in {user["id"] for user in ws(ROSTER, **COURSE)}
    site.clock.advance(1)
    assert user_id not in {user["id"] for user in ws(ROSTER, **COURSE)}
    assert user_id not in {
        row["userid"] for row in ws("gradereport_user_get_grade_items", **COURSE)["usergrades"]
    }
    submissions = ws("mod_assign_get_submissions", **{"assignmentids[0]": 31})["assignments"][0][
        "submissions"
    ]
    assert user_id not in {row["userid"] for row in submissions}
    status = ws("core_completion_get_activities_completion_status", **COURSE, userid=user_id)
    assert status["errorcode"] == "accessdenied"
    members = ws("core_group_get_group_members", **{"groupids[0]": 11, "groupids[1]": 12})
    assert all(user_id not in group["userids"] for group in members)


def test_assignments_need_the_flag_for_somebody_not_enrolled(ws: Ask) -> None:
    answer = ws("mod_assign_get_assignments", **{"courseids[0]": constants.COURSE_ID})
    assert answer["courses"] == []
    assert answer["warnings"][0]["warningcode"] == "2"
    mentor = ws(
        "mod_assign_get_assignments",
        **{"courseids[0]": constants.COURSE_ID},
        _token=constants.MENTOR_1_WS_TOKEN,
    )
    assert len(mentor["courses"][0]["assignments"]) == 6


def test_deadlines_are_those_of_the_data_set(ws: Ask, site: DemoSite) -> None:
    day_zero = int(site.clock.day_zero.timestamp())

    def day(unix_time: int) -> int:
        return (unix_time - day_zero) // constants.SECONDS_PER_DAY

    courses = ws(
        "mod_assign_get_assignments", **{"courseids[0]": constants.COURSE_ID, "includenotenrolledcourses": 1}
    )
    assert [day(row["duedate"]) for row in courses["courses"][0]["assignments"]] == [
        19,
        47,
        89,
        124,
        159,
        187,
    ]
    quizzes = ws("mod_quiz_get_quizzes_by_courses", **{"courseids[0]": constants.COURSE_ID})["quizzes"]
    assert [day(row["timeclose"]) for row in quizzes] == [54, 89, 124, 159, 187]
    events = ws("core_calendar_get_calendar_events", **{"events[courseids][0]": constants.COURSE_ID})[
        "events"
    ]
    weeks = [day(row["timestart"]) for row in events if row["eventtype"] == "expectcompletionon"]
    assert weeks == [7 * week - 1 for week in range(1, 28)]
    assert [row["timestart"] for row in events] == sorted(row["timestart"] for row in events)


def test_calendar_can_be_narrowed(ws: Ask, site: DemoSite) -> None:
    begin = int(site.clock.day_zero.timestamp())
    answer = ws(
        "core_calendar_get_calendar_events",
        **{
            "events[courseids][0]": constants.COURSE_ID,
            "options[timestart]": begin,
            "options[timeend]": begin + 14 * constants.SECONDS_PER_DAY,
        },
    )
    assert len(answer["events"]) == 2
    assert ws("core_calendar_get_calendar_events", **{"events[courseids][0]": 8})["events"] == []


def test_grades_of_one_group(ws: Ask, site: DemoSite) -> None:
    rows = ws("gradereport_user_get_grade_items", **COURSE, userid=0, groupid=12)["usergrades"]
    assert rows
    assert {site.people[row["userid"]].group_id for row in rows} == {12}


def test_other_formats_are_refused(lms: FlaskClient) -> None:
    answer = lms.get(constants.WS_PATH, query_string={"wstoken": constants.WS_TOKEN, "wsfunction": ROSTER})
    assert answer.mimetype == "application/xml"


def test_what_changed_is_what_is_newer(ws: Ask, site: DemoSite) -> None:
    now = int(site.clock.now().timestamp())
    assert ws("core_course_get_updates_since", courseid=constants.COURSE_ID, since=now)["instances"] == []
    told = ws("core_course_get_updates_since", courseid=constants.COURSE_ID, since=now - 21 * 86_400)
    whole = ws("core_course_get_updates_since", courseid=constants.COURSE_ID, since=0)
    counts = [
        sum(len(row["itemids"]) for each in answer["instances"] for row in each["updates"])
        for answer in (told, whole)
    ]
    assert 0 < counts[0] < counts[1]


def test_who_was_graded_is_told_to_who_may_see_grades(ws: Ask, site: DemoSite) -> None:
    assignments = {f"assignmentids[{n}]": row.instance for n, row in enumerate(site.course.of_kind("assign"))}
    told = ws("mod_assign_get_grades", **assignments, since=0)
    listed = ws("mod_assign_get_submissions", **assignments)
    graded = sum(
        row["gradingstatus"] == "graded" for each in listed["assignments"] for row in each["submissions"]
    )
    assert sum(len(each["grades"]) for each in told["assignments"]) == graded > 0
    site.faults = Faults(missing_capabilities=frozenset({"mod/assign:viewgrades"}))
    refused = ws("mod_assign_get_grades", **assignments, since=0)
    assert (refused["assignments"], {row["warningcode"] for row in refused["warnings"]}) == ([], {"1"})


def test_forums_are_there_and_nobody_has_written(ws: Ask, site: DemoSite) -> None:
    forum = site.course.of_kind("forum")[0]
    assert ws("mod_forum_get_forum_discussions", forumid=forum.instance) == {
        "discussions": [],
        "warnings": [],
    }
    assert ws("mod_forum_get_forum_discussions", forumid=1)["errorcode"] == "invalidrecord"
    assert ws("mod_forum_get_discussion_posts", discussionid=5)["errorcode"] == "invalidrecord"
    site.faults = Faults(missing_capabilities=frozenset({"mod/forum:viewdiscussion"}))
    refused = ws("mod_forum_get_forum_discussions", forumid=forum.instance)
    assert refused["errorcode"] == "noviewdiscussionspermission"
