"""The outline of the demo course: weekly steps, assessments, optional activities. No people, no dates.

Deadlines are days of the course; clock.py turns them into times.
"""

from dataclasses import dataclass
from functools import cached_property

from lti_tool.demo_lms.completion import DAYS_PER_WEEK
from lti_tool.demo_lms.constants import LINK_ID
from lti_tool.demo_lms.dataset import Dataset

FIRST_CMID = 501
CONTEXT_ID_OFFSET = 3000
GRADE_ITEM_OFFSET = 700
COURSE_GRADE_ITEM_ID = 700

TRACKED_BY = {"page": "completionview", "assign": "completionsubmit", "quiz": "completionusegrade"}
"""The completion rule of each kind of activity; a kind that is not here is optional and never counts."""


@dataclass(frozen=True)
class Activity:
    """`assessment` = index in the data set; `week` 0 = the general section; `due_day` None = no date."""

    cmid: int
    instance: int
    modname: str
    name: str
    week: int
    due_day: int | None = None
    assessment: int | None = None
    weight: float = 0.0

    @property
    def rule(self) -> str | None:
        return TRACKED_BY.get(self.modname)

    @property
    def grade_item_id(self) -> int:
        return self.cmid - FIRST_CMID + GRADE_ITEM_OFFSET + 1

    @property
    def context_id(self) -> int:
        return self.cmid + CONTEXT_ID_OFFSET


class Course:
    """Activities in course order. The examination is left out: it has no date and is sat elsewhere."""

    def __init__(self, dataset: Dataset) -> None:
        self.length_days = dataset.length_days
        dated = [(index, row) for index, row in enumerate(dataset.assessments) if row.day is not None]
        self.week_count = max(row.day or 0 for _, row in dated) // DAYS_PER_WEEK + 1
        rows: list[tuple[str, str, int, int | None, int | None, float]] = [
            ("forum", "Course forum", 0, None, None, 0.0),
            ("glossary", "Glossary", 0, None, None, 0.0),
            ("lti", "E-mentor", 0, None, None, 0.0),
        ]
        numbers = {"TMA": 0, "CMA": 0}
        assessments: dict[int, list[tuple[str, str, int, int | None, int | None, float]]] = {}
        for index, row in dated:
            numbers[row.kind] += 1
            modname, label = ("assign", "Assignment") if row.kind == "TMA" else ("quiz", "Quiz")
            week = (row.day or 0) // DAYS_PER_WEEK + 1
            name = f"{label} {numbers[row.kind]}"
            assessments.setdefault(week, []).append((modname, name, week, row.day, index, row.weight))
        for week in range(1, self.week_count + 1):
            rows.append(("page", f"Week {week} reading", week, week * DAYS_PER_WEEK - 1, None, 0.0))
            rows.extend(assessments.get(week, []))
        self.activities = self._numbered(rows)

    @staticmethod
    def _numbered(rows: list[tuple[str, str, int, int | None, int | None, float]]) -> tuple[Activity, ...]:
        instances = {"page": 100, "assign": 30, "quiz": 60, "forum": 10, "glossary": 80, "lti": LINK_ID - 1}
        activities = []
        for number, (modname, name, week, due_day, assessment, weight) in enumerate(rows):
            instances[modname] += 1
            cmid = FIRST_CMID + number
            activities.append(
                Activity(cmid, instances[modname], modname, name, week, due_day, assessment, weight)
            )
        return tuple(activities)

    @cached_property
    def steps(self) -> tuple[Activity, ...]:
        return self.of_kind("page")

    @cached_property
    def tracked(self) -> tuple[Activity, ...]:
        """Activities with completion tracking, in course order."""
        return tuple(activity for activity in self.activities if activity.rule)

    @cached_property
    def graded(self) -> tuple[Activity, ...]:
        return tuple(activity for activity in self.activities if activity.assessment is not None)

    @cached_property
    def tool(self) -> Activity:
        return self.of_kind("lti")[0]

    def of_kind(self, modname: str) -> tuple[Activity, ...]:
        return tuple(activity for activity in self.activities if activity.modname == modname)

    def find_instance(self, modname: str, instance: int) -> Activity | None:
        return next((row for row in self.of_kind(modname) if row.instance == instance), None)
