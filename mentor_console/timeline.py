"""One line of the history that mentors and learners share, and its place in it.

No queries, no HTTP, no sentences.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mentor_console.support_lines import (
    AnswerLine,
    ContactLine,
    DecisionLine,
    ExtensionLine,
    FlagLine,
    TaskLine,
)


@dataclass(frozen=True)
class TimelineEntry:
    """One line of the shared history; at most one of the values is set, `event` names what happened."""

    at: datetime
    contact: ContactLine | None = None
    flag_raised: FlagLine | None = None
    flag_cleared: FlagLine | None = None
    event: str | None = None
    """Of the course: last_visit | handed_in | completed | graded | enrolled | left; of `task`: task_added |
    task_done | task_dropped | task_reopened."""
    subject: str = ""
    """Name of the activity, where the event has one; the last of them where `count` is more than 1."""
    count: int = 1
    """Required steps completed on the same day are one line."""
    kind: str = "course"
    """contact | flag | task | answer | decision | course: what a filter chooses by."""
    task: TaskLine | None = None
    answer: AnswerLine | None = None
    decision: DecisionLine | None = None
    extension: ExtensionLine | None = None

    @property
    def mark(self) -> str:
        """Its place in the history, which no entry that comes later moves: older entries sort before it."""
        flag = self.flag_raised or self.flag_cleared
        ids = (
            self.contact and self.contact.contact_id,
            flag and flag.flag_id,
            self.task and self.task.task_id,
            self.answer and self.answer.answer_id,
            self.decision and self.decision.decision_id,
            self.extension and self.extension.extension_id,
        )
        number = next((number for number in ids if number), 0)
        moment = self.at.astimezone(UTC).strftime("%Y%m%d%H%M%S%f")
        return f"{moment}.{number:010}.{self.kind}.{self.event or ''}.{self.subject}"
