"""Whether a launch tells anything new: one query for the launches of every day, which tell nothing new.

A class that comes in at once must not wait for three look-ups and a write each. What is new: records.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, exists, select

from course_sync.database import db, table_of
from course_sync.models import Context, Membership, Person, SyncRun
from course_sync.records import (
    LaunchedContext,
    standing_of,
    told_of_context,
    told_of_membership,
    told_of_person,
)

_PERSON, _CONTEXT, _MEMBERSHIP = table_of(Person), table_of(Context), table_of(Membership)
_PERSON_COLUMNS = ("name", "given_name", "family_name", "email", "locale", "time_zone")
_CONTEXT_COLUMNS = ("title", "label", "memberships_url", "starts_at", "ends_at", "first_launched_at")
_MEMBERSHIP_COLUMNS = (
    "launch_roles",
    "launch_platform_roles",
    "nrps_roles",
    "platform_roles",
    "standing",
    "groups",
)


@dataclass(frozen=True)
class KnownLaunch:
    """The rows a launch belongs to."""

    person_id: int
    context_id: int | None
    membership_id: int | None
    was_synced: bool
    """The course has been pulled before, or is being pulled."""


def find_known_launch(
    *,
    platform_id: int,
    subject: str,
    names: Mapping[str, str],
    email: str,
    locale: str,
    time_zone: str,
    context: LaunchedContext | None,
    roles: Iterable[str],
    platform_roles: Iterable[str] | None,
    groups: Iterable[str] | None = None,
    keeps_platform_roles: bool = False,
) -> KnownLaunch | None:
    """The rows of a launch if all it tells stands in them already; None if `record_launch` must write."""
    course = context.external_id if context else None
    given = {"platform_id": platform_id, "subject": subject, "course": course}
    with db.engine.connect() as connection:
        row = connection.execute(_KNOWN, given).mappings().one_or_none()
    if row is None or _differs(row, "person", told_of_person(names, email, locale, time_zone)):
        return None
    if context is None:
        return KnownLaunch(row["person_id"], None, None, was_synced=False)
    if row["membership_id"] is None or row["context_first_launched_at"] is None:
        return None
    if _differs(row, "context", told_of_context(context)):
        return None
    member = told_of_membership(roles, platform_roles, groups, keeps_platform_roles)
    member["standing"] = standing_of(
        member["launch_roles"], row["membership_nrps_roles"], row["membership_platform_roles"]
    )
    if _differs(row, "membership", member):
        return None
    return KnownLaunch(row["person_id"], row["context_id"], row["membership_id"], row["was_synced"])


def _differs(row: Mapping[Any, Any], table: str, told: Mapping[str, Any]) -> bool:
    return any(row[f"{table}_{column}"] != value for column, value in told.items())


def _labelled(table: Any, columns: Iterable[str]) -> list[Any]:
    return [table.c[column].label(f"{table.name}_{column}") for column in ("id", *columns)]


_KNOWN = (
    select(
        *_labelled(_PERSON, _PERSON_COLUMNS),
        *_labelled(_CONTEXT, _CONTEXT_COLUMNS),
        *_labelled(_MEMBERSHIP, _MEMBERSHIP_COLUMNS),
        exists().where(table_of(SyncRun).c.context_id == _CONTEXT.c.id).label("was_synced"),
    )
    .select_from(_PERSON)
    .outerjoin(
        _CONTEXT,
        and_(
            _CONTEXT.c.platform_id == _PERSON.c.platform_id,
            _CONTEXT.c.external_id == bindparam("course"),
        ),
    )
    .outerjoin(
        _MEMBERSHIP,
        and_(_MEMBERSHIP.c.context_id == _CONTEXT.c.id, _MEMBERSHIP.c.person_id == _PERSON.c.id),
    )
    .where(_PERSON.c.platform_id == bindparam("platform_id"))
    .where(_PERSON.c.external_id == bindparam("subject"))
)
"""Made once: putting a statement together costs as much as running it."""
