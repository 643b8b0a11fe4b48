"""A learner's own deadline, entered by hand by those who look after them; nothing is written to the platform.

The later of the platform's date and this one holds, for the rules and on every page.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Activity, Membership, Progress
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.errors import InvalidInput
from mentor_console.form_checks import refuse
from mentor_console.models import Extension
from mentor_console.support_lines import ExtensionLine
from mentor_console.writes import update_rows

_FURTHEST = timedelta(days=365)


def set_extension(
    viewer: Viewer, membership: Membership, activity_id: int, due_at: datetime, *, now: datetime
) -> Extension:
    """Give a learner whom the viewer may see until `due_at` for one activity of the course.

    Raises AccessDenied; InvalidInput for an activity without a deadline, and for a moment that is not later
    than the deadline that holds.
    """
    learner = get_learner(viewer, membership.id)
    activity = db.session.get(Activity, activity_id)
    if activity is None or activity.context_id != learner.context_id or activity.removed_at is not None:
        raise InvalidInput("activity", "unknown")
    if activity.due_at is None:
        raise InvalidInput("activity", "no_deadline")
    refuse({"due_at": _check_moment(due_at, _due_at_platform(learner, activity), now)})
    row = Extension(
        membership_id=learner.id,
        activity_id=activity.id,
        due_at=due_at,
        given_by_id=viewer.person_id,
        given_at=now,
    )
    db.session.add(row)
    db.session.commit()
    return row


def withdraw_extension(viewer: Viewer, extension_id: int, now: datetime) -> bool:
    """The earlier deadline holds again. False = it was withdrawn before. Raises AccessDenied."""
    row = db.session.get(Extension, extension_id)
    if row is None:
        raise AccessDenied("extension")
    get_learner(viewer, row.membership_id)
    statement = (
        update(Extension)
        .where(Extension.id == extension_id, Extension.withdrawn_at.is_(None))
        .values(withdrawn_at=now, withdrawn_by_id=viewer.person_id)
    )
    withdrawn = update_rows(statement) == 1
    db.session.commit()
    return withdrawn


def get_context_id(extension_id: int) -> int:
    """The course an extension was given in. Raises sqlalchemy's NoResultFound for an unknown one."""
    statement = select(Membership.context_id).join(Extension, Extension.membership_id == Membership.id)
    return db.session.scalars(statement.where(Extension.id == extension_id)).one()


def list_extensions(membership: Membership) -> tuple[ExtensionLine, ...]:
    """The newest one of each activity that was not withdrawn, the earliest deadline first."""
    newest = select(func.max(Extension.id)).where(
        Extension.membership_id == membership.id, Extension.withdrawn_at.is_(None)
    )
    statement = (
        select(Extension)
        .options(joinedload(Extension.activity), joinedload(Extension.given_by))
        .where(Extension.id.in_(newest.group_by(Extension.activity_id)))
        .order_by(Extension.due_at, Extension.id)
    )
    return tuple(_extension_line(row) for row in db.session.scalars(statement))


def find_deadlines(membership_ids: Collection[int]) -> dict[int, dict[int, datetime]]:
    """Deadlines entered by hand, by membership and activity, in one query."""
    return _by_learner(Extension.membership_id.in_(membership_ids))


def find_course_deadlines(context_id: int) -> dict[int, dict[int, datetime]]:
    """The same for everybody in a course."""
    here = select(Membership.id).where(Membership.context_id == context_id)
    return _by_learner(Extension.membership_id.in_(here))


def later_deadline(
    due_at: datetime | None, override: datetime | None, by_hand: datetime | None
) -> datetime | None:
    """The learner's own deadline: the platform's override, or the one by hand where that is later.

    `due_at` is everybody's. None = everybody's holds.
    """
    platform = override or due_at
    if by_hand is None or platform is None:
        return override
    return by_hand if by_hand > platform else override


def _by_learner(where: ColumnElement[bool]) -> dict[int, dict[int, datetime]]:
    statement = (
        select(Extension.membership_id, Extension.activity_id, Extension.due_at)
        .where(where, Extension.withdrawn_at.is_(None))
        .order_by(Extension.id)
    )
    found: dict[int, dict[int, datetime]] = {}
    for membership_id, activity_id, due_at in db.session.execute(statement):
        found.setdefault(membership_id, {})[activity_id] = due_at
    return found


def _due_at_platform(learner: Membership, activity: Activity) -> datetime | None:
    statement = select(Progress.due_at_override).where(
        Progress.membership_id == learner.id, Progress.activity_id == activity.id
    )
    return db.session.scalars(statement).one_or_none() or activity.due_at


def _check_moment(due_at: object, holding: datetime | None, now: datetime) -> str | None:
    if not isinstance(due_at, datetime):
        return "required"
    if due_at.utcoffset() is None:
        return "no_time_zone"
    if holding is not None and due_at <= holding:
        return "not_later"
    return "too_far" if due_at > now + _FURTHEST else None


def _extension_line(row: Extension) -> ExtensionLine:
    return ExtensionLine(
        extension_id=row.id,
        activity_id=row.activity_id,
        activity_name=row.activity.name,
        due_at=row.due_at,
        by_name=row.given_by.display_name,
        given_at=row.given_at,
    )
