"""What sources tell, as frozen values: rosters, activities, completion, submissions, grades.

Passed from sources to records; standard library only. People and activities are named by the platform's
own ids (`external_id`); None always means "not told", never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

PAGES_REPEAT = "endless_pages"
"""Code of a problem of a list whose pages repeat: who is listed is there, who is not may be as well."""


@dataclass(frozen=True, slots=True)
class RosterMember:
    """One person as one source lists them. Empty strings and None: the source said nothing."""

    external_id: str
    name: str = ""
    given_name: str = ""
    family_name: str = ""
    email: str = ""
    roles: tuple[str, ...] = ()
    """Principal LTI roles from NRPS, role short names from an API."""
    suspended: bool | None = None
    last_access_at: datetime | None = None
    access_known: bool = False
    """True with `last_access_at` None: the source says there was no visit."""
    groups: tuple[str, ...] | None = None
    group_ids: tuple[int, ...] = ()
    id_number: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody one source lists in a context, read to the last page."""

    source: str
    members: Mapping[str, RosterMember]
    problems: tuple[Exception, ...] = ()
    """What could not be read beside the list itself (on Moodle: who is suspended)."""


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """The course itself. `completion_tracked` None: not told."""

    title: str = ""
    label: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    completion_tracked: bool | None = None


@dataclass(frozen=True, slots=True)
class ActivityFacts:
    """One activity. With `dates_known` False, `opens_at` and `due_at` say nothing."""

    external_id: str
    instance_id: str
    module: str
    name: str
    section: str
    position: int
    tracked: bool
    accepts_submission: bool
    visible: bool
    opens_at: datetime | None = None
    due_at: datetime | None = None
    dates_known: bool = True
    completion_kind: str = ""
    """manual | automatic | "" where completion is not tracked or not told."""
    completion_rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Structure:
    """A course and its activities; `problems` are calls that failed beside the list of activities."""

    course: CourseFacts | None
    activities: tuple[ActivityFacts, ...]
    problems: tuple[Exception, ...] = ()


@dataclass(frozen=True, slots=True)
class CompletionFact:
    """State of one activity: incomplete | complete | passed | failed."""

    activity_id: str
    state: str
    completed_at: datetime | None
    by_learner: bool
    """False where a member of staff set it, or where a grade did: no trace of the learner."""


@dataclass(frozen=True, slots=True)
class LearnerProgress:
    """What one learner's own reading gives."""

    completions: tuple[CompletionFact, ...]
    course_completed: bool | None = None
    course_completed_at: datetime | None = None
    problem: Exception | None = None


@dataclass(frozen=True, slots=True)
class SubmissionFact:
    """One hand-in (none | draft | submitted) of a person, or of a group when `person_id` is ""."""

    person_id: str
    state: str
    submitted_at: datetime | None
    group_id: int = 0


@dataclass(frozen=True, slots=True)
class Submissions:
    """Hand-ins by `instance_id` of the activity; an activity that could not be read is not a key."""

    by_instance: Mapping[str, tuple[SubmissionFact, ...]]
    problems: tuple[Exception, ...] = ()


@dataclass(frozen=True, slots=True)
class GradeFact:
    """One grade of one activity; `score_ratio` 0-1, None = not graded, or hidden from the learner."""

    activity_id: str
    score_ratio: float | None
    graded_at: datetime | None
    handed_in_at: datetime | None
    """When the graded work was handed in, where the platform says so."""


@dataclass(frozen=True, slots=True)
class DiscussionFact:
    """One discussion of a forum, as the list of them tells: enough to know whether it changed."""

    external_id: str
    changed_at: datetime | None
    replies: int


@dataclass(frozen=True, slots=True)
class PostFact:
    """Somebody wrote something that all of the forum may read. The words are never kept."""

    person_id: str
    posted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Updates:
    """What changed in a course since a moment, by `external_id` of the activity; who changed it is not told.

    `graded` and `attempted` count rows of grades and of quiz attempts.
    """

    since: datetime
    graded: Mapping[str, int] = field(default_factory=dict)
    attempted: Mapping[str, int] = field(default_factory=dict)
    discussed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line of a report about participants; people by whatever the report tells of them, "" = not told."""

    email: str
    id_number: str
    username: str
    last_access_at: datetime | None
    access_known: bool
    """True with `last_access_at` None: the report says there was no visit."""
    completed: bool | None
    completed_at: datetime | None
    share: float | None
    """0-1 of the course done."""


@dataclass(frozen=True, slots=True)
class ReportRows:
    """What a report tells of one course."""

    rows: tuple[ReportRow, ...]
    problem: Exception | None = None
    """Why these are not all."""


@dataclass(frozen=True, slots=True)
class Grades:
    """Grades by person; who is not a key was not listed. `problems`: why some were not asked for."""

    by_person: Mapping[str, tuple[GradeFact, ...]] = field(default_factory=dict)
    problems: tuple[Exception, ...] = ()
