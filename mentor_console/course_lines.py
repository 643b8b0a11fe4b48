"""What the trainer's page shows of people: e-mentors, trainers, who may be named, who waits.

Parts of screens.py: no queries, no HTTP, no sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

from mentor_console.support_lines import AnswerLine


@dataclass(frozen=True)
class MentorLoad:
    """An e-mentor of the course, with how many learners here they look after."""

    membership_id: int | None
    person_id: int
    name: str
    learners: int
    cap: int | None = None
    """That of the course where they have none of their own; None = no cap."""
    own_cap: int | None = None
    by_role: str = ""
    """The platform's role that makes them e-mentor here; "" = none does."""
    is_named: bool = True
    """Somebody named them here, which can be ended here."""
    is_resting: bool = False
    """Has left the course since, or is suspended there, and sees nobody."""
    cap_mark: int = 0
    """The limit of their own that holds, for the form; 0 = none."""

    @property
    def is_over(self) -> bool:
        """More learners than the cap."""
        return self.cap is not None and self.learners > self.cap


@dataclass(frozen=True)
class Candidate:
    """A member who may be named e-mentor."""

    membership_id: int
    name: str
    standing: str
    is_offered: bool = False
    """A rule of the platform offers people with their role."""
    has_left: bool = False
    """No longer in the course: may be named, and has to be let in by the platform."""

    @property
    def group(self) -> str:
        """Under which heading: staff | learner | unknown | left."""
        return "left" if self.has_left else self.standing


@dataclass(frozen=True)
class FormerLearner:
    """Somebody who learned in an earlier course of the platform."""

    person_id: int
    name: str
    course_title: str


@dataclass(frozen=True)
class TrainerLine:
    """Somebody who is trainer of the course, or will be from their first launch on."""

    name: str
    is_self: bool
    is_by_grant: bool
    has_launched: bool


@dataclass(frozen=True)
class Unanswered:
    """A learner who asks for something and has no e-mentor who would answer."""

    membership_id: int
    name: str
    answer: AnswerLine
