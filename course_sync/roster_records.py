"""Keeping rosters: people and memberships, compared with what is there and written only where they differ.

In chunks, each committed, so that a run that is killed loses nothing it had done. What a roster means is
decided in rosters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Any

from sqlalchemy import bindparam, select, update

from course_sync.active_days import local_day, record_active_days
from course_sync.bulk import change_rows, chunked, insert_new, update_changed
from course_sync.database import db, table_of
from course_sync.models import SOURCE_MOODLE, Membership, Person
from course_sync.rosters import KnownMember, Situation, has_left, membership_values, person_values

CHUNK_MEMBERS = 200

_PERSON_COLUMNS = ("name", "given_name", "family_name", "email")
_ROSTER_COLUMNS = (
    "standing",
    "nrps_roles",
    "platform_roles",
    "status",
    "left_at",
    "enrolled_at",
    "last_access_at",
    "access_as_of",
    "groups",
    "source",
    "as_of",
)
_KNOWN_COLUMNS = (*_ROSTER_COLUMNS, "launch_roles", "first_seen_at")
_CONFIRMATIONS = frozenset({"as_of", "access_as_of"})
"""Columns that say when a value was last confirmed: moving them is no change of a fact."""


@dataclass(frozen=True)
class ContextRef:
    """Where rows of a context belong."""

    context_id: int
    platform_id: int
    organisation_id: int
    zone: tzinfo = UTC
    """The organisation's: where its days begin and end."""
    day_over: time = time(23)
    """From this hour of `zone` on a look tells of the whole day."""


def list_known_members(context_id: int) -> dict[str, KnownMember]:
    """Everybody ever seen in a context, by the platform's id of the person."""
    rows = db.session.execute(_MEMBERS, {"of_context": context_id})
    return {row.external_id: _known(dict(row._mapping)) for row in rows}


def _known(row: Mapping[str, Any]) -> KnownMember:
    return KnownMember(
        membership_id=row["membership_id"],
        person_id=row["person_id"],
        external_id=row["external_id"],
        person={name: row[name] for name in _PERSON_COLUMNS},
        values={name: row[name] for name in _KNOWN_COLUMNS},
    )


def record_rosters(
    context: ContextRef,
    known: Mapping[str, KnownMember],
    situation: Situation,
    after_chunk: Callable[[], None] = lambda: None,
) -> int:
    """Keep who is in the context and mark who has left. How many rows changed; commits after each chunk."""
    listed = sorted({key for roster in situation.rosters.values() for key in roster.members})
    changed = 0
    for chunk in chunked(listed, CHUNK_MEMBERS):
        changed += _record_people(context, chunk, known, situation)
        changed += _record_memberships(context, chunk, known, situation)
        db.session.commit()
        after_chunk()
    beside = {key for roster in situation.beside.values() for key in roster.members}
    absent = known.keys() - set(listed) - beside
    changed += _record_leavers([known[key] for key in sorted(absent)], situation)
    db.session.commit()
    return changed


def _record_people(
    context: ContextRef, chunk: list[str], known: Mapping[str, KnownMember], situation: Situation
) -> int:
    rows = {key: (known[key].person_id, known[key].person) for key in chunk if key in known}
    rows.update(_find_people(context, [key for key in chunk if key not in known]))
    fresh, changed = [], []
    for key in chunk:
        person_id, before = rows.get(key, (None, {}))
        values = person_values(before, situation.entries(key))
        if person_id is None:
            owner = {"organisation_id": context.organisation_id, "platform_id": context.platform_id}
            fresh.append({**owner, "external_id": key, **values})
        elif values != dict(before):
            changed.append({"id": person_id, **values})
    return insert_new(Person, fresh) + update_changed(Person, changed)


def _find_people(context: ContextRef, external_ids: list[str]) -> dict[str, tuple[int, Mapping[str, str]]]:
    if not external_ids:
        return {}
    these = {"of_platform": context.platform_id, "external_ids": external_ids}
    return {
        row.external_id: (row.id, {name: row._mapping[name] for name in _PERSON_COLUMNS})
        for row in db.session.execute(_PEOPLE, these)
    }


def _record_memberships(
    context: ContextRef, chunk: list[str], known: Mapping[str, KnownMember], situation: Situation
) -> int:
    people = _find_people(context, [key for key in chunk if key not in known])
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    confirmed: list[KnownMember] = []
    for key in chunk:
        before = known.get(key)
        values = membership_values(key, before, situation)
        if before is None:
            owner = {"context_id": context.context_id, "person_id": people[key][0]}
            fresh.append({**owner, "first_seen_at": situation.now, "launch_roles": [], **values})
        elif _differs(before.values, values):
            changed.append({"id": before.membership_id, **values})
        else:
            confirmed.append(before)
    _confirm(confirmed, situation)
    rows = insert_new(Membership, fresh) + update_changed(Membership, changed)
    return rows + _record_visits(context, chunk, situation)


def _differs(before: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return any(before[name] != value for name, value in values.items() if name not in _CONFIRMATIONS)


def _confirm(members: list[KnownMember], situation: Situation) -> None:
    """Unchanged rows only learn that they were seen again: two statements, however many."""
    seen: list[int] = []
    accessed: list[int] = []
    for member in members:
        entry = situation.entry(SOURCE_MOODLE, member.external_id)
        (accessed if entry and entry.access_known else seen).append(member.membership_id)
    _touch(seen, {"as_of": situation.now})
    _touch(accessed, {"as_of": situation.now, "access_as_of": situation.now})


def _touch(membership_ids: list[int], values: dict[str, datetime]) -> None:
    if membership_ids:
        change_rows(_THESE_MEMBERS, {"membership_ids": membership_ids, **values})


def _record_visits(context: ContextRef, chunk: list[str], situation: Situation) -> int:
    moodle = situation.rosters.get(SOURCE_MOODLE)
    if moodle is None:
        return 0
    visits = db.session.execute(_VISITS, {"of_context": context.context_id, "external_ids": chunk})
    days = {(row.id, local_day(row.last_access_at, context.zone)): "visit" for row in visits}
    return record_active_days(days, SOURCE_MOODLE, local_day(situation.now, context.zone))


def _record_leavers(absent: list[KnownMember], situation: Situation) -> int:
    rows = [
        {"id": member.membership_id, "status": "left", "left_at": situation.now}
        for member in absent
        if has_left(member, situation)
    ]
    return update_changed(Membership, rows)


# Made once: putting a statement together costs more than running it.
_MEMBERSHIP, _PERSON = table_of(Membership), table_of(Person)
_MEMBERS = (
    select(_MEMBERSHIP.c.id.label("membership_id"), _PERSON.c.id.label("person_id"), _PERSON.c.external_id)
    .add_columns(*(_MEMBERSHIP.c[name] for name in _KNOWN_COLUMNS))
    .add_columns(*(_PERSON.c[name] for name in _PERSON_COLUMNS))
    .join(_PERSON, _PERSON.c.id == _MEMBERSHIP.c.person_id)
    .where(_MEMBERSHIP.c.context_id == bindparam("of_context"))
)
_PEOPLE = select(_PERSON.c.id, _PERSON.c.external_id, *(_PERSON.c[name] for name in _PERSON_COLUMNS)).where(
    _PERSON.c.platform_id == bindparam("of_platform"),
    _PERSON.c.external_id.in_(bindparam("external_ids", expanding=True)),
)
_THESE_MEMBERS = update(_MEMBERSHIP).where(_MEMBERSHIP.c.id.in_(bindparam("membership_ids", expanding=True)))
_VISITS = (
    select(_MEMBERSHIP.c.id, _MEMBERSHIP.c.last_access_at)
    .join(_PERSON, _PERSON.c.id == _MEMBERSHIP.c.person_id)
    .where(
        _MEMBERSHIP.c.context_id == bindparam("of_context"),
        _MEMBERSHIP.c.standing == "learner",
        _MEMBERSHIP.c.last_access_at.is_not(None),
        _PERSON.c.external_id.in_(bindparam("external_ids", expanding=True)),
    )
)
