"""The user grade report in bulk: one entry per learner, one item per assessment, and the course total."""

from typing import Any

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.course import COURSE_GRADE_ITEM_ID, Activity
from lti_tool.demo_lms.history import History
from lti_tool.demo_lms.webservice.call import Call, moodle_error

ICON_GOOD = (
    '<i class="icon fa fa-check text-success fa-fw inline"  title="Pass" role="img" aria-label="Pass"></i>'
)
ICON_BAD = (
    '<i class="icon fa fa-xmark text-danger fa-fw inline"  title="Fail" role="img" aria-label="Fail"></i>'
)
GRADE_CATEGORY_ID = 6


def get_grade_items(call: Call) -> dict[str, Any]:
    """gradereport_user_get_grade_items; `userid` 0 = everybody, of one group if `groupid` is given."""
    call.require_course(call.number("courseid"))
    call.require("gradereport/user:view", "moodle/grade:viewall")
    user_id, group_id = call.number("userid", 0), call.number("groupid", 0)
    learners = [call.visible_learner(user_id)] if user_id else _learners(call, group_id)
    return {"usergrades": [_user_grades(call, history) for history in learners], "warnings": []}


def _learners(call: Call, group_id: int) -> list[History]:
    if call.own_groups_only and group_id not in call.caller.group_ids:
        raise moodle_error("notingroup", "error/notingroup")
    active = [row for row in call.site.enrolled_learners() if not call.site.is_suspended(row.person)]
    chosen = [row for row in active if not group_id or group_id in row.person.group_ids]
    return sorted(chosen, key=lambda row: (row.person.last_name, row.person.first_name))


def _user_grades(call: Call, history: History) -> dict[str, Any]:
    graded = call.site.course.graded
    scores = {activity.cmid: history.find_score(activity.cmid, call.day) for activity in graded}
    known_weight = sum(activity.weight for activity in graded if scores[activity.cmid] is not None)
    person = history.person
    items = [_item(call, history, activity, scores[activity.cmid], known_weight) for activity in graded]
    return {
        "courseid": constants.COURSE_ID,
        "courseidnumber": constants.COURSE_IDNUMBER,
        "userid": person.user_id,
        "userfullname": person.full_name,
        "useridnumber": person.idnumber,
        "maxdepth": 2,
        "gradeitems": [*items, _total(call, history, scores, known_weight)],
    }


def _item(
    call: Call, history: History, activity: Activity, score: int | None, known_weight: float
) -> dict[str, Any]:
    hand_in = history.find_hand_in(activity.cmid, call.day)
    clock = call.site.clock
    graded_at = (
        clock.at(hand_in.marked_day)
        if hand_in and score is not None and hand_in.marked_day is not None
        else None
    )
    # as recorded: a quiz keeps both dates; an assignment shows its submission only until it is graded
    shows_submission = hand_in is not None and (activity.modname == "quiz" or score is None)
    return {
        "id": activity.grade_item_id,
        "itemname": activity.name,
        "itemtype": "mod",
        "itemmodule": activity.modname,
        "iteminstance": activity.instance,
        "itemnumber": 0,
        "idnumber": "",
        "categoryid": GRADE_CATEGORY_ID,
        "outcomeid": None,
        "scaleid": None,
        "locked": False,
        "cmid": activity.cmid,
        **_weight(activity, score, known_weight),
        "graderaw": score,
        "gradedatesubmitted": clock.at(hand_in.day) if hand_in and shows_submission else None,
        "gradedategraded": graded_at,
        **_flags(),
        "gradeformatted": _formatted(activity, score),
        **_range(100),
        "percentageformatted": "-" if score is None else f"{score:.2f} %",
        "feedback": "",
        "feedbackformat": 2 if known_weight else 0,
    }


def _weight(activity: Activity, score: int | None, known_weight: float) -> dict[str, Any]:
    """Moodle leaves weights out for somebody without any grade."""
    if not known_weight:
        return {}
    if score is None:
        return {"weightraw": 0, "weightformatted": "0.00 %", "status": "novalue"}
    share = activity.weight / known_weight
    return {"weightraw": share, "weightformatted": f"{share * 100:.2f} %"}


def _formatted(activity: Activity, score: int | None) -> str:
    if score is None:
        return "-"
    icon = ICON_GOOD if score >= constants.PASS_MARK else ICON_BAD
    return f"{icon if activity.modname == 'quiz' else ''}{score:.2f}"


def _flags() -> dict[str, bool]:
    return {
        "gradehiddenbydate": False,
        "gradeneedsupdate": False,
        "gradeishidden": False,
        "gradeislocked": False,
        "gradeisoverridden": False,
    }


def _range(maximum: int) -> dict[str, Any]:
    return {"grademin": 0, "grademax": maximum, "rangeformatted": f"0&ndash;{maximum}"}


def _total(
    call: Call, history: History, scores: dict[int, int | None], known_weight: float
) -> dict[str, Any]:
    """Weighted mean of what is graded so far."""
    graded = call.site.course.graded
    points = sum(activity.weight * (scores[activity.cmid] or 0) for activity in graded)
    total = round(points / known_weight, 5) if known_weight else None
    marked = [
        row.marked_day
        for row in history.hand_ins.values()
        if row.marked_day is not None and row.marked_day <= call.day
    ]
    return {
        "id": COURSE_GRADE_ITEM_ID,
        "itemname": None,
        "itemtype": "course",
        "itemmodule": None,
        "iteminstance": GRADE_CATEGORY_ID,
        "itemnumber": None,
        "idnumber": None,
        "categoryid": None,
        "outcomeid": None,
        "scaleid": None,
        "locked": False,
        "graderaw": total,
        "gradedatesubmitted": None,
        "gradedategraded": call.site.clock.at(max(marked)) if marked else None,
        **_flags(),
        "gradeformatted": "-" if total is None else f"{total:.2f}",
        **_range(100 if known_weight else 100 * len(graded)),
        "percentageformatted": "-" if total is None else f"{total:.2f} %",
        "feedback": "",
        "feedbackformat": 2 if known_weight else 0,
    }
