"""What a source promises: each call returns whole facts or raises PlatformError, and never half an answer.

A source is made for one context and is called from several threads; it keeps nothing between calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from course_sync.facts import (
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

ONE_BY_ONE = "grades_one_by_one"
"""Our code where the grades of everybody, or of a group, are told of one person at a time only."""


class RosterSource(Protocol):
    """Lists who is in a context."""

    name: str
    """Value of every `source` column filled from here."""

    def fetch_roster(self) -> Roster:
        """Everybody in the context, to the last page. Raises PlatformError."""


class ProgressSource(RosterSource, Protocol):
    """Also tells what learners did. People and activities are named by the platform's own ids."""

    is_whole: bool
    """Whether it tells of the whole course; if not, its silence about a person or activity says nothing."""

    def may_know(self, person_id: str) -> bool:
        """Whether this can be a person of the source at all, by the form of the id."""

    def fetch_structure(self) -> Structure:
        """The course, its activities and their dates. Raises PlatformError without the activities."""

    def fetch_updates(self, since: datetime) -> Updates:
        """What has changed since then, in one call. Raises PlatformError where the platform does not tell."""

    def fetch_submissions(self, instance_ids: list[str]) -> Submissions:
        """Hand-ins of everybody for these assignments. Raises PlatformError."""

    def fetch_grades(self, *, group_id: int = 0, person_id: str = "0") -> Grades:
        """Grades of everybody, of one group or of one person. Raises PlatformError (code ONE_BY_ONE)."""

    def fetch_graded(self, instance_ids: list[str], since: datetime) -> Mapping[str, datetime | None]:
        """Person ids of those who were graded for these assignments since then, and when they last were.

        Raises PlatformError.
        """

    def fetch_progress(self, person_id: str) -> LearnerProgress:
        """Completion of all activities by one learner. Raises PlatformError."""

    def check_progress(self, person_id: str) -> None:
        """One call that tells whether progress can be read at all. Raises PlatformError."""

    def fetch_discussions(self, instance_id: str) -> tuple[DiscussionFact, ...]:
        """All discussions of one forum. Raises PlatformError."""

    def fetch_posts(self, discussion_id: str) -> tuple[PostFact, ...]:
        """Everybody's posts in one discussion. Raises PlatformError."""

    def fetch_extension(self, person_id: str, instance_id: str) -> int:
        """Extended deadline of one learner for one assignment, in Unix seconds, 0 = none."""

    def fetch_attempts(self, person_id: str, instance_id: str) -> SubmissionFact:
        """What one learner handed in at one quiz. Raises PlatformError."""
