"""Taking back what a trainer changed in who looks after whom: whole, and the newest change first.

A change on which a later one or somebody's work rests stays as it is, and the refusal says which it is.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from mentor_console.access import AccessDenied, Viewer
from mentor_console.caseload_changes import lock_course
from mentor_console.errors import Conflict, LaterChange
from mentor_console.grants import end_grant, find_open_grant, reopen_grant
from mentor_console.mentorship import is_mentor_or_rests
from mentor_console.models import (
    Assignment,
    CaseloadChange,
    Contact,
    Extension,
    FlagDecision,
    PrivateNote,
    RoleGrant,
    SupportTask,
    TaskChange,
)
from mentor_console.writes import update_rows

_PART = ("name", "end_mentor")
"""Actions that give or end the part of e-mentor."""
_WORK: tuple[tuple[Any, ...], ...] = (
    (Contact.membership_id, Contact.mentor_id, Contact.recorded_at, Contact.undone_at),
    (FlagDecision.membership_id, FlagDecision.decided_by_id, FlagDecision.decided_at, FlagDecision.undone_at),
    (Extension.membership_id, Extension.given_by_id, Extension.given_at, Extension.withdrawn_at),
    (PrivateNote.membership_id, PrivateNote.author_id, PrivateNote.written_at, PrivateNote.taken_back_at),
    (
        SupportTask.membership_id,
        TaskChange.changed_by_id,
        TaskChange.changed_at,
        TaskChange.undone_at,
        TaskChange.task_id == SupportTask.id,
    ),
)
"""What mentors do for a learner: whose, by whom, when, taken back when; and how tables belong together."""


def undo_change(viewer: Viewer, change_id: int, now: datetime) -> bool:
    """Take a change back with everything it opened and ended. False = it was before.

    Raises AccessDenied for anybody but a trainer of that course; Conflict("built_on") where somebody has
    worked on the strength of it, LaterChange where a later change about the same people still stands,
    Conflict("changed_since") where what it ended can no longer be opened again.
    """
    change = db.session.get(CaseloadChange, change_id)
    if change is None or not viewer.is_trainer or change.context_id != viewer.context_id:
        raise AccessDenied("undo")
    claim = (
        update(CaseloadChange)
        .where(CaseloadChange.id == change_id, CaseloadChange.undone_at.is_(None))
        .values(undone_at=now, undone_by_id=viewer.person_id)
    )
    if update_rows(claim) == 0:
        db.session.rollback()
        return False
    lock_course(change.context_id)
    conflict = _find_conflict(change) or _take_back(change, viewer, now)
    if conflict is not None:
        db.session.rollback()
        raise conflict
    db.session.commit()
    return True


def _find_conflict(change: CaseloadChange) -> Conflict | None:
    if _has_worked_since(change):
        return Conflict("built_on")
    later_id = _find_later(change)
    return LaterChange(later_id) if later_id is not None else None


def _has_worked_since(change: CaseloadChange) -> bool:
    """Whether a mentor has done something, and left it standing, for a learner whom this change gave them."""
    done = (
        exists().where(
            learner == Assignment.membership_id,
            by == Assignment.mentor_id,
            at >= change.made_at,
            taken_back_at.is_(None),
            *joined,
        )
        for learner, by, at, taken_back_at, *joined in _WORK
    )
    statement = select(Assignment.id).where(Assignment.opened_by_change_id == change.id, or_(*done))
    return db.session.scalars(statement.limit(1)).first() is not None


def _find_later(change: CaseloadChange) -> int | None:
    """The newest change after this one that still stands and is about the same learners, part or limit."""
    same = _is_same_limit(change) if change.action == "cap" else _is_about_the_same(change)
    statement = (
        select(CaseloadChange.id)
        .where(CaseloadChange.context_id == change.context_id, CaseloadChange.id > change.id)
        .where(CaseloadChange.undone_at.is_(None), same)
        .order_by(CaseloadChange.id.desc())
    )
    return db.session.scalars(statement.limit(1)).first()


def _is_same_limit(change: CaseloadChange) -> ColumnElement[bool]:
    same_mentor = CaseloadChange.mentor_id.is_not_distinct_from(change.mentor_id)
    return and_(CaseloadChange.action == "cap", same_mentor)


def _is_about_the_same(change: CaseloadChange) -> ColumnElement[bool]:
    """A later change that gave or took a learner of this one, or ended the part of a mentor of this one."""
    mine, theirs = aliased(Assignment), aliased(Assignment)
    is_mine = or_(mine.opened_by_change_id == change.id, mine.ended_by_change_id == change.id)
    of_theirs = or_(
        theirs.opened_by_change_id == CaseloadChange.id, theirs.ended_by_change_id == CaseloadChange.id
    )
    same = [
        exists().where(of_theirs, theirs.membership_id.in_(select(mine.membership_id).where(is_mine))),
        and_(
            CaseloadChange.action == "end_mentor",
            CaseloadChange.mentor_id.in_(select(mine.mentor_id).where(is_mine)),
        ),
    ]
    if change.action in _PART:
        same.append(exists().where(of_theirs, theirs.mentor_id == change.mentor_id))
        same.append(and_(CaseloadChange.action.in_(_PART), CaseloadChange.mentor_id == change.mentor_id))
    return or_(*same)


def _take_back(change: CaseloadChange, viewer: Viewer, now: datetime) -> Conflict | None:
    """What stands against it where it cannot be done any more."""
    if change.action == "end_mentor" and not _reopen_grant(change, viewer, now):
        return Conflict("changed_since")
    if change.action == "name":
        _end_grant(change, viewer, now)
    update_rows(
        update(Assignment)
        .where(Assignment.opened_by_change_id == change.id, Assignment.ended_at.is_(None))
        .values(ended_at=now, ended_by_id=viewer.person_id)
    )
    return None if _reopen_assignments(change) else Conflict("changed_since")


def _end_grant(change: CaseloadChange, viewer: Viewer, now: datetime) -> None:
    end_grant(db.session.get_one(RoleGrant, change.role_grant_id), viewer.person_id, now)


def _reopen_grant(change: CaseloadChange, viewer: Viewer, now: datetime) -> bool:
    """False where the person was named again meanwhile: what holds now is a grant of its own."""
    if change.mentor_id is None or find_open_grant(change.mentor_id, "mentor", change.context_id):
        return False
    reopen_grant(db.session.get_one(RoleGrant, change.role_grant_id), viewer.person_id, now)
    return True


def _reopen_assignments(change: CaseloadChange) -> bool:
    """Open again what this change ended. False where somebody concerned is no e-mentor here any more, or has
    the learner again by another way.
    """
    ended, again = Assignment.ended_by_change_id == change.id, aliased(Assignment)
    is_open = exists().where(
        again.mentor_id == Assignment.mentor_id,
        again.membership_id == Assignment.membership_id,
        again.ended_at.is_(None),
    )
    against = or_(~is_mentor_or_rests(Assignment.mentor_id, change.context_id), is_open)
    if db.session.scalars(select(Assignment.id).where(ended, against).limit(1)).first() is not None:
        return False
    update_rows(
        update(Assignment).where(ended).values(ended_at=None, ended_by_id=None, ended_by_change_id=None)
    )
    return True
