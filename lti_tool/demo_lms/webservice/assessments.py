"""Assignments with their submissions, quizzes with their attempts."""

from typing import Any

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.course import Activity
from lti_tool.demo_lms.history import HandIn, History
from lti_tool.demo_lms.people import SERVICE
from lti_tool.demo_lms.webservice.call import Call, unknown_record

QUIZ_MARKS = 100
ATTEMPT_SECONDS = 900
"""Length of a quiz attempt: invented, OULAD knows days only."""


def _begin(call: Call) -> int:
    return int(call.site.clock.day_zero.timestamp())


def get_assignments(call: Call) -> dict[str, Any]:
    """mod_assign_get_assignments. Who is not enrolled must ask with `includenotenrolledcourses=1`."""
    asked = call.numbers("courseids")
    unenrolled = call.caller.kind == SERVICE and call.number("includenotenrolledcourses", 0) == 0
    courses, warnings = [], []
    for course_id in asked or ([] if unenrolled else [constants.COURSE_ID]):
        if course_id != constants.COURSE_ID or unenrolled or call.faults.lacks("moodle/course:view"):
            warnings.append(
                {
                    "item": "course",
                    "itemid": course_id,
                    "warningcode": "2",
                    "message": "User is not enrolled or does not have requested capability",
                }
            )
        else:
            courses.append(_course_assignments(call))
    return {"courses": courses, "warnings": warnings}


def _course_assignments(call: Call) -> dict[str, Any]:
    visible = [] if call.faults.lacks("mod/assign:view") else call.site.course.of_kind("assign")
    return {
        "id": constants.COURSE_ID,
        "fullname": constants.COURSE_FULLNAME,
        "shortname": constants.COURSE_SHORTNAME,
        "timemodified": _begin(call),
        "assignments": [_assignment(call, activity) for activity in visible],
    }


def _assignment(call: Call, activity: Activity) -> dict[str, Any]:
    return {
        "id": activity.instance,
        "cmid": activity.cmid,
        "course": constants.COURSE_ID,
        "name": activity.name,
        "nosubmissions": 0,
        "submissiondrafts": 0,
        "sendnotifications": 0,
        "sendlatenotifications": 0,
        "sendstudentnotifications": 1,
        "duedate": 0 if activity.due_day is None else call.site.clock.end_of(activity.due_day),
        "allowsubmissionsfromdate": 0,
        "grade": 100,
        "timemodified": _begin(call),
        "completionsubmit": 1,
        "cutoffdate": 0,
        "gradingduedate": 0,
        "teamsubmission": 0,
        "requireallteammemberssubmit": 0,
        "teamsubmissiongroupingid": 0,
        "blindmarking": 0,
        "hidegrader": 0,
        "revealidentities": 0,
        "attemptreopenmethod": "untilpass",
        "maxattempts": 1,
        "markingworkflow": 0,
        "markingallocation": 0,
        "markinganonymous": 0,
        "requiresubmissionstatement": 0,
        "preventsubmissionnotingroup": 0,
        "configs": [{"plugin": "onlinetext", "subtype": "assignsubmission", "name": "enabled", "value": "1"}],
        "intro": "",
        "introformat": 1,
        "introfiles": [],
        "introattachments": [],
        "timelimit": 0,
        "submissionattachments": 0,
    }


def get_submissions(call: Call) -> dict[str, Any]:
    """mod_assign_get_submissions. Without the right to see grades: only a warning."""
    assignments, warnings = [], []
    for instance in call.numbers("assignmentids"):
        activity = call.site.course.find_instance("assign", instance)
        if activity is None or call.faults.lacks(
            "mod/assign:view", "mod/assign:viewgrades", "moodle/course:view"
        ):
            message = "No access rights in module context"
            warnings.append(
                {"item": "assignment", "itemid": instance, "warningcode": "1", "message": message}
            )
        else:
            assignments.append({"assignmentid": instance, "submissions": _submissions(call, activity)})
    return {"assignments": assignments, "warnings": warnings}


def _submissions(call: Call, activity: Activity) -> list[dict[str, Any]]:
    since, before = call.number("since", 0), call.number("before", 0)
    rows = []
    for history in call.site.enrolled_learners():
        hand_in = history.find_hand_in(activity.cmid, call.day)
        if hand_in and call.sees(history.person):
            row = _submission(call, history, hand_in)
            if row["timemodified"] >= since and (not before or row["timemodified"] <= before):
                rows.append({**row, "gradingstatus": _grading_status(call, hand_in)})
    return rows


def _grading_status(call: Call, hand_in: HandIn) -> str:
    marked = hand_in.marked_day is not None and hand_in.marked_day <= call.day
    return "graded" if marked else "notgraded"


def _record_id(history: History, activity: Activity) -> int:
    """Ids of submissions and attempts: the same whenever they are asked for."""
    return history.person.user_id * 100 + (activity.assessment or 0)


def _submission(call: Call, history: History, hand_in: HandIn) -> dict[str, Any]:
    submitted_at = call.site.clock.at(hand_in.day)
    text = {"name": "onlinetext", "description": "Online text submissions", "text": "", "format": 1}
    area = {"area": "submissions_onlinetext", "files": []}
    plugin = {"type": "onlinetext", "name": "Online text", "fileareas": [area], "editorfields": [text]}
    return {
        "id": _record_id(history, hand_in.activity),
        "userid": history.person.user_id,
        "attemptnumber": 0,
        "timecreated": submitted_at,
        "timemodified": submitted_at,
        "timestarted": submitted_at,
        "status": "submitted",
        "groupid": 0,
        "plugins": [plugin, {"type": "comments", "name": "Submission comments"}],
    }


def get_submission_status(call: Call) -> dict[str, Any]:
    """mod_assign_get_submission_status of one learner; the demo course has no extensions."""
    activity = call.site.course.find_instance("assign", call.number("assignid"))
    if activity is None:
        raise unknown_record("assign")
    call.require_course(constants.COURSE_ID)
    call.require("mod/assign:view", "mod/assign:viewgrades")
    history = call.visible_learner(call.number("userid"))
    hand_in = history.find_hand_in(activity.cmid, call.day)
    answer = {
        "gradingsummary": _grading_summary(call, activity),
        "lastattempt": _last_attempt(call, history, hand_in),
        "assignmentdata": {"attachments": {"intro": []}},
        "warnings": [],
    }
    score = history.find_score(activity.cmid, call.day)
    if hand_in and score is not None:
        answer["feedback"] = _feedback(call, history, hand_in, score)
    return answer


def _grading_summary(call: Call, activity: Activity) -> dict[str, Any]:
    learners = call.site.enrolled_learners()
    found = [row.find_hand_in(activity.cmid, call.day) for row in learners]
    handed_in = [row for row in found if row]
    return {
        "participantcount": len(learners),
        "submissiondraftscount": 0,
        "submissionsenabled": True,
        "submissionssubmittedcount": len(handed_in),
        "submissionsneedgradingcount": sum(_grading_status(call, row) == "notgraded" for row in handed_in),
        "warnofungroupedusers": "",
    }


def _last_attempt(call: Call, history: History, hand_in: HandIn | None) -> dict[str, Any]:
    status = _grading_status(call, hand_in) if hand_in else "notgraded"
    submission = {}
    if hand_in:
        row = _submission(call, history, hand_in)
        submission = {"submission": {**row, "assignment": hand_in.activity.instance, "latest": 1}}
    return {
        **submission,
        "submissiongroupmemberswhoneedtosubmit": [],
        "submissionsenabled": True,
        "locked": False,
        "graded": status == "graded",
        "canedit": False,
        "caneditowner": False,
        "cansubmit": False,
        "extensionduedate": None,
        "timelimit": 0,
        "blindmarking": False,
        "gradingstatus": status,
        "usergroups": history.person.group_ids,
    }


def _feedback(call: Call, history: History, hand_in: HandIn, score: int) -> dict[str, Any]:
    marked_at = call.site.clock.at(hand_in.marked_day or hand_in.day)
    grade = {
        "id": _record_id(history, hand_in.activity),
        "assignment": hand_in.activity.instance,
        "userid": history.person.user_id,
        "attemptnumber": 0,
        "timecreated": marked_at,
        "timemodified": marked_at,
        "grader": constants.TRAINER_ID,
        "grade": f"{score:.5f}",
    }
    display = f"{score:.2f}&nbsp;/&nbsp;100.00"
    return {"grade": grade, "gradefordisplay": display, "gradeddate": marked_at, "plugins": []}


def get_quizzes(call: Call) -> dict[str, Any]:
    """mod_quiz_get_quizzes_by_courses; a course one cannot see is a warning."""
    quizzes: list[dict[str, Any]] = []
    warnings = []
    asked = call.numbers("courseids") or ([] if call.caller.kind == SERVICE else [constants.COURSE_ID])
    for course_id in asked:
        if course_id != constants.COURSE_ID or call.faults.lacks("moodle/course:view"):
            message = "No access rights in course context"
            warnings.append({"item": "course", "itemid": course_id, "warningcode": "1", "message": message})
        elif not call.faults.lacks("mod/quiz:view"):
            quizzes.extend(_quiz(call, activity) for activity in call.site.course.of_kind("quiz"))
    return {"quizzes": quizzes, "warnings": warnings}


def _quiz(call: Call, activity: Activity) -> dict[str, Any]:
    return {
        "id": activity.instance,
        "coursemodule": activity.cmid,
        "course": constants.COURSE_ID,
        "name": activity.name,
        "intro": "",
        "introformat": 1,
        "introfiles": [],
        "section": activity.week,
        "visible": True,
        "groupmode": 0,
        "groupingid": 0,
        "lang": "",
        "timeopen": 0,
        "timeclose": 0 if activity.due_day is None else call.site.clock.end_of(activity.due_day),
        "timelimit": 0,
        "preferredbehaviour": "deferredfeedback",
        "attempts": 1,
        "grademethod": 1,
        "decimalpoints": 2,
        "questiondecimalpoints": -1,
        "sumgrades": QUIZ_MARKS,
        "grade": 100,
        "hasfeedback": 0,
    }


def get_user_attempts(call: Call) -> dict[str, Any]:
    """mod_quiz_get_user_attempts of one learner in one quiz; `status` = finished (default) or all."""
    activity = call.site.course.find_instance("quiz", call.number("quizid"))
    if activity is None:
        raise unknown_record("quiz")
    call.require_course(constants.COURSE_ID)
    call.require("mod/quiz:view", "mod/quiz:viewreports")
    history = call.visible_learner(call.number("userid"))
    hand_in = history.find_hand_in(activity.cmid, call.day)
    wanted = call.params.get("status", "finished") in ("finished", "all")
    return {"attempts": [_attempt(call, history, hand_in)] if hand_in and wanted else [], "warnings": []}


def _attempt(call: Call, history: History, hand_in: HandIn) -> dict[str, Any]:
    finished_at = call.site.clock.at(hand_in.day)
    record_id = _record_id(history, hand_in.activity)
    return {
        "id": record_id,
        "quiz": hand_in.activity.instance,
        "userid": history.person.user_id,
        "attempt": 1,
        "uniqueid": record_id,
        "layout": "1,0",
        "currentpage": 0,
        "preview": 0,
        "state": "finished",
        "timestart": finished_at - ATTEMPT_SECONDS,
        "timefinish": finished_at,
        "timemodified": finished_at,
        "timemodifiedoffline": 0,
        "timecheckstate": None,
        "sumgrades": hand_in.score,
        "gradeitemmarks": [],
        "gradednotificationsenttime": finished_at,
    }
