"""Keeping the rosters that were fetched: believed or not, with the freshness of each source.

Used by a whole pull and by the roster check at a launch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from course_sync.database import db
from course_sync.errors import PlatformError
from course_sync.facts import Roster
from course_sync.look_days import record_look, tells_all_visits
from course_sync.models import SOURCE_LTI, SOURCE_MOODLE
from course_sync.records import find_last_read, record_failure, record_read
from course_sync.roster_records import ContextRef, list_known_members, record_rosters
from course_sync.rosters import KnownMember, Situation, find_complaint


@dataclass(frozen=True)
class KeptRosters:
    """What came of the rosters of one run: why a source was not believed, and how many rows changed."""

    complaints: Mapping[str, PlatformError]
    rows_changed: int


def keep_rosters(
    context: ContextRef,
    fetched: Mapping[str, Roster],
    connected: frozenset[str],
    now: datetime,
    after_chunk: Callable[[], None] = lambda: None,
    *,
    partial: frozenset[str] = frozenset(),
    beside: Mapping[str, Roster] | None = None,
) -> KeptRosters:
    """Write what these rosters tell, and who has left where they can be believed. Commits.

    `partial` names sources that never claim to list everybody: their silence is neither a fault nor believed.
    `beside` are lists that were kept and believed earlier in the same run: they still count.
    """
    known = list_known_members(context.context_id)
    last_read_at = {source: find_last_read(context.context_id, "roster", source) for source in connected}
    claimed = {source: roster for source, roster in fetched.items() if source not in partial}
    complaints = _find_complaints(claimed, known, connected, last_read_at, now)
    situation = Situation(
        rosters=fetched,
        believed=frozenset((claimed.keys() - complaints.keys()) | (beside or {}).keys()),
        connected=connected,
        last_read_at=last_read_at,
        now=now,
        partial=partial,
        beside=beside or {},
    )
    changed = record_rosters(context, known, situation, after_chunk)
    for source, roster in fetched.items():
        _record_freshness(context.context_id, roster, complaints.get(source), now)
        is_whole = source in claimed and source not in complaints
        if source == SOURCE_MOODLE and is_whole and tells_all_visits(roster):
            record_look(context, now)
    db.session.commit()
    return KeptRosters(complaints, changed)


def record_roster_failure(context_id: int, source: str, error: PlatformError, now: datetime) -> None:
    """A roster could not be fetched at all. Commits."""
    record_failure(context_id, "roster", source, error.code, error.detail, now)
    if source == SOURCE_MOODLE:
        record_failure(context_id, "access", source, error.code, error.detail, now)
    db.session.commit()


def _find_complaints(
    fetched: Mapping[str, Roster],
    known: Mapping[str, KnownMember],
    connected: frozenset[str],
    last_read_at: Mapping[str, datetime | None],
    now: datetime,
) -> dict[str, PlatformError]:
    complaints: dict[str, PlatformError] = {}
    for source, roster in fetched.items():
        other = fetched.get(SOURCE_LTI if source == SOURCE_MOODLE else SOURCE_MOODLE)
        complaint = find_complaint(
            roster,
            list(known.values()),
            other if other and other.members else None,
            only_source=connected == {source},
            last_read_at=last_read_at.get(source),
            now=now,
        )
        if complaint:
            complaints[source] = complaint
    return complaints


def _record_freshness(
    context_id: int, roster: Roster, complaint: PlatformError | None, now: datetime
) -> None:
    source = roster.source
    kinds = ("roster", "access") if source == SOURCE_MOODLE else ("roster",)
    for kind in kinds:
        if complaint:
            record_failure(context_id, kind, source, complaint.code, complaint.detail, now)
        else:
            record_read(context_id, kind, source, now)
    problem = next((row for row in roster.problems if isinstance(row, PlatformError)), None)
    if problem and not complaint:
        record_failure(context_id, "roster", source, problem.code, problem.detail, now)
