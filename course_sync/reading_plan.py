"""Whom to ask the platform about, one by one: who moved, whose facts are old, who may have missed work.

Pure. What others do (a grade, an extension, a completion set by a teacher) does not move a learner's last
access, so everybody is read again now and then, spread over days.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from course_sync.facts import Roster
from course_sync.progress_records import ActivityRow, LearnerRow

REREAD_FROM = timedelta(days=3)
REREAD_SPREAD = timedelta(days=3)
"""Each learner is read again 3 to 6 days after the last reading, at a moment of their own. With a sync at
least once a day nobody's facts are older than 7 days, and a class does not come due on one day again."""
ACCESS_SETTLES = timedelta(minutes=2)
"""Moodle moves the last access at most once a minute: what happened around the reading is read once more."""
DOUBT_WINDOW = timedelta(days=28)
"""Work due longer ago is not asked about: nobody is flagged for it any more."""
MAX_DOUBTS = 1000
"""Single questions about missing work per run; the rest waits for the next."""

WHOLE_COURSE_LEARNERS = 400
"""Up to so many learners one call reads all grades in a few seconds; 2,000 take half a minute and 10 MB."""
ALONE_LEARNERS = 50
"""More learners than this outside all groups, and one call for the whole course is cheaper."""

Doubt = tuple[LearnerRow, ActivityRow]


def reread_after(membership_id: int) -> timedelta:
    """How long a learner's facts may get before they are read again: 3-6 days, fixed per learner."""
    return REREAD_FROM + REREAD_SPREAD * (zlib.crc32(str(membership_id).encode()) % 1000) / 1000


def needs_reading(learner: LearnerRow, now: datetime) -> bool:
    """Whether a learner's own progress has to be read in this run."""
    read_at, visit = learner.progress_as_of, learner.last_access_at
    if read_at is None or visit != learner.progress_access_at:
        return True
    if visit is not None and read_at - visit < ACCESS_SETTLES and read_at < now:
        return True
    return now - read_at >= reread_after(learner.membership_id)


def plan_readings(learners: Iterable[LearnerRow], now: datetime) -> list[LearnerRow]:
    """Learners to read in this run: the never read first, then the longest unread."""
    due = [learner for learner in learners if needs_reading(learner, now)]
    return sorted(due, key=lambda row: (row.progress_as_of is not None, row.progress_as_of or now))


def find_probe(learners: Iterable[LearnerRow], now: datetime) -> LearnerRow | None:
    """Whom to ask about where nobody is due: without a question nobody would know that the platform has
    stopped answering it. The longest unread."""
    return min(learners, key=lambda row: row.progress_as_of or now, default=None)


def plan_doubts(
    learners: Iterable[LearnerRow],
    activities: Iterable[ActivityRow],
    known: Mapping[tuple[int, int], tuple[str | None, str | None, str | None]],
    read_now: frozenset[int],
    now: datetime,
) -> list[Doubt]:
    """Missing work worth a question of its own before anybody is blamed for it, the latest deadlines first.

    An assignment: is there an extension? A quiz: was there an attempt that has no grade yet? Asked once when
    the deadline has passed, and again whenever the learner is read.
    """
    overdue = sorted(
        (row for row in activities if _is_doubtful(row, now)), key=lambda row: row.due_at or now, reverse=True
    )
    people = list(learners)
    doubts = []
    for activity in overdue:
        for learner in people:
            key = (learner.membership_id, activity.activity_id)
            submission, completion, due_source = known.get(key, (None, None, None))
            if submission == "submitted" or completion not in (None, "incomplete"):
                continue
            asked = due_source is not None if activity.module == "assign" else submission is not None
            if not asked or learner.membership_id in read_now:
                doubts.append((learner, activity))
    return doubts[:MAX_DOUBTS]


def _is_doubtful(activity: ActivityRow, now: datetime) -> bool:
    if not (activity.accepts_submission and activity.visible and activity.due_at):
        return False
    return activity.module in ("assign", "quiz") and now - DOUBT_WINDOW <= activity.due_at <= now


def plan_grade_calls(learners: Iterable[LearnerRow], roster: Roster | None) -> list[dict[str, Any]]:
    """Arguments of the calls that read everybody's grades: one call, or one per group in a large course.

    Learners without a group are then asked for one by one, unless there are too many of them.
    """
    people = list(learners)
    members = roster.members if roster else {}
    groups = {
        row.external_id: members[row.external_id].group_ids for row in people if row.external_id in members
    }
    grouped = {key for key, ids in groups.items() if ids}
    alone = [row.external_id for row in people if row.external_id not in grouped]
    if len(people) <= WHOLE_COURSE_LEARNERS or not grouped or len(alone) > ALONE_LEARNERS:
        return [{}]
    wanted = sorted({group_id for key in grouped for group_id in groups[key]})
    return [{"group_id": group_id} for group_id in wanted] + [{"person_id": key} for key in alone]
