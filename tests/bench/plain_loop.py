"""The straightforward way to read a course: a loop over all learners. What the sync is measured beside.

Written straight with `requests`: one call after the other over one connection, answers kept in memory only.
"""

from __future__ import annotations

from typing import Any

import requests

from tests.harness.platform_server import REST


class PlainLoop:
    """Reads what the sync reads, learner by learner."""

    def __init__(self, url: str) -> None:
        self._url = url + REST
        self._session = requests.Session()
        self._session.trust_env = False

    def run(self) -> dict[int, list[Any]]:
        """Answers by learner: completion, course completion, grades, and the attempts of each quiz."""
        users = self._call("core_enrol_get_enrolled_users", courseid=7)
        self._call("core_course_get_contents", courseid=7)
        assignments = self._call("mod_assign_get_assignments", **{"courseids[0]": 7})["courses"][0][
            "assignments"
        ]
        wanted = {f"assignmentids[{index}]": row["id"] for index, row in enumerate(assignments)}
        self._call("mod_assign_get_submissions", **wanted)
        quizzes = self._call("mod_quiz_get_quizzes_by_courses", **{"courseids[0]": 7})["quizzes"]
        learners = [user["id"] for user in users if user["roles"][0]["shortname"] == "student"]
        return {user_id: self._read_learner(user_id, quizzes) for user_id in learners}

    def _read_learner(self, user_id: int, quizzes: list[dict[str, Any]]) -> list[Any]:
        person = {"courseid": 7, "userid": user_id}
        answers = [
            self._call("core_completion_get_activities_completion_status", **person),
            self._call("core_completion_get_course_completion_status", **person),
            self._call("gradereport_user_get_grade_items", **person),
        ]
        for quiz in quizzes:
            answers.append(
                self._call("mod_quiz_get_user_attempts", quizid=quiz["id"], userid=user_id, status="all")
            )
        return answers

    def _call(self, function: str, **params: Any) -> Any:
        fields = {"wstoken": "t", "wsfunction": function, "moodlewsrestformat": "json"} | params
        answer = self._session.post(self._url, data=fields, timeout=180)
        answer.raise_for_status()
        return answer.json()
