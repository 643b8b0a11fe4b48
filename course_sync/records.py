"""What a launch tells is kept here, with the standing it gives; also how fresh each kind of fact is.

Changes stay in the session; who calls commits. The roster and progress are kept in roster_records and
progress_records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import bindparam, delete, select, update

from course_sync.bulk import change_rows, insert_new
from course_sync.database import db, table_of
from course_sync.errors import PlatformError
from course_sync.models import ACTIVE, Context, Freshness, Membership, Person, Platform
from course_sync.registrations import Registration
from course_sync.vocabulary import context_role

STAFF_PLATFORM_ROLES = frozenset({"editingteacher", "teacher", "manager", "coursecreator"})
"""Moodle's short names of roles that teach or run a course; `teacher` is the non-editing one."""
REPORT = "report"
"""Kind of the readings of a platform's report, beside the kinds of facts; their times are real time."""
LEARNER_PLATFORM_ROLES = frozenset({"student"})

_LOCALE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True)
class LaunchedContext:
    """The course a launch came from, as its claims describe it."""

    external_id: str
    title: str = ""
    label: str = ""
    memberships_url: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class LaunchRecord:
    """The rows a launch belongs to; no context and no membership when it came from outside a course."""

    person: Person
    context: Context | None
    membership: Membership | None


def standing_of(
    launch_roles: Iterable[str], nrps_roles: Iterable[str] | None, platform_roles: Iterable[str] | None
) -> str:
    """learner | staff | unknown, from the principal roles each source gives.

    Any sign of staff wins: Moodle's roster calls a non-editing teacher a Learner, and staff must never be
    counted as learners. A learner's role in a launch counts only where no other source knows the person.
    """
    launch, nrps, platform = set(launch_roles), set(nrps_roles or ()), set(platform_roles or ())
    if "Instructor" in launch | nrps or platform & STAFF_PLATFORM_ROLES:
        return "staff"
    if "Learner" in nrps or platform & LEARNER_PLATFORM_ROLES:
        return "learner"
    if "Learner" in launch and nrps_roles is None and platform_roles is None:
        return "learner"
    return "unknown"


def record_launch(
    *,
    platform_id: int,
    organisation_id: int,
    subject: str,
    names: Mapping[str, str],
    email: str,
    locale: str,
    time_zone: str,
    context: LaunchedContext | None,
    roles: list[str],
    now: datetime,
    platform_roles: Iterable[str] | None = None,
    groups: Iterable[str] | None = None,
    keeps_platform_roles: bool = False,
) -> LaunchRecord:
    """Keep who launched from where. Empty values change nothing.

    `names` may have name, given_name and family_name; `platform_roles` are the platform's own names of the
    person's roles, and None takes back what an earlier launch told unless `keeps_platform_roles`;
    `groups` None changes nothing. A membership that only launches know has `nrps_roles` None. Flushes; the
    caller commits.
    """
    person = _ensure_person(platform_id, organisation_id, subject)
    _describe(person, told_of_person(names, email, locale, time_zone))
    if context is None:
        db.session.flush()
        return LaunchRecord(person, None, None)
    course = _ensure_context(platform_id, organisation_id, context.external_id)
    _describe(course, told_of_context(context))
    course.first_launched_at = course.first_launched_at or now
    membership = _ensure_membership(course.id, person.id, now)
    _describe(membership, told_of_membership(roles, platform_roles, groups, keeps_platform_roles))
    membership.standing = standing_of(
        membership.launch_roles, membership.nrps_roles, membership.platform_roles
    )
    db.session.flush()
    return LaunchRecord(person, course, membership)


def registration_of(platform: Platform) -> Registration:
    """The frozen registration of a platform row."""
    return Registration(
        platform_id=platform.id,
        organisation_id=platform.organisation_id,
        issuer=platform.issuer,
        client_id=platform.client_id,
        auth_login_url=platform.auth_login_url,
        auth_token_url=platform.auth_token_url,
        jwks_url=platform.jwks_url,
        deployment_ids=frozenset(row.deployment_id for row in platform.deployments if row.status == ACTIVE),
        status=platform.status,
        product=platform.product,
        auth_audience=platform.auth_audience,
    )


def find_last_read(context_id: int, kind: str, source: str) -> datetime | None:
    """When a kind of fact was last read whole from a source; None = never."""
    return db.session.scalar(_LAST_READ, _key_of(context_id, kind, source))


def find_last_reads(context_id: int, source: str) -> dict[str, datetime]:
    """The same for every kind of fact that was ever read, in one query."""
    statement = select(Freshness.kind, Freshness.as_of).where(
        Freshness.context_id == context_id, Freshness.source == source, Freshness.as_of.is_not(None)
    )
    return {kind: as_of for kind, as_of in db.session.execute(statement) if as_of is not None}


def record_read(context_id: int, kind: str, source: str, now: datetime) -> None:
    """A kind of fact was read whole."""
    told = {"as_of": now, "tried_at": now, "error_code": None, "error_detail": None}
    _record_reading(context_id, kind, source, told)


def record_failure(context_id: int, kind: str, source: str, code: str, detail: str, now: datetime) -> None:
    """A kind of fact could not be read whole; what was known stays, with its own time."""
    told = {"tried_at": now, "error_code": code[:64], "error_detail": detail}
    _record_reading(context_id, kind, source, told)


def record_outcome(
    context_id: int, kind: str, source: str, error: PlatformError | None, now: datetime
) -> None:
    """Either of the two."""
    if error is None:
        record_read(context_id, kind, source, now)
    else:
        record_failure(context_id, kind, source, error.code, error.detail, now)


def forget_readings(platform_id: int, kind: str) -> None:
    """Of no course of a platform it is known any more how this kind was read. Does not commit."""
    courses = select(Context.id).where(Context.platform_id == platform_id)
    change_rows(delete(Freshness).where(Freshness.kind == kind, Freshness.context_id.in_(courses)))


def _record_reading(context_id: int, kind: str, source: str, told: dict[str, Any]) -> None:
    this_one = _key_of(context_id, kind, source)
    if change_rows(_READING, this_one | told):
        return
    first = {"context_id": context_id, "kind": kind, "source": source, **told}
    if not insert_new(Freshness, [first]):  # another process was first
        change_rows(_READING, this_one | told)


def _key_of(context_id: int, kind: str, source: str) -> dict[str, Any]:
    return {"of_context": context_id, "of_kind": kind, "of_source": source}


_FRESHNESS = table_of(Freshness)
_THIS_ONE = (
    _FRESHNESS.c.context_id == bindparam("of_context"),
    _FRESHNESS.c.kind == bindparam("of_kind"),
    _FRESHNESS.c.source == bindparam("of_source"),
)
_LAST_READ = select(_FRESHNESS.c.as_of).where(*_THIS_ONE)
_READING = update(_FRESHNESS).where(*_THIS_ONE)
"""Made once: putting a statement together costs as much as running it."""


def _ensure_person(platform_id: int, organisation_id: int, subject: str) -> Person:
    key = {"platform_id": platform_id, "external_id": subject}
    return _ensure(Person, key, {"organisation_id": organisation_id})


def _ensure_context(platform_id: int, organisation_id: int, external_id: str) -> Context:
    key = {"platform_id": platform_id, "external_id": external_id}
    return _ensure(Context, key, {"organisation_id": organisation_id})


def _ensure_membership(context_id: int, person_id: int, now: datetime) -> Membership:
    key = {"context_id": context_id, "person_id": person_id}
    return _ensure(Membership, key, {"first_seen_at": now})


def _ensure(model: type[Any], key: dict[str, Any], values: dict[str, Any]) -> Any:
    """The row with this unique key, inserted if need be, also when another process inserts it meanwhile."""
    statement = select(model).filter_by(**key)
    row = db.session.scalars(statement).one_or_none()
    if row is None:
        insert_new(model, [{**key, **values}])
        row = db.session.scalars(statement).one()
    return row


def told_of_person(names: Mapping[str, str], email: str, locale: str, time_zone: str) -> dict[str, str]:
    """Columns of a person about whom a launch tells something."""
    told = {
        "name": names.get("name", "")[:300],
        "given_name": names.get("given_name", "")[:150],
        "family_name": names.get("family_name", "")[:150],
        "email": email[:320],
        "locale": clean_locale(locale),
    }
    told = {column: value for column, value in told.items() if value}
    # Moodle's "99" means "never chosen": it takes back a zone that was known.
    return told | ({"time_zone": clean_time_zone(time_zone)} if time_zone else {})


def told_of_context(told: LaunchedContext) -> dict[str, Any]:
    """Columns of a course about which a launch tells something."""
    columns = {
        "title": told.title[:500],
        "label": told.label[:255],
        "memberships_url": told.memberships_url,
        "starts_at": told.starts_at,
        "ends_at": told.ends_at,
    }
    return {column: value for column, value in columns.items() if value}


def told_of_membership(
    roles: Iterable[str],
    platform_roles: Iterable[str] | None,
    groups: Iterable[str] | None = None,
    keeps_platform_roles: bool = False,
) -> dict[str, Any]:
    """The roles of a launch as they are kept, and the groups where it tells them."""
    told: dict[str, Any] = {
        "launch_roles": sorted({short for role in roles if (short := context_role(role))})
    }
    if not keeps_platform_roles:
        told["launch_platform_roles"] = None if platform_roles is None else sorted(platform_roles)
    return told if groups is None else told | {"groups": sorted(groups)}


def _describe(row: Any, told: Mapping[str, Any]) -> None:
    for column, value in told.items():
        setattr(row, column, value)


def clean_time_zone(name: str) -> str:
    """An IANA zone name, or "" for anything that is none."""
    return name if name in _time_zones() else ""


def clean_locale(locale: str) -> str:
    """A language tag such as fr or pt-BR (Moodle writes pt_br), or "" for anything that is none."""
    tag = locale.strip().replace("_", "-")
    return tag if len(tag) <= 16 and _LOCALE.fullmatch(tag) else ""


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())
