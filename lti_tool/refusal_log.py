"""How often people and platforms were refused at the door, and why: counts per day, which nobody can swell.

Codes, platforms and organisations only, never a person. A platform nobody knows counts as number 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from course_sync.database import db
from course_sync.models import Organisation, Platform
from lti_tool.models import RefusalCount
from lti_tool.registration_refusals import CODES as REGISTRATION_CODES

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
    inviting: tuple[str, ...]
    """Names of the organisations whose invites led here, where no platform is known yet."""
    unsigned: int
    """How many named a platform without its valid signature: anybody could have sent them. 0 for invites."""
    untold: int
    """Of how many that is not known: they were counted before it was noted."""

    @property
    def is_registration(self) -> bool:
        """Whether a platform was to be connected; else somebody wanted to open the tool."""
        return self.code in REGISTRATION_CODES


def record_refusal(
    code: str,
    platform_id: int | None,
    real_now: datetime,
    *,
    organisation_id: int | None = None,
    is_signed: bool = False,
) -> None:
    """Count one refusal and commit. `organisation_id`: whose invite it was, where no platform is known."""
    make = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    key = {
        "day": real_now.date(),
        "code": code,
        "platform_id": platform_id or NOBODYS,
        "organisation_id": NOBODYS if platform_id else organisation_id or NOBODYS,
    }
    new = make(RefusalCount).values(refusals=1, signed=int(is_signed), last_at=real_now, **key)
    db.session.execute(
        new.on_conflict_do_update(
            index_elements=list(key),
            set_={
                "refusals": RefusalCount.refusals + 1,
                "signed": RefusalCount.signed + new.excluded.signed,
                "last_at": real_now,
            },
        )
    )
    db.session.commit()


def list_of_organisation(organisation_id: int, real_now: datetime) -> list[RefusedLately]:
    """Why people of this organisation were refused, latest first.

    A platform or invite nobody knows belongs to nobody: it is shown only where there is one organisation to
    ask about.
    """
    platforms = select(Platform.id).where(Platform.organisation_id == organisation_id)
    theirs = or_(RefusalCount.platform_id.in_(platforms), RefusalCount.organisation_id == organisation_id)
    is_one_house = db.session.scalar(select(func.count()).select_from(Organisation)) == 1
    nobodys = and_(RefusalCount.platform_id == NOBODYS, RefusalCount.organisation_id == NOBODYS)
    return _list(or_(theirs, nobodys) if is_one_house else theirs, real_now)


def list_all(real_now: datetime) -> list[RefusedLately]:
    """Of the whole installation, for the command line."""
    return _list(None, real_now)


def forget_old_refusals(real_now: datetime) -> None:
    """Delete counts nobody is shown any more; the caller commits."""
    db.session.execute(delete(RefusalCount).where(RefusalCount.day < (real_now - KEPT).date()))


def _list(which: ColumnElement[bool] | None, real_now: datetime) -> list[RefusedLately]:
    statement = (
        select(RefusalCount, Platform.name, Organisation.name)
        .outerjoin(Platform, Platform.id == RefusalCount.platform_id)
        .outerjoin(Organisation, Organisation.id == RefusalCount.organisation_id)
        .where(RefusalCount.day > (real_now - SHOWN).date())
    )
    by_code: dict[str, list[tuple[RefusalCount, str | None, str | None]]] = {}
    for row, platform, organisation in db.session.execute(
        statement if which is None else statement.where(which)
    ):
        by_code.setdefault(row.code, []).append((row, platform, organisation))
    found = [_sum(code, counts) for code, counts in by_code.items()]
    return sorted(found, key=lambda line: line.last_at, reverse=True)


def _sum(code: str, counts: list[tuple[RefusalCount, str | None, str | None]]) -> RefusedLately:
    claimed = [row for row, platform, _ in counts if platform and code not in REGISTRATION_CODES]
    return RefusedLately(
        code=code,
        refusals=sum(row.refusals for row, _, _ in counts),
        last_at=max(row.last_at for row, _, _ in counts),
        platform_names=tuple(sorted({platform for _, platform, _ in counts if platform})),
        inviting=tuple(sorted({organisation for _, _, organisation in counts if organisation})),
        unsigned=sum(row.refusals - row.signed for row in claimed if row.signed is not None),
        untold=sum(row.refusals for row in claimed if row.signed is None),
    )
