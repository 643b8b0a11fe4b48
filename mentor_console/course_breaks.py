"""Days on which a course rests, set by its trainer: silence there is no silence, and no alarm is raised."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from mentor_console.access import AccessDenied, Viewer
from mentor_console.caseload_changes import lock_course
from mentor_console.course_zones import zone_of_course
from mentor_console.errors import Conflict
from mentor_console.form_checks import check_key, check_length, clean_text, refuse
from mentor_console.local_days import end_of_day, local_day, start_of_day
from mentor_console.models import CourseBreak
from mentor_console.support_lines import BreakLine
from mentor_console.writes import insert_once, is_as_sent, update_rows

NAME_MAX_CHARACTERS = 200
_LONGEST = timedelta(days=120)
"""Longer than any summer: rather a mistyped year, and it would switch every rule off."""
_RANGE = timedelta(days=730)
_REMOVED_SHOWN = 5


def add_break(
    viewer: Viewer,
    *,
    name: str,
    starts_on: date,
    ends_on: date,
    based_on: str = "",
    request_key: str,
    now: datetime,
) -> CourseBreak:
    """Let the viewer's course rest from one day to another, both included; the same form twice is one break.

    `based_on` is the mark (`breaks_mark`) of the breaks that the form showed. Raises AccessDenied for anybody
    but its trainer; InvalidInput with every problem at once; Conflict("changed_by_other"),
    Conflict("request_key_used").
    """
    context_id = _own_course(viewer)
    said = clean_text(name)
    problems = {"name": check_length(said, NAME_MAX_CHARACTERS, required=True)}
    days = _check_days(starts_on, ends_on, local_day(now, zone_of_course(context_id)))
    refuse({**problems, **days, "request_key": check_key(request_key)})
    row = {"context_id": context_id, "name": said, "starts_on": starts_on, "ends_on": ends_on}
    added = {"added_by_id": viewer.person_id, "added_at": now, "request_key": request_key}
    if insert_once(CourseBreak, [{**row, **added}]):
        _check_base(context_id, request_key, based_on)
    db.session.commit()
    return _get_added(viewer, request_key, row)


def _check_base(context_id: int, request_key: str, based_on: str) -> None:
    """Of two who add at once the second waits here until it can see what the first did."""
    lock_course(context_id)
    mine = func.coalesce(CourseBreak.request_key, "") == request_key
    others = select(CourseBreak.id).where(_standing_in(context_id), ~mine)
    if _mark(db.session.scalars(others)) != based_on:
        db.session.rollback()
        raise Conflict("changed_by_other")


def _get_added(viewer: Viewer, request_key: str, wanted: Mapping[str, Any]) -> CourseBreak:
    """What the form added. It may not go out again filled in otherwise, nor after that was removed."""
    row = db.session.scalars(select(CourseBreak).where(CourseBreak.request_key == request_key)).one()
    if row.added_by_id != viewer.person_id or row.removed_at is not None or not is_as_sent(row, wanted):
        raise Conflict("request_key_used")
    return row


def remove_break(viewer: Viewer, break_id: int, now: datetime) -> bool:
    """The course does not rest after all. False = it was removed before. Raises AccessDenied."""
    is_standing = CourseBreak.removed_at.is_(None)
    return _change(viewer, break_id, is_standing, removed_at=now, removed_by_id=viewer.person_id)


def put_back_break(viewer: Viewer, break_id: int, _now: datetime) -> bool:
    """It rests then, as it was. False = the break stands already. Raises AccessDenied."""
    return _change(viewer, break_id, CourseBreak.removed_at.is_not(None), removed_at=None, removed_by_id=None)


def _change(viewer: Viewer, break_id: int, where: ColumnElement[bool], **values: Any) -> bool:
    context_id = _own_course(viewer)
    row = db.session.get(CourseBreak, break_id)
    if row is None or row.context_id != context_id:
        raise AccessDenied("break")
    changed = update_rows(update(CourseBreak).where(CourseBreak.id == break_id, where).values(**values)) == 1
    db.session.commit()
    return changed


def list_breaks(context_id: int) -> tuple[BreakLine, ...]:
    """The breaks of a course, the earliest first."""
    statement = (
        select(CourseBreak)
        .options(joinedload(CourseBreak.added_by))
        .where(_standing_in(context_id))
        .order_by(CourseBreak.starts_on, CourseBreak.id)
    )
    return tuple(
        BreakLine(row.id, row.name, row.starts_on, row.ends_on, row.added_by.display_name, row.added_at)
        for row in db.session.scalars(statement)
    )


def list_removed_breaks(viewer: Viewer) -> tuple[BreakLine, ...]:
    """Those that were removed last, the newest first. Raises AccessDenied for anybody but the trainer."""
    statement = (
        select(CourseBreak)
        .options(joinedload(CourseBreak.removed_by))
        .where(CourseBreak.context_id == _own_course(viewer), CourseBreak.removed_at.is_not(None))
        .order_by(CourseBreak.removed_at.desc(), CourseBreak.id.desc())
        .limit(_REMOVED_SHOWN)
    )
    return tuple(
        BreakLine(
            row.id,
            row.name,
            row.starts_on,
            row.ends_on,
            row.removed_by.display_name if row.removed_by else "",
            row.removed_at,
        )
        for row in db.session.scalars(statement)
    )


def breaks_mark(lines: Collection[BreakLine]) -> str:
    """What a form sends back, so that nobody adds a break beside one they have not seen."""
    return _mark(line.break_id for line in lines)


def _mark(break_ids: Iterable[int]) -> str:
    return ".".join(str(break_id) for break_id in sorted(break_ids))


def _standing_in(context_id: int) -> ColumnElement[bool]:
    return (CourseBreak.context_id == context_id) & CourseBreak.removed_at.is_(None)


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
