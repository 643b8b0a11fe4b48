"""Completion: of each activity, and of the course, for one learner."""

from typing import Any

from lti_tool.demo_lms.course import Activity
from lti_tool.demo_lms.history import INCOMPLETE, History
from lti_tool.demo_lms.webservice.call import Call

RULE_DESCRIPTIONS = {
    "completionview": "View",
    "completionsubmit": "Make a submission",
    "completionusegrade": "Receive a grade",
}
REQUIREMENTS = {"page": "Viewing the page", "assign": "", "quiz": "Achieving grade"}


def rule_details(activity: Activity, state: int) -> list[dict[str, Any]]:
    """The completion conditions of an activity, with their state."""
    if activity.rule is None:
        return []
    value = {"status": state, "description": RULE_DESCRIPTIONS[activity.rule]}
    return [{"rulename": activity.rule, "rulevalue": value}]


def _visible_learner(call: Call, capability: str) -> History:
    call.require_course(call.number("courseid"))
    call.require(capability)
    return call.visible_learner(call.number("userid"))


def get_activities_completion_status(call: Call) -> dict[str, Any]:
    """core_completion_get_activities_completion_status. State 3 = failed, yet "overall complete"."""
    history = _visible_learner(call, "report/progress:view")
    tracked = not call.site.is_suspended(history.person)
    statuses = [_status(call, history, activity, tracked) for activity in call.site.course.tracked]
    return {"statuses": statuses, "warnings": []}


def _status(call: Call, history: History, activity: Activity, tracked: bool) -> dict[str, Any]:
    found = history.find_completion(activity.cmid, call.day)
    day, state = found or (None, INCOMPLETE)
    return {
        "cmid": activity.cmid,
        "modname": activity.modname,
        "instance": activity.instance,
        "state": state,
        "timecompleted": 0 if day is None else call.site.clock.at(day),
        "tracking": 2,
        "overrideby": None,
        "valueused": False,
        "hascompletion": True,
        "isautomatic": True,
        "istrackeduser": tracked,
        "uservisible": True,
        "details": rule_details(activity, state),
        "isoverallcomplete": state != INCOMPLETE,
    }


def get_course_completion_status(call: Call) -> dict[str, Any]:
    """core_completion_get_course_completion_status: complete when every tracked activity is."""
    history = _visible_learner(call, "report/completion:view")
    completions = [_criterion(call, history, activity) for activity in call.site.course.tracked]
    completed = all(row["complete"] for row in completions)
    return {
        "completionstatus": {"completed": completed, "aggregation": 1, "completions": completions},
        "warnings": [],
    }


def _criterion(call: Call, history: History, activity: Activity) -> dict[str, Any]:
    found = history.find_completion(activity.cmid, call.day)
    address = call.site.url(f"/mod/{activity.modname}/view.php?id={activity.cmid}")
    return {
        "type": 4,
        "title": "Activity completion",
        "status": "Yes" if found else "No",
        "complete": found is not None,
        "timecompleted": call.site.clock.at(found[0]) if found else None,
        "details": {
            "type": "Activity completion",
            "criteria": f'<a href="{address}">{activity.name}</a>',
            "requirement": REQUIREMENTS[activity.modname],
            "status": "",
        },
    }
