"""What stands between two people who changed one task: who did what when, and every field that differs.

Only reading; whether a change is accepted is decided in tasks.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from course_sync.database import db
from mentor_console.access import Viewer, get_learner
from mentor_console.models import SupportTask, TaskChange
from mentor_console.support_lines import TaskClash, TaskDifference
from mentor_console.tasks import get_task, task_line

_FIELDS = ("title", "kind", "due_on", "state", "outcome", "shared")


def get_clash(
    viewer: Viewer, task_id: int, version: int, changes: Mapping[str, Any], now: datetime, *, zone: tzinfo
) -> TaskClash:
    """The task as it is now beside `changes`, which were made over `version`. Raises AccessDenied."""
    task = get_task(viewer, task_id)
    learner = get_learner(viewer, task.membership_id)
    made = _list_changes(task_id)
    by_name, at = _find_last(task, made)
    since = _find_changed(task, [change for change in made if change.version > version])
    since |= {name for change in made if change.undone_at is not None for name in change.before or ()}
    return TaskClash(
        task=task_line(task, viewer, learner, now, zone=zone),
        taken_back=task.taken_back_at is not None,
        by_name=by_name,
        at=at,
        differences=_compare(task, changes, since),
    )


def _list_changes(task_id: int) -> Sequence[TaskChange]:
    statement = (
        select(TaskChange)
        .options(joinedload(TaskChange.changed_by), joinedload(TaskChange.undone_by))
        .where(TaskChange.task_id == task_id)
        .order_by(TaskChange.version)
    )
    return db.session.scalars(statement).all()


def _find_changed(task: SupportTask, later: Sequence[TaskChange]) -> set[str]:
    """Fields that are not as they were before these changes; a form sends the others, too."""
    were: dict[str, Any] = {}
    for change in later:
        were = {**(change.before or {}), **were}
    return {name for name, value in were.items() if value != _as_kept(getattr(task, name))}


def _as_kept(value: object) -> object:
    """As a change keeps it."""
    return value.isoformat() if isinstance(value, date) else value


def _find_last(task: SupportTask, made: Sequence[TaskChange]) -> tuple[str, datetime]:
    """Who touched the task last, by a change or by taking one back."""
    touched = [(change.changed_at, change.version, change.changed_by) for change in made]
    touched += [
        (change.undone_at, change.version, change.undone_by)
        for change in made
        if change.undone_at is not None and change.undone_by is not None
    ]
    if not touched:
        return "", task.updated_at
    at, _, person = max(touched, key=lambda item: item[:2])
    return person.display_name, at


def _compare(
    task: SupportTask, changes: Mapping[str, Any], changed_since: set[str]
) -> tuple[TaskDifference, ...]:
    rows = []
    for name in _FIELDS:
        theirs, yours = getattr(task, name), changes.get(name)
        if name in changed_since or (name in changes and yours != theirs):
            rows.append(TaskDifference(name, theirs, yours, name in changes))
    return tuple(rows)
