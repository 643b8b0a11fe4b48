"""People of the course: enrolled users, groups and their members."""

from typing import Any

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.people import EDITING_TEACHER, Person
from lti_tool.demo_lms.site import role_of, shorten
from lti_tool.demo_lms.webservice.call import Call, access_denied

GROUP_NAMES = {constants.GROUP_A_ID: "Group A", constants.GROUP_B_ID: "Group B"}
ALWAYS_SENT = ("id", "fullname", "email", "groups", "roles")
"""Sent whatever `userfields` asks for."""


def get_enrolled_users(call: Call) -> list[dict[str, Any]]:
    """core_enrol_get_enrolled_users. Without moodle/site:accessallgroups: empty, and no error."""
    call.require_course(call.number("courseid"))
    call.require("moodle/course:viewparticipants")
    options = call.options()
    people = [person for person in _listed(call, options) if call.sees(person)]
    start, count = _whole(options.get("limitfrom")), _whole(options.get("limitnumber"))
    people = people[start : start + count] if count else people[start:]
    wanted = {field.strip() for field in options.get("userfields", "").split(",") if field.strip()}
    return [_only(_user(call, person), wanted) for person in shorten(people, call.faults)]


def _listed(call: Call, options: dict[str, str]) -> list[Person]:
    people = call.site.enrolled_people()
    if call.faults.lacks("moodle/user:viewdetails"):
        people = [person for person in people if person.kind == EDITING_TEACHER]
    if options.get("onlyactive") == "1":
        people = [person for person in people if not call.site.is_suspended(person)]
    if options.get("onlysuspended") == "1":
        call.require("moodle/course:enrolreview")
        people = [person for person in people if call.site.is_suspended(person)]
    return people


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _only(user: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    if not wanted:
        return user
    return {key: value for key, value in user.items() if key in wanted or key in ALWAYS_SENT}


def access_times(call: Call, person: Person) -> tuple[int, int]:
    """First and last access as Unix times, 0 for never. Staff of the demo have no recorded access."""
    history = call.site.histories.get(person.user_id)
    if history is None:
        return 0, 0
    first, last = history.first_access_day(call.day), history.last_access_day(call.day)
    clock = call.site.clock
    return (0 if first is None else clock.at(first)), (0 if last is None else clock.at(last))


def group_entries(person: Person) -> dict[str, Any]:
    """Moodle leaves `groups` out when there are none."""
    groups = [
        {"id": group_id, "name": GROUP_NAMES[group_id], "description": "", "descriptionformat": 0}
        for group_id in person.group_ids
    ]
    return {"groups": groups} if groups else {}


def _user(call: Call, person: Person) -> dict[str, Any]:
    first, last = access_times(call, person)
    picture = call.site.url("/theme/image.php/boost/core/1/u")
    course = {
        "id": constants.COURSE_ID,
        "fullname": constants.COURSE_FULLNAME,
        "shortname": constants.COURSE_SHORTNAME,
    }
    user = {
        "id": person.user_id,
        "firstname": person.first_name,
        "lastname": person.last_name,
        "fullname": person.full_name,
        "email": person.email,
        "firstaccess": first,
        "lastaccess": last,
        "lastcourseaccess": last,
        "profileimageurlsmall": f"{picture}/f2",
        "profileimageurl": f"{picture}/f1",
        **group_entries(person),
        "roles": [role_of(person)],
    }
    if person.user_id == call.caller.user_id:  # some fields are sent only about the owner of the token
        user |= {
            "username": person.username,
            "department": "",
            "idnumber": person.idnumber,
            "preferences": [],
        }
    if not call.site.is_suspended(person):
        user["enrolledcourses"] = [course]
    if call.faults.lacks("moodle/course:viewhiddenuserfields"):  # of a site that hides the last access
        del user["lastaccess"], user["lastcourseaccess"]
    return user


def get_course_groups(call: Call) -> list[dict[str, Any]]:
    """core_group_get_course_groups."""
    course_id = call.number("courseid")
    call.require_course(course_id)
    call.require("moodle/course:managegroups")
    return [
        {
            "id": group_id,
            "courseid": course_id,
            "name": name,
            "description": "",
            "descriptionformat": 1,
            "enrolmentkey": None,
            "idnumber": "",
            "visibility": 0,
            "participation": True,
        }
        for group_id, name in GROUP_NAMES.items()
    ]


def get_group_members(call: Call) -> list[dict[str, Any]]:
    """core_group_get_group_members."""
    call.require("moodle/course:managegroups")
    group_ids = call.numbers("groupids")
    if any(group_id not in GROUP_NAMES for group_id in group_ids):
        raise access_denied()
    people = call.site.enrolled_people()
    return [
        {"groupid": group_id, "userids": [p.user_id for p in people if group_id in p.group_ids]}
        for group_id in group_ids
    ]
