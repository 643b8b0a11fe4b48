"""How fresh the facts of courses are, and which could not be read: what each page says beside its numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import BindParameter, Select, and_, bindparam, select

from course_sync.database import db
from course_sync.models import Context, Freshness, Platform, SyncRun
from course_sync.records import REPORT
from mentor_console.freshness_lines import DataFreshness, MissingFact, SyncProgress
from mentor_console.own_accounts import select_read_by_accounts, select_refused_at


@dataclass(frozen=True)
class Reading:
    """The newest whole reading of one kind of fact: through which source, and when."""

    source: str
    as_of: datetime


@dataclass(frozen=True)
class _Connection:
    """See DataFreshness."""

    unconnected: tuple[str, ...] = ()
    by_own_accounts: bool = False
    own_refused_at: datetime | None = None


_CONNECTED = _Connection()


def freshness_of(context_ids: Collection[int], reader_id: int | None = None) -> DataFreshness:
    """Freshness of several courses as one: the oldest reading, and everything that is missing anywhere."""
    return merge_freshness(freshness_by_context(context_ids, reader_id).values())


def freshness_by_context(
    context_ids: Collection[int], reader_id: int | None = None
) -> dict[int, DataFreshness]:
    """The same for each course, in one query for any number of them.

    `reader_id` = the person who reads, whom the account of their own concerns; None = nobody.
    """
    asked = {"context_ids": list(context_ids), "reader_id": reader_id}
    rows: dict[int, list[Freshness]] = defaultdict(list)
    runs: dict[int, SyncRun] = {}
    found: dict[int, _Connection] = {}
    told = db.session.execute(_freshness_statement(db.engine.dialect.name), asked)
    for context_id, row, run, product, moodle_url, has_own, refused_at in told:
        found[context_id] = _connection(product, moodle_url, has_own, refused_at)
        if row is not None:
            rows[context_id].append(row)
        if run is not None:  # at most one runs per course
            runs[context_id] = run
    return {
        context_id: _freshness(rows[context_id], runs.get(context_id), found.get(context_id, _CONNECTED))
        for context_id in context_ids
    }


def merge_freshness(parts: Collection[DataFreshness]) -> DataFreshness:
    """Several courses as one: the oldest reading, all that is missing anywhere, the first sync running."""
    return DataFreshness(
        as_of=min((part.as_of for part in parts if part.as_of is not None), default=None),
        missing=_list_missing(parts),
        running=next((part.running for part in parts if part.running is not None), None),
        unconnected=tuple(sorted({product for part in parts for product in part.unconnected})),
        by_own_accounts=any(part.by_own_accounts for part in parts),
        own_refused_at=next((part.own_refused_at for part in parts if part.own_refused_at), None),
        visits_at=min((part.visits_at for part in parts if part.visits_at is not None), default=None),
    )


def get_readings(context_id: int) -> dict[str, Reading]:
    """Per kind of fact its newest whole reading; kinds that were never read are absent."""
    return _newest_by_kind(_list_readings([context_id]))


@cache
def _freshness_statement(
    _dialect: str,
) -> Select[int, Freshness, SyncRun, str, str | None, bool, datetime | None]:
    """Made once per kind of database: most pages ask this, and making it is slow."""
    asked: BindParameter[Sequence[int]] = bindparam("context_ids", expanding=True)
    has_own = Context.id.in_(select_read_by_accounts(asked))
    refused_at = select_refused_at(bindparam("reader_id")).scalar_subquery()
    return (
        select(Context.id, Freshness, SyncRun, Platform.product, Platform.moodle_url, has_own, refused_at)
        .join(Platform, Platform.id == Context.platform_id)
        .outerjoin(Freshness, and_(Freshness.context_id == Context.id, Freshness.kind != REPORT))
        .outerjoin(SyncRun, and_(SyncRun.context_id == Context.id, SyncRun.state == "running"))
        .where(Context.id.in_(asked))
        .order_by(Context.id, Freshness.kind, Freshness.source)
    )


def _connection(
    product: str, moodle_url: str | None, has_own: bool, refused_at: datetime | None
) -> _Connection:
    """Where the site as a whole is connected, nobody's own account is needed."""
    if moodle_url:
        return _CONNECTED
    return _Connection(() if has_own else (product,), bool(has_own), refused_at)


def _list_readings(context_ids: Collection[int]) -> Sequence[Freshness]:
    statement = (
        select(Freshness)
        .where(Freshness.context_id.in_(context_ids), Freshness.kind != REPORT)
        .order_by(Freshness.context_id, Freshness.kind, Freshness.source)
    )
    return db.session.scalars(statement).all()


def _newest_by_kind(rows: Iterable[Freshness]) -> dict[str, Reading]:
    """Two sources of the same kind stand in for each other."""
    newest: dict[str, Reading] = {}
    for row in rows:
        known = newest.get(row.kind)
        if row.as_of is not None and (known is None or row.as_of > known.as_of):
            newest[row.kind] = Reading(row.source, row.as_of)
    return newest


def _freshness(rows: Sequence[Freshness], run: SyncRun | None, connection: _Connection) -> DataFreshness:
    moments = {kind: reading.as_of for kind, reading in _newest_by_kind(rows).items()}
    return DataFreshness(
        as_of=min(moments.values(), default=None),
        missing=tuple(_missing(row) for row in rows if row.error_code),
        running=SyncProgress(run.steps_done, run.steps_total, run.started_at, run.step) if run else None,
        unconnected=connection.unconnected,
        by_own_accounts=connection.by_own_accounts,
        own_refused_at=connection.own_refused_at,
        visits_at=moments.get("access"),
    )


def _missing(row: Freshness) -> MissingFact:
    return MissingFact(row.kind, row.error_code or "", row.as_of, row.source, row.error_detail or "")


def _list_missing(parts: Iterable[DataFreshness]) -> tuple[MissingFact, ...]:
    """One entry for each kind, source, code and word, with the oldest reading among the courses concerned."""
    missing: dict[tuple[str, ...], MissingFact] = {}
    for fact in (fact for part in parts for fact in part.missing):
        key = (fact.kind, fact.source, fact.code, fact.detail)
        known = missing.get(key)
        if known is None or (known.as_of is not None and (fact.as_of is None or fact.as_of < known.as_of)):
            missing[key] = fact
    return tuple(missing.values())
