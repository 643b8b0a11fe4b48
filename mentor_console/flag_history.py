"""Why a learner was flagged on a certain day: every flag with what it said, from reading to reading."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import Viewer, get_learner
from mentor_console.flags.findings import reason_from_json
from mentor_console.history import flag_line
from mentor_console.models import Flag, FlagReading
from mentor_console.support_lines import FlagHistory, FlagLine, FlagReadingLine


def list_flag_history(viewer: Viewer, membership: Membership) -> tuple[FlagHistory, ...]:
    """All flags of a learner whom the viewer may see, newest first. Raises AccessDenied."""
    learner = get_learner(viewer, membership.id)
    statement = select(Flag).where(Flag.membership_id == learner.id).order_by(Flag.id)
    return add_readings([flag_line(flag) for flag in db.session.scalars(statement)])


def add_readings(flags: Sequence[FlagLine]) -> tuple[FlagHistory, ...]:
    """Each of these flags with its readings, the newest flag first, in one query."""
    statement = (
        select(FlagReading)
        .where(FlagReading.flag_id.in_([flag.flag_id for flag in flags]))
        .order_by(FlagReading.read_at, FlagReading.id)
    )
    readings: dict[int, list[FlagReadingLine]] = defaultdict(list)
    for row in db.session.scalars(statement):
        readings[row.flag_id].append(_reading_line(row))
    ordered = sorted(flags, key=lambda flag: (flag.raised_at, flag.flag_id), reverse=True)
    return tuple(FlagHistory(flag, tuple(readings[flag.flag_id])) for flag in ordered)


def reading_on(history: FlagHistory, moment: datetime) -> FlagReadingLine | None:
    """What the flag said at a moment; None while it did not stand, or where nobody kept what it said."""
    flag = history.flag
    if moment < flag.raised_at or (flag.cleared_at is not None and moment >= flag.cleared_at):
        return None
    return next((line for line in reversed(history.readings) if line.read_at <= moment), None)


def _reading_line(row: FlagReading) -> FlagReadingLine:
    return FlagReadingLine(
        read_at=row.read_at,
        facts_at=row.facts_at,
        level=row.level,
        reasons=tuple(reason_from_json(stored) for stored in row.reasons),
        clears=tuple(reason_from_json(stored) for stored in row.clears),
    )
