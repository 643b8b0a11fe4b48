"""Support tasks: something to do with or for a learner, in the four kinds, with a due day and an outcome.

A change is accepted only for the version its form showed; what the task was before is kept, so that each
change can be taken back while nothing was built on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from course_sync.database import db
from course_sync.models import Membership
from mentor_console.access import AccessDenied, Viewer, get_learner
from mentor_console.contacts import KINDS
from mentor_console.errors import Conflict, InvalidInput
from mentor_console.form_checks import check_choice, check_key, check_length, clean_text, refuse
from mentor_console.local_days import local_day
from mentor_console.models import SupportTask, TaskChange
from mentor_console.ownership import require_doer, undo_of
from mentor_console.playbooks import PLAYBOOKS
from mentor_console.support_lines import TaskEnd, TaskLine, Undo
from mentor_console.writes import SAME_CLICK, insert_once, is_as_sent, update_rows

STATES = ("open", "done", "dropped")
TITLE_MAX_CHARACTERS = 200
OUTCOME_MAX_CHARACTERS = 500
_DUE_RANGE = timedelta(days=730)
"""Further away, in either direction, is a mistyped year."""
_CHANGEABLE = ("kind", "title", "due_on", "state", "outcome", "shared")


def add_task(
    viewer: Viewer,
    membership: Membership,
    *,
    kind: str,
    title: str,
    due_on: date | None,
    playbook: str | None = None,
    shared: bool = False,
    request_key: str,
    now: datetime,
) -> Undo:
    """Set a task for a learner whom the viewer may see; the same form sent twice is one task.

    Raises AccessDenied; InvalidInput with every problem at once; Conflict("request_key_used") for a form that
    said something else before, or was taken back.
    """
    learner = get_learner(viewer, membership.id)
    row: dict[str, Any] = {"kind": kind, "title": clean_text(title), "due_on": due_on, "shared": shared}
    problems = {**_check(row, now), "request_key": check_key(request_key)}
    refuse({**problems, "playbook": check_choice(playbook, PLAYBOOKS) if playbook else None})
    made = {"membership_id": learner.id, "created_by_id": viewer.person_id, "playbook": playbook or None}
    moments = {"created_at": now, "updated_at": now, "state": "open", "outcome": "", "version": 1}
    new = insert_once(SupportTask, [{**row, **made, **moments, "request_key": request_key}])
    task = db.session.scalars(select(SupportTask).where(SupportTask.request_key == request_key)).one()
    if task.taken_back_at is not None or not _is_as_sent(task, row, made):
        db.session.rollback()
        raise Conflict("request_key_used")
    change_id = _note_change(viewer, task.id, 1, None, now) if new else _find_change(task.id, 1)
    db.session.commit()
    return Undo("task", change_id)


def update_task(
    viewer: Viewer,
    task_id: int,
    *,
    version: int,
    changes: Mapping[str, Any],
    restore: bool = False,
    now: datetime,
) -> Undo:
    """Change kind, title, due_on, state, outcome or shared of a task whose form showed `version`.

    The same change by the same person a moment later is one click. `restore` sets a task again that was taken
    back. Raises AccessDenied; InvalidInput with every problem at
    once, also for an unknown field; Conflict("changed_by_other") where somebody changed it since,
    Conflict("taken_back") where it is gone.
    """
    task = get_task(viewer, task_id)
    wanted = _clean(changes)
    refuse(_check(wanted, now))
    wanted |= {"taken_back_at": None} if restore else {}
    before = {name: _to_json(getattr(task, name)) for name in wanted}
    try:
        _write(task_id, version, wanted, now, taken_back=restore)
    except Conflict:
        twin = _find_twin(viewer, task_id, version + 1, wanted, now)
        if twin is None:
            raise
        return Undo("task", twin.id)
    change_id = _note_change(viewer, task_id, version + 1, before, now)
    db.session.commit()
    return Undo("task", change_id)


def get_task(viewer: Viewer, task_id: int) -> SupportTask:
    """A task of a learner whom the viewer may see, as it stands now. Raises AccessDenied."""
    task = db.session.get(SupportTask, task_id, populate_existing=True)
    if task is None:
        raise AccessDenied("task")
    get_learner(viewer, task.membership_id)
    return task


def undo_task_change(viewer: Viewer, change_id: int, now: datetime) -> bool:
    """Take one change of a task back, or the task itself. False = it was before.

    The newest goes first; then the one before it can be taken back. Raises AccessDenied for anybody but who
    made it and the trainer of the course; Conflict("changed_since") where a change after it still stands.
    """
    change = db.session.get(TaskChange, change_id)
    if change is None:
        raise AccessDenied("undo")
    require_doer(viewer, change.changed_by_id, change.task.membership_id)
    statement = (
        update(TaskChange)
        .where(TaskChange.id == change_id, TaskChange.undone_at.is_(None))
        .values(undone_at=now, undone_by_id=viewer.person_id)
    )
    if update_rows(statement) == 0:
        db.session.rollback()
        return False
    version = _get_version(change)
    restored = {"taken_back_at": now} if change.before is None else _from_json(change.before)
    _write(change.task_id, version, restored, now, conflict="changed_since")
    db.session.commit()
    return True


def _get_version(change: TaskChange) -> int:
    """Of the task as it stands, if nothing was built on the change. Raises Conflict("changed_since")."""
    later = select(TaskChange.id).where(
        TaskChange.task_id == change.task_id,
        TaskChange.version > change.version,
        TaskChange.undone_at.is_(None),
    )
    statement = select(SupportTask.version).where(SupportTask.id == change.task_id, ~later.exists())
    version = db.session.scalars(statement).one_or_none()
    if version is None:
        db.session.rollback()
        raise Conflict("changed_since")
    return version


def list_tasks(membership_ids: Collection[int], *, shared_only: bool = False) -> list[SupportTask]:
    """The tasks of these learners, taken back ones left out: open ones first, by due day, then the newest."""
    statement = (
        select(SupportTask)
        .options(joinedload(SupportTask.created_by), joinedload(SupportTask.membership))
        .where(SupportTask.membership_id.in_(membership_ids), SupportTask.taken_back_at.is_(None))
    )
    if shared_only:
        statement = statement.where(SupportTask.shared)
    return sorted(db.session.scalars(statement), key=_order)


def list_open_tasks(membership_ids: Collection[int]) -> list[SupportTask]:
    """Only what is still to do, in one query whatever the caseload."""
    statement = (
        select(SupportTask)
        .options(joinedload(SupportTask.created_by))
        .where(SupportTask.membership_id.in_(membership_ids), SupportTask.state == "open")
        .where(SupportTask.taken_back_at.is_(None))
    )
    return sorted(db.session.scalars(statement), key=_order)


def list_changes(task_ids: Collection[int]) -> dict[int, list[TaskChange]]:
    """What was changed of each task and still stands, oldest first, in one query."""
    statement = (
        select(TaskChange)
        .where(TaskChange.task_id.in_(task_ids), TaskChange.undone_at.is_(None))
        .order_by(TaskChange.version)
    )
    found: dict[int, list[TaskChange]] = defaultdict(list)
    for change in db.session.scalars(statement):
        found[change.task_id].append(change)
    return found


def task_line(
    task: SupportTask,
    viewer: Viewer,
    learner: Membership,
    now: datetime,
    *,
    zone: tzinfo = UTC,
    changes: Sequence[TaskChange] = (),
) -> TaskLine:
    """A stored task as a line; `changes` is its entry of `list_changes`, whose newest can be taken back."""
    newest = changes[-1] if changes else None
    today, is_open = local_day(now, zone), task.state == "open"
    undo = undo_of(viewer, learner, "task", newest.id, newest.changed_by_id) if newest else None
    return TaskLine(
        task_id=task.id,
        membership_id=task.membership_id,
        learner_name=learner.person.display_name,
        kind=task.kind,
        title=task.title,
        due_on=task.due_on,
        state=task.state,
        outcome=task.outcome,
        playbook=task.playbook,
        shared=task.shared,
        version=task.version,
        by_name=task.created_by.display_name,
        created_at=task.created_at,
        updated_at=task.updated_at,
        is_overdue=is_open and task.due_on is not None and task.due_on < today,
        is_due_today=is_open and task.due_on == today,
        has_changed=newest is not None and newest.before is not None,
        undo=undo,
        ends=_list_ends(task, changes),
    )


def _list_ends(task: SupportTask, changes: Sequence[TaskChange]) -> tuple[TaskEnd, ...]:
    """Each time it was ended or opened again, read backwards from how it stands."""
    state, outcome, ends = task.state, task.outcome, []
    for change in reversed(changes):
        before = change.before or {}
        if before.get("state", state) != state:
            ends.append(TaskEnd(change.changed_at, state, outcome))
        state, outcome = before.get("state", state), before.get("outcome", outcome)
    return tuple(reversed(ends))


def list_lines(
    tasks: Sequence[SupportTask], viewer: Viewer, learner: Membership, now: datetime, zone: tzinfo = UTC
) -> tuple[TaskLine, ...]:
    """The tasks of one learner as lines with what became of them, and what takes their newest change back."""
    changes = list_changes([task.id for task in tasks])
    return tuple(
        task_line(task, viewer, learner, now, zone=zone, changes=changes.get(task.id, ())) for task in tasks
    )


def _order(task: SupportTask) -> tuple[bool, bool, str, int]:
    return task.state != "open", task.due_on is None, task.due_on.isoformat() if task.due_on else "", -task.id


def _write(
    task_id: int,
    version: int,
    values: Mapping[str, Any],
    now: datetime,
    *,
    conflict: str = "changed_by_other",
    taken_back: bool = False,
) -> None:
    """One statement looks at the version and moves it on: of two writers one is told."""
    gone = SupportTask.taken_back_at
    statement = (
        update(SupportTask)
        .where(SupportTask.id == task_id, SupportTask.version == version)
        .where(gone.is_not(None) if taken_back else gone.is_(None))
        .values(**values, version=version + 1, updated_at=now)
    )
    if update_rows(statement) == 0:
        db.session.rollback()
        task = db.session.get(SupportTask, task_id, populate_existing=True)
        raise Conflict("taken_back" if task is not None and task.taken_back_at is not None else conflict)


def _note_change(
    viewer: Viewer, task_id: int, version: int, before: dict[str, Any] | None, now: datetime
) -> int:
    change = TaskChange(
        task_id=task_id, version=version, before=before, changed_by_id=viewer.person_id, changed_at=now
    )
    db.session.add(change)
    db.session.flush()
    return change.id


def _find_twin(
    viewer: Viewer, task_id: int, version: int, wanted: Mapping[str, Any], now: datetime
) -> TaskChange | None:
    """The change that made this version, if the viewer made it just now and the task stands as it left it."""
    statement = (
        select(TaskChange)
        .join(
            SupportTask, (SupportTask.id == TaskChange.task_id) & (SupportTask.version == TaskChange.version)
        )
        .where(TaskChange.task_id == task_id, TaskChange.version == version, TaskChange.undone_at.is_(None))
        .where(TaskChange.changed_by_id == viewer.person_id)
        .where(TaskChange.changed_at > now - SAME_CLICK, TaskChange.changed_at < now + SAME_CLICK)
    )
    twin = db.session.scalars(statement).one_or_none()
    return twin if twin is not None and is_as_sent(twin.task, wanted) else None


def _is_as_sent(task: SupportTask, row: Mapping[str, Any], made: Mapping[str, Any]) -> bool:
    """Whether it was made just so, however it changed since. A playbook words its tasks by day and reader."""
    if made["playbook"]:
        return is_as_sent(task, made)
    changes = select(TaskChange.before).where(TaskChange.task_id == task.id, TaskChange.before.is_not(None))
    first: dict[str, Any] = {}
    for before in db.session.scalars(changes.order_by(TaskChange.version.desc())):
        first |= before or {}
    were = {name: first.get(name, _to_json(getattr(task, name))) for name in row}
    return is_as_sent(task, made) and were == {name: _to_json(value) for name, value in row.items()}


def _find_change(task_id: int, version: int) -> int:
    statement = select(TaskChange.id).where(TaskChange.task_id == task_id, TaskChange.version == version)
    return db.session.scalars(statement).one()


def _clean(changes: Mapping[str, Any]) -> dict[str, Any]:
    unknown = {name: "unknown" for name in changes if name not in _CHANGEABLE}
    if unknown or not changes:
        raise InvalidInput.of(unknown or {"changes": "required"})
    texts = {name: clean_text(str(changes[name])) for name in ("title", "outcome") if name in changes}
    return {**changes, **texts}


def _check(values: Mapping[str, Any], now: datetime) -> dict[str, str | None]:
    """Only of the fields that are there."""
    checks: dict[str, str | None] = {}
    if "kind" in values:
        checks["kind"] = check_choice(values["kind"], KINDS)
    if "state" in values:
        checks["state"] = check_choice(values["state"], STATES)
    if "title" in values:
        checks["title"] = check_length(values["title"], TITLE_MAX_CHARACTERS, required=True)
    if "outcome" in values:
        checks["outcome"] = check_length(values["outcome"], OUTCOME_MAX_CHARACTERS)
    if "due_on" in values:
        checks["due_on"] = _check_due(values["due_on"], now.astimezone(UTC).date())
    if "shared" in values and not isinstance(values["shared"], bool):
        checks["shared"] = "unknown"
    return checks


def _check_due(due_on: object, today: date) -> str | None:
    if due_on is None:
        return None
    if not isinstance(due_on, date) or isinstance(due_on, datetime):
        return "not_a_date"
    if due_on < today - _DUE_RANGE:
        return "too_old"
    return "too_far" if due_on > today + _DUE_RANGE else None


def _to_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _from_json(before: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(before)
    if values.get("due_on"):
        values["due_on"] = date.fromisoformat(values["due_on"])
    if values.get("taken_back_at"):
        values["taken_back_at"] = datetime.fromisoformat(values["taken_back_at"])
    return values
