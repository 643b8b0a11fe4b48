"""Forums, in which nobody has begun a discussion, and messages to a person."""

from typing import Any

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.course import Activity
from lti_tool.demo_lms.people import SERVICE
from lti_tool.demo_lms.webservice.call import Call, invalid_parameter, moodle_error, unknown_record

REFUSED = "You can't message this user due to their message preferences. Try adding them as a contact."


def get_forums(call: Call) -> list[dict[str, Any]]:
    """mod_forum_get_forums_by_courses; a forum one may not read is left out."""
    asked = call.numbers("courseids") or ([] if call.caller.kind == SERVICE else [constants.COURSE_ID])
    if constants.COURSE_ID not in asked or call.faults.lacks(
        "moodle/course:view", "mod/forum:viewdiscussion"
    ):
        return []
    return [_forum(call, activity) for activity in call.site.course.of_kind("forum")]


def _forum(call: Call, activity: Activity) -> dict[str, Any]:
    zeros = (
        "duedate cutoffdate assessed assesstimestart assesstimefinish scale grade_forum grade_forum_notify "
        "maxbytes forcesubscribe rsstype rssarticles warnafter blockafter blockperiod completiondiscussions "
        "completionreplies completionposts lockdiscussionafter"
    )
    return {
        "id": activity.instance,
        "course": constants.COURSE_ID,
        "type": "general",
        "name": activity.name,
        "intro": "",
        "introformat": 1,
        "introfiles": [],
        "lang": "",
        **dict.fromkeys(zeros.split(), 0),
        "maxattachments": 1,
        "trackingtype": 1,
        "timemodified": int(call.site.clock.day_zero.timestamp()),
        "cmid": activity.cmid,
        "numdiscussions": 0,
        "cancreatediscussions": False,
        "istracked": False,
    }


def get_forum_discussions(call: Call) -> dict[str, Any]:
    """mod_forum_get_forum_discussions: the data set knows of visits to forums, of no posts."""
    if call.site.course.find_instance("forum", call.number("forumid")) is None:
        raise unknown_record("forum")
    call.require_course(constants.COURSE_ID)
    if call.faults.lacks("mod/forum:viewdiscussion"):
        raise moodle_error("noviewdiscussionspermission", "You do not have permission to view discussions")
    return {"discussions": [], "warnings": []}


def get_discussion_posts(call: Call) -> dict[str, Any]:
    """mod_forum_get_discussion_posts: there is no discussion to ask about."""
    call.number("discussionid")
    raise unknown_record("forum_discussions")


def send_instant_messages(call: Call) -> list[dict[str, Any]]:
    """core_message_send_instant_messages, as the token's owner. A refusal is HTTP 200 with `msgid` -1."""
    call.require("moodle/site:sendmessage")
    rows = call.params.get("messages", {})
    if not isinstance(rows, dict) or not rows or not all(isinstance(row, dict) for row in rows.values()):
        raise invalid_parameter("Missing required key in single structure: messages")
    return [_send(call, row) for row in rows.values()]


def _send(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    to, text = str(row.get("touserid", "")), str(row.get("text", ""))
    if not to.isdecimal() or not text:
        raise invalid_parameter("touserid and text are required")
    learner = call.site.find_learner(int(to))
    if learner is None or call.caller.kind == SERVICE or not call.sees(learner.person):
        return {"msgid": -1, "errormessage": REFUSED, "candeletemessagesforallusers": False}
    message = {
        "msgid": len(call.site.outbox) + 1,
        "text": f"<p>{text}</p>",
        "timecreated": int(call.site.clock.now().timestamp()),
        "conversationid": learner.person.user_id,
        "useridfrom": call.caller.user_id,
        "candeletemessagesforallusers": False,
    }
    call.site.outbox.append({**message, "useridto": learner.person.user_id})
    return message
