"""What this tool asks of a Moodle's web services, and which capability of the token's owner that needs.

Pure, standard library only. Names and titles as in Moodle 4.5; Moodle itself names a missing capability by
its title in the site's language, by a code of its own, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

CAPABILITY = re.compile(r"\b(?:moodle|mod|report|gradereport|webservice)/[a-z_]+:[a-z]+\b")
ALL_GROUPS = "moodle/site:accessallgroups"
USER_DETAILS = "moodle/user:viewdetails"

COURSE_VIEW = "moodle/course:view"
_ROSTER = "core_enrol_get_enrolled_users"


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that is read. Without its capabilities the call is refused, or tells less than there is."""

    code: str
    function: str
    capabilities: tuple[str, ...]
    kind: str
    """Kind of fact that comes of it (Freshness.kind); "" = none by itself."""


NEEDS = (
    Need("token", "core_webservice_get_site_info", ("webservice/rest:use",), ""),
    Need(
        "roster", _ROSTER, (COURSE_VIEW, "moodle/course:viewparticipants", USER_DETAILS, ALL_GROUPS), "roster"
    ),
    Need("visits", _ROSTER, ("moodle/course:viewhiddenuserfields",), "access"),
    Need("suspended", _ROSTER, ("moodle/course:enrolreview",), "roster"),
    Need("groups", _ROSTER, ("moodle/course:managegroups",), "roster"),
    Need("course", "core_course_get_courses_by_field", (COURSE_VIEW,), "structure"),
    Need("activities", "core_course_get_contents", (COURSE_VIEW,), "structure"),
    Need("hidden", "core_course_get_contents", ("moodle/course:viewhiddenactivities",), "structure"),
    Need("deadlines", "core_calendar_get_calendar_events", (COURSE_VIEW,), "structure"),
    Need("assignments", "mod_assign_get_assignments", ("mod/assign:view",), "structure"),
    Need("quizzes", "mod_quiz_get_quizzes_by_courses", ("mod/quiz:view",), "structure"),
    Need(
        "hand_ins", "mod_assign_get_submissions", ("mod/assign:view", "mod/assign:viewgrades"), "submissions"
    ),
    Need(
        "grades",
        "gradereport_user_get_grade_items",
        ("gradereport/user:view", "moodle/grade:viewall"),
        "grades",
    ),
    Need(
        "completion",
        "core_completion_get_activities_completion_status",
        ("report/progress:view",),
        "completion",
    ),
    Need(
        "course_completion",
        "core_completion_get_course_completion_status",
        ("report/completion:view",),
        "completion",
    ),
    Need("attempts", "mod_quiz_get_user_attempts", ("mod/quiz:view", "mod/quiz:viewreports"), "extensions"),
    Need(
        "extensions",
        "mod_assign_get_submission_status",
        ("mod/assign:view", "mod/assign:viewgrades"),
        "extensions",
    ),
    Need("discussions", "mod_forum_get_forum_discussions", ("mod/forum:viewdiscussion",), "posts"),
    Need("posts", "mod_forum_get_discussion_posts", ("mod/forum:viewdiscussion",), "posts"),
    Need("changes", "core_course_get_updates_since", (COURSE_VIEW,), ""),
)
"""In the order in which a sync reads."""

_BY_CODE = {
    "accessdenied": ALL_GROUPS,
    "notingroup": ALL_GROUPS,
    "errorcoursecontextnotvalid": COURSE_VIEW,
    "cannotviewreport": "report/completion:view",
    "nopermissiontoviewgrades": "moodle/grade:viewall",
}
"""Moodle's own codes that one missing capability explains."""
_TITLES = {
    "Access all groups": ALL_GROUPS,
    "Manage groups": "moodle/course:managegroups",
    "Review course enrolments": "moodle/course:enrolreview",
    "Use REST protocol": "webservice/rest:use",
    "View activity completion reports": "report/progress:view",
    "View assignment": "mod/assign:view",
    "View course completion report": "report/completion:view",
    "View discussions": "mod/forum:viewdiscussion",
    "View courses without participation": COURSE_VIEW,
    "View grades": "mod/assign:viewgrades",
    "View grades of other users": "moodle/grade:viewall",
    "View hidden activities": "moodle/course:viewhiddenactivities",
    "View participants": "moodle/course:viewparticipants",
    "View quiz information": "mod/quiz:view",
    "View quiz reports": "mod/quiz:viewreports",
    "View user profiles": USER_DETAILS,
    "View your own grade report": "gradereport/user:view",
}
"""English titles, as an error message has them in brackets at its end."""


def find_need(code: str) -> Need:
    """The need of a code. Raises KeyError."""
    return _BY_NEED[code]


def find_named(code: str, detail: str) -> str | None:
    """The one capability an error of Moodle tells of, by name, title or code; None = it does not tell."""
    named = CAPABILITY.search(detail)
    if named:
        return named.group()
    titled = re.search(r"\(([^()]+)\)\.?$", detail.strip())
    return _TITLES.get(titled.group(1) if titled else "") or _BY_CODE.get(code)


def list_suspects(need: Need, code: str, detail: str) -> tuple[str, ...]:
    """Of which capabilities one is missing after a refusal: the one it tells of, else all of the need."""
    named = find_named(code, detail)
    return (named,) if named else need.capabilities


def list_capabilities(kinds: Iterable[str]) -> tuple[str, ...]:
    """All that reading these kinds of facts needs."""
    wanted = set(kinds)
    return tuple(dict.fromkeys(name for need in NEEDS if need.kind in wanted for name in need.capabilities))


def list_functions(kinds: Iterable[str]) -> tuple[str, ...]:
    """What is called to read these kinds of facts."""
    wanted = set(kinds)
    return tuple(dict.fromkeys(need.function for need in NEEDS if need.kind in wanted))


_BY_NEED = {need.code: need for need in NEEDS}
