"""What pages show of contacts, flags, decisions, tasks, notes, answers and rules: the parts of screens.py.

No queries, no HTTP, no sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mentor_console.flags.findings import Reason

UNDO_KINDS = (
    "contact",
    "decision",
    "note",
    "task",
    "caseload",
    "extension",
    "extension_end",
    "break",
    "break_end",
)


@dataclass(frozen=True)
class Undo:
    """How an action is taken back: its kind and the id of what it wrote. `str` gives the form's value."""

    kind: str
    """One of UNDO_KINDS."""
    id: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True)
class Done:
    """What an action on the caseload changed; `undo` is None where it changed nothing."""

    changed: int
    undo: Undo | None


@dataclass(frozen=True)
class Balanced:
    """What sharing out in one go did, in learners."""

    assigned: int
    moved: int
    remaining: int
    """Active learners who still have no e-mentor, because every cap is reached."""
    per_mentor: dict[int, int]
    """Learners given, by the mentor's person id."""
    undo: Undo | None


@dataclass(frozen=True)
class ContactLine:
    """One logged contact."""

    contact_id: int
    occurred_at: datetime
    kind: str
    channel: str
    outcome: str
    summary: str
    duration_minutes: int | None
    mentor_name: str
    is_own: bool
    taken_back: bool = False
    """Only that there was one is still told: the summary is empty."""
    undo: Undo | None = None


@dataclass(frozen=True)
class FlagLine:
    """One flag, open or ended."""

    flag_id: int
    rule: str
    level: str
    kind: str
    reasons: tuple[Reason, ...]
    clears: tuple[Reason, ...]
    raised_at: datetime
    cleared_at: datetime | None
    is_contested: bool = False
    """The learner says that this is wrong."""
    is_set_aside: bool = False
    """Decided: it stands, but not among the open cards."""


@dataclass(frozen=True)
class DecisionLine:
    """One time somebody set a learner's flags aside."""

    decision_id: int
    action: str
    """dismiss | snooze."""
    reason: str
    text: str
    until: date | None
    decided_at: datetime
    by_name: str
    rules: tuple[str, ...]
    """The rules it was about."""
    is_active: bool
    """It still keeps something out of the open cards."""
    taken_back: bool
    undo: Undo | None = None


@dataclass(frozen=True)
class TaskEnd:
    """A task was ended, or opened again after that."""

    at: datetime
    state: str
    """done | dropped | open."""
    outcome: str
    """As it was noted then."""


@dataclass(frozen=True)
class TaskLine:
    """One support task."""

    task_id: int
    membership_id: int
    learner_name: str
    kind: str
    title: str
    due_on: date | None
    state: str
    """open | done | dropped."""
    outcome: str
    playbook: str | None
    shared: bool
    version: int
    """What a form sends back, so that nobody's change is overwritten."""
    by_name: str
    created_at: datetime
    updated_at: datetime
    is_overdue: bool
    is_due_today: bool
    has_changed: bool = False
    undo: Undo | None = None
    """Takes the newest change back, or the task itself if it never changed."""
    ends: tuple[TaskEnd, ...] = ()
    """Oldest first; what was taken back is left out."""


@dataclass(frozen=True)
class TaskClash:
    """A task that somebody else changed while a form was filled in: both versions, side by side."""

    task: TaskLine
    """As it stands now."""
    taken_back: bool
    by_name: str
    """Whoever changed it last; "" = nobody."""
    at: datetime
    differences: tuple[TaskDifference, ...]


@dataclass(frozen=True)
class TaskDifference:
    """One field of a task that changed since, or that was filled in differently."""

    field: str
    """title | kind | due_on | state | outcome | shared."""
    theirs: object
    """As it stands now."""
    yours: object
    """As filled in; None = the form said nothing about it."""
    is_yours: bool
    """Whether the form said something about it."""


@dataclass(frozen=True)
class NoteLine:
    """One private note; only ever given to its author."""

    note_id: int
    membership_id: int
    text: str
    written_at: datetime
    undo: Undo | None = None


@dataclass(frozen=True)
class AnswerLine:
    """What the learner said."""

    answer_id: int
    kind: str
    """ill_until | working_offline | need_help | this_is_wrong."""
    text: str
    until: date | None
    flag_id: int | None
    fact: str
    given_at: datetime
    awaits_reply: bool
    is_active: bool
    """Not withdrawn, and its last day is not over."""
    withdrawn: bool = False


@dataclass(frozen=True)
class ExtensionLine:
    """A learner's own deadline, entered by hand."""

    extension_id: int
    activity_id: int
    activity_name: str
    due_at: datetime
    by_name: str
    given_at: datetime
    stands: bool = True
    """Neither withdrawn nor replaced by a newer one."""
    withdrawn_at: datetime | None = None
    withdrawn_by_name: str = ""
    undo: Undo | None = None
    """Takes back that it was given, or that it was withdrawn."""


@dataclass(frozen=True)
class BreakLine:
    """Days on which the course rests; `ends_on` is the last of them."""

    break_id: int
    name: str
    starts_on: date
    ends_on: date
    by_name: str = ""
    """Who added it, or who removed it where it is removed."""
    changed_at: datetime | None = None


@dataclass(frozen=True)
class CaseloadChangeLine:
    """One thing a trainer did to who looks after whom."""

    change_id: int
    action: str
    """name | end_mentor | assign | unassign | balance | cap."""
    by_name: str
    made_at: datetime
    learners: int
    mentor_name: str
    """"" where several mentors are concerned."""
    taken_back: bool
    undo: Undo | None
    cap: int | None = None
    """The limit that was set; None = none."""


@dataclass(frozen=True)
class FlagReadingLine:
    """What a flag said from `read_at` until its next reading."""

    read_at: datetime
    facts_at: datetime
    """Up to when the facts were known that it went by; earlier where nothing was fetched in between."""
    level: str
    reasons: tuple[Reason, ...]
    clears: tuple[Reason, ...]


@dataclass(frozen=True)
class FlagHistory:
    """One flag with everything it ever said, oldest first."""

    flag: FlagLine
    readings: tuple[FlagReadingLine, ...]


@dataclass(frozen=True)
class RulesPage:
    """The rules of a course or of an organisation, as numbers by name."""

    scope: str
    """course | organisation."""
    values: dict[str, int | float]
    """In force here."""
    inherited: dict[str, int | float]
    """What would be in force without the numbers saved here."""
    own: dict[str, int | float]
    based_on_id: int | None
    """What a form sends back, so that nobody's change is overwritten."""
    changed_by: str
    changed_at: datetime | None


@dataclass(frozen=True)
class RulesPreview:
    """What the rules would say today, in learners; praise is not an alarm and counts in the tables only."""

    learners: int
    """Everybody the rules look at."""
    flagged: int
    by_level: dict[str, int]
    """By worst level."""
    by_rule: dict[str, int]
    newly: int
    """Not flagged by the rules in force, flagged by these."""
    no_longer: int
    changed_level: int
    flagged_now: int
    """By the rules in force."""
