"""What is known of a course, its activities and one learner: the only input of the rules.

Frozen and built by the service from the database. `None` always means "not known", never zero.
Every moment is timezone-aware; a naive one is refused here, so that no rule has to ask.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, tzinfo
from itertools import pairwise
from typing import Literal

from mentor_console.flags.findings import Finding

Completion = Literal["incomplete", "complete", "passed", "failed"]
EnrolmentStatus = Literal["active", "suspended", "left"]


class NaiveMomentError(ValueError):
    """A moment without a time zone was given; the message names where."""


def refuse_naive(moment: datetime | None, name: str) -> None:
    """Raises NaiveMomentError if `moment` is given without a UTC offset."""
    if moment is not None and moment.utcoffset() is None:
        raise NaiveMomentError(f"{name} has no time zone: {moment.isoformat()}")


_moment_fields: dict[type, tuple[str, ...]] = {}
"""Names of the fields that hold one moment, by class of facts; read once per class, not once per object."""


def _find_moment_fields(facts: type) -> tuple[str, ...]:
    found = tuple(item.name for item in fields(facts) if item.type in (datetime, datetime | None))
    _moment_fields[facts] = found
    return found


class _Aware:
    """Checks all moments of a frozen dataclass when it is made. A course has 100,000 of these objects, so the
    usual case, UTC, is let through at a glance."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name in _moment_fields.get(type(self)) or _find_moment_fields(type(self)):
            moment = getattr(self, name)
            if moment is not None and moment.tzinfo is not UTC:
                refuse_naive(moment, f"{type(self).__name__}.{name}")


@dataclass(frozen=True, slots=True)
class CourseFacts(_Aware):
    """`breaks` are (from, until) pairs, the end not included; they may overlap. `zone` is where its days
    begin and end: the organisation's. `look_days`: sorted days at the end of which everybody's last visit was
    read; None = learners' active days are all that there were, none of them is unknown. `judged_at`: up to
    when facts were known that the rules last went by; None = they never have.
    """

    context_id: int | str
    starts_at: datetime | None
    ends_at: datetime | None
    breaks: tuple[tuple[datetime, datetime], ...] = ()
    zone: tzinfo = UTC
    look_days: tuple[date, ...] | None = None
    judged_at: datetime | None = None

    def __post_init__(self) -> None:
        _Aware.__post_init__(self)
        for moment in (moment for pair in self.breaks for moment in pair):
            refuse_naive(moment, "CourseFacts.breaks")


@dataclass(frozen=True, slots=True)
class ActivityFacts(_Aware):
    """`accepts_submission`: something is handed in here (assignment, quiz), as opposed to read or watched."""

    activity_id: int
    name: str
    module: str
    due_at: datetime | None
    required: bool
    visible: bool
    accepts_submission: bool


@dataclass(frozen=True, slots=True)
class WorkFacts(_Aware):
    """One learner's work in one activity.

    `submission_known` False: the platform has not told whether anything was handed in (`submitted_at` then
    says nothing). `due_at_override` replaces the activity's deadline for this learner (extension or
    override). `score_ratio` is 0-1. `read_at`: when it was last read that nothing is done here; None = at the
    moment that is judged. What fell due after it is unknown, not missing.
    """

    activity_id: int
    completion: Completion | None = None
    completed_at: datetime | None = None
    submitted_at: datetime | None = None
    submission_known: bool = True
    score_ratio: float | None = None
    graded_at: datetime | None = None
    due_at_override: datetime | None = None
    read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CountedDays:
    """On `active_days` of the days from `first` to `last` the learner was there; on which is not known.

    For sources that give sums per period instead of visits.
    """

    first: date
    last: date
    active_days: int


@dataclass(frozen=True, slots=True)
class LearnerFacts(_Aware):
    """One learner in one course.

    `access_known` False: the platform never told about visits, so silence is unknown. True with
    `last_access_at` None: it told that there was none. `visits_until`: visits are known up to then, not up to
    the moment of judging; None = up to that. `work_until`: the same of steps; who came since may have done
    some. `grades_read_at`: when this learner's own grades were asked for; None = they come with everybody's.
    `stands`: what the rules found when they last spoke. `enrolled_at` is None when unknown; the day of the
    first synchronisation is not an enrolment day for those who were already there. `active_days`:
    sorted days, in the course's zone, on which the learner is known to have been there (not days on which
    others graded).
    `counted_days`: periods in order, without gap or overlap; used only where `access_known` is False.
    `paused_until` may lie in the past: an absence that was agreed does not count as silence. `absences` are
    (from, until) pairs of all of them, the end not included.
    """

    membership_id: int
    status: EnrolmentStatus = "active"
    enrolled_at: datetime | None = None
    enrolment_ends_at: datetime | None = None
    last_access_at: datetime | None = None
    access_known: bool = True
    visits_until: datetime | None = None
    active_days: tuple[date, ...] = ()
    finished_at: datetime | None = None
    work: tuple[WorkFacts, ...] = ()
    paused_until: datetime | None = None
    counted_days: tuple[CountedDays, ...] = ()
    absences: tuple[tuple[datetime, datetime], ...] = ()
    work_until: datetime | None = None
    grades_read_at: datetime | None = None
    stands: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        _Aware.__post_init__(self)
        for one, other in pairwise(self.counted_days):
            if (other.first - one.last).days != 1:
                raise ValueError(f"counted days must follow each other: {one.last} and {other.first} do not")


@dataclass(frozen=True, slots=True)
class HandInCount:
    """How many of the cohort have handed in, of those for whom the deadline has passed and the state is
    known."""

    handed_in: int
    expected: int

    @property
    def share(self) -> float | None:
        """0-1; None where nobody is expected."""
        return self.handed_in / self.expected if self.expected else None


@dataclass(frozen=True, slots=True)
class CohortFacts(_Aware):
    """What the learners who take part in a course have in common at `measured_at`.

    Medians are None where fewer learners than a cohort needs are known. Days of silence and of gaps leave
    breaks out. `active_days_median` is taken over `active_days_window` days; `recent_` and `earlier_` are the
    two halves of the comparison of slowing down. `weekly_active_days_medians` runs from the oldest week to
    the newest. `score_medians` are 0-1, by activity.
    """

    measured_at: datetime
    learner_count: int
    silent_days_median: float | None = None
    active_days_median: float | None = None
    active_days_window: int | None = None
    recent_active_days_median: float | None = None
    earlier_active_days_median: float | None = None
    longest_gap_days_median: float | None = None
    done_count_median: float | None = None
    weekly_active_days_medians: tuple[float, ...] = ()
    hand_ins: Mapping[int, HandInCount] = field(default_factory=dict)
    score_medians: Mapping[int, float] = field(default_factory=dict)
