"""What happened to each learner, and which part of it is known on a given day. No HTTP, no Moodle shapes.

All histories are worked out once; a question about a day only filters them.
"""

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

from lti_tool.demo_lms.completion import (
    content_days,
    hand_in_day,
    previous_quiz_due_day,
    quiz_days,
    step_days,
)
from lti_tool.demo_lms.constants import MARKING_DAYS, PASS_MARK
from lti_tool.demo_lms.course import Activity, Course
from lti_tool.demo_lms.dataset import Dataset, LearnerRecord, load_dataset
from lti_tool.demo_lms.people import Person, learner_people

INCOMPLETE, COMPLETE, COMPLETE_PASS, COMPLETE_FAIL = 0, 1, 2, 3
"""Moodle's completion states."""


@dataclass(frozen=True)
class HandIn:
    """One assessment handed in. `marked_day` None: never marked."""

    activity: Activity
    day: int
    score: int | None
    marked_day: int | None


@dataclass(frozen=True)
class History:
    """One learner's whole story; `completed` = cmid -> (day, state)."""

    person: Person
    registered_day: int | None
    unregistered_day: int | None
    access_days: tuple[int, ...]
    completed: dict[int, tuple[int, int]]
    hand_ins: dict[int, HandIn]

    def enrolled_on(self, day: int) -> bool:
        """From the day of registration until the day before unregistration."""
        come = self.registered_day is None or self.registered_day <= day
        return come and (self.unregistered_day is None or day < self.unregistered_day)

    def first_access_day(self, day: int) -> int | None:
        return self.access_days[0] if self.access_days and self.access_days[0] <= day else None

    def last_access_day(self, day: int) -> int | None:
        """The last day with clicks, not after `day`; None when there was none."""
        count = bisect_right(self.access_days, day)
        return self.access_days[count - 1] if count else None

    def find_completion(self, cmid: int, day: int) -> tuple[int, int] | None:
        """(day, state) when complete by `day`."""
        found = self.completed.get(cmid)
        return found if found and found[0] <= day else None

    def find_hand_in(self, cmid: int, day: int) -> HandIn | None:
        found = self.hand_ins.get(cmid)
        return found if found and found.day <= day else None

    def find_score(self, cmid: int, day: int) -> int | None:
        """The score as far as it is visible by `day`, 0-100."""
        found = self.hand_ins.get(cmid)
        return found.score if found and found.marked_day is not None and found.marked_day <= day else None


def _hand_in(record: LearnerRecord, dataset: Dataset, activity: Activity) -> HandIn | None:
    index = activity.assessment
    submission = next((row for row in record.submissions if row.assessment == index), None)
    if submission is None or index is None:
        return None
    assessment = dataset.assessments[index]
    previous = previous_quiz_due_day(dataset.assessments, index)
    day = hand_in_day(submission, assessment, previous, quiz_days(record))
    marked_day = day if activity.modname == "quiz" else day + MARKING_DAYS
    return HandIn(activity, day, submission.score, None if submission.score is None else marked_day)


def _state(hand_in: HandIn) -> int:
    """A quiz tells pass from fail; an assignment is complete by being handed in."""
    if hand_in.activity.modname != "quiz":
        return COMPLETE
    if hand_in.score is None:
        return INCOMPLETE
    return COMPLETE_PASS if hand_in.score >= PASS_MARK else COMPLETE_FAIL


def build_history(record: LearnerRecord, person: Person, dataset: Dataset, course: Course) -> History:
    """Put one record through the rules of completion.py."""
    found = (_hand_in(record, dataset, activity) for activity in course.graded)
    hand_ins = {hand_in.activity.cmid: hand_in for hand_in in found if hand_in}
    days = step_days(content_days(record.visits), len(course.steps))
    completed = {step.cmid: (day, COMPLETE) for step, day in zip(course.steps, days, strict=False)}
    for cmid, hand_in in hand_ins.items():
        if state := _state(hand_in):
            completed[cmid] = (hand_in.day, state)
    return History(
        person=person,
        registered_day=record.registered_day,
        unregistered_day=record.unregistered_day,
        access_days=tuple(sorted({visit.day for visit in record.visits if visit.clicks > 0})),
        completed=completed,
        hand_ins=hand_ins,
    )


@lru_cache(maxsize=1)
def load_course() -> tuple[Course, dict[int, History]]:
    """The course and its histories, worked out once per process; nobody may change them."""
    dataset = load_dataset()
    course = Course(dataset)
    return course, build_histories(dataset, course)


def build_histories(dataset: Dataset, course: Course) -> dict[int, History]:
    """User id -> history, in the order of the data file."""
    people = learner_people(dataset)
    return {
        person.user_id: build_history(record, person, dataset, course)
        for record, person in zip(dataset.learners, people, strict=True)
    }
