"""Until when a learner's facts are known: the reading behind each "nothing yet". Pure.

What fell due after that reading is unknown, not missed: the rules and the pages both ask here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from course_sync.models import Activity, Progress
from course_sync.reading_plan import ACCESS_SETTLES
from mentor_console.flags.unread import PROGRESS_AGE, STALE


class SeenMember(Protocol):
    """The columns of a membership that tell when visits and the learner's own progress were read."""

    access_as_of: datetime | None
    progress_as_of: datetime | None


class ReadMember(SeenMember, Protocol):
    """Those that tell, too, which visits the readings took in."""

    last_access_at: datetime | None
    progress_access_at: datetime | None


class ReadCell(Protocol):
    """The columns of a learner's work that tell what was read of its hand-in, and when."""

    submission: str | None
    submission_as_of: datetime | None


@dataclass(frozen=True)
class LearnerReading:
    """Moments of one learner; None = never, or no source tells."""

    confirmed_at: datetime | None
    """Up to here the learner's own progress is known: who has not come since it was read has done nothing."""
    settled_at: datetime | None
    """Up to here it is known, too, that no attempt waits for a grade."""
    visits_until: datetime | None = None
    """Up to here visits are known, where those of others are known further; else None."""
    work_until: datetime | None = None
    """The same of steps. Who came since the reading may have done some."""
    last_access_at: datetime | None = None
    access_as_of: datetime | None = None


def read_learner(member: ReadMember, last_reads: Mapping[str, datetime]) -> LearnerReading:
    """`last_reads`: when each kind of fact of the course was last read, by kind; "extensions" stands for the
    open questions about hand-ins."""
    doubts_settled_at, visits_read_at = last_reads.get("extensions"), last_reads.get("access")
    confirmed_at = member.progress_as_of
    if confirmed_at and member.access_as_of and member.last_access_at == member.progress_access_at:
        confirmed_at = max(confirmed_at, member.access_as_of)
    settled_at = min(confirmed_at, doubts_settled_at) if confirmed_at and doubts_settled_at else None
    return LearnerReading(
        confirmed_at,
        settled_at,
        visits_until=_until(member.access_as_of, visits_read_at),
        work_until=_until(confirmed_at, _due_by(member, visits_read_at)),
        last_access_at=member.last_access_at,
        access_as_of=member.access_as_of,
    )


def is_read(member: SeenMember, visits_read_at: datetime | None) -> bool:
    """Whether anything is known, and not of long ago, by which this learner could stand out."""
    is_known = member.access_as_of or member.progress_as_of
    return bool(is_known) and find_unread_since(member, visits_read_at) is None


def find_unread_since(member: SeenMember, visits_read_at: datetime | None) -> datetime | None:
    """When anything was last read by which this learner could stand out, if that is too long ago; None = not
    so, or nothing ever was.

    Too long against the newest list of the course, not against now: while the platform as a whole does not
    answer, everybody is known up to the same moment, and each page says that one. A list that leaves out the
    learner, or when the learner came, is what this is about. Progress is read every few days.
    """
    read_at, age = member.access_as_of, STALE
    if member.progress_as_of and (read_at is None or member.progress_as_of > read_at):
        read_at, age = member.progress_as_of, PROGRESS_AGE
    return read_at if read_at and visits_read_at and visits_read_at - read_at > age else None


def _until(read_at: datetime | None, expected_at: datetime | None) -> datetime | None:
    return read_at if read_at and expected_at and read_at < expected_at else None


def _due_by(member: ReadMember, visits_read_at: datetime | None) -> datetime | None:
    """Who has not come needs no reading; where nobody tells who has come, everybody has a turn."""
    if member.access_as_of or visits_read_at is None:
        return visits_read_at
    return visits_read_at - PROGRESS_AGE


def find_read_at(activity: Activity, cell: ReadCell, learner: LearnerReading) -> datetime | None:
    """When it was last read that this learner has done nothing here; None = no source tells.

    Assignments come as lists of hand-ins; attempts at quizzes are asked for learner by learner; the rest is
    the learner's own completion.
    """
    if not activity.accepts_submission:
        return learner.confirmed_at
    if activity.module == "assign":
        moments = [activity.hand_ins_as_of, cell.submission_as_of]
    else:
        moments = [learner.settled_at, cell.submission_as_of, _find_untried_until(cell, learner)]
    return max((moment for moment in moments if moment), default=None)


def _find_untried_until(cell: ReadCell, learner: LearnerReading) -> datetime | None:
    """Nobody else tries for a learner: who has not come since there was no attempt has made none. The answer
    stands for this learner, whatever is still asked about others."""
    asked_at, visited_at = cell.submission_as_of, learner.last_access_at
    if cell.submission != "none" or asked_at is None or learner.access_as_of is None:
        return None
    is_idle = visited_at is None or visited_at + ACCESS_SETTLES <= asked_at
    return learner.access_as_of if is_idle else None


def list_read_at(
    activities: Mapping[int, Activity], cells: Mapping[int, Progress], learner: LearnerReading
) -> dict[int, datetime | None]:
    """The same for all work of one learner, by activity."""
    return {
        activity_id: find_read_at(activities[activity_id], cell, learner)
        for activity_id, cell in cells.items()
        if activity_id in activities
    }
