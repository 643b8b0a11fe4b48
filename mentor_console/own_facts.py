"""What the tool knows about a learner, for the learner: each fact with its source and time.

Codes and numbers only; wording.py makes the sentences. FACT_CODES lists every code this module makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select

from course_sync.database import db
from course_sync.look_days import find_zone_and_look_days
from course_sync.models import SOURCE_MOODLE, ActiveDay, Activity, Membership, Progress
from course_sync.posts import find_written
from mentor_console.flags.findings import Reason
from mentor_console.freshness import Reading, get_readings
from mentor_console.local_days import local_day
from mentor_console.screens import KnownFact, ProgressSummary
from mentor_console.steps import due_at_of, find_required_ids

FACT_CODES: Mapping[str, tuple[str, ...]] = {
    "fact_last_access": ("at",),
    "fact_never_opened": (),
    "fact_active_days": ("days", "window_days"),
    "fact_steps_done": ("done", "required"),
    "fact_submissions": ("handed_in", "expected"),
    "fact_grades": ("graded",),
    "fact_posts": ("posts", "at"),
    "fact_no_posts": (),
    "fact_reported": ("share",),
    "fact_groups": ("names", "count"),
    "fact_enrolled": ("at",),
    "fact_identity": ("name", "email"),
    "fact_unknown": ("what",),
}
"""Every code with the names of its values. `at` is an ISO 8601 moment, the rest are numbers or text."""

ACTIVE_WINDOW_DAYS = 28


def list_known_facts(
    membership: Membership,
    progress: ProgressSummary,
    activities: Sequence[Activity],
    rows: Mapping[int, Progress],
    now: datetime,
    by_hand: Mapping[int, datetime] | None = None,
) -> tuple[KnownFact, ...]:
    """All facts held about this learner in this course; what is not known is said to be so."""
    readings = get_readings(membership.context_id)
    fact = partial(_fact, by_accounts=not membership.context.platform.moodle_url)
    facts = [
        fact("last_access", _last_access(membership), readings.get("access"), membership.access_as_of),
        fact("active_days", _active_days(membership, now), readings.get("access"), membership.access_as_of),
        fact("steps_done", _steps_done(progress), readings.get("completion"), membership.progress_as_of),
        fact(
            "submissions",
            _submissions(progress, activities, rows, now, by_hand or {}),
            readings.get("submissions"),
            max((row.submission_as_of for row in rows.values() if row.submission_as_of), default=None),
        ),
        fact("grades", _grades(rows), readings.get("grades"), _grades_read(membership, rows)),
        _fact("posts", find_posts(membership, activities), readings.get("posts")),
        _reported(membership, progress),
        fact("groups", _groups(membership), readings.get("roster"), membership.as_of),
        fact("enrolment", _enrolment(membership), readings.get("roster"), membership.as_of),
        fact("identity", _identity(membership), readings.get("roster"), membership.as_of),
    ]
    return tuple(known for known in facts if known is not None)


def _fact(
    what: str,
    reason: Reason | None,
    reading: Reading | None,
    own_as_of: datetime | None = None,
    *,
    by_accounts: bool = False,
) -> KnownFact | None:
    """`own_as_of` is this learner's own reading; the course's is the newest word on everybody in it.

    Not so where single people's accounts are read with: each tells of some learners only.
    """
    if reason is None:
        return None
    if reason.code == "fact_unknown":
        return KnownFact(what, reason, "", None)
    is_shared = reading is not None and not (by_accounts and reading.source == SOURCE_MOODLE)
    course_as_of = reading.as_of if reading and is_shared else None
    as_of = max((moment for moment in (own_as_of, course_as_of) if moment), default=None)
    return KnownFact(what, reason, reading.source if reading else "", as_of)


def _grades_read(membership: Membership, rows: Mapping[int, Progress]) -> datetime | None:
    moments = (membership.grades_as_of, *(row.grade_as_of for row in rows.values()))
    return max((moment for moment in moments if moment), default=None)


def _unknown(what: str) -> Reason:
    return Reason("fact_unknown", {"what": what})


def _last_access(membership: Membership) -> Reason:
    if membership.last_access_at is not None:
        return Reason("fact_last_access", {"at": membership.last_access_at.isoformat()})
    return Reason("fact_never_opened") if membership.access_as_of else _unknown("last_access")


def _active_days(membership: Membership, now: datetime) -> Reason:
    zone, looks = find_zone_and_look_days(membership.context)
    until = local_day(now, zone)
    first = until - timedelta(days=ACTIVE_WINDOW_DAYS - 1)
    statement = select(func.count()).where(
        ActiveDay.membership_id == membership.id, ActiveDay.day >= first, ActiveDay.day <= until
    )
    days = db.session.scalar(statement) or 0
    watched = sum(first <= day < until for day in looks) == ACTIVE_WINDOW_DAYS - 1
    if not watched or (not days and membership.access_as_of is None):
        return _unknown("active_days")
    return Reason("fact_active_days", {"days": days, "window_days": ACTIVE_WINDOW_DAYS})


def _steps_done(progress: ProgressSummary) -> Reason:
    if not progress.source:
        return _unknown("steps_done")
    return Reason("fact_steps_done", {"done": progress.done, "required": progress.required})


def _submissions(
    progress: ProgressSummary,
    activities: Iterable[Activity],
    rows: Mapping[int, Progress],
    now: datetime,
    by_hand: Mapping[int, datetime],
) -> Reason | None:
    """Hand-ins that were due or are in already; None where the course has none."""
    listed = list(activities)
    required = find_required_ids(listed)
    hand_ins = [item for item in listed if item.id in required and item.visible and item.accepts_submission]
    if not hand_ins:
        return None
    unread = {step.activity_id for step in progress.steps if step.state == "unknown"}
    known = {
        item.id: rows[item.id]
        for item in hand_ins
        if item.id in rows and rows[item.id].submission and item.id not in unread
    }
    if not known:
        return _unknown("submissions")
    handed_in = {key for key, row in known.items() if row.submission == "submitted"}
    deadlines = {
        item.id: due_at_of(item, known[item.id], by_hand.get(item.id))
        for item in hand_ins
        if item.id in known
    }
    due = {key for key, due_at in deadlines.items() if due_at is not None and due_at <= now}
    return Reason("fact_submissions", {"handed_in": len(handed_in), "expected": len(due | handed_in)})


def _grades(rows: Mapping[int, Progress]) -> Reason | None:
    graded = sum(row.score_ratio is not None for row in rows.values())
    return Reason("fact_grades", {"graded": graded}) if graded else None


def find_posts(membership: Membership, activities: Iterable[Activity]) -> Reason | None:
    """What the learner wrote in forums; None where the course has none that is open."""
    forums = [activity for activity in activities if activity.module == "forum" and activity.visible]
    if not forums:
        return None
    if all(forum.posts_as_of is None for forum in forums):
        return _unknown("posts")
    written = find_written(membership.id)
    if not written.posts or written.last_posted_at is None:
        return Reason("fact_no_posts")
    return Reason("fact_posts", {"posts": written.posts, "at": written.last_posted_at.isoformat()})


def find_reported(membership: Membership, progress: ProgressSummary) -> Reason | None:
    """How far the platform's own report says the learner is, where the steps themselves are not known."""
    if progress.source or membership.reported_share is None:
        return None
    return Reason("fact_reported", {"share": membership.reported_share})


def _reported(membership: Membership, progress: ProgressSummary) -> KnownFact | None:
    reason = find_reported(membership, progress)
    return KnownFact("reported", reason, SOURCE_MOODLE, membership.reported_as_of) if reason else None


def _groups(membership: Membership) -> Reason | None:
    if not membership.groups:
        return None
    return Reason("fact_groups", {"names": ", ".join(membership.groups), "count": len(membership.groups)})


def _enrolment(membership: Membership) -> Reason:
    if membership.enrolled_at is None:
        return _unknown("enrolment")
    return Reason("fact_enrolled", {"at": membership.enrolled_at.isoformat()})


def _identity(membership: Membership) -> Reason:
    person = membership.person
    return Reason("fact_identity", {"name": person.display_name, "email": person.email})
