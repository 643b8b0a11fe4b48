"""What the answers of a connection test mean: works, refused, silent, not in the service, not tried.

Pure. Moodle leaves out what the token may not see without saying so; such silence shows only beside what
is known otherwise: the LTI roster, the learners known here, the activities of the course.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from course_sync.errors import PlatformError, PlatformUnreachable
from course_sync.moodle_needs import ALL_GROUPS, COURSE_VIEW, NEEDS, USER_DETAILS, Need, list_suspects
from course_sync.records import STAFF_PLATFORM_ROLES
from course_sync.rosters import MISSING_SHARE
from course_sync.sources import moodle_answers as answers

WORKS = "works"
REFUSED = "refused"
SILENT = "silent"
ABSENT = "absent"
"""The function is not part of the service."""
UNTRIED = "untried"
FAILED = "failed"
"""No answer, or one that cannot be read: says nothing about capabilities."""
PROBLEMS = frozenset({REFUSED, SILENT, ABSENT, FAILED})
NO_TIME = "no_time"
"""Code: not asked any more, because the time of the test was over."""
SLOW = "slow"
"""Code: asked, and cut off by the end of the test; an update waits longer."""

_CUT_SHORT = frozenset({NO_TIME, SLOW})
_UNREADABLE = frozenset({"broken_json", "html_answer", "redirected", "too_large", "unknown_form"})
_NOT_SET_UP = frozenset({"nocriteriaset", "completionnotenabled", "coursecompletionnotenabled"})
_NOTHING_YET = "3"
"""Warning code of an assignment to which nobody has handed in anything."""
_WORDS_LENGTH = 300


@dataclass(frozen=True)
class ProbeResult:
    """What came of one thing that is read (moodle_needs.NEEDS)."""

    code: str
    state: str
    capabilities: tuple[str, ...] = ()
    """Of which at least one is missing; empty where none is to blame."""
    error: str = ""
    """Stable code of a refusal."""
    words: str = ""
    """Moodle's own, at most 300 characters."""
    why: str = ""
    """Code: why silence is not believed, why it was not tried, what to beware of."""
    seen: int | None = None
    expected: int | None = None
    """People or activities that were listed, and that should have been."""


@dataclass(frozen=True)
class Answers:
    """What was asked and answered, by code of the need; a failure is its PlatformError."""

    told: Mapping[str, Any] = field(default_factory=dict)
    functions: frozenset[str] | None = None
    """Names in the service; None = the site did not list them."""
    expected_ids: frozenset[str] = frozenset()
    """People who should be on the list of members, as far as others tell."""
    untried: str = ""
    """Code: why nothing of a course could be tried; "" = it could."""
    group_count: int | PlatformError | None = None
    """Groups the course has by their own list; None = not asked."""

    def answer(self, code: str) -> Any:
        """A whole answer; None where there is none."""
        told = self.told.get(code)
        return None if isinstance(told, PlatformError) else told

    def modules(self, name: str = "") -> list[Mapping[str, Any]]:
        """Activities the list of contents shows, of one kind or all."""
        sections = self.answer("activities") or []
        listed = [module for section in sections for module in section.get("modules", [])]
        return [module for module in listed if not name or module.get("modname") == name]


def judge_answers(told: Answers) -> tuple[ProbeResult, ...]:
    """One result for each need, in their order."""
    return tuple(_judge(need, told) for need in NEEDS)


def _judge(need: Need, told: Answers) -> ProbeResult:
    if told.functions is not None and need.function not in told.functions:
        return ProbeResult(need.code, ABSENT)
    outcome = told.told.get(need.code)
    if isinstance(outcome, PlatformError):
        return _judge_error(need, outcome)
    if need.code != "token" and told.untried:
        return ProbeResult(need.code, UNTRIED, why=told.untried)
    result = _JUDGES.get(need.code, _judge_plain)(need, told)
    is_cut = result.state == UNTRIED and any(_was_cut(told, code) for code in _BASES.get(need.code, ()))
    return replace(result, why=NO_TIME) if is_cut else result


def _was_cut(told: Answers, code: str) -> bool:
    outcome = told.told.get(code)
    return isinstance(outcome, PlatformError) and outcome.code in _CUT_SHORT


def _judge_error(need: Need, error: PlatformError) -> ProbeResult:
    if error.code in _NOT_SET_UP:
        return ProbeResult(need.code, UNTRIED, why="not_set_up")
    if error.code in _CUT_SHORT:
        return ProbeResult(need.code, UNTRIED, why=error.code)
    words = error.detail[:_WORDS_LENGTH]
    if isinstance(error, PlatformUnreachable) or error.code in _UNREADABLE:
        return ProbeResult(need.code, FAILED, error=error.code, words=words)
    return ProbeResult(need.code, REFUSED, list_suspects(need, error.code, words), error.code, words)


def _judge_plain(need: Need, told: Answers) -> ProbeResult:
    """What works wherever it is answered; what was not asked had nothing to be tried on."""
    if need.code in told.told:
        return ProbeResult(need.code, WORKS)
    return ProbeResult(need.code, UNTRIED, why=_NOTHING_TO_TRY.get(need.code, "no_learner"))


def _judge_token(need: Need, told: Answers) -> ProbeResult:
    if "token" not in told.told:
        return ProbeResult(need.code, UNTRIED, why=told.untried)
    is_admin = bool(told.answer("token").get("userissiteadmin"))
    return ProbeResult(need.code, WORKS, why="site_admin" if is_admin else "")


def _judge_roster(need: Need, told: Answers) -> ProbeResult:
    listed = told.answer("roster")
    ids = {str(entry["id"]) for entry in listed}
    missing = told.expected_ids - ids
    seen, expected = len(ids), len(told.expected_ids)
    if not ids:
        if not expected:
            return ProbeResult(need.code, UNTRIED, why="nobody_known")
        return ProbeResult(need.code, SILENT, (ALL_GROUPS,), why="empty_roster", seen=0, expected=expected)
    if not missing or len(missing) < expected * MISSING_SHARE:
        return ProbeResult(need.code, WORKS, seen=seen)
    suspects = (USER_DETAILS,) if all(_is_staff(entry) for entry in listed) else (ALL_GROUPS, USER_DETAILS)
    return ProbeResult(need.code, SILENT, suspects, why="short_roster", seen=seen, expected=expected)


def _is_staff(entry: Mapping[str, Any]) -> bool:
    return bool({role.get("shortname") for role in entry.get("roles") or []} & STAFF_PLATFORM_ROLES)


def _judge_visits(need: Need, told: Answers) -> ProbeResult:
    listed = told.answer("roster")
    if not listed:
        return ProbeResult(need.code, UNTRIED, why="no_learner")
    if any(isinstance(entry.get("lastcourseaccess"), int) for entry in listed):
        return ProbeResult(need.code, WORKS)
    return ProbeResult(need.code, SILENT, need.capabilities, why="no_visits", seen=0, expected=len(listed))


def _judge_groups(need: Need, told: Answers) -> ProbeResult:
    listed = told.answer("roster")
    if not listed:
        return ProbeResult(need.code, UNTRIED, why="no_learner")
    if any(entry.get("groups") for entry in listed):
        return ProbeResult(need.code, WORKS)
    if isinstance(told.group_count, PlatformError):
        return _judge_error(need, told.group_count)
    if told.group_count:
        return ProbeResult(
            need.code, SILENT, need.capabilities, why="no_groups", seen=0, expected=told.group_count
        )
    return ProbeResult(need.code, UNTRIED, why="no_group")


def _judge_hidden(need: Need, told: Answers) -> ProbeResult:
    if any(not module.get("visible", 1) for module in told.modules()):
        return ProbeResult(need.code, WORKS)
    return ProbeResult(need.code, UNTRIED, why="nothing_hidden")


def _judge_course(need: Need, told: Answers) -> ProbeResult:
    if told.answer("course").get("courses"):
        return ProbeResult(need.code, WORKS)
    return ProbeResult(need.code, SILENT, need.capabilities, why="course_left_out")


def _judge_assignments(need: Need, told: Answers) -> ProbeResult:
    answer = told.answer("assignments")
    listed = [row for course in _courses(answer) for row in course.get("assignments", [])]
    return _judge_listed(need, told, "assign", len(listed), answer)


def _judge_quizzes(need: Need, told: Answers) -> ProbeResult:
    answer = told.answer("quizzes")
    return _judge_listed(need, told, "quiz", len(answer.get("quizzes", [])), answer)


def _judge_listed(need: Need, told: Answers, module: str, seen: int, answer: Any) -> ProbeResult:
    """A list of activities beside those among the contents of the course."""
    expected = len(told.modules(module))
    words = _warning_words(answer)
    if seen >= expected and seen:
        return ProbeResult(need.code, WORKS, seen=seen)
    if expected or words:
        suspects = need.capabilities if told.modules() else (COURSE_VIEW, *need.capabilities)
        return ProbeResult(
            need.code, SILENT, suspects, words=words, why="left_out", seen=seen, expected=expected
        )
    return ProbeResult(need.code, UNTRIED, why=_NOTHING_TO_TRY[need.code])


def _judge_hand_ins(need: Need, told: Answers) -> ProbeResult:
    if need.code not in told.told:
        return ProbeResult(need.code, UNTRIED, why="no_assignment")
    words = _warning_words(told.answer("hand_ins"))
    if not words:
        return ProbeResult(need.code, WORKS)
    may_see_them = any(course.get("assignments") for course in _courses(told.answer("assignments")))
    suspects = need.capabilities[-1:] if may_see_them else need.capabilities
    return ProbeResult(need.code, SILENT, suspects, words=words, why="warned")


def _courses(answer: Any) -> list[Mapping[str, Any]]:
    return answer.get("courses", []) if answer else []


def _warning_words(answer: Any) -> str:
    """The first thing an answer warns of; an assignment without a hand-in is nothing to warn of."""
    warnings = (row for row in answers.warnings_of(answer) if str(row.get("warningcode")) != _NOTHING_YET)
    return next((str(row.get("message") or row.get("warningcode"))[:_WORDS_LENGTH] for row in warnings), "")


_NOTHING_TO_TRY = {
    "assignments": "no_assignment",
    "extensions": "no_assignment",
    "hand_ins": "no_assignment",
    "quizzes": "no_quiz",
    "attempts": "no_quiz",
    "discussions": "no_forum",
    "posts": "no_discussion",
}
_BASES: Mapping[str, tuple[str, ...]] = {
    "visits": ("roster",),
    "groups": ("roster",),
    "hidden": ("activities",),
    "assignments": ("activities",),
    "quizzes": ("activities",),
    "hand_ins": ("activities",),
    "grades": ("roster",),
    "completion": ("roster",),
    "course_completion": ("roster",),
    "attempts": ("roster", "activities"),
    "extensions": ("roster", "activities"),
    "discussions": ("activities",),
    "posts": ("activities", "discussions"),
}
"""Lists without which nothing is known that the need could be tried on."""
_JUDGES: Mapping[str, Callable[[Need, Answers], ProbeResult]] = {
    "token": _judge_token,
    "roster": _judge_roster,
    "visits": _judge_visits,
    "groups": _judge_groups,
    "hidden": _judge_hidden,
    "course": _judge_course,
    "assignments": _judge_assignments,
    "quizzes": _judge_quizzes,
    "hand_ins": _judge_hand_ins,
}
