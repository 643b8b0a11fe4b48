"""Each thing a trainer does to who looks after whom as one row: making it, and telling of it.

One change of a course at a time: a change waits until the one before it is committed. Taking changes back
is in caseload_undo.py.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Context, Person
from mentor_console.access import AccessDenied, Viewer
from mentor_console.errors import InvalidInput
from mentor_console.models import Assignment, CaseloadChange, MentorCap
from mentor_console.support_lines import CaseloadChangeLine, Done, Undo
from mentor_console.writes import update_rows

CHANGES_SHOWN = 20


def begin_change(
    viewer: Viewer, context_id: int, action: str, now: datetime, mentor_id: int | None = None
) -> CaseloadChange:
    """The row of a change about to be made, in the caller's transaction; other changes of the course wait.

    The lock comes first: ids then tell the order of a course's changes, and what is read after this is still
    true when it is written. Raises InvalidInput for a mentor whom the platform of the course does not know.
    """
    mentor = db.session.get(Person, mentor_id) if mentor_id is not None else None
    if mentor_id is not None and (mentor is None or mentor.platform_id != viewer.platform_id):
        raise InvalidInput("mentor", "not_named")
    lock_course(context_id)
    change = CaseloadChange(
        context_id=context_id, action=action, mentor_id=mentor_id, made_by_id=viewer.person_id, made_at=now
    )
    db.session.add(change)
    db.session.flush()
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


def list_changes(
    viewer: Viewer, before_id: int | None = None, limit: int = CHANGES_SHOWN
) -> tuple[CaseloadChangeLine, ...]:
    """The newest changes of the viewer's course, or the newest of those made before one of them.

    Raises AccessDenied for anybody but its trainer.
    """
    statement = _select_changes(viewer).order_by(CaseloadChange.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(CaseloadChange.id < before_id)
    return tuple(_change_line(*row) for row in db.session.execute(statement))


def find_change(viewer: Viewer, change_id: int) -> CaseloadChangeLine | None:
    """One change of the viewer's course. Raises AccessDenied for anybody but its trainer."""
    row = db.session.execute(_select_changes(viewer).where(CaseloadChange.id == change_id)).one_or_none()
    return _change_line(*row) if row else None


def _select_changes(viewer: Viewer) -> Select[CaseloadChange, int | None]:
    """With the limit that was set, where one was."""
    if not viewer.is_trainer:
        raise AccessDenied("course")
    return (
        select(CaseloadChange, MentorCap.learners)
        .outerjoin(MentorCap, MentorCap.change_id == CaseloadChange.id)
        .options(joinedload(CaseloadChange.made_by), joinedload(CaseloadChange.mentor))
        .where(CaseloadChange.context_id == viewer.context_id)
    )


def _change_line(change: CaseloadChange, cap: int | None) -> CaseloadChangeLine:
    taken_back = change.undone_at is not None
    return CaseloadChangeLine(
        change_id=change.id,
        action=change.action,
        by_name=change.made_by.display_name,
        made_at=change.made_at,
        learners=change.learners,
        cap=cap,
        mentor_name=change.mentor.display_name if change.mentor else "",
        taken_back=taken_back,
        undo=None if taken_back else Undo("caseload", change.id),
    )
