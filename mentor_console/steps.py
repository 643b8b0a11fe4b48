"""A learner's way through a course, step by step: what counts, what is done, what is late.

The same meaning of "done" as the rules use (flags/deadlines.py), so that page and reason never disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.sql.elements import ColumnElement

from course_sync.database import db
from course_sync.models import Activity, Membership, Progress
from mentor_console.extensions import later_deadline
from mentor_console.screens import ProgressSummary, StepLine

_COMPLETE = ("complete", "passed")


def list_activities(context_id: int) -> list[Activity]:
    """Activities that are still in the course, in course order; hidden ones too."""
    statement = (
        select(Activity)
        .where(Activity.context_id == context_id, Activity.removed_at.is_(None))
        .order_by(Activity.position, Activity.id)
    )
    return list(db.session.scalars(statement))


def find_required_ids(activities: Sequence[Activity]) -> frozenset[int]:
    """Which activities a learner is expected to do.

    Those whose completion the platform tracks. Where a course tracks none at all, the hand-ins with a
    deadline: a trainer who sets a date expects something.
    """
    if any(activity.tracked for activity in activities):
        return frozenset(activity.id for activity in activities if activity.tracked)
    return frozenset(
        activity.id for activity in activities if activity.accepts_submission and activity.due_at is not None
    )


def list_progress(membership: Membership) -> dict[int, Progress]:
    """What is known of one learner's work, by activity id."""
    statement = select(Progress).where(Progress.membership_id == membership.id)
    return {progress.activity_id: progress for progress in db.session.scalars(statement)}


def has_worked() -> ColumnElement[bool]:
    """SQL: handed in, completed whatever the result, or graded above zero."""
    return or_(
        Progress.submission == "submitted",
        Progress.completion.in_((*_COMPLETE, "failed")),
        Progress.score_ratio > 0,
    )


def is_known() -> ColumnElement[bool]:
    """SQL: the platform told at least something of this learner's work here."""
    return or_(Progress.completion.is_not(None), Progress.submission.is_not(None))


def due_at_of(
    activity: Activity, progress: Progress | None, by_hand: datetime | None = None
) -> datetime | None:
    """The deadline that holds for the learner: their own where they have one, by hand or the platform's."""
    override = progress.due_at_override if progress else None
    return later_deadline(activity.due_at, override, by_hand) or activity.due_at


def step_state(
    activity: Activity,
    progress: Progress | None,
    *,
    counts: bool,
    now: datetime,
    by_hand: datetime | None = None,
    read_at: datetime | None = None,
) -> str:
    """done | failed | handed_in | late | open | unknown. Optional work is never late.

    `read_at`: when it was last read that nothing is done here; None = now.
    """
    if progress is not None:
        if progress.completion == "failed":
            return "failed"
        if progress.completion in _COMPLETE:
            return "done"
        if progress.submission == "submitted" or (progress.score_ratio or 0) > 0:
            return "handed_in"
    if progress is None or (progress.completion is None and progress.submission is None):
        return "unknown"
    due_at = due_at_of(activity, progress, by_hand)
    if not counts or due_at is None or due_at >= now:
        return "open"
    if read_at is not None and read_at <= due_at:
        return "unknown"
    # Where a platform hides hand-ins, "not complete" does not tell whether one lies on the trainer's desk.
    return "unknown" if activity.accepts_submission and progress.submission is None else "late"


def list_steps(
    activities: Sequence[Activity],
    progress: Mapping[int, Progress],
    shares: Mapping[int, float],
    now: datetime,
    by_hand: Mapping[int, datetime] | None = None,
    read_at: Mapping[int, datetime | None] | None = None,
) -> tuple[StepLine, ...]:
    """The visible activities as lines. `shares` is the cohort's share per activity, 0-1, where known;
    `by_hand` the deadlines that were entered for this learner; `read_at` as of reading_times.list_read_at.
    """
    required, entered, readings = find_required_ids(activities), by_hand or {}, read_at or {}
    return tuple(
        _step_line(
            activity,
            progress.get(activity.id),
            activity.id in required,
            shares.get(activity.id),
            now,
            entered.get(activity.id),
            readings.get(activity.id),
        )
        for activity in activities
        if activity.visible
    )


def summarise(
    steps: tuple[StepLine, ...],
    progress: Mapping[int, Progress],
    cohort_median_done: float,
    cohort_size: int,
    *,
    as_of: datetime | None,
    now: datetime,
) -> ProgressSummary:
    """Required steps done, against what is due. `as_of` is when the learner's progress was last read."""
    counting = [step for step in steps if step.counts]
    return ProgressSummary(
        done=sum(step.state in ("done", "handed_in") for step in counting),
        required=len(counting),
        due_by_now=sum(step.due_at is not None and step.due_at <= now for step in counting),
        cohort_median_done=cohort_median_done,
        steps=steps,
        as_of=as_of,
        source=_source_of(progress),
        cohort_size=cohort_size,
    )


def list_next_steps(steps: Sequence[StepLine], now: datetime, limit: int = 5) -> tuple[StepLine, ...]:
    """Required steps still to do: overdue first, then by deadline, then those without one in course order."""
    waiting = [step for step in steps if step.counts and _is_ahead(step, now)]
    return tuple(sorted(waiting, key=_deadline_order)[:limit])


def _step_line(
    activity: Activity,
    progress: Progress | None,
    counts: bool,
    share: float | None,
    now: datetime,
    by_hand: datetime | None,
    read_at: datetime | None,
) -> StepLine:
    state = step_state(activity, progress, counts=counts, now=now, by_hand=by_hand, read_at=read_at)
    extended_by = _find_extender(activity, progress, by_hand)
    return StepLine(
        activity_id=activity.id,
        name=activity.name,
        module=activity.module,
        due_at=due_at_of(activity, progress, by_hand),
        extended=bool(extended_by),
        state=state,
        at=(progress.submitted_at or progress.completed_at) if progress else None,
        score_ratio=progress.score_ratio if progress else None,
        counts=counts,
        cohort_done_share=share,
        extended_by=extended_by,
        read_at=read_at if state == "unknown" else None,
        asks_for=_find_requirement(activity),
    )


_REQUIREMENTS = {
    "completionpassgrade": "pass",
    "completionusegrade": "grade",
    "completionposts": "posts",
    "completiondiscussions": "posts",
    "completionreplies": "posts",
}
"""What Moodle's rules of completion ask for, the strictest first; to visit or hand in is plain."""


def _find_requirement(activity: Activity) -> str:
    if activity.completion_kind == "manual":
        return "tick"
    return next((code for rule, code in _REQUIREMENTS.items() if rule in activity.completion_rules), "")


def _find_extender(activity: Activity, progress: Progress | None, by_hand: datetime | None) -> str:
    override = progress.due_at_override if progress else None
    if by_hand is not None and later_deadline(activity.due_at, override, by_hand) == by_hand:
        return "hand"
    return "platform" if override is not None else ""


def _source_of(progress: Mapping[int, Progress]) -> str:
    for row in progress.values():
        source = row.completion_source or row.submission_source
        if source:
            return source
    return ""


def _is_ahead(step: StepLine, now: datetime) -> bool:
    if step.state == "unknown":
        return step.due_at is not None and step.due_at >= now
    return step.state in ("late", "open")


def _deadline_order(step: StepLine) -> tuple[bool, float]:
    return (step.due_at is None, step.due_at.timestamp() if step.due_at else 0.0)
