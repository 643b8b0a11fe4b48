"""How often logins and launches were refused, and why: counted per day, so that nobody can fill the table.

Codes and platforms only, never a person. A platform nobody knows counts as number 0.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from course_sync.database import db
from course_sync.models import Organisation, Platform
from lti_tool.models import RefusalCount

NOBODYS = 0
SHOWN = timedelta(days=14)
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class RefusedLately:
    """One reason for refusals in the last fortnight."""

    code: str
    refusals: int
    last_at: datetime
    platform_names: tuple[str, ...]
    """In order; those of the platforms that were opened from. Empty = only platforms nobody knows."""


def record_refusal(code: str, platform_id: int | None, real_now: datetime) -> None:
    """Count one refusal and commit."""
    make = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    statement = make(RefusalCount).values(
        day=real_now.date(), code=code, platform_id=platform_id or NOBODYS, refusals=1, last_at=real_now
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=[RefusalCount.day, RefusalCount.code, RefusalCount.platform_id],
            set_={"refusals": RefusalCount.refusals + 1, "last_at": real_now},
        )
    )
    db.session.commit()


def list_of_organisation(organisation_id: int, real_now: datetime) -> list[RefusedLately]:
    """Why people of this organisation were refused, latest first.

    A platform nobody knows belongs to nobody: it is shown only where there is one organisation to ask about.
    """
    names = _names_of(organisation_id)
    is_one_house = db.session.scalar(select(func.count()).select_from(Organisation)) == 1
    return _list(names, {*names, NOBODYS} if is_one_house else set(names), real_now)


def list_all(real_now: datetime) -> list[RefusedLately]:
    """Of the whole installation, for the command line."""
    names = _names_of(None)
    return _list(names, {*names, NOBODYS}, real_now)


def forget_old_refusals(real_now: datetime) -> None:
    """Delete counts nobody is shown any more; the caller commits."""
    db.session.execute(delete(RefusalCount).where(RefusalCount.day < (real_now - KEPT).date()))


def _names_of(organisation_id: int | None) -> dict[int, str]:
    statement = select(Platform.id, Platform.name)
    if organisation_id is not None:
        statement = statement.where(Platform.organisation_id == organisation_id)
    return {platform_id: name for platform_id, name in db.session.execute(statement)}


def _list(names: dict[int, str], platform_ids: Collection[int], real_now: datetime) -> list[RefusedLately]:
    rows = db.session.scalars(
        select(RefusalCount).where(
            RefusalCount.day > (real_now - SHOWN).date(), RefusalCount.platform_id.in_(platform_ids)
        )
    ).all()
    by_code: dict[str, list[RefusalCount]] = {}
    for row in rows:
        by_code.setdefault(row.code, []).append(row)
    found = [_sum(code, counts, names) for code, counts in by_code.items()]
    return sorted(found, key=lambda line: line.last_at, reverse=True)


def _sum(code: str, counts: list[RefusalCount], names: dict[int, str]) -> RefusedLately:
    return RefusedLately(
        code=code,
        refusals=sum(row.refusals for row in counts),
        last_at=max(row.last_at for row in counts),
        platform_names=tuple(sorted({names[row.platform_id] for row in counts if row.platform_id in names})),
    )
