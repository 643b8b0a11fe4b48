"""What has changed in the course since a moment, and who was graded for an assignment since then."""

from typing import Any

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.course import Activity
from lti_tool.demo_lms.history import HandIn
from lti_tool.demo_lms.webservice.call import Call

HANDED_IN = {"assign": "usersubmissions", "quiz": "userattempts"}
RIGHTS = {
    "assign": ("mod/assign:view", "mod/assign:viewgrades"),
    "quiz": ("mod/quiz:view", "mod/quiz:viewreports"),
}


def get_updates_since(call: Call) -> dict[str, Any]:
    """core_course_get_updates_since: ids of rows that are newer, by activity; whose they are is not told."""
    call.require_course(call.number("courseid"))
    since = call.number("since")
    instances = []
    for activity in (*call.site.course.of_kind("assign"), *call.site.course.of_kind("quiz")):
        updates = _updates(call, activity, since)
        if updates:
            instances.append({"contextlevel": "module", "id": activity.cmid, "updates": updates})
    return {"instances": instances, "warnings": []}


def _updates(call: Call, activity: Activity, since: int) -> list[dict[str, Any]]:
    if call.faults.lacks(*RIGHTS[activity.modname]):
        return []
    found = _list_hand_ins(call, activity)
    newer = [key for key, hand_in in found.items() if call.site.clock.at(hand_in.day) > since]
    graded = [key for key, hand_in in found.items() if (_graded_at(call, hand_in) or 0) > since]
    named = {HANDED_IN[activity.modname]: newer, "usergrades": graded}
    return [{"name": name, "itemids": rows} for name, rows in named.items() if rows]


def get_grades(call: Call) -> dict[str, Any]:
    """mod_assign_get_grades: grades given or changed since; a warning where one may not see any."""
    assignments, warnings = [], []
    for instance in call.numbers("assignmentids"):
        activity = call.site.course.find_instance("assign", instance)
        refused = activity is None or call.faults.lacks(*RIGHTS["assign"])
        rows = [] if activity is None or refused else _grades(call, activity, call.number("since", 0))
        if rows:
            assignments.append({"assignmentid": instance, "grades": rows})
        else:
            code, message = (
                ("1", "No access rights in module context") if refused else ("3", "No grades found")
            )
            warnings.append(
                {"item": "assignment", "itemid": instance, "warningcode": code, "message": message}
            )
    return {"assignments": assignments, "warnings": warnings}


def _grades(call: Call, activity: Activity, since: int) -> list[dict[str, Any]]:
    rows = []
    for user_id, hand_in in _list_hand_ins(call, activity).items():
        graded_at = _graded_at(call, hand_in)
        if graded_at is not None and graded_at >= since:
            rows.append(
                {
                    "id": user_id * 100 + (activity.assessment or 0),
                    "userid": user_id,
                    "attemptnumber": 0,
                    "timecreated": graded_at,
                    "timemodified": graded_at,
                    "grader": constants.TRAINER_ID,
                    "grade": f"{hand_in.score:.5f}",
                }
            )
    return rows


def _list_hand_ins(call: Call, activity: Activity) -> dict[int, HandIn]:
    """By user id, of those whom the caller may see."""
    found = {
        history.person.user_id: history.find_hand_in(activity.cmid, call.day)
        for history in call.site.enrolled_learners()
        if call.sees(history.person)
    }
    return {key: hand_in for key, hand_in in found.items() if hand_in}


def _graded_at(call: Call, hand_in: HandIn) -> int | None:
    day = hand_in.marked_day
    return (
        call.site.clock.at(day) if day is not None and day <= call.day and hand_in.score is not None else None
    )
