"""Days on which a course rests, set by its trainer: silence there is no silence, and no alarm is raised."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo

from sqlalchemy import select, update

from course_sync.database import db
from mentor_console.access import AccessDenied, Viewer
from mentor_console.form_checks import check_length, clean_text, refuse
from mentor_console.local_days import end_of_day, start_of_day
from mentor_console.models import CourseBreak
from mentor_console.support_lines import BreakLine
from mentor_console.writes import update_rows

NAME_MAX_CHARACTERS = 200
_LONGEST = timedelta(days=120)
"""Longer than any summer: rather a mistyped year, and it would switch every rule off."""
_RANGE = timedelta(days=730)


def add_break(viewer: Viewer, *, name: str, starts_on: date, ends_on: date, now: datetime) -> CourseBreak:
    """Let the viewer's course rest from one day to another, both included.

    Raises AccessDenied for anybody but its trainer; InvalidInput with every problem at once.
    """
    context_id = _own_course(viewer)
    said = clean_text(name)
    problem = check_length(said, NAME_MAX_CHARACTERS, required=True)
    refuse({"name": problem, **_check_days(starts_on, ends_on, now.astimezone(UTC).date())})
    row = CourseBreak(
        context_id=context_id,
        name=said,
        starts_on=starts_on,
        ends_on=ends_on,
        added_by_id=viewer.person_id,
        added_at=now,
    )
    db.session.add(row)
    db.session.commit()
    return row


def remove_break(viewer: Viewer, break_id: int, now: datetime) -> bool:
    """The course does not rest after all. False = it was removed before. Raises AccessDenied."""
    context_id = _own_course(viewer)
    row = db.session.get(CourseBreak, break_id)
    if row is None or row.context_id != context_id:
        raise AccessDenied("break")
    statement = (
        update(CourseBreak)
        .where(CourseBreak.id == break_id, CourseBreak.removed_at.is_(None))
        .values(removed_at=now, removed_by_id=viewer.person_id)
    )
    removed = update_rows(statement) == 1
    db.session.commit()
    return removed


def list_breaks(context_id: int) -> tuple[BreakLine, ...]:
    """The breaks of a course, the earliest first."""
    statement = (
        select(CourseBreak)
        .where(CourseBreak.context_id == context_id, CourseBreak.removed_at.is_(None))
        .order_by(CourseBreak.starts_on, CourseBreak.id)
    )
    return tuple(
        BreakLine(row.id, row.name, row.starts_on, row.ends_on) for row in db.session.scalars(statement)
    )


def list_break_moments(context_id: int, zone: tzinfo) -> tuple[tuple[datetime, datetime], ...]:
    """The same as the rules read them: (from, until) in days of `zone`, the end not included."""
    return tuple(
        (start_of_day(line.starts_on, zone), end_of_day(line.ends_on, zone))
        for line in list_breaks(context_id)
    )


def _own_course(viewer: Viewer) -> int:
    if not viewer.is_trainer or viewer.context_id is None:
        raise AccessDenied("course")
    return viewer.context_id


def _check_days(starts_on: object, ends_on: object, today: date) -> dict[str, str | None]:
    days = {"starts_on": starts_on, "ends_on": ends_on}
    problems = {name: _check_day(day, today) for name, day in days.items()}
    if any(problems.values()) or not isinstance(starts_on, date) or not isinstance(ends_on, date):
        return problems
    if ends_on < starts_on:
        return {"ends_on": "before_start"}
    return {"ends_on": "too_long" if ends_on - starts_on >= _LONGEST else None}


def _check_day(day: object, today: date) -> str | None:
    if not isinstance(day, date) or isinstance(day, datetime):
        return "required"
    return "too_far" if abs(day - today) > _RANGE else None
