"""What a page says about the class: its middle and its shares, counted by the database.

A class is the learners who take part: those who left, are suspended or finished would move every comparison.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from statistics import median

from sqlalchemy import Row, ScalarSelect, and_, case, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.look_days import find_zone_and_looks_since
from course_sync.models import ActiveDay, Context, Membership, Progress
from mentor_console.local_days import local_day
from mentor_console.screens import WeekActivity
from mentor_console.steps import has_worked, is_known

_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class CohortProgress:
    """`median_done` is the middle number of required steps done; `size` the learners it is the middle of."""

    median_done: float
    size: int
    shares: Mapping[int, float]
    """Per activity, of the learners whose state is known, who have done it or handed it in. 0-1."""


def is_taking_part(now: datetime) -> ColumnElement[bool]:
    """SQL: a learner of the class at `now`."""
    return and_(
        Membership.standing == "learner",
        Membership.status == "active",
        or_(Membership.completed_at.is_(None), Membership.completed_at > now),
    )


def get_cohort_progress(context_id: int, required_ids: Collection[int], now: datetime) -> CohortProgress:
    """The class's progress, in two queries whatever its size."""
    counts = _count_done_per_learner(context_id, required_ids, now)
    return CohortProgress(
        median_done=float(median(counts)) if counts else 0.0,
        size=len(counts),
        shares=_share_per_activity(context_id, now),
    )


def list_weeks(
    contexts: Collection[Context], wanted: Collection[int], now: datetime, *, weeks: int
) -> dict[int, tuple[WeekActivity, ...]]:
    """Per wanted membership: days with a trace in each of the last weeks, oldest first, in one query.

    A week is seven days of the organisation's zone, the last ending today, so that all are of equal length.
    Weeks before the course began are left out; those up to the last in which visits were not looked at on
    each day are marked, for there were perhaps more. Learners of whom no visit is known have none.
    """
    if not contexts:
        return {}
    zone, looks = find_zone_and_looks_since(contexts, now.date() - timedelta(days=7 * weeks + 1))
    starts = _week_starts(now, weeks, zone)
    rows = _count_active_days([context.id for context in contexts], starts, now)
    medians = _median_days(rows, weeks)
    today = local_day(now, zone)
    began = {context.id: _to_day(context.starts_at, zone) or date.min for context in contexts}
    watched = {context.id: _watched_from(starts, looks[context.id], today) for context in contexts}
    chosen = set(wanted)
    return {
        row.id: _weeks_of(
            row, starts, medians[row.context_id], began[row.context_id], watched[row.context_id]
        )
        for row in rows
        if row.id in chosen
    }


def _watched_from(starts: list[date], looks: Collection[date], today: date) -> date:
    """Where the last unbroken run of weeks begins whose every day was looked at; today counts so far."""
    missed = [
        day
        for day in (starts[0] + timedelta(days=number) for number in range((today - starts[0]).days))
        if day not in looks
    ]
    if not missed:
        return date.min
    return next((start for start in starts if start > missed[-1]), today + timedelta(days=1))


def list_active_days(membership_id: int) -> tuple[date, ...]:
    """Every day with a trace of one learner, oldest first: what the rules measure gaps between."""
    statement = select(ActiveDay.day).where(ActiveDay.membership_id == membership_id).order_by(ActiveDay.day)
    return tuple(db.session.scalars(statement))


def _count_done_per_learner(context_id: int, required_ids: Collection[int], now: datetime) -> list[int]:
    """Learners of whom nothing is known are left out rather than counted as zero."""
    not_failed = or_(Progress.completion.is_(None), Progress.completion != "failed")
    statement = (
        select(func.sum(case((and_(has_worked(), not_failed), 1), else_=0)))
        .join(Membership, Membership.id == Progress.membership_id)
        .where(Membership.context_id == context_id, is_taking_part(now))
        .where(Progress.activity_id.in_(required_ids))
        .group_by(Progress.membership_id)
        .having(func.sum(case((is_known(), 1), else_=0)) > 0)
    )
    return [int(count) for count in db.session.scalars(statement)]


def _share_per_activity(context_id: int, now: datetime) -> dict[int, float]:
    known = or_(is_known(), has_worked())
    statement = (
        select(Progress.activity_id, func.sum(case((has_worked(), 1), else_=0)), func.count())
        .join(Membership, Membership.id == Progress.membership_id)
        .where(Membership.context_id == context_id, is_taking_part(now), known)
        .group_by(Progress.activity_id)
    )
    return {activity_id: int(worked) / total for activity_id, worked, total in db.session.execute(statement)}


def _to_day(moment: datetime | None, zone: tzinfo) -> date | None:
    return local_day(moment, zone) if moment else None


def _week_starts(now: datetime, weeks: int, zone: tzinfo) -> list[date]:
    first = local_day(now, zone) - timedelta(days=7 * weeks - 1)
    return [first + number * _WEEK for number in range(weeks)]


def _count_active_days(context_ids: Iterable[int], starts: list[date], now: datetime) -> list[Row]:
    """Each count by itself: the index answers it, where a sum over all days would look at each of them."""
    counts = [_count_days_from(start).label(f"week_{number}") for number, start in enumerate(starts)]
    statement = select(
        Membership.id,
        Membership.context_id,
        is_taking_part(now).label("takes_part"),
        Membership.access_as_of.is_not(None).label("access_known"),
        *counts,
    ).where(Membership.context_id.in_(context_ids), Membership.standing == "learner")
    return list(db.session.execute(statement).all())


def _count_days_from(start: date) -> ScalarSelect[int]:
    """SQL: a member's days with a trace in the week from here."""
    in_week = and_(ActiveDay.day >= start, ActiveDay.day < start + _WEEK)
    days = select(func.count()).where(ActiveDay.membership_id == Membership.id, in_week)
    return days.correlate(Membership).scalar_subquery()


def _days_of(row: Row, weeks: int) -> list[int]:
    """The counts are the last columns."""
    return list(row[-weeks:])


def _median_days(rows: Iterable[Row], weeks: int) -> dict[int, list[float]]:
    days: dict[int, list[list[int]]] = defaultdict(list)
    for row in rows:
        if row.takes_part and row.access_known:
            days[row.context_id].append(_days_of(row, weeks))
    medians: dict[int, list[float]] = defaultdict(lambda: [0.0] * weeks)
    for context_id, counts in days.items():
        medians[context_id] = [float(median(week)) for week in zip(*counts, strict=True)]
    return medians


def _weeks_of(
    row: Row, starts: list[date], medians: list[float], began: date, watched: date
) -> tuple[WeekActivity, ...]:
    days = _days_of(row, len(starts))
    if not row.access_known and not any(days):
        return ()
    return tuple(
        WeekActivity(start, own, middle, is_whole=start >= watched)
        for start, own, middle in zip(starts, days, medians, strict=True)
        if start + _WEEK > began
    )
