"""Reading the structure of a Moodle course: activities from the contents, dates from three places.

Pure. Deadlines come from assignments and quizzes themselves, expected-completion dates from the calendar;
where one of these could not be read, its activities say so (`dates_known`), and nothing known is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from course_sync.facts import ActivityFacts
from course_sync.sources.moodle_answers import at

_DUE_EVENTS = ("due", "close", "expectcompletionon")
"""Kinds of calendar events that are deadlines, the strongest first."""
_SUBMITTED_TO = ("assign", "quiz")
_COMPLETION_KINDS = {1: "manual", 2: "automatic"}


@dataclass(frozen=True, slots=True)
class Dates:
    """When an activity opens and is due, and how it is handed in where the platform told."""

    opens_at: datetime | None
    due_at: datetime | None
    accepts_submission: bool = True


DatesByInstance = Mapping[tuple[str, str], Dates]
"""Dates by (module, instance id)."""


def parse_contents(answer: Any) -> tuple[ActivityFacts, ...]:
    """core_course_get_contents: activities in course order, without dates; mere labels left out."""
    if not isinstance(answer, list):
        raise TypeError
    found: list[ActivityFacts] = []
    for section in answer:
        for module in section["modules"]:
            if not module.get("noviewlink") or module.get("completion"):
                found.append(_parse_module(module, section, len(found)))
    return tuple(found)


def _parse_module(module: Mapping[str, Any], section: Mapping[str, Any], position: int) -> ActivityFacts:
    return ActivityFacts(
        external_id=str(module["id"]),
        instance_id=str(module.get("instance") or ""),
        module=str(module["modname"])[:64],
        name=str(module["name"])[:500],
        section=str(section.get("name") or "")[:500],
        position=position,
        tracked=bool(module.get("completion")),
        accepts_submission=module["modname"] in _SUBMITTED_TO,
        visible=bool(module.get("visible", 1)) and bool(section.get("visible", 1)),
        dates_known=False,
        completion_kind=_COMPLETION_KINDS.get(int(module.get("completion") or 0), ""),
        completion_rules=_parse_rules(module.get("completiondata")),
    )


def _parse_rules(told: Any) -> tuple[str, ...]:
    """What the activity asks for; which state each rule is in for the token's owner says nothing."""
    details = told.get("details") or [] if isinstance(told, Mapping) else []
    return tuple(sorted({str(row["rulename"])[:64] for row in details}))


def parse_assignments(answer: Any) -> DatesByInstance:
    """mod_assign_get_assignments: due and opening dates; offline assignments accept no submission."""
    return {
        ("assign", str(row["id"])): Dates(
            at(row.get("allowsubmissionsfromdate")),
            at(row.get("duedate")),
            accepts_submission=not row.get("nosubmissions"),
        )
        for course in answer["courses"]
        for row in course["assignments"]
    }


def parse_quizzes(answer: Any) -> DatesByInstance:
    """mod_quiz_get_quizzes_by_courses: a quiz is due when it closes."""
    return {
        ("quiz", str(row["id"])): Dates(at(row.get("timeopen")), at(row.get("timeclose")))
        for row in answer["quizzes"]
    }


def parse_calendar(answer: Any) -> DatesByInstance:
    """core_calendar_get_calendar_events: deadlines of everybody; those of one group are left out."""
    due: dict[tuple[str, str], tuple[int, datetime]] = {}
    for event in answer["events"]:
        moment, kind = at(event.get("timestart")), event.get("eventtype")
        if moment is None or kind not in _DUE_EVENTS or event.get("groupid") or not event.get("modulename"):
            continue
        key, rank = (str(event["modulename"]), str(event["instance"])), _DUE_EVENTS.index(kind)
        if key not in due or rank < due[key][0]:
            due[key] = (rank, moment)
    return {key: Dates(None, moment) for key, (_rank, moment) in due.items()}


def with_dates(
    activity: ActivityFacts,
    own: Mapping[str, DatesByInstance],
    calendar: DatesByInstance | None,
) -> ActivityFacts:
    """The activity with its dates: from its module's own list, else from the calendar.

    `own` has a module only if its list was read; `calendar` is None if it was not. An assignment or quiz
    that neither names is one the token may not see: its dates stay unknown.
    """
    key = (activity.module, activity.instance_id)
    told = own.get(activity.module, {}).get(key)
    event = (calendar or {}).get(key)
    if told is None and event is None and (calendar is None or activity.module in _SUBMITTED_TO):
        return activity
    due_at = (told.due_at if told else None) or (event.due_at if event else None)
    return replace(
        activity,
        opens_at=told.opens_at if told else None,
        due_at=due_at,
        dates_known=True,
        accepts_submission=activity.accepts_submission and (told is None or told.accepts_submission),
    )
