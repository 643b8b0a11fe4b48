"""Every web-service answer has the keys and the types of values that a real Moodle's answer has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.site import DemoSite

Ask = Callable[..., Any]
Read = Callable[[str], Any]
COURSE = {"courseid": constants.COURSE_ID}
LEARNER = constants.FIRST_LEARNER_ID


def type_name(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__


def walk(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    """Every node with its path; all items of a list share one path."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from walk(item, f"{path}[]")


def types_by_path(value: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, node in walk(value):
        found.setdefault(path, set()).add(type_name(node))
    return found


def always_there(value: Any) -> dict[str, set[str]]:
    """Path of an object -> keys that each object at this path has."""
    found: dict[str, set[str]] = {}
    for path, node in walk(value):
        if isinstance(node, dict):
            found[path] = found.get(path, set(node)) & set(node)
    return found


def differences(ours: Any, real: Any) -> list[str]:
    real_types, real_keys = types_by_path(real), always_there(real)
    wrong = [
        f"{path}: {sorted(types)} instead of {sorted(real_types.get(path, set()))}"
        for path, types in types_by_path(ours).items()
        if not types <= real_types.get(path, set())
    ]
    lacking = [
        f"{path} lacks {sorted(real_keys[path] - keys)}"
        for path, keys in always_there(ours).items()
        if path in real_keys and real_keys[path] - keys
    ]
    return wrong + lacking


def test_the_comparison_itself_can_fail() -> None:
    real = {"rows": [{"id": 1, "name": "x", "note": None}, {"id": 2, "name": "y"}]}
    assert differences({"rows": [{"id": 5, "name": "z"}]}, real) == []
    assert differences({"rows": [{"id": "5", "name": "z"}]}, real) == [
        "$.rows[].id: ['str'] instead of ['number']"
    ]
    assert differences({"rows": [{"id": 5}]}, real) == ["$.rows[] lacks ['name']"]
    assert differences({"rows": [{"id": 5, "name": "z", "new": 1}]}, real) == [
        "$.rows[].new: ['number'] instead of []"
    ]


@pytest.mark.parametrize(
    ("function", "params"),
    [
        ("core_webservice_get_site_info", {}),
        ("core_enrol_get_enrolled_users", COURSE),
        ("core_course_get_courses_by_field", {"field": "id", "value": constants.COURSE_ID}),
        ("gradereport_user_get_grade_items", {**COURSE, "userid": 0}),
        (
            "mod_assign_get_assignments",
            {"courseids[0]": constants.COURSE_ID, "includenotenrolledcourses": 1},
        ),
        ("mod_assign_get_submissions", {"assignmentids[0]": 31, "assignmentids[1]": 32}),
        ("mod_assign_get_grades", {"assignmentids[0]": 31, "since": 1}),
        ("core_course_get_updates_since", {**COURSE, "since": 1}),
        ("mod_quiz_get_quizzes_by_courses", {"courseids[0]": constants.COURSE_ID}),
        ("mod_forum_get_forums_by_courses", {"courseids[0]": constants.COURSE_ID}),
        ("core_calendar_get_calendar_events", {"events[courseids][0]": constants.COURSE_ID}),
        ("core_group_get_course_groups", COURSE),
        ("core_group_get_group_members", {"groupids[0]": 11, "groupids[1]": 12}),
    ],
)
def test_course_wide_answers(ws: Ask, recorded: Read, function: str, params: dict[str, object]) -> None:
    ours = ws(function, **params)
    assert ours
    assert differences(ours, recorded(function)) == []


@pytest.mark.parametrize(
    "function",
    [
        "core_completion_get_activities_completion_status",
        "core_completion_get_course_completion_status",
    ],
)
def test_answers_per_learner(ws: Ask, recorded: Read, site: DemoSite, function: str) -> None:
    real = list(recorded(f"{function}__by_user").values())
    for history in site.enrolled_learners()[:40]:
        ours = ws(function, **COURSE, userid=history.person.user_id)
        assert differences([ours], real) == []


def test_contents_of_the_kinds_that_were_recorded(ws: Ask, recorded: Read) -> None:
    kinds = {"page", "quiz", "assign"}

    def chosen(sections: Any) -> Any:
        return [
            {**section, "modules": [row for row in section["modules"] if row["modname"] in kinds]}
            for section in sections
        ]

    ours = chosen(ws("core_course_get_contents", **COURSE))
    assert sum(len(section["modules"]) for section in ours) == 27 + 11
    assert differences(ours, chosen(recorded("core_course_get_contents"))) == []


def test_quiz_attempts(ws: Ask, recorded: Read, site: DemoSite) -> None:
    real = list(recorded("mod_quiz_get_user_attempts__by_user").values())
    answers = [
        ws("mod_quiz_get_user_attempts", quizid=61, userid=history.person.user_id)
        for history in site.enrolled_learners()[:30]
    ]
    assert any(answer["attempts"] for answer in answers)
    assert any(not answer["attempts"] for answer in answers)
    assert differences(answers, real) == []


def test_submission_status_marked_and_not(ws: Ask, recorded: Read, site: DemoSite) -> None:
    real = [recorded(f"mod_assign_get_submission_status__user{user}") for user in (151, 152)]
    first, second = (site.course.of_kind("assign")[at] for at in (0, 1))
    day = site.clock.known_day
    for activity in (first, second):
        for history in site.enrolled_learners():
            if history.find_hand_in(activity.cmid, day) is None:
                continue
            ours = ws(
                "mod_assign_get_submission_status", assignid=activity.instance, userid=history.person.user_id
            )
            assert ours["lastattempt"]["graded"] == ("feedback" in ours)
            assert differences([ours], real) == []
            break


@pytest.mark.parametrize(
    ("options", "file"),
    [
        ({"userfields": "id,lastcourseaccess"}, "core_enrol_get_enrolled_users__userfields"),
        ({"onlysuspended": "1"}, "core_enrol_get_enrolled_users__onlysuspended"),
    ],
)
def test_roster_with_options(
    ws: Ask, recorded: Read, site: DemoSite, options: dict[str, str], file: str
) -> None:
    site.faults = type(site.faults)(suspended_user_ids=frozenset({LEARNER}))
    params = {
        f"options[0][{part}]": text
        for name, value in options.items()
        for part, text in (("name", name), ("value", value))
    }
    ours = ws("core_enrol_get_enrolled_users", **COURSE, **params)
    assert ours
    assert differences(ours, recorded(file)) == []


def test_a_mentors_own_token_sees_the_own_group_only(ws: Ask, recorded: Read, site: DemoSite) -> None:
    ours = ws("core_enrol_get_enrolled_users", **COURSE, _token=constants.MENTOR_1_WS_TOKEN)
    assert differences(ours, recorded("core_enrol_get_enrolled_users__mentor1_token_own_group_only")) == []
    assert {group["id"] for user in ours for group in user["groups"]} == {constants.GROUP_A_ID}


def test_messages(ws: Ask, recorded: Read, site: DemoSite) -> None:
    learner = next(row.person for row in site.enrolled_learners() if row.person.group_id == 11)
    message = {
        "messages[0][touserid]": learner.user_id,
        "messages[0][text]": "Hello",
        "messages[0][textformat]": 0,
    }
    sent = ws("core_message_send_instant_messages", **message, _token=constants.MENTOR_1_WS_TOKEN)
    assert differences(sent, recorded("core_message_send_instant_messages__mentor1")) == []
    assert [row["useridto"] for row in site.outbox] == [learner.user_id]
    other = ws("core_message_send_instant_messages", **message, _token=constants.MENTOR_2_WS_TOKEN)
    reader = ws("core_message_send_instant_messages", **message)
    assert other == reader == recorded("core_message_send_instant_messages__refused")
    assert len(site.outbox) == 1
