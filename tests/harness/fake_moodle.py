"""A small Moodle site in memory: its state can be set, its answers have Moodle's shapes.

`FakeClient` stands in for PlatformClient without HTTP; a test server can give the same answers over HTTP.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from course_sync.errors import PlatformError, PlatformUnreachable
from course_sync.moodle_wire import find_error
from course_sync.run_gate import RunGate
from tests.harness.fake_changes import FakeChanges

SHORT_NAMES = {"student": 5, "teacher": 4, "editingteacher": 3}


@dataclass
class User:
    """Somebody enrolled."""

    user_id: int
    role: str = "student"
    first: str = "Ada"
    last: str = "Hazel"
    groups: tuple[int, ...] = ()
    last_access: int = 0
    suspended: bool = False


@dataclass
class Module:
    """An activity of the course."""

    cmid: int
    modname: str
    instance: int
    due: int = 0
    completion: int = 2
    visible: int = 1
    nosubmissions: int = 0


@dataclass
class FakeMoodle(FakeChanges):
    """Course 7 of the site. `failing` maps a function name (or "nrps") to what it answers instead."""

    users: dict[int, User] = field(default_factory=dict)
    completions: dict[tuple[int, int], tuple[int, int, int | None]] = field(default_factory=dict)
    group_submissions: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    extensions: dict[tuple[int, int], int] = field(default_factory=dict)
    completed: dict[int, int] = field(default_factory=dict)
    startdate: int = 1789241578
    failing: dict[str, Any] = field(default_factory=dict)
    page_size: int = 50
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def add(self, *users: User) -> None:
        """Enrol people."""
        self.users.update({user.user_id: user for user in users})

    def answer(self, function: str, params: dict[str, Any]) -> Any:
        """What the web service says to this call."""
        self.calls.append((function, params))
        if function in self.failing:
            return self._faulty(function, params)
        return getattr(self, f"_{function}")(params)

    def _faulty(self, function: str, params: dict[str, Any]) -> Any:
        answer = self.failing[function]
        wanted = {row["name"] for row in params.get("options", ()) if isinstance(row, dict)}
        if isinstance(answer, list) and "onlysuspended" in wanted:
            return [row for row in answer if self.users[row["id"]].suspended]
        return answer

    def called(self, function: str) -> list[dict[str, Any]]:
        """Parameters of all calls of a function so far."""
        return [params for name, params in self.calls if name == function]

    def nrps_members(self) -> list[dict[str, Any]]:
        """Members of the LTI roster: no suspended people, a non-editing teacher is a Learner."""
        return [
            {
                "status": "Active",
                "roles": ["Instructor" if user.role == "editingteacher" else "Learner"],
                "user_id": str(user.user_id),
                "name": f"{user.first} {user.last}",
                "given_name": user.first,
                "family_name": user.last,
                "email": f"u{user.user_id}@example.invalid",
            }
            for user in self.users.values()
            if not user.suspended
        ]

    def _core_enrol_get_enrolled_users(self, params: dict[str, Any]) -> Any:
        options = {row["name"]: row["value"] for row in params["options"]}
        shown = [user for user in self.users.values() if user.suspended or not options.get("onlysuspended")]
        return [self._user(user) for user in shown]

    def _user(self, user: User) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": user.user_id,
            "fullname": f"{user.first} {user.last}",
            "firstname": user.first,
            "lastname": user.last,
            "email": f"u{user.user_id}@example.invalid",
            "lastcourseaccess": user.last_access,
            "roles": [{"roleid": SHORT_NAMES[user.role], "name": "", "shortname": user.role, "sortorder": 0}],
        }
        if user.groups:
            row["groups"] = [{"id": group, "name": f"Group {group}"} for group in user.groups]
        return row

    def _core_course_get_contents(self, params: dict[str, Any]) -> Any:
        modules = [
            {
                "id": module.cmid,
                "name": f"{module.modname} {module.cmid}",
                "instance": module.instance,
                "visible": module.visible,
                "modname": module.modname,
                "noviewlink": False,
                "completion": module.completion,
                "completiondata": {
                    "details": [{"rulename": "completionview"}] if module.completion == 2 else []
                },
            }
            for module in self.modules
        ]
        return [{"id": 36, "name": "Week 1", "visible": 1, "modules": modules}]

    def _core_course_get_courses_by_field(self, params: dict[str, Any]) -> Any:
        course = {"id": 7, "fullname": "Facilitation", "shortname": "EM101", "enablecompletion": 1}
        return {"courses": [{**course, "startdate": self.startdate, "enddate": 0}], "warnings": []}

    def _mod_assign_get_assignments(self, params: dict[str, Any]) -> Any:
        rows = [
            {"id": m.instance, "cmid": m.cmid, "duedate": m.due, "nosubmissions": m.nosubmissions}
            for m in self.modules
            if m.modname == "assign"
        ]
        return {"courses": [{"id": 7, "assignments": rows}], "warnings": []}

    def _mod_quiz_get_quizzes_by_courses(self, params: dict[str, Any]) -> Any:
        rows = [
            {"id": m.instance, "coursemodule": m.cmid, "timeopen": 0, "timeclose": m.due}
            for m in self.modules
            if m.modname == "quiz"
        ]
        return {"quizzes": rows, "warnings": []}

    def _core_calendar_get_calendar_events(self, params: dict[str, Any]) -> Any:
        rows = [
            {
                "id": m.cmid,
                "modulename": m.modname,
                "instance": m.instance,
                "eventtype": "expectcompletionon",
                "timestart": m.due,
                "groupid": None,
            }
            for m in self.modules
            if m.due and m.modname not in ("assign", "quiz")
        ]
        return {"events": rows, "warnings": []}

    def _core_completion_get_activities_completion_status(self, params: dict[str, Any]) -> Any:
        statuses = []
        for module in self.modules:
            state, moment, by = self.completions.get((params["userid"], module.cmid), (0, 0, None))
            if module.completion:
                row = {"cmid": module.cmid, "state": state, "timecompleted": moment, "overrideby": by}
                statuses.append({**row, "istrackeduser": True, "hascompletion": True})
        return {"statuses": statuses, "warnings": []}

    def _core_completion_get_course_completion_status(self, params: dict[str, Any]) -> Any:
        moment = self.completed.get(params["userid"])
        rows = [{"type": 4, "complete": bool(moment), "timecompleted": moment}]
        return {"completionstatus": {"completed": bool(moment), "completions": rows}, "warnings": []}

    def _mod_assign_get_submissions(self, params: dict[str, Any]) -> Any:
        return {
            "assignments": [
                {"assignmentid": instance, "submissions": self._submissions(instance)}
                for instance in params["assignmentids"]
            ],
            "warnings": [],
        }

    def _submissions(self, instance: int) -> list[dict[str, Any]]:
        own = [
            {"userid": user, "groupid": 0, "attemptnumber": 0, "status": status, "timemodified": moment}
            for (user, of), (status, moment) in self.submissions.items()
            if of == instance
        ]
        shared = [
            {"userid": 0, "groupid": group, "attemptnumber": 0, "status": status, "timemodified": moment}
            for (group, of), (status, moment) in self.group_submissions.items()
            if of == instance
        ]
        return own + shared

    def _gradereport_user_get_grade_items(self, params: dict[str, Any]) -> Any:
        group, person = params.get("groupid"), params["userid"]
        users = [
            user
            for user in self.users.values()
            if (not group or group in user.groups) and (not person or person == user.user_id)
        ]
        return {"usergrades": [self._grades(user) for user in users], "warnings": []}

    def _grades(self, user: User) -> dict[str, Any]:
        items = []
        for module in self.modules:
            raw, graded = self.grades.get((user.user_id, module.cmid), (None, None))
            row = {"itemtype": "mod", "itemnumber": 0, "cmid": module.cmid, "graderaw": raw}
            dates = {"gradedategraded": graded, "gradedatesubmitted": graded}
            items.append({**row, **dates, "grademin": 0, "grademax": 100, "gradeishidden": False})
        return {"userid": user.user_id, "gradeitems": items}

    def _mod_assign_get_submission_status(self, params: dict[str, Any]) -> Any:
        due = self.extensions.get((params["userid"], params["assignid"]))
        return {"lastattempt": {"extensionduedate": due}, "warnings": []}

    def _mod_quiz_get_user_attempts(self, params: dict[str, Any]) -> Any:
        attempt = self.attempts.get((params["userid"], params["quizid"]))
        rows = [{"state": attempt[0], "timefinish": attempt[1]}] if attempt else []
        return {"attempts": rows, "warnings": []}


class FakeClient:
    """PlatformClient without HTTP. Counts how many calls run at the same time."""

    def __init__(self, moodle: FakeMoodle) -> None:
        self.moodle = moodle
        self.request_count = 0
        self.most_parallel = 0
        self.delay_seconds = 0.0
        self._running = 0
        self._lock = threading.Lock()

    def for_run(self, gate: RunGate) -> GatedFakeClient:
        """As one running sync uses it."""
        return GatedFakeClient(self, gate)

    def call_moodle(
        self, base_url: str, token: str, function: str, params: dict[str, Any], **_options: Any
    ) -> Any:
        with self._lock:
            self.request_count += 1
            self._running += 1
            self.most_parallel = max(self.most_parallel, self._running)
        try:
            time.sleep(self.delay_seconds)
            answer = self.moodle.answer(function, params)
        finally:
            with self._lock:
                self._running -= 1
        if isinstance(answer, PlatformError):
            raise answer
        error = find_error(answer, token)
        if error:
            raise error
        return answer

    def fetch_pages(self, *_arguments: Any, **_options: Any) -> Iterator[dict[str, Any]]:
        failing = self.moodle.failing.get("nrps")
        if isinstance(failing, PlatformError):
            raise failing
        members = self.moodle.nrps_members() if failing in (None, "second page") else failing
        if not isinstance(members, list):
            yield {"members": members}
            return
        size = self.moodle.page_size
        for start in range(0, max(1, len(members)), size):
            with self._lock:
                self.request_count += 1
            if start and failing == "second page":
                raise PlatformUnreachable("cut off")
            yield {"members": members[start : start + size]}


class GatedFakeClient:
    """The fake client behind the gate of one running sync."""

    ORIGIN = "https://moodle.example:443"

    def __init__(self, client: FakeClient, gate: RunGate) -> None:
        self._client = client
        self._gate = gate

    def call_moodle(self, *arguments: Any, **options: Any) -> Any:
        """One call, as the way out makes it."""
        with self._passing():
            self._gate.sent(self.ORIGIN)
            return self._client.call_moodle(*arguments, **options)

    def fetch_pages(self, *arguments: Any, **options: Any) -> Iterator[dict[str, Any]]:
        """Each page a call of its own."""
        pages = self._client.fetch_pages(*arguments, **options)
        while True:
            with self._passing():
                page = next(pages, None)
            if page is None:
                return
            self._gate.sent(self.ORIGIN)
            yield page

    @contextmanager
    def _passing(self) -> Iterator[None]:
        self._gate.enter(self.ORIGIN)
        error = None
        try:
            yield
        except PlatformError as problem:
            error = problem
            raise
        finally:
            self._gate.leave(self.ORIGIN, error)
