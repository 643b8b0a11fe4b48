"""Whom to ask the platform about, one by one: who moved, whose facts are old, who may have missed work.

Pure. What others do (a grade, an extension, a completion set by a teacher) does not move a learner's last
access, so everybody is read again now and then, spread over days.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from course_sync.facts import Roster, Updates
from course_sync.progress_records import ActivityRow, LearnerRow, Unsettled

REREAD_FROM = timedelta(days=3)
REREAD_SPREAD = timedelta(days=3)
"""Each learner is read again 3 to 6 days after the last reading, at a moment of their own. With a sync at
least once a day nobody's facts are older than 7 days, and a class does not come due on one day again."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""What happened since a moment of ours is looked for from so much earlier: the platform has its own clock."""
ACCESS_SETTLES = timedelta(minutes=2)
"""Moodle moves the last access at most once a minute: what happened around the reading is read once more."""
DOUBT_WINDOW = timedelta(days=28)
"""Work due longer ago is not asked about: nobody is flagged for it any more."""
MAX_DOUBTS = 1000
"""Single questions about missing work per run; the rest waits for the next."""

WHOLE_COURSE_LEARNERS = 400
"""Up to so many learners one call in each run reads all grades in a few seconds; 2,000 take half a minute."""
LARGEST_ANSWER_LEARNERS = 2000
"""The grades of more learners than this never come in one answer: 10 MB of it are enough."""
BULK_SHARE = 0.3
"""From this share of a group on, one call for the group costs the platform less than one for each: a group
of 50 takes as long as 15 learners."""
MAX_LONE_GRADES = 50
"""Learners whose grades are asked for one by one in a run, with each account that does not see a whole
course; the others have their turn in the next ones."""
MAX_SINGLE_GRADES = 400
"""Where a quiz was marked everybody's grades are read, unless that takes more calls for single learners."""
UNTOLD_GRADES_AGE = timedelta(days=1)
"""Where the platform does not tell who was graded, a large course is read anew after so long."""

Doubt = tuple[LearnerRow, ActivityRow]


@dataclass(frozen=True, slots=True)
class GradeCall:
    """One call for grades: its arguments, and whose grades it is to bring (external ids)."""

    arguments: dict[str, Any]
    people: frozenset[str]


def reread_after(row_id: int) -> timedelta:
    """How long a learner's or a forum's facts may get before they are read again: 3-6 days, fixed."""
    return REREAD_FROM + REREAD_SPREAD * (zlib.crc32(str(row_id).encode()) % 1000) / 1000


def needs_reading(learner: LearnerRow, now: datetime) -> bool:
    """Whether a learner's own progress has to be read in this run."""
    return _is_due(learner, learner.progress_as_of, learner.progress_access_at, now)


def _is_due(learner: LearnerRow, read_at: datetime | None, access_at: datetime | None, now: datetime) -> bool:
    visit = learner.last_access_at
    if read_at is None or visit != access_at:
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


def list_overdue(activities: Iterable[ActivityRow], now: datetime) -> list[ActivityRow]:
    """Work whose lack may be held against somebody now, the latest deadlines first."""
    overdue = [row for row in activities if _is_doubtful(row, now)]
    return sorted(overdue, key=lambda row: row.due_at or now, reverse=True)


def plan_extension_doubts(
    learners: Iterable[LearnerRow],
    assignment: ActivityRow,
    known: Mapping[int, Unsettled],
    now: datetime,
) -> list[Doubt]:
    """Whose extension to ask for before they are blamed: those without a hand-in at work that is overdue.

    Asked once when the deadline has passed, and again every few days. `known` is by membership id.
    """
    return [
        (learner, assignment)
        for learner in learners
        if _is_extension_due(learner, known.get(learner.membership_id, _NOTHING_KNOWN), now)
    ]


@dataclass(frozen=True, slots=True)
class ToldAttempts:
    """Of whom (membership ids) a list of changes tells that somebody tried at a quiz, and since when."""

    members: Collection[int] = frozenset()
    since: datetime | None = None

    def covers(self, learner: LearnerRow, moment: datetime) -> bool:
        """Whether the list would tell of all that this learner did after that moment."""
        return learner.membership_id in self.members and self.since is not None and self.since <= moment


def plan_attempt_doubts(
    learners: Iterable[LearnerRow],
    quiz: ActivityRow,
    known: Mapping[int, Unsettled],
    told: ToldAttempts,
) -> list[Doubt]:
    """Whom to ask for an attempt at a quiz that has closed: those of whom nothing is known, and those who may
    have tried since that was last known of them, if no list would tell of it."""
    return [
        (learner, quiz)
        for learner in learners
        if _is_open(state := known.get(learner.membership_id, _NOTHING_KNOWN))
        and _is_attempt_untold(learner, quiz, state, told)
    ]


def plan_attempt_search(
    learners: Iterable[LearnerRow],
    quiz: ActivityRow,
    known: Mapping[int, Unsettled],
    told: ToldAttempts,
) -> list[Doubt]:
    """Among whom to look for attempts that a list tells of, and no grade: those it covers who came since and
    have not handed in, the latest visitors first."""
    doubts = [
        (learner, quiz)
        for learner in learners
        if learner.membership_id in told.members
        and _is_open(state := known.get(learner.membership_id, _NOTHING_KNOWN))
        and _is_searched(learner, _later(told.since, _attempts_known_at(quiz, state)))
    ]
    return sorted(doubts, key=lambda doubt: _visit_seconds(doubt[0]), reverse=True)


def count_untold_attempts(
    quiz: ActivityRow, updates: Updates, known: Mapping[int, Unsettled], told: ToldAttempts
) -> int:
    """How many of the attempts that a list tells of are not among the hand-ins that are known."""
    found = (
        key in told.members
        and state.submission == "submitted"
        and state.submitted_at is not None
        and state.submitted_at >= updates.since
        for key, state in known.items()
    )
    return max(0, updates.attempted.get(quiz.external_id, 0) - sum(found))


def _is_attempt_untold(learner: LearnerRow, quiz: ActivityRow, state: Unsettled, told: ToldAttempts) -> bool:
    known_at = _attempts_known_at(quiz, state)
    if state.submission is None or known_at is None:
        return True
    return _may_have_worked(learner, known_at) and not told.covers(learner, known_at)


def _is_searched(learner: LearnerRow, since: datetime | None) -> bool:
    return since is None or not learner.access_known or _may_have_worked(learner, since)


def _attempts_known_at(quiz: ActivityRow, state: Unsettled) -> datetime | None:
    """Up to when it is known that this learner has handed in nothing: asked alone, or with everybody."""
    return _later(state.submission_as_of, quiz.hand_ins_as_of)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment), default=None)


def _may_have_worked(learner: LearnerRow, since: datetime) -> bool:
    """Whether the learner came, or was read, since: the run that read them may have ended before it asked."""
    visit, read_at = learner.last_access_at, learner.progress_as_of
    return bool((read_at and read_at > since) or (visit and visit > since - CLOCKS_DIFFER))


def _visit_seconds(learner: LearnerRow) -> float:
    return learner.last_access_at.timestamp() if learner.last_access_at else 0.0


_NOTHING_KNOWN = Unsettled()


def _is_open(state: Unsettled) -> bool:
    return state.submission != "submitted" and state.completion in (None, "incomplete")


def _is_extension_due(learner: LearnerRow, state: Unsettled, now: datetime) -> bool:
    if not _is_open(state):
        return False
    asked_at = state.due_as_of if state.due_source else None
    return asked_at is None or now - asked_at >= reread_after(learner.membership_id)


def _is_doubtful(activity: ActivityRow, now: datetime) -> bool:
    if not (activity.accepts_submission and activity.visible and activity.due_at):
        return False
    return activity.module in ("assign", "quiz") and now - DOUBT_WINDOW <= activity.due_at <= now


def needs_grades(learner: LearnerRow, now: datetime) -> bool:
    """Whether a learner of a large course has to have their grades read in this run."""
    return _is_due(learner, learner.grades_as_of, learner.grades_access_at, now)


def plan_lone_grades(learners: Iterable[LearnerRow], now: datetime) -> list[LearnerRow]:
    """Whose grades to ask for one by one: who came since they were read, and all whose are a day old."""
    due = [row for row in learners if needs_grades(row, now) or are_grades_a_day_old(row, now)]
    return take_turns(due, now)


def take_turns(learners: Iterable[LearnerRow], now: datetime) -> list[LearnerRow]:
    """All of them, the first to ask first: every second place is of the longest unread, the others by chance.

    Who is always refused stays unread and would take every place for ever if only that counted.
    """
    drawn = sorted(learners, key=lambda row: zlib.crc32(f"{row.membership_id} {now}".encode()))
    by_age = sorted(drawn, key=lambda row: row.grades_as_of.timestamp() if row.grades_as_of else 0.0)
    return list(dict.fromkeys(row for pair in zip(by_age, drawn, strict=True) for row in pair))


def is_graded_since(learner: LearnerRow, graded_at: datetime | None) -> bool:
    """Whether a grade of that moment may have come after the learner's were read."""
    read_at = learner.grades_as_of
    return read_at is None or graded_at is None or graded_at > read_at - CLOCKS_DIFFER


def are_grades_a_day_old(learner: LearnerRow, now: datetime) -> bool:
    """Whether grades have to be read anew where nobody tells who was graded."""
    return learner.grades_as_of is None or now - learner.grades_as_of >= UNTOLD_GRADES_AGE


def needs_posts(
    forum: ActivityRow, newest_visit: datetime | None, updates: Updates | None, now: datetime
) -> bool:
    """Whether the discussions of a forum have to be listed: somebody may have written since, for who writes
    comes; and now and then, for what was deleted."""
    read_at = forum.posts_as_of
    if read_at is None or now - read_at >= reread_after(forum.activity_id):
        return True
    if updates is not None:
        return forum.external_id in updates.discussed
    if newest_visit is None or newest_visit != forum.posts_access_at:
        return newest_visit is not None
    return read_at - newest_visit < ACCESS_SETTLES and read_at < now


def plan_grade_calls(
    wanted: Collection[str], learners: Iterable[LearnerRow], roster: Roster | None
) -> list[GradeCall]:
    """The calls that read the grades of these learners: all at once, by group where many of one group are
    wanted, or one by one."""
    everybody = {row.external_id for row in learners}
    left = set(wanted) & everybody
    calls = []
    members = _list_groups(everybody, roster)
    for group_id in sorted(members, key=lambda key: (-len(members[key] & left), key)):
        asked = members[group_id] & left
        if len(asked) > 1 and len(asked) >= BULK_SHARE * len(members[group_id]):
            calls.append(GradeCall({"group_id": group_id}, frozenset(asked)))
            left -= asked
    if (
        len(left) > 1
        and len(left) >= BULK_SHARE * len(everybody)
        and len(everybody) <= LARGEST_ANSWER_LEARNERS
    ):
        return [GradeCall({}, frozenset(everybody))]
    return calls + [GradeCall({"person_id": key}, frozenset({key})) for key in sorted(left)]


def _list_groups(people: Collection[str], roster: Roster | None) -> dict[int, set[str]]:
    members: dict[int, set[str]] = {}
    for key in people if roster else ():
        entry = roster.members.get(key) if roster else None
        for group_id in entry.group_ids if entry else ():
            members.setdefault(group_id, set()).add(key)
    return members
