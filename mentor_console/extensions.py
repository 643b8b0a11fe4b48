"""A learner's own deadline, entered by hand by those who look after them; nothing is written to the platform.

The later of the platform's date and this one holds, for the rules and on every page. At most one stands for
each step: a new one replaces it, and only for a form that showed it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Activity, Membership, Progress
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.form_checks import check_key, refuse
from mentor_console.models import Extension
from mentor_console.ownership import require_doer, undo_of
from mentor_console.support_lines import ExtensionLine
from mentor_console.writes import insert_once, update_rows

_FURTHEST = timedelta(days=365)
_STANDS = Extension.withdrawn_at.is_(None) & Extension.replaced_at.is_(None)


def set_extension(
    viewer: Viewer,
    membership: Membership,
    activity_id: int,
    due_at: datetime,
    *,
    based_on: int | None = None,
    may_shorten: bool = False,
    request_key: str,
    now: datetime,
) -> Extension:
    """Give a learner whom the viewer may see until `due_at` for one activity; the same form twice gives once.

    `based_on` is the extension that the form showed, None = none. Raises AccessDenied; InvalidInput for an
    activity without a deadline, for a moment not later than the deadline that holds, and ("shorter") for one
    before the extension that stands unless `may_shorten`; Conflict("changed_by_other"), ("request_key_used").
    """
    learner = get_learner(viewer, membership.id)
    activity = _get_dated(learner, activity_id)
    refuse({"request_key": check_key(request_key)})
    standing = find_standing(learner.id, activity.id)  # read before the key is looked up
    if (known := _find_given(viewer, learner, request_key)) is not None:
        return _same(known, activity, due_at)
    if (standing.id if standing else None) != based_on:
        raise Conflict("changed_by_other")
    refuse({"due_at": _check_moment(due_at, _due_at_platform(learner, activity), now)})
    if standing is not None:
        refuse({"due_at": _check_shorter(due_at, standing.due_at, may_shorten)})
    row = {"membership_id": learner.id, "activity_id": activity.id, "due_at": due_at, "replaces_id": based_on}
    given = {"given_by_id": viewer.person_id, "given_at": now, "request_key": request_key}
    _replace(standing, {**row, **given}, now)
    made = _find_given(viewer, learner, request_key)
    if made is None:
        raise Conflict("changed_by_other")
    return made


def withdraw_extension(viewer: Viewer, extension_id: int, now: datetime) -> bool:
    """The date before it holds again: of what it replaced, else the platform's. False = withdrawn before.

    Raises AccessDenied; Conflict("changed_since") where a newer one has replaced it.
    """
    row = _get_visible(viewer, extension_id)
    statement = update(Extension).where(Extension.id == extension_id, _STANDS)
    if update_rows(statement.values(withdrawn_at=now, withdrawn_by_id=viewer.person_id)) == 0:
        db.session.rollback()
        if _get_visible(viewer, extension_id).withdrawn_at is None:
            raise Conflict("changed_since")
        return False
    if row.replaces_id is not None:
        update_rows(
            update(Extension)
            .where(Extension.id == row.replaces_id, Extension.withdrawn_at.is_(None))
            .values(replaced_at=None)
        )
    db.session.commit()
    return True


def undo_extension(viewer: Viewer, extension_id: int, now: datetime) -> bool:
    """Take back that it was given. False = it was before.

    Raises AccessDenied for anybody but who gave it and the trainer of the course; Conflict("changed_since").
    """
    row = _get_visible(viewer, extension_id)
    require_doer(viewer, row.given_by_id, row.membership_id)
    return withdraw_extension(viewer, extension_id, now)


def undo_withdrawal(viewer: Viewer, extension_id: int, now: datetime) -> bool:
    """Let a withdrawn one stand again. False = it stands already.

    Raises AccessDenied for anybody but who withdrew it and the trainer of the course;
    Conflict("changed_since") where another one was given since.
    """
    row = _get_visible(viewer, extension_id)
    if row.withdrawn_at is None or row.withdrawn_by_id is None:
        return False
    require_doer(viewer, row.withdrawn_by_id, row.membership_id)
    try:
        stands_again = _stand_again(row, now)
    except IntegrityError:
        stands_again = False
    if not stands_again:
        db.session.rollback()
        raise Conflict("changed_since")
    db.session.commit()
    return True


def _stand_again(row: Extension, now: datetime) -> bool:
    """The unique index lets one stand for each step. False where what it had replaced stands no more."""
    if row.replaces_id is not None:
        replaced = update(Extension).where(Extension.id == row.replaces_id, _STANDS).values(replaced_at=now)
        if update_rows(replaced) == 0:
            return False
    again = update(Extension).where(Extension.id == row.id, Extension.withdrawn_at.is_not(None))
    return update_rows(again.values(withdrawn_at=None, withdrawn_by_id=None)) == 1


def get_context_id(extension_id: int) -> int:
    """The course an extension was given in. Raises sqlalchemy's NoResultFound for an unknown one."""
    statement = select(Membership.context_id).join(Extension, Extension.membership_id == Membership.id)
    return db.session.scalars(statement.where(Extension.id == extension_id)).one()


def find_standing(membership_id: int, activity_id: int) -> Extension | None:
    """The one that holds for this learner and step."""
    statement = select(Extension).where(
        Extension.membership_id == membership_id, Extension.activity_id == activity_id, _STANDS
    )
    return db.session.scalars(statement).one_or_none()


def list_extensions(membership: Membership, viewer: Viewer) -> tuple[ExtensionLine, ...]:
    """All that were ever given to the learner, the earliest deadline first."""
    statement = (
        select(Extension)
        .options(
            joinedload(Extension.activity),
            joinedload(Extension.given_by),
            joinedload(Extension.withdrawn_by),
        )
        .where(Extension.membership_id == membership.id)
        .order_by(Extension.due_at, Extension.id)
    )
    return tuple(_extension_line(row, viewer, membership) for row in db.session.scalars(statement))


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
        .where(where, _STANDS)
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


def _check_shorter(due_at: datetime, standing: datetime, may_shorten: bool) -> str | None:
    """Less time than was promised is asked about once."""
    if due_at == standing:
        return "not_later"
    return "shorter" if due_at < standing and not may_shorten else None


def _get_dated(learner: Membership, activity_id: int) -> Activity:
    activity = db.session.get(Activity, activity_id)
    if activity is None or activity.context_id != learner.context_id or activity.removed_at is not None:
        raise InvalidInput("activity", "unknown")
    if activity.due_at is None:
        raise InvalidInput("activity", "no_deadline")
    return activity


def _get_visible(viewer: Viewer, extension_id: int) -> Extension:
    row = db.session.get(Extension, extension_id, populate_existing=True)
    if row is None:
        raise AccessDenied("extension")
    get_learner(viewer, row.membership_id)
    return row


def _replace(standing: Extension | None, row: dict[str, object], now: datetime) -> None:
    """The new one in place of the old, in one transaction; whoever is second changes nothing."""
    replaced = 1
    if standing is not None:
        statement = update(Extension).where(Extension.id == standing.id, _STANDS)
        replaced = update_rows(statement.values(replaced_at=now))
    if replaced and insert_once(Extension, [row]):
        db.session.commit()
    else:
        db.session.rollback()


def _same(known: Extension, activity: Activity, due_at: datetime) -> Extension:
    """A form that went out again after it was filled in otherwise, or after what it gave was taken back."""
    stands = known.withdrawn_at is None and known.replaced_at is None
    if not stands or (known.activity_id, known.due_at) != (activity.id, due_at):
        raise Conflict("request_key_used")
    return known


def _find_given(viewer: Viewer, learner: Membership, request_key: str) -> Extension | None:
    row = db.session.scalars(select(Extension).where(Extension.request_key == request_key)).one_or_none()
    if row is not None and (row.given_by_id, row.membership_id) != (viewer.person_id, learner.id):
        raise Conflict("request_key_used")
    return row


def _extension_line(row: Extension, viewer: Viewer, learner: Membership) -> ExtensionLine:
    kind, doer_id = "extension", row.given_by_id
    if row.withdrawn_at is not None and row.withdrawn_by_id is not None:
        kind, doer_id = "extension_end", row.withdrawn_by_id
    undo = undo_of(viewer, learner, kind, row.id, doer_id)
    return ExtensionLine(
        extension_id=row.id,
        activity_id=row.activity_id,
        activity_name=row.activity.name,
        due_at=row.due_at,
        by_name=row.given_by.display_name,
        given_at=row.given_at,
        stands=row.withdrawn_at is None and row.replaced_at is None,
        withdrawn_at=row.withdrawn_at,
        withdrawn_by_name=row.withdrawn_by.display_name if row.withdrawn_by else "",
        undo=undo if row.replaced_at is None else None,
    )
