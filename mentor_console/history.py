"""The shared history of one learner: contacts, flags and what happened in the course, newest first.

Also how stored flags and contacts become the lines of a page. No sentences.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Activity, Membership, Progress
from mentor_console.contacts import list_contacts
from mentor_console.flags.findings import LEVEL_ORDER, reason_from_json
from mentor_console.models import Contact, Flag
from mentor_console.screens import ContactLine, FlagLine, TimelineEntry
from mentor_console.steps import find_required_ids

_LEVELS: Sequence[str] = LEVEL_ORDER


def level_rank(level: str) -> int:
    """0 for the most urgent level; one this version does not know comes last."""
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS)


def flag_line(flag: Flag) -> FlagLine:
    """A stored flag as a line. Raises FindingFormatError for one that cannot be read."""
    return FlagLine(
        flag_id=flag.id,
        rule=flag.rule,
        level=flag.level,
        kind=flag.kind,
        reasons=tuple(reason_from_json(stored) for stored in flag.reasons),
        clears=tuple(reason_from_json(stored) for stored in flag.clears),
        raised_at=flag.raised_at,
        cleared_at=flag.cleared_at,
    )


def contact_line(contact: Contact, viewer_person_id: int) -> ContactLine:
    """A stored contact as a line."""
    return ContactLine(
        contact_id=contact.id,
        occurred_at=contact.occurred_at,
        kind=contact.kind,
        channel=contact.channel,
        outcome=contact.outcome,
        summary=contact.summary,
        duration_minutes=contact.duration_minutes,
        mentor_name=contact.mentor.display_name,
        is_own=contact.mentor_id == viewer_person_id,
    )


def list_flags(membership: Membership) -> list[FlagLine]:
    """All flags of a learner, open and ended."""
    statement = select(Flag).where(Flag.membership_id == membership.id).order_by(Flag.id)
    return [flag_line(flag) for flag in db.session.scalars(statement)]


def list_open_flags(flags: Iterable[FlagLine]) -> tuple[FlagLine, ...]:
    """Those that stand, the most urgent level first."""
    standing = [flag for flag in flags if flag.cleared_at is None]
    return tuple(sorted(standing, key=lambda flag: (level_rank(flag.level), flag.raised_at, flag.flag_id)))


def build_timeline(
    membership: Membership,
    activities: Sequence[Activity],
    progress: Mapping[int, Progress],
    flags: Iterable[FlagLine],
    viewer_person_id: int,
) -> tuple[TimelineEntry, ...]:
    """Everything known to have happened, newest first."""
    entries = [
        *_contact_entries(membership, viewer_person_id),
        *_flag_entries(flags),
        *_membership_entries(membership),
        *_work_entries(activities, progress),
    ]
    return tuple(sorted(entries, key=lambda entry: entry.at, reverse=True))


def _contact_entries(membership: Membership, viewer_person_id: int) -> list[TimelineEntry]:
    return [
        TimelineEntry(at=contact.occurred_at, contact=contact_line(contact, viewer_person_id))
        for contact in list_contacts(membership)
    ]


def _flag_entries(flags: Iterable[FlagLine]) -> Iterable[TimelineEntry]:
    for flag in flags:
        yield TimelineEntry(at=flag.raised_at, flag_raised=flag)
        if flag.cleared_at is not None:
            yield TimelineEntry(at=flag.cleared_at, flag_cleared=flag)


def _membership_entries(membership: Membership) -> Iterable[TimelineEntry]:
    moments = {
        "enrolled": membership.enrolled_at,
        "last_visit": membership.last_access_at,
        "left": membership.left_at,
    }
    return [TimelineEntry(at=at, event=event) for event, at in moments.items() if at is not None]


def _work_entries(
    activities: Sequence[Activity], progress: Mapping[int, Progress]
) -> Iterable[TimelineEntry]:
    required = find_required_ids(activities)
    completed: dict[date, list[tuple[datetime, str]]] = defaultdict(list)
    for activity in activities:
        row = progress.get(activity.id)
        if row is None or not activity.visible:
            continue
        if row.submission == "submitted" and row.submitted_at is not None:
            yield TimelineEntry(at=row.submitted_at, event="handed_in", subject=activity.name)
        elif row.completed_at is not None and activity.id in required:
            completed[row.completed_at.astimezone(UTC).date()].append((row.completed_at, activity.name))
        if row.graded_at is not None and row.score_ratio is not None:
            yield TimelineEntry(at=row.graded_at, event="graded", subject=activity.name)
    for steps in completed.values():
        at, name = max(steps)
        yield TimelineEntry(at=at, event="completed", subject=name, count=len(steps))
