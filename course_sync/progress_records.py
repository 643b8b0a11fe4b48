"""Keeping what learners did: activities, completion, hand-ins, grades and own deadlines.

Each group of columns of Progress is compared and written on its own, with its source and time, so that one
source that fails touches nothing another one told. Commits nothing; the caller does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from course_sync.bulk import change_rows, chunked, insert_new, update_changed
from course_sync.database import db, table_of
from course_sync.facts import ActivityFacts, CourseFacts
from course_sync.models import Activity, Context, Membership, Person, Progress

_CHUNK_MEMBERSHIPS = 100


@dataclass(frozen=True)
class FactGroup:
    """Columns of Progress told by one reading. `keeps_empty`: that nothing was found is a fact too.

    `confirms`: its time is when it was last read, not when it last changed.
    """

    columns: tuple[str, ...]
    source_column: str
    as_of_column: str
    keeps_empty: bool = False
    confirms: bool = False


COMPLETION = FactGroup(("completion", "completed_at"), "completion_source", "completion_as_of")
SUBMISSION = FactGroup(("submission", "submitted_at"), "submission_source", "submission_as_of")
GRADE = FactGroup(("score_ratio", "graded_at"), "grade_source", "grade_as_of")
DEADLINE = FactGroup(("due_at_override",), "due_source", "due_as_of", keeps_empty=True, confirms=True)

Cells = Mapping[tuple[int, int], tuple[Any, ...]]
"""Values of one group by (membership id, activity id), in the order of its columns."""


@dataclass(frozen=True, slots=True)
class LearnerRow:
    """A learner whose progress may be read."""

    membership_id: int
    external_id: str
    last_access_at: datetime | None
    progress_as_of: datetime | None
    progress_access_at: datetime | None
    completed_at: datetime | None
    access_known: bool = False
    """True with `last_access_at` None: the platform says there was no visit."""
    grades_as_of: datetime | None = None
    grades_access_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """An activity as the database has it."""

    activity_id: int
    external_id: str
    instance_id: str
    module: str
    due_at: datetime | None
    tracked: bool
    accepts_submission: bool
    visible: bool
    posts_as_of: datetime | None = None
    posts_access_at: datetime | None = None
    hand_ins_as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What is known of one learner's hand-in at one activity."""

    submission: str | None = None
    completion: str | None = None
    due_source: str | None = None
    due_as_of: datetime | None = None
    submitted_at: datetime | None = None
    submission_as_of: datetime | None = None


def list_learners(context_id: int) -> list[LearnerRow]:
    """Active learners of a context, in order of id; nobody who is staff, has left or is suspended."""
    return [LearnerRow(*row) for row in db.session.execute(_LEARNERS, {"of_context": context_id})]


def list_activities(context_id: int) -> list[ActivityRow]:
    """Activities that are still in the course, in order of id."""
    return [ActivityRow(*row) for row in db.session.execute(_ACTIVITIES, {"of_context": context_id})]


def record_course(context_id: int, course: CourseFacts) -> int:
    """Keep what the platform says of the course. Dates replace those of the launch, also by "no end"."""
    context = db.session.get_one(Context, context_id)
    told = {
        "title": course.title[:500] or context.title,
        "label": course.label[:255] or context.label,
        "starts_at": course.starts_at,
        "ends_at": course.ends_at,
    }
    changed = any(getattr(context, name) != value for name, value in told.items())
    for name, value in told.items():
        setattr(context, name, value)
    return int(changed)


def record_activities(
    context_id: int, told: Iterable[ActivityFacts], source: str, now: datetime, *, is_whole: bool = True
) -> int:
    """Keep activities of a course; what is gone, if it was read whole, is marked removed. Rows changed."""
    rows = db.session.execute(_ACTIVITY_COLUMNS, {"of_context": context_id})
    known = {row.external_id: row for row in rows}
    fresh, changed = [], []
    listed = set()
    for facts in told:
        listed.add(facts.external_id)
        before = known.get(facts.external_id)
        values = _activity_values(facts, before) | {"source": source, "removed_at": None}
        if before is None:
            owner = {"context_id": context_id, "external_id": facts.external_id, "as_of": now}
            fresh.append({**owner, **values})
        elif any(before._mapping[name] != value for name, value in values.items()):
            changed.append({"id": before.id, **values, "as_of": now})
    gone = [
        {"id": row.id, "removed_at": now, "as_of": now}
        for key, row in known.items()
        if is_whole and key not in listed and row.removed_at is None
    ]
    return insert_new(Activity, fresh) + update_changed(Activity, changed) + update_changed(Activity, gone)


def _activity_values(facts: ActivityFacts, before: Any) -> dict[str, Any]:
    """Columns of an activity; dates that were not told this time stay as they are."""
    known_dates = before is None or facts.dates_known
    return {
        "instance_id": facts.instance_id,
        "module": facts.module,
        "name": facts.name,
        "section": facts.section,
        "position": facts.position,
        "tracked": facts.tracked,
        "visible": facts.visible,
        "completion_kind": facts.completion_kind,
        "completion_rules": list(facts.completion_rules),
        "accepts_submission": facts.accepts_submission if known_dates else before.accepts_submission,
        "opens_at": facts.opens_at if known_dates else before.opens_at,
        "due_at": facts.due_at if known_dates else before.due_at,
    }


def record_cells(group: FactGroup, cells: Cells, source: str, now: datetime) -> int:
    """Write the values of one group where they differ from what is there. Rows changed.

    An empty value is written only over a value of the same kind: who was never given a fact stays unknown.
    """
    memberships = sorted({membership_id for membership_id, _activity in cells})
    if len(memberships) <= _CHUNK_MEMBERSHIPS:
        return _record_chunk(group, memberships, cells, source, now) if cells else 0
    by_membership: dict[int, dict[tuple[int, int], tuple[Any, ...]]] = {}
    for key, values in cells.items():
        by_membership.setdefault(key[0], {})[key] = values
    changed = 0
    for chunk in chunked(memberships, _CHUNK_MEMBERSHIPS):
        wanted = {
            key: values for membership_id in chunk for key, values in by_membership[membership_id].items()
        }
        changed += _record_chunk(group, chunk, wanted, source, now)
    return changed


def _record_chunk(
    group: FactGroup, membership_ids: list[int], wanted: Cells, source: str, now: datetime
) -> int:
    known = _load_cells(group, membership_ids, {activity_id for _membership, activity_id in wanted})
    names = (*group.columns, group.source_column, group.as_of_column)
    nothing = (None,) * len(group.columns)
    fresh, changed, confirmed = [], [], []
    for key, values in wanted.items():
        row_id, before, before_source = known.get(key, _NO_ROW)
        if before_source is None:
            if values == nothing and not group.keeps_empty:
                continue
        elif values == before:
            confirmed.append({"id": row_id, group.as_of_column: now})
            continue
        told = dict(zip(names, (*values, source, now), strict=True))
        if row_id is None:
            told["membership_id"], told["activity_id"] = key
            fresh.append(told)
        else:
            told["id"] = row_id
            changed.append(told)
    if group.confirms:
        update_changed(Progress, confirmed)
    return insert_new(Progress, fresh) + update_changed(Progress, changed)


_NO_ROW: tuple[None, tuple[Any, ...], None] = (None, (), None)


def _load_cells(
    group: FactGroup, membership_ids: list[int], activity_ids: Collection[int]
) -> dict[tuple[int, int], tuple[int, tuple[Any, ...], str | None]]:
    cells = {"membership_ids": membership_ids, "activity_ids": activity_ids}
    rows = db.session.execute(_select_cells(group), cells)
    return {(row[1], row[2]): (row[0], tuple(row[3:-1]), row[-1]) for row in rows}


def list_unsettled(activity_id: int) -> dict[int, Unsettled]:
    """What is known of everybody's work on one activity, by membership id."""
    rows = db.session.execute(_UNSETTLED, {"of_activity": activity_id})
    return {row[0]: Unsettled(*row[1:]) for row in rows}


def record_forum_read(activity_id: int, newest_visit: datetime | None, now: datetime) -> None:
    """Note that all discussions of a forum are known, and how far the learners' visits had come."""
    read = {"activity_ids": [activity_id], "posts_as_of": now, "posts_access_at": newest_visit}
    change_rows(_THESE_ACTIVITIES, read)


def record_hand_ins_read(activity_ids: Collection[int], now: datetime) -> None:
    """Note that who handed in, and who did not, was read of these activities."""
    change_rows(_THESE_ACTIVITIES, {"activity_ids": activity_ids, "hand_ins_as_of": now})


def confirm_hand_ins(activity_id: int, membership_ids: Collection[int], now: datetime) -> None:
    """Note of these learners alone that what is missing or a draft was looked for again.

    A hand-in keeps its time: where it has no date of its own, that is the latest it can have been made.
    """
    if membership_ids:
        cells = {"of_activity": activity_id, "membership_ids": membership_ids}
        change_rows(_NOT_HANDED_IN, {**cells, "submission_as_of": now})


def record_learners_read(rows: list[dict[str, Any]]) -> int:
    """Note who was read when: rows of id and the columns of Membership that the reading decides."""
    return update_changed(Membership, rows)


# Made once: putting a statement together costs more than running it.
_MEMBERSHIP, _PERSON = table_of(Membership), table_of(Person)
_ACTIVITY, _PROGRESS = table_of(Activity), table_of(Progress)
_LEARNERS = (
    select(
        _MEMBERSHIP.c.id,
        _PERSON.c.external_id,
        _MEMBERSHIP.c.last_access_at,
        _MEMBERSHIP.c.progress_as_of,
        _MEMBERSHIP.c.progress_access_at,
        _MEMBERSHIP.c.completed_at,
        _MEMBERSHIP.c.access_as_of.is_not(None),
        _MEMBERSHIP.c.grades_as_of,
        _MEMBERSHIP.c.grades_access_at,
    )
    .join(_PERSON, _PERSON.c.id == _MEMBERSHIP.c.person_id)
    .where(
        _MEMBERSHIP.c.context_id == bindparam("of_context"),
        _MEMBERSHIP.c.standing == "learner",
        _MEMBERSHIP.c.status == "active",
    )
    .order_by(_MEMBERSHIP.c.id)
)
_ACTIVITY_COLUMNS = select(_ACTIVITY).where(_ACTIVITY.c.context_id == bindparam("of_context"))
_ACTIVITIES = (
    select(
        _ACTIVITY.c.id,
        _ACTIVITY.c.external_id,
        _ACTIVITY.c.instance_id,
        _ACTIVITY.c.module,
        _ACTIVITY.c.due_at,
        _ACTIVITY.c.tracked,
        _ACTIVITY.c.accepts_submission,
        _ACTIVITY.c.visible,
        _ACTIVITY.c.posts_as_of,
        _ACTIVITY.c.posts_access_at,
        _ACTIVITY.c.hand_ins_as_of,
    )
    .where(_ACTIVITY.c.context_id == bindparam("of_context"), _ACTIVITY.c.removed_at.is_(None))
    .order_by(_ACTIVITY.c.id)
)
_THESE_ACTIVITIES = update(_ACTIVITY).where(_ACTIVITY.c.id.in_(bindparam("activity_ids", expanding=True)))
_UNSETTLED = select(
    _PROGRESS.c.membership_id,
    _PROGRESS.c.submission,
    _PROGRESS.c.completion,
    _PROGRESS.c.due_source,
    _PROGRESS.c.due_as_of,
    _PROGRESS.c.submitted_at,
    _PROGRESS.c.submission_as_of,
).where(_PROGRESS.c.activity_id == bindparam("of_activity"))
_NOT_HANDED_IN = update(_PROGRESS).where(
    _PROGRESS.c.activity_id == bindparam("of_activity"),
    _PROGRESS.c.membership_id.in_(bindparam("membership_ids", expanding=True)),
    # NULL is no answer: it is not "submitted", and not touched either.
    _PROGRESS.c.submission != "submitted",
)


@cache
def _select_cells(group: FactGroup) -> Select[Any]:
    columns = [_PROGRESS.c[name] for name in (*group.columns, group.source_column)]
    return select(_PROGRESS.c.id, _PROGRESS.c.membership_id, _PROGRESS.c.activity_id, *columns).where(
        _PROGRESS.c.membership_id.in_(bindparam("membership_ids", expanding=True)),
        _PROGRESS.c.activity_id.in_(bindparam("activity_ids", expanding=True)),
    )
