"""What each page shows, as frozen values: services fill them, views pass them on, templates print them.

No queries, no HTTP, no sentences (those are made from `Reason`s by the wording of the page's reader).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from mentor_console.course_lines import Candidate, MentorLoad, TrainerLine, Unanswered
from mentor_console.evidence_lines import Evidence
from mentor_console.freshness_lines import DataFreshness
from mentor_console.support_lines import (
    AnswerLine,
    BreakLine,
    CaseloadChangeLine,
    ContactLine,
    DecisionLine,
    ExtensionLine,
    FlagHistory,
    FlagLine,
    NoteLine,
    TaskLine,
)

if TYPE_CHECKING:
    from mentor_console.flags.findings import Reason
    from mentor_console.timeline import TimelineEntry


@dataclass(frozen=True)
class WeekActivity:
    """Days with a trace in one course week, against the middle of the class. 0-7."""

    starts_on: date
    own_days: int
    cohort_median_days: float
    is_whole: bool = True
    """Visits were looked at on each day; else both numbers are the least there can have been."""


@dataclass(frozen=True)
class Card:
    """One learner on Today: worst level first, at most two reasons.

    `level` and `kind` are "" where no flag is open and the card is there for the learner's answer.
    """

    membership_id: int
    name: str
    short_name: str
    course_title: str
    level: str
    kind: str
    reasons: tuple[Reason, ...]
    more_reasons: int
    weeks: tuple[WeekActivity, ...]
    last_contact: ContactLine | None
    as_of: datetime | None
    """When the learner's course facts were read."""
    answer: AnswerLine | None = None
    """The newest thing the learner said that still holds."""
    more_answers: int = 0
    """How many others there are like it: that wait for a reply too, or still hold."""
    awaits_reply: bool = False
    is_contested: bool = False
    playbooks: tuple[str, ...] = ()
    """Codes, the best first."""
    tasks_open: int = 0
    note: NoteLine | None = None
    """The viewer's own newest."""
    seen: str = ""
    """What a form sends back, so that no decision is about more than was shown."""


@dataclass(frozen=True)
class SetAside:
    """A learner whose flags somebody decided about or took up, or whose alarms an own answer pauses."""

    membership_id: int
    name: str
    course_title: str
    decision: DecisionLine | None
    paused_until: datetime | None
    follow_up_at: datetime | None = None
    """When the alarms ask again after the last contact; None = no contact rests them."""


@dataclass(frozen=True)
class QuietLearner:
    """A learner without a card; `unread_since`: nothing was read since, though of others it was; None with
    `is_read` False = nothing ever was."""

    membership_id: int
    name: str
    course_title: str
    last_access_at: datetime | None
    access_known: bool
    is_read: bool = True
    unread_since: datetime | None = None


@dataclass(frozen=True)
class Today:
    """The e-mentor's first page."""

    cards: tuple[Card, ...]
    """The first open cards: those awaiting a reply, then the most urgent; a place is kept for good news."""
    quiet: tuple[QuietLearner, ...]
    counts: dict[str, int]
    """Learners by worst open level (act, week, watch, praise) and awaiting_reply; tasks_due and overdue count
    tasks."""
    freshness: DataFreshness
    caseload_size: int
    """Active learners only."""
    departed: tuple[QuietLearner, ...] = ()
    """Assigned learners who left the course or are suspended; their history stays open."""
    waiting: int = 0
    """Open cards beyond those shown."""
    needed: int = 0
    """Learners who ask for somebody today, shown or not: alarms, and those who wait for a reply."""
    due_tasks: tuple[TaskLine, ...] = ()
    """Open tasks of the caseload that are overdue or due today, oldest first."""
    set_aside: tuple[SetAside, ...] = ()
    unread: tuple[QuietLearner, ...] = ()
    """Learners of whom nothing was ever read, or nothing any more: nobody can say that they are fine."""
    due_tomorrow: tuple[TaskLine, ...] = ()
    back_tomorrow: tuple[QuietLearner, ...] = ()
    """Set aside until tomorrow, by a decision, by a contact or by an answer of theirs."""


@dataclass(frozen=True)
class StepLine:
    """One activity on the learner's way."""

    activity_id: int
    name: str
    module: str
    due_at: datetime | None
    extended: bool
    state: str
    """done | failed | handed_in | late (due passed, open) | open | unknown."""
    at: datetime | None
    """When done or handed in."""
    score_ratio: float | None
    counts: bool
    """False for optional activities."""
    cohort_done_share: float | None
    """0-1 of the active learners who have done or handed it in."""
    extended_by: str = ""
    """platform | hand; "" = the deadline is everybody's."""
    read_at: datetime | None = None
    """Of an unknown step: when it was last read that nothing was done; None = never."""
    asks_for: str = ""
    """What completes it where that is not plain: tick | grade | pass | posts; "" = plain or not told."""


@dataclass(frozen=True)
class ProgressSummary:
    """Required steps done, against what is due and against the middle of the class."""

    done: int
    required: int
    due_by_now: int
    cohort_median_done: float
    steps: tuple[StepLine, ...]
    as_of: datetime | None
    source: str
    """lti | moodle; "" = nothing is known of this learner's steps yet, and `done` says nothing."""
    cohort_size: int = 0
    """Learners behind `cohort_median_done`; a middle of very few is none."""


@dataclass(frozen=True)
class LearnerPage:
    """Everything one learner's page shows a mentor or trainer."""

    membership_id: int
    name: str
    short_name: str
    email: str
    course_title: str
    groups: tuple[str, ...]
    status: str
    left_at: datetime | None
    last_access_at: datetime | None
    access_known: bool
    access_as_of: datetime | None
    unread_since: datetime | None
    mentors: tuple[str, ...]
    flags: tuple[FlagLine, ...]
    level: str | None
    kind: str | None
    weeks: tuple[WeekActivity, ...]
    progress: ProgressSummary
    timeline: tuple[TimelineEntry, ...]
    freshness: DataFreshness
    platform_profile_url: str | None = None
    timeline_older: int = 0
    """Entries of the chosen kinds beyond the newest that are shown."""
    tasks: tuple[TaskLine, ...] = ()
    """Open ones first, by deadline."""
    notes: tuple[NoteLine, ...] = ()
    """The viewer's own."""
    answers: tuple[AnswerLine, ...] = ()
    decisions: tuple[DecisionLine, ...] = ()
    flag_history: tuple[FlagHistory, ...] = ()
    extensions: tuple[ExtensionLine, ...] = ()
    playbooks: tuple[str, ...] = ()
    paused_until: datetime | None = None
    """Alarms rest until then, because the learner said why."""
    set_aside: bool = False
    """Every open flag is decided: no open card on Today."""
    seen: str = ""
    """What a form sends back, so that no decision is about more than was shown."""
    evidence: Evidence | None = None
    active_days: tuple[date, ...] = ()
    """Days with a trace, as the rules count days, oldest first: silence can be checked on them."""
    told: tuple[Reason, ...] = ()
    """Facts beside the steps: posts in forums, the platform's own summary (fact_wording.fact_line)."""


@dataclass(frozen=True)
class KnownFact:
    """One fact the learner sees about themselves: what, from where, when."""

    what: str
    """last_access | steps_done | submissions | grades | groups | enrolment | active_days."""
    reason: Reason
    source: str
    as_of: datetime | None


@dataclass(frozen=True)
class OwnPage:
    """The learner's own page."""

    name: str
    course_title: str
    mentors: tuple[MentorInfo, ...]
    facts: tuple[KnownFact, ...]
    flags: tuple[FlagLine, ...]
    """Shown in words, second person, without level."""
    next_steps: tuple[StepLine, ...]
    progress: ProgressSummary
    weeks: tuple[WeekActivity, ...]
    timeline: tuple[TimelineEntry, ...]
    freshness: DataFreshness
    timeline_older: int = 0
    """Entries beyond those that are shown."""
    tasks: tuple[TaskLine, ...] = ()
    """Those shared with the learner, open ones first."""
    answers: tuple[AnswerLine, ...] = ()
    paused_until: datetime | None = None
    evidence: Evidence | None = None
    active_days: tuple[date, ...] = ()


@dataclass(frozen=True)
class MentorInfo:
    """An e-mentor as a learner sees them."""

    name: str
    email: str


@dataclass(frozen=True)
class CourseMember:
    """A learner on the trainer's page."""

    membership_id: int
    name: str
    mentors: tuple[MentorLoad, ...]
    level: str | None
    last_access_at: datetime | None
    access_known: bool
    groups: tuple[str, ...]
    status: str = "active"
    """active | suspended."""

    @property
    def is_alone(self) -> bool:
        """Nobody looks after them now."""
        return all(mentor.is_resting for mentor in self.mentors)


@dataclass(frozen=True)
class OpenRequest:
    """Somebody asks for access to this course."""

    request_id: int
    name: str
    asked_at: datetime
    course_title: str = ""


@dataclass(frozen=True)
class TrainerPage:
    """Members, e-mentors and shares of one course."""

    course_title: str
    mentors: tuple[MentorLoad, ...]
    candidates: tuple[Candidate, ...]
    learners: tuple[CourseMember, ...]
    without_mentor: int
    """Active learners whom nobody looks after now."""
    requests: tuple[OpenRequest, ...]
    freshness: DataFreshness
    cap: int | None = None
    """For every mentor without one of their own."""
    breaks: tuple[BreakLine, ...] = ()
    changes: tuple[CaseloadChangeLine, ...] = ()
    """The newest, or those before one of them, with what takes them back."""
    has_older_changes: bool = False
    trainers: tuple[TrainerLine, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    cap_mark: int = 0
    left_alone: int = 0
    """Of those without, whose e-mentors left the course or are suspended there."""


@dataclass(frozen=True)
class CourseState:
    """One course on the admin's page."""

    context_id: int
    title: str
    platform_name: str
    learners: int
    without_mentor: int
    mentors: int
    freshness: DataFreshness


@dataclass(frozen=True)
class PlatformState:
    """One connected platform on the admin's page."""

    platform_id: int
    name: str
    issuer: str
    moodle_url: str | None
    courses: int


@dataclass(frozen=True)
class AdminPage:
    """The organisation at a glance: no learner is named here."""

    organisation_name: str
    platforms: tuple[PlatformState, ...]
    courses: tuple[CourseState, ...]
    requests: tuple[OpenRequest, ...]
