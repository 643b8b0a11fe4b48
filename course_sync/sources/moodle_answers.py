"""Reading Moodle's answers into facts: pure functions, one per web-service function (Moodle 4.5).

Whatever does not have the documented shape raises PlatformAnswerInvalid; text is never taken for a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from course_sync.errors import PlatformAnswerInvalid
from course_sync.facts import (
    CompletionFact,
    CourseFacts,
    GradeFact,
    RosterMember,
    SubmissionFact,
)

T = TypeVar("T")

COMPLETION_STATES = {0: "incomplete", 1: "complete", 2: "passed", 3: "failed"}
"""`state` of a status; 3 is a failed attempt although Moodle also says `isoverallcomplete`."""
_SUBMISSION_STATES = {"new": "none", "draft": "draft", "submitted": "submitted", "reopened": "submitted"}
"""Work reopened for another attempt had been handed in; when, the answer does not say."""
_GRADE_RULES = frozenset({"completionusegrade", "completionpassgrade"})
_FINISHED, _UNFINISHED = ("finished",), ("inprogress", "overdue")


def at(seconds: Any) -> datetime | None:
    """Moodle's Unix seconds; None for 0, null and anything that is no moment."""
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds < 253402300800:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def reading(function: str, parse: Callable[[Any], T], answer: Any) -> T:
    """Parse an answer; a shape that does not fit becomes PlatformAnswerInvalid naming the function."""
    try:
        return parse(answer)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        pass
    raise PlatformAnswerInvalid(f"{function} answered in an unknown form", code="unknown_form")


def parse_roster(answer: Any) -> dict[str, RosterMember]:
    """core_enrol_get_enrolled_users: everybody enrolled by user id. `groups` is absent when there is none."""
    if not isinstance(answer, list):
        raise TypeError
    return {str(entry["id"]): _parse_member(entry) for entry in answer}


def parse_ids(answer: Any) -> frozenset[str]:
    """Only the user ids of a roster."""
    if not isinstance(answer, list):
        raise TypeError
    return frozenset(str(entry["id"]) for entry in answer)


def _parse_member(entry: Mapping[str, Any]) -> RosterMember:
    groups = entry.get("groups") or []
    return RosterMember(
        external_id=str(entry["id"]),
        name=str(entry.get("fullname") or "").strip(),
        given_name=str(entry.get("firstname") or "").strip(),
        family_name=str(entry.get("lastname") or "").strip(),
        email=str(entry.get("email") or "").strip(),
        roles=tuple(sorted({str(role["shortname"]) for role in entry.get("roles") or []})),
        last_access_at=at(entry.get("lastcourseaccess")),
        access_known=isinstance(entry.get("lastcourseaccess"), int),
        groups=tuple(sorted(str(group["name"]) for group in groups)),
        group_ids=tuple(sorted(int(group["id"]) for group in groups)),
    )


def parse_course(answer: Any) -> CourseFacts | None:
    """core_course_get_courses_by_field: the course, or None if it is not visible to the token."""
    course = next(iter(answer["courses"]), None)
    if course is None:
        return None
    tracked = course.get("enablecompletion")
    return CourseFacts(
        title=str(course.get("fullname") or ""),
        label=str(course.get("shortname") or ""),
        starts_at=at(course.get("startdate")),
        ends_at=at(course.get("enddate")),
        completion_tracked=None if tracked is None else bool(tracked),
    )


def parse_completions(answer: Any) -> tuple[CompletionFact, ...]:
    """core_completion_get_activities_completion_status of one learner."""
    return tuple(
        CompletionFact(
            activity_id=str(status["cmid"]),
            state=COMPLETION_STATES[status["state"]],
            completed_at=at(status.get("timecompleted")) if status["state"] else None,
            by_learner=not status.get("overrideby") and not _is_by_grade(status),
        )
        for status in answer["statuses"]
        if status.get("istrackeduser", True) and status.get("hascompletion", True)
    )


def _is_by_grade(status: Mapping[str, Any]) -> bool:
    """Completed by a grade: the moment is the grading's, and Moodle names nobody in `overrideby`."""
    rules = {detail.get("rulename") for detail in status.get("details") or []}
    return COMPLETION_STATES[status["state"]] in ("passed", "failed") or bool(rules & _GRADE_RULES)


def parse_course_completion(answer: Any) -> tuple[bool, datetime | None]:
    """core_completion_get_course_completion_status: whether completed, and when the last condition was."""
    status = answer["completionstatus"]
    times = [at(row.get("timecompleted")) for row in status["completions"] if row.get("complete")]
    return bool(status["completed"]), max((time for time in times if time), default=None)


def parse_submissions(assignment: Mapping[str, Any]) -> tuple[SubmissionFact, ...]:
    """One assignment of mod_assign_get_submissions: the latest attempt of each person or group."""
    latest: dict[tuple[int, int], Mapping[str, Any]] = {}
    for row in assignment["submissions"]:
        key = (int(row["userid"]), int(row.get("groupid") or 0))
        if key not in latest or row["attemptnumber"] > latest[key]["attemptnumber"]:
            latest[key] = row
    return tuple(_parse_submission(row) for row in latest.values())


def _parse_submission(row: Mapping[str, Any]) -> SubmissionFact:
    handed_in = row["status"] == "submitted"
    return SubmissionFact(
        person_id=str(row["userid"]) if row["userid"] else "",
        state=_SUBMISSION_STATES.get(row["status"], "none"),
        submitted_at=at(row.get("timemodified")) if handed_in else None,
        group_id=int(row.get("groupid") or 0),
    )


def parse_attempts(person_id: str, answer: Any) -> SubmissionFact:
    """mod_quiz_get_user_attempts: submitted at the last finished attempt, else draft, else none."""
    attempts = answer["attempts"]
    finished = [at(row.get("timefinish")) for row in attempts if row["state"] in _FINISHED]
    if finished:
        return SubmissionFact(person_id, "submitted", max((time for time in finished if time), default=None))
    started = any(row["state"] in _UNFINISHED for row in attempts)
    return SubmissionFact(person_id, "draft" if started else "none", None)


def parse_extension(answer: Any) -> int:
    """mod_assign_get_submission_status: `extensionduedate` in Unix seconds, 0 = none."""
    return int((answer.get("lastattempt") or {}).get("extensionduedate") or 0)


def parse_grades(answer: Any) -> dict[str, tuple[GradeFact, ...]]:
    """gradereport_user_get_grade_items: grades of activities by user id (never `gradeformatted`: HTML)."""
    return {
        str(user["userid"]): tuple(
            _parse_grade(item) for item in user["gradeitems"] if _is_activity_grade(item)
        )
        for user in answer["usergrades"]
    }


def _is_activity_grade(item: Mapping[str, Any]) -> bool:
    return item["itemtype"] == "mod" and not item.get("itemnumber") and bool(item.get("cmid"))


def _parse_grade(item: Mapping[str, Any]) -> GradeFact:
    hidden = bool(item.get("gradeishidden") or item.get("gradehiddenbydate"))
    raw = item.get("graderaw")
    ratio = None if hidden else score_ratio(raw, item.get("grademin"), item.get("grademax"))
    return GradeFact(
        activity_id=str(item["cmid"]),
        score_ratio=ratio,
        graded_at=at(item.get("gradedategraded")) if ratio is not None else None,
        handed_in_at=at(item.get("gradedatesubmitted")) if raw is not None else None,
    )


def score_ratio(raw: Any, lowest: Any, highest: Any) -> float | None:
    """0-1 of the range; extra credit counts as 1; None where there is no grade or no range."""
    if raw is None or highest is None:
        return None
    low, high = float(lowest or 0), float(highest)
    if high <= low:
        return None
    return min(1.0, max(0.0, (float(raw) - low) / (high - low)))


def warnings_of(answer: Any) -> Iterable[Mapping[str, Any]]:
    """The warnings an answer carries beside its result."""
    return answer.get("warnings") or [] if isinstance(answer, dict) else []
