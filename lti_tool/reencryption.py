"""Sealing every stored secret anew under the newest secret key, so that an old one can go.

Finds the columns by their name: whatever is sealed is kept in a column that ends in `_sealed`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, select, update

from course_sync.database import Base, db
from lti_tool.audit import record_audit
from lti_tool.secrets import SealBroken, Sealer

SUFFIX = "_sealed"


@dataclass(frozen=True)
class Resealed:
    """What became of the stored secrets."""

    rewritten: int
    left: tuple[str, ...]
    """`table.column of ID`, where no listed key opens the secret; nothing was changed there."""


def list_sealed_columns() -> list[Column[str]]:
    """Every column that holds a sealed text."""
    tables = Base.metadata.sorted_tables
    return [column for table in tables for column in table.columns if column.name.endswith(SUFFIX)]


def reseal_all(sealer: Sealer, now: datetime) -> Resealed:
    """Seal every stored secret under the newest key; what cannot be opened stays. Audited; commits."""
    rewritten, left = 0, list[str]()
    for column in list_sealed_columns():
        (key,) = column.table.primary_key.columns
        # Neither NULL nor "", which stands where a sealed text was erased.
        for identity, sealed in db.session.execute(select(key, column).where(column != "")).all():
            try:
                fresh = sealer.reseal(sealed)
            except SealBroken:
                left.append(f"{column.table.name}.{column.name} of {identity}")
                continue
            # A secret that was exchanged in this moment is sealed under the newest key already.
            unchanged = update(column.table).where(key == identity, column == sealed)
            db.session.execute(unchanged.values({column: fresh}))
            rewritten += 1
    record_audit("secrets_reencrypted", {"rewritten": rewritten, "left": len(left)}, now)
    return Resealed(rewritten, tuple(left))
