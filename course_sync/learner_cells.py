"""Turning what a platform tells by its own ids into values by row ids, and into days of activity.

Pure. People and activities that are not in the course any more are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from datetime import datetime, tzinfo
from typing import Any

from course_sync.active_days import local_day
from course_sync.facts import Grades, LearnerProgress, Roster, SubmissionFact
from course_sync.hand_ins import HandInCells
from course_sync.progress_records import ActivityRow, LearnerRow

CellValues = dict[tuple[int, int], tuple[Any, ...]]
Days = dict[tuple[int, dt.date], str]

_RANK = {"none": 0, "draft": 1, "submitted": 2}


class CellBook:
    """The learners and activities of one context, found by the platform's ids."""

    def __init__(self, learners: Iterable[LearnerRow], activities: Iterable[ActivityRow]) -> None:
        self.learners = list(learners)
        self.activities = list(activities)
        self._learners = {row.external_id: row for row in self.learners}
        self._members = {row.membership_id: row for row in self.learners}
        self._activities = {row.external_id: row for row in self.activities}
        self._instances = {(row.module, row.instance_id): row for row in self.activities}

    def find_instance(self, module: str, instance_id: str) -> ActivityRow | None:
        """The activity that the platform names by its id inside the module."""
        return self._instances.get((module, instance_id))

    def find_learner(self, external_id: str) -> LearnerRow | None:
        """The active learner with this id of the platform."""
        return self._learners.get(external_id)

    def submission_cells(
        self, activity: ActivityRow, facts: Iterable[SubmissionFact], roster: Roster | None
    ) -> HandInCells:
        """(state, submitted_at) of learners for one assignment that was read, and whom it does not list.

        Where a group hands in, its members have what the group has; who is in no known group stays unknown.
        """
        listed: CellValues = {}
        absent: set[tuple[int, int]] = set()
        by_team: set[tuple[int, int]] = set()
        own = {fact.person_id: fact for fact in facts if fact.person_id}
        shared = {fact.group_id: fact for fact in facts if not fact.person_id}
        for learner in self.learners:
            cell = (learner.membership_id, activity.activity_id)
            fact = _best([own.get(learner.external_id), *_of_groups(learner, shared, roster)])
            if fact:
                listed[cell] = (fact.state, fact.submitted_at)
            elif not shared:
                absent.add(cell)
            if fact and not fact.person_id:
                by_team.add(cell)
        return HandInCells(listed, frozenset(absent), frozenset(by_team))

    def grade_cells(self, told: Grades) -> CellValues:
        """(score_ratio, graded_at) of every learner listed, for each activity listed."""
        return {
            (learner.membership_id, activity.activity_id): (grade.score_ratio, grade.graded_at)
            for learner, activity, grade in self._graded(told)
        }

    def quiz_cells(self, told: Grades) -> CellValues:
        """Hand-ins of quizzes that show in their grades: Moodle has no list of all attempts."""
        return {
            (learner.membership_id, activity.activity_id): ("submitted", grade.handed_in_at)
            for learner, activity, grade in self._graded(told)
            if activity.module == "quiz" and grade.handed_in_at
        }

    def completion_cells(self, learner: LearnerRow, told: LearnerProgress) -> CellValues:
        """(completion, completed_at) of one learner."""
        return {
            (learner.membership_id, self._activities[fact.activity_id].activity_id): (
                fact.state,
                fact.completed_at,
            )
            for fact in told.completions
            if fact.activity_id in self._activities
        }

    def completion_days(
        self, learner: LearnerRow, told: LearnerProgress, team_activities: Collection[int], zone: tzinfo
    ) -> Days:
        """Days on which the learner completed something; what others completed is no trace of theirs.

        `team_activities` are handed in by whole teams: there one member's hand-in completes it for all.
        """
        return {
            (learner.membership_id, local_day(fact.completed_at, zone)): "completion"
            for fact in told.completions
            if fact.completed_at and fact.by_learner and self._id_of(fact.activity_id) not in team_activities
        }

    def possible_days(self, days: Days, zone: tzinfo) -> Days:
        """Without those after the last visit, where that is known: then somebody else was at work."""
        return {key: trace for key, trace in days.items() if key[1] <= self._last_day(key[0], zone)}

    def _last_day(self, membership_id: int, zone: tzinfo) -> dt.date:
        learner = self._members.get(membership_id)
        return _last_day(learner, zone) if learner else dt.date.max

    def _id_of(self, external_id: str) -> int | None:
        activity = self._activities.get(external_id)
        return activity.activity_id if activity else None

    def _graded(self, told: Grades) -> Iterable[tuple[LearnerRow, ActivityRow, Any]]:
        for person_id, grades in told.by_person.items():
            learner = self._learners.get(person_id)
            for grade in grades if learner else ():
                activity = self._activities.get(grade.activity_id)
                if learner and activity:
                    yield learner, activity, grade


def submission_days(cells: CellValues, by_team: Collection[tuple[int, int]], zone: tzinfo) -> Days:
    """Days on which a learner handed something in; `by_team` are cells in which a team-mate did."""
    return {
        (key[0], local_day(moment, zone)): "submission"
        for key, (_state, moment) in cells.items()
        if moment and key not in by_team
    }


def course_completed_at(learner: LearnerRow, told: LearnerProgress, now: datetime) -> datetime | None:
    """When the course was completed: what the platform says now, else what was known."""
    if told.course_completed is None:
        return learner.completed_at
    if not told.course_completed:
        return None
    return told.course_completed_at or learner.completed_at or now


def _last_day(learner: LearnerRow, zone: tzinfo) -> dt.date:
    """No trace can be later than this."""
    if not learner.access_known:
        return dt.date.max
    return local_day(learner.last_access_at, zone) if learner.last_access_at else dt.date.min


def _of_groups(
    learner: LearnerRow, shared: dict[int, SubmissionFact], roster: Roster | None
) -> list[SubmissionFact | None]:
    member = roster.members.get(learner.external_id) if roster and shared else None
    return [shared.get(group_id) for group_id in member.group_ids] if member else []


def _best(facts: list[SubmissionFact | None]) -> SubmissionFact | None:
    told = [fact for fact in facts if fact]
    return max(told, key=lambda fact: _RANK[fact.state], default=None)
