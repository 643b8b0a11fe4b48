"""The REST entry point: token, function, answer. Every error is HTTP 200, as on a real Moodle."""

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.mishaps import subject_to_faults
from lti_tool.demo_lms.site import DemoSite, current_site
from lti_tool.demo_lms.webservice import assessments, changes, courses, grades, roster, statuses, talking
from lti_tool.demo_lms.webservice.call import Call, WsError, moodle_error, parse_params

blueprint = Blueprint("demo_webservice", __name__)

FUNCTIONS: dict[str, Callable[[Call], Any]] = {
    "core_webservice_get_site_info": lambda call: courses.site_info(call, list_functions(call)),
    "core_enrol_get_enrolled_users": roster.get_enrolled_users,
    "core_course_get_contents": courses.get_contents,
    "core_course_get_courses_by_field": courses.get_courses_by_field,
    "core_course_get_updates_since": changes.get_updates_since,
    "core_completion_get_activities_completion_status": statuses.get_activities_completion_status,
    "core_completion_get_course_completion_status": statuses.get_course_completion_status,
    "gradereport_user_get_grade_items": grades.get_grade_items,
    "mod_assign_get_assignments": assessments.get_assignments,
    "mod_assign_get_grades": changes.get_grades,
    "mod_assign_get_submissions": assessments.get_submissions,
    "mod_assign_get_submission_status": assessments.get_submission_status,
    "mod_quiz_get_quizzes_by_courses": assessments.get_quizzes,
    "mod_quiz_get_user_attempts": assessments.get_user_attempts,
    "mod_forum_get_forums_by_courses": talking.get_forums,
    "mod_forum_get_forum_discussions": talking.get_forum_discussions,
    "mod_forum_get_discussion_posts": talking.get_discussion_posts,
    "core_calendar_get_calendar_events": courses.get_calendar_events,
    "core_group_get_course_groups": roster.get_course_groups,
    "core_group_get_group_members": roster.get_group_members,
    "core_message_send_instant_messages": talking.send_instant_messages,
}
ROSTER_FUNCTIONS = {"core_enrol_get_enrolled_users"}

TOKEN_OWNERS = {
    constants.WS_TOKEN: constants.WS_READER_ID,
    constants.MENTOR_1_WS_TOKEN: constants.MENTOR_1_ID,
    constants.MENTOR_2_WS_TOKEN: constants.MENTOR_2_ID,
}


def list_functions(call: Call) -> list[str]:
    """Functions of the service."""
    return [name for name in FUNCTIONS if name not in call.faults.missing_functions]


def answer_call(site: DemoSite, params: dict[str, Any]) -> Any:
    """The function's answer. Raises WsError."""
    token = params.get("wstoken")
    owner = TOKEN_OWNERS.get(token) if isinstance(token, str) else None
    if owner is None or site.faults.invalid_token:
        raise moodle_error("invalidtoken", "Invalid token - token not found")
    name = params.get("wsfunction")
    function = FUNCTIONS.get(name) if isinstance(name, str) else None
    if function is None or name in site.faults.missing_functions or site.faults.lacks("webservice/rest:use"):
        raise WsError("webservice_access_exception", "accessexception", "Access control exception")
    return function(Call(site, site.people[owner], params))


@blueprint.route(constants.WS_PATH, methods=["GET", "POST"])
@subject_to_faults
def server() -> Response:
    """One call: its parameters may be in the query, the form or both."""
    site = current_site()
    try:
        params = parse_params([*request.args.items(multi=True), *request.form.items(multi=True)])
        if params.get("moodlewsrestformat") != "json":
            return Response(
                '<?xml version="1.0" encoding="UTF-8" ?>\n<EXCEPTION>only JSON here</EXCEPTION>',
                mimetype="application/xml",
            )
        answer = answer_call(site, params)
    except WsError as error:
        return _json(error.to_json())
    response = _json(answer)
    if site.faults.cut_roster and params.get("wsfunction") in ROSTER_FUNCTIONS:
        response.set_data(response.get_data()[: (response.content_length or 0) // 2])
    return response


def _json(value: Any) -> Response:
    return Response(json.dumps(value, ensure_ascii=False, separators=(",", ":")), mimetype="application/json")
