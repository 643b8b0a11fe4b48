"""The course itself: site information, course record, contents, calendar."""

from typing import Any

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.course import Activity
from lti_tool.demo_lms.webservice.call import Call, invalid_parameter
from lti_tool.demo_lms.webservice.statuses import rule_details

PURPOSES = {"page": "content", "forum": "collaboration", "glossary": "collaboration", "lti": "other"}
PLURALS = {
    "page": "Pages",
    "forum": "Forums",
    "glossary": "Glossaries",
    "lti": "External tools",
    "assign": "Assignments",
    "quiz": "Quizzes",
}
ADVANCED_FEATURES = {
    "usecomments": 1,
    "usetags": 1,
    "enablenotes": 1,
    "messaging": 1,
    "enableblogs": 1,
    "enablecompletion": 1,
    "enablebadges": 1,
    "messagingallusers": 0,
    "enablecustomreports": 1,
    "enableglobalsearch": 0,
    "mnet_dispatcher_mode": 0,
    "enablecompetencies": 1,
}
EVENT_NAMES = {
    "expectcompletionon": "{} should be completed",
    "due": "{} is due",
    "close": "{} closes",
}
EVENT_TYPES = {"page": "expectcompletionon", "assign": "due", "quiz": "close"}


def site_info(call: Call, function_names: list[str]) -> dict[str, Any]:
    """core_webservice_get_site_info; lists the functions of the service."""
    person = call.caller
    return {
        "sitename": "Demo LMS",
        "username": person.username,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "fullname": person.full_name,
        "lang": person.language,
        "userid": person.user_id,
        "siteurl": call.site.base_url,
        "userpictureurl": call.site.url("/theme/image.php/boost/core/1/u/f1"),
        "functions": [{"name": name, "version": constants.MOODLE_VERSION} for name in function_names],
        "downloadfiles": 0,
        "uploadfiles": 0,
        "release": constants.MOODLE_RELEASE,
        "version": constants.MOODLE_VERSION,
        "mobilecssurl": "",
        "advancedfeatures": [{"name": name, "value": value} for name, value in ADVANCED_FEATURES.items()],
        "usercanmanageownfiles": True,
        "userquota": 104857600,
        "usermaxuploadfilesize": 67108864,
        "userhomepage": 1,
        "userprivateaccesskey": "0" * 32,
        "siteid": 1,
        "sitecalendartype": "gregorian",
        "usercalendartype": "gregorian",
        "userissiteadmin": False,
        "theme": "boost",
        "limitconcurrentlogins": 0,
        "policyagreed": 0,
    }


def get_courses_by_field(call: Call) -> dict[str, Any]:
    """core_course_get_courses_by_field; an unknown course is an empty list, not an error."""
    field, value = str(call.params.get("field", "")), str(call.params.get("value", ""))
    own = {
        "id": str(constants.COURSE_ID),
        "ids": str(constants.COURSE_ID),
        "shortname": constants.COURSE_SHORTNAME,
        "idnumber": constants.COURSE_IDNUMBER,
        "category": "1",
    }
    if field and field not in own:
        raise invalid_parameter(f"Invalid field name: {field}")
    asked = value.split(",") if field == "ids" else [value]
    return {"courses": [_course(call)] if not field or own[field] in asked else [], "warnings": []}


def _course(call: Call) -> dict[str, Any]:
    begin = int(call.site.clock.day_zero.timestamp())
    trainer = call.site.people[constants.TRAINER_ID]
    filters = ("displayh5p", "activitynames", "mathjaxloader", "emoticon", "urltolink", "mediaplugin")
    formats = {"hiddensections": 1, "coursedisplay": 0, "indentation": "1"}
    return {
        "id": constants.COURSE_ID,
        "fullname": constants.COURSE_FULLNAME,
        "displayname": constants.COURSE_FULLNAME,
        "shortname": constants.COURSE_SHORTNAME,
        "courseimage": call.site.url("/pluginfile.php/226/course/generated/course.svg"),
        "categoryid": 1,
        "categoryname": "Category 1",
        "sortorder": 10002,
        "summary": "",
        "summaryformat": 1,
        "summaryfiles": [],
        "overviewfiles": [],
        "showactivitydates": False,
        "showcompletionconditions": True,
        "contacts": [{"id": trainer.user_id, "fullname": trainer.full_name}],
        "enrollmentmethods": ["manual"],
        "format": "topics",
        "showgrades": 1,
        "newsitems": 0,
        "startdate": begin,
        "enddate": begin + call.site.course.length_days * constants.SECONDS_PER_DAY,
        "maxbytes": 0,
        "showreports": 1,
        "visible": 1,
        "groupmode": 1,
        "groupmodeforce": 0,
        "defaultgroupingid": 0,
        "enablecompletion": 1,
        "completionnotify": 0,
        "lang": "",
        "theme": "",
        "marker": 0,
        "filters": [{"filter": name, "localstate": 0, "inheritedstate": 1} for name in filters],
        "courseformatoptions": [{"name": name, "value": value} for name, value in formats.items()],
    }


def get_contents(call: Call) -> list[dict[str, Any]]:
    """core_course_get_contents: one section a week, after the general one."""
    call.require_course(call.number("courseid"))
    course = call.site.course
    return [
        {
            "id": 900 + week,
            "name": f"Week {week}" if week else "General",
            "visible": 1,
            "summary": "",
            "summaryformat": 1,
            "section": week,
            "hiddenbynumsections": 0,
            "uservisible": True,
            "component": None,
            "itemid": None,
            "modules": [_module(call, activity) for activity in course.activities if activity.week == week],
        }
        for week in range(course.week_count + 1)
    ]


def _module(call: Call, activity: Activity) -> dict[str, Any]:
    name = activity.modname
    return {
        "id": activity.cmid,
        "url": call.site.url(f"/mod/{name}/view.php?id={activity.cmid}"),
        "name": activity.name,
        "instance": activity.instance,
        "contextid": activity.context_id,
        "visible": 1,
        "uservisible": True,
        "visibleoncoursepage": 1,
        "modicon": call.site.url(f"/theme/image.php/boost/{name}/1/monologo?filtericon=1"),
        "modname": name,
        "purpose": PURPOSES.get(name, "assessment"),
        "branded": False,
        "modplural": PLURALS[name],
        "availability": None,
        "indent": 0,
        "onclick": "",
        "afterlink": None,
        **({"activitybadge": []} if name == "forum" else {}),
        "customdata": '""',
        "noviewlink": False,
        **_module_completion(activity),
        "downloadcontent": 1,
        "dates": _module_dates(call, activity),
        "groupmode": 0,
        **(_page_contents(call, activity) if name == "page" else {}),
    }


def _module_completion(activity: Activity) -> dict[str, Any]:
    """The caller's own completion: a service user is tracked nowhere."""
    if activity.rule is None:
        return {"completion": 0}
    data = {
        "state": 0,
        "timecompleted": 0,
        "overrideby": None,
        "valueused": False,
        "hascompletion": True,
        "isautomatic": True,
        "istrackeduser": False,
        "uservisible": True,
        "details": rule_details(activity, 0),
        "isoverallcomplete": False,
    }
    return {"completion": 2, "completiondata": data}


def _module_dates(call: Call, activity: Activity) -> list[dict[str, Any]]:
    """Moodle shows dates of assignments and quizzes only; the expected day of a page is in the calendar."""
    label, dataid = {"assign": ("Due:", "duedate"), "quiz": ("Closed:", "timeclose")}.get(
        activity.modname, ("", "")
    )
    if not label or activity.due_day is None:
        return []
    timestamp = call.site.clock.end_of(activity.due_day)
    if activity.modname == "quiz" and timestamp > call.site.clock.now().timestamp():
        label = "Closes:"
    return [{"label": label, "timestamp": timestamp, "dataid": dataid}]


def _page_contents(call: Call, activity: Activity) -> dict[str, Any]:
    path = f"/webservice/pluginfile.php/{activity.context_id}/mod_page/content/index.html?forcedownload=1"
    modified = int(call.site.clock.day_zero.timestamp())
    file = {
        "type": "file",
        "filename": "index.html",
        "filepath": "/",
        "filesize": 0,
        "fileurl": call.site.url(path),
        "timecreated": None,
        "timemodified": modified,
        "sortorder": 1,
        "userid": None,
        "author": None,
        "license": None,
    }
    info = {"filescount": 1, "filessize": 0, "lastmodified": modified, "mimetypes": [], "repositorytype": ""}
    return {"contents": [file], "contentsinfo": info}


def get_calendar_events(call: Call) -> dict[str, Any]:
    """core_calendar_get_calendar_events: expected completion, due and closing times, in order of time."""
    asked = call.params.get("events", {})
    course_ids = asked.get("courseids", {}) if isinstance(asked, dict) else {}
    options = call.params.get("options", {})
    start, end = (_time(options, name) for name in ("timestart", "timeend"))
    if str(constants.COURSE_ID) not in course_ids.values():
        return {"events": [], "warnings": []}
    events = [_event(call, activity) for activity in call.site.course.tracked if activity.due_day is not None]
    kept = [row for row in events if row["timestart"] >= start and (not end or row["timestart"] <= end)]
    return {"events": sorted(kept, key=lambda row: (row["timestart"], row["id"])), "warnings": []}


def _time(options: object, name: str) -> int:
    text = str(options.get(name, "")) if isinstance(options, dict) else ""
    return int(text) if text.isdecimal() else 0


def _event(call: Call, activity: Activity) -> dict[str, Any]:
    kind = EVENT_TYPES[activity.modname]
    return {
        "id": activity.cmid + 1000,
        "name": EVENT_NAMES[kind].format(activity.name),
        "description": "",
        "format": 1,
        "courseid": constants.COURSE_ID,
        "categoryid": None,
        "groupid": None,
        "userid": constants.ADMIN_ID,
        "repeatid": None,
        "modulename": activity.modname,
        "instance": activity.instance,
        "eventtype": kind,
        "timestart": call.site.clock.end_of(activity.due_day or 0),
        "timeduration": 0,
        "visible": 1,
        "sequence": 1,
        "timemodified": int(call.site.clock.day_zero.timestamp()),
        "subscriptionid": None,
    }
