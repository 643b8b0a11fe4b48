"""Raising, refreshing and clearing flags: the rules' findings against the rows of this moment.

Open flags are refreshed in place, cleared ones stay as history, and what each said when it changed is kept as
a reading; run twice on the same facts, the second changes nothing that can be seen. Whether a finding is due
at all is the rules' affair (flags/).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from course_sync.database import db
from course_sync.models import SOURCE_MOODLE, Membership
from course_sync.records import find_last_read
from mentor_console.caseload_changes import lock_course
from mentor_console.cohort_readings import record_cohort
from mentor_console.course_facts import CourseSnapshot, load_course
from mentor_console.course_rules import thresholds_for
from mentor_console.flags.assessment import Assessment, evaluate
from mentor_console.flags.findings import Finding
from mentor_console.flags.ranking import urgency
from mentor_console.flags.thresholds import Thresholds
from mentor_console.models import Flag, FlagReading
from mentor_console.writes import insert_once, update_rows

__all__ = ["CourseSnapshot", "FlagChanges", "assess_course", "load_course", "refresh_flags"]


@dataclass(frozen=True)
class FlagChanges:
    """What one refresh did, in flags."""

    raised: int
    cleared: int
    kept: int


@dataclass(frozen=True)
class _Raised:
    """A finding that should stand as a flag."""

    membership_id: int
    finding: Finding
    urgency: float

    @property
    def key(self) -> tuple[int, str]:
        return self.membership_id, self.finding.rule

    @property
    def said(self) -> dict[str, Any]:
        stored = self.finding.to_json()
        return {name: stored[name] for name in ("level", "kind", "reasons", "clears")}

    def columns(self, facts_at: datetime) -> dict[str, Any]:
        return {**self.said, "urgency": self.urgency, "evaluated_at": facts_at}


def assess_course(snapshot: CourseSnapshot, thresholds: Thresholds, now: datetime) -> list[Assessment]:
    """Every learner of the course, as the rules see them at `now`."""
    return [
        evaluate(snapshot.course, snapshot.activities, snapshot.cohort, learner, thresholds, now)
        for learner in snapshot.learners
    ]


def refresh_flags(
    context_id: int,
    now: datetime,
    thresholds: Thresholds | None = None,
    *,
    facts_at: datetime | None = None,
) -> FlagChanges:
    """Bring the flags of one course up to `now` and commit. `thresholds` None = those in force there.

    Learners are judged as of `facts_at`, up to when facts are known (None = `now`). What changes is kept
    under `now`, when it was said. A flag whose rule finds nothing any more is cleared, as are those of
    people who left, are suspended or are learners no longer. Raises sqlalchemy's NoResultFound where there is
    no such course.
    """
    lock_course(context_id)  # one refresh at a time: none may end later with rules that were read earlier
    table, known_at = thresholds or thresholds_for(context_id), facts_at or now
    snapshot = load_course(context_id, known_at, table)
    wanted = {item.key: item for item in _list_raised(snapshot, table, known_at)}
    open_flags = {(flag.membership_id, flag.rule): flag for flag in _list_open(context_id)}
    added = [item for key, item in wanted.items() if key not in open_flags]
    kept = [(flag, wanted[key]) for key, flag in open_flags.items() if key in wanted]
    ended = [flag.id for key, flag in open_flags.items() if key not in wanted]
    changed = [(flag.id, item) for flag, item in kept if _says_something_else(flag, item)]
    for flag, item in kept:
        _refresh(flag, item, known_at)
    raised = _raise(added, now, known_at)
    _keep_readings(changed + _find_raised(context_id, added), now, known_at)
    record_cohort(context_id, snapshot.cohort)
    _clear(ended, now, known_at)
    db.session.commit()
    return FlagChanges(raised=raised, cleared=len(ended), kept=len(kept))


def judging_moment(context_id: int, now: datetime) -> datetime:
    """Up to when learners may be judged: `now`, but not past the last reading of visits.

    While the LMS does not answer, "not read" must not become "did not come".
    """
    return min(now, find_last_read(context_id, "access", SOURCE_MOODLE) or now)


def judge_anew(context_id: int, now: datetime) -> FlagChanges:
    """Refresh the flags of a course as far as its facts are known; after every change of facts or rules."""
    return refresh_flags(context_id, now, facts_at=judging_moment(context_id, now))


def _list_raised(snapshot: CourseSnapshot, thresholds: Thresholds, now: datetime) -> Iterable[_Raised]:
    for assessment in assess_course(snapshot, thresholds, now):
        for finding in assessment.findings:
            yield _Raised(assessment.membership_id, finding, urgency(assessment, thresholds))


def _list_open(context_id: int) -> list[Flag]:
    statement = (
        select(Flag)
        .join(Membership, Membership.id == Flag.membership_id)
        .where(Membership.context_id == context_id, Flag.cleared_at.is_(None))
    )
    return list(db.session.scalars(statement))


def _raise(items: Iterable[_Raised], now: datetime, facts_at: datetime) -> int:
    """The unique index decides when two refreshes meet: the first raises, the other finds it raised."""
    rows = [
        {
            "membership_id": item.membership_id,
            "rule": item.finding.rule,
            "raised_at": now,
            **item.columns(facts_at),
        }
        for item in items
    ]
    return insert_once(Flag, rows)


def _find_raised(context_id: int, added: Iterable[_Raised]) -> list[tuple[int, _Raised]]:
    items = {item.key: item for item in added}
    if not items:
        return []
    flags = ((flag.id, items.get((flag.membership_id, flag.rule))) for flag in _list_open(context_id))
    return [(flag_id, item) for flag_id, item in flags if item is not None]


def _says_something_else(flag: Flag, item: _Raised) -> bool:
    stored = item.finding.to_json()
    return flag.level != stored["level"] or flag.reasons != stored["reasons"]


def _keep_readings(items: Sequence[tuple[int, _Raised]], now: datetime, facts_at: datetime) -> None:
    """What each of these flags says from `now` on. What one said for no time at all gives way to it."""
    for start in range(0, len(items), 500):
        same = [flag_id for flag_id, _ in items[start : start + 500]]
        db.session.execute(
            delete(FlagReading).where(FlagReading.flag_id.in_(same), FlagReading.read_at == now),
            execution_options={"synchronize_session": False},
        )
    rows = [
        {"flag_id": flag_id, "read_at": now, "facts_at": facts_at, **item.said} for flag_id, item in items
    ]
    insert_once(FlagReading, rows)


def _refresh(flag: Flag, item: _Raised, facts_at: datetime) -> None:
    for name, value in item.columns(facts_at).items():
        setattr(flag, name, value)


def _clear(flag_ids: list[int], now: datetime, facts_at: datetime) -> None:
    for start in range(0, len(flag_ids), 500):
        update_rows(
            update(Flag)
            .where(Flag.id.in_(flag_ids[start : start + 500]), Flag.cleared_at.is_(None))
            .values(cleared_at=now, evaluated_at=facts_at)
        )
