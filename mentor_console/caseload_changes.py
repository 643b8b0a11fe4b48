"""Each thing a trainer does to who looks after whom as one row, and taking it back whole.

One change of a course at a time: a change waits until the one before it is committed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import aliased, joinedload
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Context
from mentor_console.access import AccessDenied, Viewer
from mentor_console.errors import Conflict
from mentor_console.grants import find_open_grant
from mentor_console.mentorship import is_mentor
from mentor_console.models import Assignment, CaseloadChange, Contact, FlagDecision, RoleGrant, SupportTask
from mentor_console.support_lines import CaseloadChangeLine, Done, Undo
from mentor_console.writes import update_rows

CHANGES_SHOWN = 20


def begin_change(
    viewer: Viewer, context_id: int, action: str, now: datetime, mentor_id: int | None = None
) -> CaseloadChange:
    """The row of a change about to be made, in the caller's transaction; other changes of the course wait.

    The insert makes SQLite's one writer ours, the lock does the same per course on PostgreSQL; what is read
    after this is therefore still true when it is written.
    """
    change = CaseloadChange(
        context_id=context_id, action=action, mentor_id=mentor_id, made_by_id=viewer.person_id, made_at=now
    )
    db.session.add(change)
    db.session.flush()
    lock_course(context_id)
    return change


def lock_course(context_id: int) -> None:
    """Let no other change of this course in before the caller commits.

    An UPDATE that changes nothing: it locks the row on PostgreSQL and takes SQLite's one place for writers.
    """
    update_rows(update(Context).where(Context.id == context_id).values(title=Context.title))


def finish_change(change: CaseloadChange, changed: int, *, keep: bool | None = None) -> Done:
    """Commit; a change that changed nothing leaves no row behind, unless `keep` says that it did."""
    if not (changed if keep is None else keep):
        db.session.delete(change)
        db.session.commit()
        return Done(changed, None)
    change.learners = changed
    db.session.commit()
    return Done(changed, Undo("caseload", change.id))


def end_assignments(which: ColumnElement[bool], change: CaseloadChange) -> int:
    """End the open assignments among `which` as part of a change. How many; the caller commits."""
    return update_rows(
        update(Assignment)
        .where(which, Assignment.ended_at.is_(None))
        .values(ended_at=change.made_at, ended_by_id=change.made_by_id, ended_by_change_id=change.id)
    )


def undo_change(viewer: Viewer, change_id: int, now: datetime) -> bool:
    """Take a change back with everything it opened and ended. False = it was before.

    Raises AccessDenied for anybody but a trainer of that course; Conflict("built_on") where somebody has
    worked on the strength of it, Conflict("changed_since") where what it ended can no longer be opened again.
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
    if conflict:
        db.session.rollback()
        raise Conflict(conflict)
    db.session.commit()
    return True


def list_changes(viewer: Viewer, limit: int = CHANGES_SHOWN) -> tuple[CaseloadChangeLine, ...]:
    """The newest changes of the viewer's course. Raises AccessDenied for anybody but its trainer."""
    if not viewer.is_trainer:
        raise AccessDenied("course")
    statement = (
        select(CaseloadChange)
        .options(joinedload(CaseloadChange.made_by), joinedload(CaseloadChange.mentor))
        .where(CaseloadChange.context_id == viewer.context_id)
        .order_by(CaseloadChange.id.desc())
        .limit(limit)
    )
    return tuple(_change_line(change) for change in db.session.scalars(statement))


def _change_line(change: CaseloadChange) -> CaseloadChangeLine:
    taken_back = change.undone_at is not None
    return CaseloadChangeLine(
        change_id=change.id,
        action=change.action,
        by_name=change.made_by.display_name,
        made_at=change.made_at,
        learners=change.learners,
        mentor_name=change.mentor.display_name if change.mentor else "",
        taken_back=taken_back,
        undo=None if taken_back else Undo("caseload", change.id),
    )


def _find_conflict(change: CaseloadChange) -> str | None:
    checks: tuple[Callable[[CaseloadChange], bool], ...] = (
        _has_worked_since,
        _is_given_since,
        _was_named_for,
    )
    return "built_on" if any(check(change) for check in checks) else None


def _has_worked_since(change: CaseloadChange) -> bool:
    """Whether a mentor has done something for a learner whom this change gave them."""
    done = (
        exists().where(
            Contact.mentor_id == Assignment.mentor_id,
            Contact.membership_id == Assignment.membership_id,
            Contact.recorded_at >= change.made_at,
            Contact.undone_at.is_(None),
        ),
        exists().where(
            SupportTask.created_by_id == Assignment.mentor_id,
            SupportTask.membership_id == Assignment.membership_id,
            SupportTask.created_at >= change.made_at,
            SupportTask.taken_back_at.is_(None),
        ),
        exists().where(
            FlagDecision.decided_by_id == Assignment.mentor_id,
            FlagDecision.membership_id == Assignment.membership_id,
            FlagDecision.decided_at >= change.made_at,
            FlagDecision.undone_at.is_(None),
        ),
    )
    statement = select(Assignment.id).where(Assignment.opened_by_change_id == change.id, or_(*done))
    return db.session.scalars(statement.limit(1)).first() is not None


def _is_given_since(change: CaseloadChange) -> bool:
    """Whether a later change gave a learner whom this one took away to somebody."""
    later = aliased(Assignment)
    given = exists().where(
        later.membership_id == Assignment.membership_id,
        later.ended_at.is_(None),
        later.opened_by_change_id > change.id,
    )
    statement = select(Assignment.id).where(Assignment.ended_by_change_id == change.id, given)
    return db.session.scalars(statement.limit(1)).first() is not None


def _was_named_for(change: CaseloadChange) -> bool:
    """Whether somebody who was named by this change has been given learners here."""
    if change.action != "name" or change.mentor_id is None:
        return False
    here = select(CaseloadChange.id).where(
        CaseloadChange.context_id == change.context_id, CaseloadChange.id > change.id
    )
    statement = select(Assignment.id).where(
        Assignment.mentor_id == change.mentor_id,
        Assignment.opened_by_change_id.in_(here),
        Assignment.ended_at.is_(None),
    )
    return db.session.scalars(statement.limit(1)).first() is not None


def _take_back(change: CaseloadChange, viewer: Viewer, now: datetime) -> str | None:
    """A code where it cannot be done any more."""
    if change.action == "end_mentor" and not _reopen_grant(change):
        return "changed_since"
    if change.action == "name":
        _end_grant(change, viewer, now)
    update_rows(
        update(Assignment)
        .where(Assignment.opened_by_change_id == change.id, Assignment.ended_at.is_(None))
        .values(ended_at=now, ended_by_id=viewer.person_id)
    )
    return None if _reopen_assignments(change) else "changed_since"


def _end_grant(change: CaseloadChange, viewer: Viewer, now: datetime) -> None:
    update_rows(
        update(RoleGrant)
        .where(RoleGrant.id == change.role_grant_id, RoleGrant.ended_at.is_(None))
        .values(ended_at=now, ended_by_id=viewer.person_id)
    )


def _reopen_grant(change: CaseloadChange) -> bool:
    """False where the person was named again meanwhile: what holds now is a grant of its own."""
    if change.mentor_id is None or find_open_grant(change.mentor_id, "mentor", change.context_id):
        return False
    update_rows(
        update(RoleGrant).where(RoleGrant.id == change.role_grant_id).values(ended_at=None, ended_by_id=None)
    )
    return True


def _reopen_assignments(change: CaseloadChange) -> bool:
    """Open again what this change ended. False where somebody concerned is no e-mentor here any more."""
    still_mentor = is_mentor(Assignment.mentor_id, change.context_id)
    ended = Assignment.ended_by_change_id == change.id
    if db.session.scalars(select(Assignment.id).where(ended, ~still_mentor).limit(1)).first() is not None:
        return False
    update_rows(
        update(Assignment).where(ended).values(ended_at=None, ended_by_id=None, ended_by_change_id=None)
    )
    return True
