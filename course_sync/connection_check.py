"""Testing a Moodle's web services: every call that a sync makes, once, on one course. Nothing is kept.

Bounded in time, a few calls at a time. What the answers mean is decided in connection_answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from course_sync.calls import PARALLEL
from course_sync.connection_answers import NO_TIME, PROBLEMS, SLOW, Answers, ProbeResult, judge_answers
from course_sync.errors import PlatformError, PlatformUnreachable
from course_sync.moodle_access import MoodleAccess
from course_sync.moodle_needs import find_need
from course_sync.platform_client import PlatformClient
from course_sync.records import LEARNER_PLATFORM_ROLES
from course_sync.registrations import Registration
from course_sync.sources import moodle_answers as answers
from course_sync.sources import moodle_changes as changes
from course_sync.sources.lti import LtiSource
from course_sync.sources.moodle import ROSTER_FIELDS

CALL_SECONDS = 12.0
TOTAL_SECONDS = 45.0
"""A person waits for it; what could not be asked in time is said not to have been tried."""
PATIENT = frozenset(find_need(code).function for code in ("hand_ins", "grades", "discussions", "posts"))
"""A sync waits much longer for these (sources.moodle.BULK_SECONDS): they get all the time that is left."""
_END_SECONDS = 0.5
"""Who gives up so shortly before the end did so because of it."""
_GROUPS_FUNCTION = "core_group_get_course_groups"
_NO_RIGHTS = "accessexception"
"""Moodle's code for a protocol that may not be used, and for a function that is not in the service."""


@dataclass(frozen=True)
class CheckTarget:
    """What is tested: a token, and the course to try it on."""

    access: MoodleAccess
    course_id: str
    """Moodle's own; "" = no course of this platform is known yet."""
    registration: Registration | None = None
    memberships_url: str | None = None
    """With which the LTI roster is read to compare; None = there is none."""
    known_ids: frozenset[str] = frozenset()
    """Moodle's ids of active members known here: who to compare with where no LTI roster can be read."""
    known_learner_id: str | None = None
    """Somebody to ask about where Moodle's own list names no learner."""


@dataclass(frozen=True)
class CheckReport:
    """What a test found; `results` in the order of moodle_needs.NEEDS."""

    results: tuple[ProbeResult, ...]
    release: str = ""
    """Version of Moodle in its own words; "" = it did not tell."""
    user_id: str = ""
    """Moodle's id of the token's owner."""

    @property
    def problems(self) -> tuple[ProbeResult, ...]:
        """What does not work."""
        return tuple(result for result in self.results if result.state in PROBLEMS)


def check_connection(
    client: PlatformClient, target: CheckTarget, total_seconds: float = TOTAL_SECONDS
) -> CheckReport:
    """Try everything on the target. Raises nothing of the platform: failures are results."""
    asker = _Asker(client, target.access, time.monotonic() + total_seconds)
    site = asker.ask("core_webservice_get_site_info", {})
    told = Answers(told={"token": site})
    if isinstance(site, PlatformError) and site.code != _NO_RIGHTS:
        return CheckReport(judge_answers(replace(told, untried="no_answer")))
    site_told = {} if isinstance(site, PlatformError) else site
    told = replace(told, functions=_list_offered(site_told))
    if not target.course_id.isdecimal():
        told = replace(told, untried="no_course")
    else:
        told = _Course(asker, client, target, told).try_all()
    return CheckReport(
        judge_answers(told), str(site_told.get("release") or "")[:64], str(site_told.get("userid") or "")
    )


def _list_offered(site: Mapping[str, Any]) -> frozenset[str] | None:
    listed = site.get("functions")
    names = {str(row.get("name")) for row in listed} if isinstance(listed, list) else set()
    return frozenset(names) or None


@dataclass
class _Asker:
    """Calls with one token until the time is over; a failure is the answer."""

    client: PlatformClient
    access: MoodleAccess
    good_until: float

    def ask(self, function: str, params: Mapping[str, Any]) -> Any:
        """An answer, or the PlatformError there was instead of one."""
        left = self.good_until - time.monotonic()
        if left <= 0:
            return PlatformUnreachable("the time of the test was over", code=NO_TIME)
        seconds = left if function in PATIENT else min(CALL_SECONDS, left)
        limits = {"read_seconds": seconds, "timeout_seconds": seconds}
        try:
            return self.client.call_moodle(
                self.access.base_url, self.access.token, function, params, retry=False, **limits
            )
        except PlatformError as problem:
            is_cut = problem.code == "timeout" and time.monotonic() > self.good_until - _END_SECONDS
            return PlatformUnreachable("cut off by the end of the test", code=SLOW) if is_cut else problem

    def ask_all(self, asked: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Several at a time; results by the same names."""
        with ThreadPoolExecutor(PARALLEL, thread_name_prefix="check") as pool:
            return dict(zip(asked, pool.map(lambda call: call(), asked.values()), strict=True))


@dataclass
class _Course:
    """The part of a test that needs a course: lists, then one learner and one activity of a kind, then what
    stands in one of these.
    """

    asker: _Asker
    client: PlatformClient
    target: CheckTarget
    told: Answers
    _params: dict[str, Any] = field(default_factory=dict)

    def try_all(self) -> Answers:
        """Everything, in three rounds."""
        course_id = int(self.target.course_id)
        first = self.asker.ask_all(self._lists(course_id) | {"groups": self._groups, "lti": self._read_lti})
        expected, groups = first.pop("lti"), first.pop("groups")
        self._note(first, expected_ids=expected or self.target.known_ids, group_count=groups)
        self._note(self.asker.ask_all(self._details(course_id)))
        self._note(self.asker.ask_all(self._posts()))
        return self.told

    def _note(self, answered: Mapping[str, Any], **more: Any) -> None:
        readable = {code: _readable(code, outcome) for code, outcome in answered.items()}
        self.told = replace(self.told, told={**self.told.told, **readable}, **more)

    def _lists(self, course_id: int) -> dict[str, Callable[[], Any]]:
        calendar = {
            "events": {"courseids": [course_id]},
            "options": {"userevents": 0, "siteevents": 0, "timestart": 0, "timeend": 0},
        }
        assignments = {"courseids": [course_id], "includenotenrolledcourses": 1}
        return self._calls(
            {
                "roster": _users(course_id, userfields=ROSTER_FIELDS),
                "suspended": _users(course_id, onlysuspended=1, userfields="id"),
                "course": {"field": "id", "value": course_id},
                "activities": {"courseid": course_id},
                "deadlines": calendar,
                "assignments": assignments,
                "quizzes": {"courseids": [course_id]},
                "changes": {"courseid": course_id, "since": int(time.time())},
            }
        )

    def _details(self, course_id: int) -> dict[str, Callable[[], Any]]:
        learner, assignment, quiz = self._find_learner(), self._find("assign"), self._find("quiz")
        params: dict[str, dict[str, Any]] = {}
        if assignment:
            params["hand_ins"] = {"assignmentids": [assignment]}
        if learner:
            own = {"courseid": course_id, "userid": learner}
            params |= {"grades": own, "completion": own, "course_completion": own}
        if learner and assignment:
            params["extensions"] = {"assignid": assignment, "userid": learner}
        if learner and quiz:
            params["attempts"] = {"quizid": quiz, "userid": learner, "status": "all"}
        if forum := self._find("forum"):
            params["discussions"] = {"forumid": forum}
        return self._calls(params)

    def _posts(self) -> dict[str, Callable[[], Any]]:
        listed = (self.told.answer("discussions") or {}).get("discussions") or []
        return self._calls({"posts": {"discussionid": listed[0]["discussion"]}} if listed else {})

    def _calls(self, params: Mapping[str, Mapping[str, Any]]) -> dict[str, Callable[[], Any]]:
        """Calls of functions that the service has, as far as that is known."""
        return {
            code: _later(self.asker, find_need(code).function, given)
            for code, given in params.items()
            if self._has(find_need(code).function)
        }

    def _has(self, function: str) -> bool:
        return self.told.functions is None or function in self.told.functions

    def _groups(self) -> Any:
        """How many groups the course has; None where the service cannot tell, which it need not."""
        if self.told.functions is None or _GROUPS_FUNCTION not in self.told.functions:
            return None
        groups = self.asker.ask(_GROUPS_FUNCTION, {"courseid": int(self.target.course_id)})
        return len(groups) if isinstance(groups, list) else groups

    def _read_lti(self) -> frozenset[str]:
        """Who is in the course by LTI; nobody where that cannot be read."""
        target = self.target
        left = min(CALL_SECONDS, self.asker.good_until - time.monotonic())
        if target.registration is None or not target.memberships_url:
            return frozenset()
        try:
            roster = LtiSource(self.client, target.registration, target.memberships_url, left).fetch_roster()
        except PlatformError:
            return frozenset()
        return frozenset(key for key, member in roster.members.items() if not member.suspended)

    def _find_learner(self) -> int | None:
        """Somebody the list names as learner, rather one who has been in the course; else one known here."""
        learners = [
            entry
            for entry in self.told.answer("roster") or []
            if {role.get("shortname") for role in entry.get("roles") or []} & LEARNER_PLATFORM_ROLES
        ]
        chosen = max(learners, key=lambda entry: entry.get("lastcourseaccess") or 0, default=None)
        known = self.target.known_learner_id or ""
        return int(chosen["id"]) if chosen else int(known) if known.isdecimal() else None

    def _find(self, module: str) -> int | None:
        """The first activity of a kind that is not hidden, if there is one."""
        listed = [row for row in self.told.modules(module) if isinstance(row.get("instance"), int)]
        shown = sorted(listed, key=lambda row: not row.get("visible", 1))
        return int(shown[0]["instance"]) if shown else None


def _users(course_id: int, **options: Any) -> dict[str, Any]:
    listed = [{"name": name, "value": value} for name, value in options.items()]
    return {"courseid": course_id, "options": listed}


def _later(asker: _Asker, function: str, params: Mapping[str, Any]) -> Callable[[], Any]:
    return lambda: asker.ask(function, params)


_SHAPES: Mapping[str, Callable[[Any], object]] = {
    "roster": answers.parse_roster,
    "suspended": answers.parse_ids,
    "course": lambda told: list(told["courses"]),
    "activities": lambda told: [row["id"] for part in told for row in part["modules"]],
    "assignments": lambda told: [course["assignments"] for course in told["courses"]],
    "quizzes": lambda told: list(told["quizzes"]),
    "hand_ins": lambda told: list(told["assignments"]),
    "grades": answers.parse_grades,
    "completion": answers.parse_completions,
    "course_completion": answers.parse_course_completion,
    "discussions": changes.parse_discussions,
    "posts": changes.parse_posts,
    "changes": lambda told: list(told["instances"]),
}
"""How a sync reads these answers; one that it could not read does not work."""


def _readable(code: str, outcome: Any) -> Any:
    if isinstance(outcome, PlatformError) or code not in _SHAPES:
        return outcome
    try:
        answers.reading(find_need(code).function, _SHAPES[code], outcome)
    except PlatformError as problem:
        return problem
    return outcome
