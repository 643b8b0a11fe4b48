"""Moodle's web services as a source: which functions are called, with which parameters, read in which order.

What the service user may not see comes back as an error, a warning or silence (an empty roster); each is
reported in Moodle's own words. Answers are read in moodle_answers and moodle_structure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from course_sync.errors import PlatformAnswerInvalid, PlatformError, PlatformRefused
from course_sync.facts import (
    CompletionFact,
    CourseFacts,
    DiscussionFact,
    Grades,
    LearnerProgress,
    PostFact,
    Roster,
    Structure,
    SubmissionFact,
    Submissions,
    Updates,
)
from course_sync.models import SOURCE_MOODLE
from course_sync.moodle_wire import safe_code
from course_sync.platform_client import PlatformClient
from course_sync.reading_plan import CLOCKS_DIFFER
from course_sync.sources import moodle_answers as answers
from course_sync.sources import moodle_changes as changes
from course_sync.sources import moodle_structure as structure

T = TypeVar("T")

ROSTER_FIELDS = "id,fullname,firstname,lastname,email,lastcourseaccess,groups,roles"
"""Naming the fields makes the roster of 2,000 people ten times faster than asking for everything."""
BULK_SECONDS = 110.0
"""Moodle says nothing for half a minute while it computes the grades of 2,000 people."""
_NO_COURSE_COMPLETION = frozenset({"nocriteriaset", "completionnotenabled", "coursecompletionnotenabled"})
"""The course was not set up to be completed: that is an answer, not a failure."""
_NOTHING_YET = "3"
"""Warning code of an assignment to which nobody has handed in anything."""


class MoodleSource:
    """One course of one Moodle site, read with the token of its service user."""

    name = SOURCE_MOODLE
    is_whole = True

    def __init__(self, client: PlatformClient, base_url: str, token: str, course_id: str) -> None:
        if not course_id.isdecimal():
            raise PlatformAnswerInvalid(
                "the course id of the launch is not a Moodle course id", code="invalid_course"
            )
        self._client = client
        self._base_url = base_url
        self._token = token
        self._course_id = int(course_id)

    def may_know(self, person_id: str) -> bool:
        """Moodle's users have numbers."""
        return person_id.isdecimal()

    def fetch_roster(self) -> Roster:
        """Everybody enrolled, suspended people marked: Moodle lists them among the others without a mark."""
        members = self._call_users({"userfields": ROSTER_FIELDS}, answers.parse_roster)
        try:
            suspended = self._call_users({"onlysuspended": 1, "userfields": "id"}, answers.parse_ids)
        except PlatformError as problem:
            return Roster(self.name, members, (problem,))
        if members.keys() <= suspended:
            # A Moodle that does not know the option lists everybody: then nothing is known of suspensions.
            return Roster(self.name, members)
        marked = {key: replace(member, suspended=key in suspended) for key, member in members.items()}
        return Roster(self.name, marked)

    def fetch_structure(self) -> Structure:
        """Activities with dates. A list of dates that cannot be read is a problem beside, not a failure."""
        activities = self._call(
            "core_course_get_contents", {"courseid": self._course_id}, structure.parse_contents
        )
        problems: list[PlatformError] = []
        course = self._try(problems, self._fetch_course)
        own = {
            "assign": self._try(problems, self._fetch_assignments),
            "quiz": self._try(problems, self._fetch_quizzes),
        }
        known = {module: dates for module, dates in own.items() if dates is not None}
        calendar = self._try(problems, self._fetch_calendar)
        dated = (structure.with_dates(activity, known, calendar) for activity in activities)
        tracks = course is None or course.completion_tracked is not False
        return Structure(
            course, tuple(replace(row, tracked=row.tracked and tracks) for row in dated), tuple(problems)
        )

    def fetch_updates(self, since: datetime) -> Updates:
        """What changed in activities that the token may see; with separate groups, of members of groups."""
        params = {"courseid": self._course_id, "since": _since(since)}
        function = "core_course_get_updates_since"
        return self._call(function, params, lambda told: changes.parse_updates(since, told))

    def fetch_submissions(self, instance_ids: list[str]) -> Submissions:
        """Hand-ins of all learners. An assignment the token may not read is only a warning in the answer."""
        function = "mod_assign_get_submissions"
        answer = self._call(
            function, {"assignmentids": [int(key) for key in instance_ids]}, lambda told: told, BULK_SECONDS
        )
        rows = answers.reading(function, lambda told: list(told["assignments"]), answer)
        by_instance = {
            str(row["assignmentid"]): answers.reading(function, answers.parse_submissions, row)
            for row in rows
        }
        refusals = (row for row in answers.warnings_of(answer) if str(row.get("warningcode")) != _NOTHING_YET)
        return Submissions(by_instance, tuple(_warning_error(warning) for warning in refusals))

    def fetch_grades(self, *, group_id: int = 0, person_id: str = "0") -> Grades:
        """Grades of everybody (2,000 people: half a minute), or of one group (50: a second) or person."""
        params: dict[str, Any] = {"courseid": self._course_id, "userid": int(person_id)}
        if group_id:
            params["groupid"] = group_id
        function = "gradereport_user_get_grade_items"
        return Grades(self._call(function, params, answers.parse_grades, BULK_SECONDS))

    def fetch_graded(self, instance_ids: list[str], since: datetime) -> Mapping[str, datetime | None]:
        """Who got a grade, or another one. Some Moodles tell it only to who may grade: that is a refusal."""
        params = {"assignmentids": [int(key) for key in instance_ids], "since": _since(since)}
        answer = self._call("mod_assign_get_grades", params, lambda told: told)
        for warning in answers.warnings_of(answer):
            if str(warning.get("warningcode")) != _NOTHING_YET:
                raise _warning_error(warning)
        return answers.reading("mod_assign_get_grades", changes.parse_graded, answer)

    def check_progress(self, person_id: str) -> None:
        """Ask for completion and keep nothing of the answer."""
        self._fetch_completions(person_id)

    def fetch_progress(self, person_id: str) -> LearnerProgress:
        """Completion of activities, and of the course where it can be completed."""
        params = {"courseid": self._course_id, "userid": int(person_id)}
        completions = self._fetch_completions(person_id)
        try:
            completed, completed_at = self._call(
                "core_completion_get_course_completion_status", params, answers.parse_course_completion
            )
        except PlatformError as problem:
            known = problem.code in _NO_COURSE_COMPLETION
            return LearnerProgress(completions, problem=None if known else problem)
        return LearnerProgress(completions, completed, completed_at)

    def fetch_extension(self, person_id: str, instance_id: str) -> int:
        """Unix seconds of an extension, 0 = none. Overrides of a user or group are not visible here."""
        params = {"assignid": int(instance_id), "userid": int(person_id)}
        return self._call("mod_assign_get_submission_status", params, answers.parse_extension)

    def fetch_attempts(self, person_id: str, instance_id: str) -> SubmissionFact:
        """All attempts, not only finished ones: a started quiz is a draft."""
        params = {"quizid": int(instance_id), "userid": int(person_id), "status": "all"}
        return self._call(
            "mod_quiz_get_user_attempts", params, lambda told: answers.parse_attempts(person_id, told)
        )

    def fetch_discussions(self, instance_id: str) -> tuple[DiscussionFact, ...]:
        """All of them: without a page, Moodle gives the whole list."""
        params = {"forumid": int(instance_id)}
        return self._call("mod_forum_get_forum_discussions", params, changes.parse_discussions, BULK_SECONDS)

    def fetch_posts(self, discussion_id: str) -> tuple[PostFact, ...]:
        """Posts that are not deleted and not a private reply."""
        params = {"discussionid": int(discussion_id)}
        return self._call("mod_forum_get_discussion_posts", params, changes.parse_posts, BULK_SECONDS)

    def _fetch_completions(self, person_id: str) -> tuple[CompletionFact, ...]:
        params = {"courseid": self._course_id, "userid": int(person_id)}
        function = "core_completion_get_activities_completion_status"
        return self._call(function, params, answers.parse_completions)

    def _fetch_course(self) -> CourseFacts | None:
        params = {"field": "id", "value": self._course_id}
        return self._call("core_course_get_courses_by_field", params, answers.parse_course)

    def _fetch_assignments(self) -> structure.DatesByInstance:
        # Without includenotenrolledcourses the service user, who is in no course, gets nothing.
        params = {"courseids": [self._course_id], "includenotenrolledcourses": 1}
        return self._call("mod_assign_get_assignments", params, structure.parse_assignments)

    def _fetch_quizzes(self) -> structure.DatesByInstance:
        params = {"courseids": [self._course_id]}
        return self._call("mod_quiz_get_quizzes_by_courses", params, structure.parse_quizzes)

    def _fetch_calendar(self) -> structure.DatesByInstance:
        params = {
            "events": {"courseids": [self._course_id]},
            "options": {"userevents": 0, "siteevents": 0, "timestart": 0, "timeend": 0},
        }
        return self._call("core_calendar_get_calendar_events", params, structure.parse_calendar)

    def _call_users(self, options: dict[str, Any], parse: Callable[[Any], T]) -> T:
        listed = [{"name": name, "value": value} for name, value in options.items()]
        params = {"courseid": self._course_id, "options": listed}
        return self._call("core_enrol_get_enrolled_users", params, parse)

    def _call(
        self,
        function: str,
        params: dict[str, Any],
        parse: Callable[[Any], T],
        read_seconds: float | None = None,
    ) -> T:
        answer = self._client.call_moodle(
            self._base_url, self._token, function, params, read_seconds=read_seconds
        )
        return answers.reading(function, parse, answer)

    @staticmethod
    def _try(problems: list[PlatformError], fetch: Callable[[], T]) -> T | None:
        try:
            return fetch()
        except PlatformError as problem:
            problems.append(problem)
            return None


def _since(moment: datetime) -> int:
    return max(0, int((moment - CLOCKS_DIFFER).timestamp()))


def _warning_error(warning: Any) -> PlatformError:
    code = safe_code(f"warning_{warning.get('warningcode')}")
    return PlatformRefused(str(warning.get("message") or "")[:300], code=code)
