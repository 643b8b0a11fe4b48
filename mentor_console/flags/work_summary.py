"""What one learner's required work amounts to at a moment, read in one pass: done, missing, late, graded.

Optional and hidden activities never enter. Work on paper counts: a completion or a score above zero is a
hand-in too. What is unknown is neither done nor missing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mentor_console.flags.deadlines import is_enrolled_late, is_handed_in
from mentor_console.flags.facts import ActivityFacts, CourseFacts, LearnerFacts, WorkFacts
from mentor_console.flags.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Overdue:
    """A hand-in whose deadline has passed for this learner; the grace is the rule's affair. At `seen_at`
    it was known not to be there.
    """

    activity: ActivityFacts
    due_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class LateHandIn:
    """Handed in so long after its deadline that missing it had become an alarm for today."""

    activity: ActivityFacts
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Graded:
    """`score_ratio` is 0-1."""

    activity: ActivityFacts
    score_ratio: float
    graded_at: datetime | None


@dataclass(slots=True)
class WorkSummary:
    """Counts are of required, visible activities. `handed_in` holds activity ids.

    `known_count`: activities of which the platform told anything. `excused_count`: not done, but extended,
    due too soon after enrolling late, or unknown. `due_count` leaves those out. `unread`: ids of those that
    have fallen due and of which it was not read since whether they are done.
    """

    handed_in: list[int]
    missing: list[Overdue]
    late: list[LateHandIn]
    graded: list[Graded]
    unread: list[int]
    required_count: int = 0
    known_count: int = 0
    done_count: int = 0
    due_count: int = 0
    due_done_count: int = 0
    excused_count: int = 0
    unknown_deadline_count: int = 0


def summarise_work(
    course: CourseFacts,
    activities: Iterable[ActivityFacts],
    learner: LearnerFacts,
    thresholds: Thresholds,
    now: datetime,
) -> WorkSummary:
    """All values of one learner at `now`, in any standing."""
    summary = WorkSummary([], [], [], [], [])
    work_by_activity = {work.activity_id: work for work in learner.work}
    exempt_until = _find_exempt_until(course, learner, thresholds)
    late_after = timedelta(days=thresholds.deadline_act_days)
    for activity in activities:
        if not activity.required or not activity.visible:
            continue
        summary.required_count += 1
        work = work_by_activity.get(activity.activity_id)
        due_at, done = activity.due_at, False
        if work is not None:
            summary.known_count += work.submission_known or work.completion is not None
            due_at, done = work.due_at_override or due_at, is_handed_in(work, now)
        if work is not None and done:
            _add_done(summary, activity, work, due_at, late_after, now)
        elif due_at is not None and due_at < now:
            _add_undone(summary, activity, work, due_at, exempt_until, now)
        elif due_at != activity.due_at:
            summary.excused_count += 1
    return summary


def _add_done(
    summary: WorkSummary,
    activity: ActivityFacts,
    work: WorkFacts,
    due_at: datetime | None,
    late_after: timedelta,
    now: datetime,
) -> None:
    done = work.completion != "failed"
    summary.done_count += done
    if due_at is not None and due_at < now:
        summary.due_count += 1
        summary.due_done_count += done
    if not activity.accepts_submission:
        return
    summary.handed_in.append(activity.activity_id)
    if (
        due_at is not None
        and work.submission_known
        and work.submitted_at
        and work.submitted_at > due_at + late_after
    ):
        summary.late.append(LateHandIn(activity, work.submitted_at))
    if work.score_ratio is not None and (work.graded_at is None or work.graded_at <= now):
        summary.graded.append(Graded(activity, work.score_ratio, work.graded_at))


def _add_undone(
    summary: WorkSummary,
    activity: ActivityFacts,
    work: WorkFacts | None,
    due_at: datetime,
    exempt_until: datetime | None,
    now: datetime,
) -> None:
    seen_at = now if work is None or work.read_at is None else min(work.read_at, now)
    if exempt_until is not None and due_at < exempt_until:
        summary.excused_count += 1
    elif activity.accepts_submission and (work is None or not work.submission_known or seen_at <= due_at):
        # Where a platform hides hand-ins, "not complete" does not tell whether one waits to be marked; where
        # they were last read before the deadline, one may have come in since.
        summary.unknown_deadline_count += 1
        summary.excused_count += 1
        _note_unread(summary, activity, seen_at, due_at)
    elif work is None or (not activity.accepts_submission and (work.completion is None or seen_at <= due_at)):
        summary.excused_count += 1
        _note_unread(summary, activity, seen_at, due_at)
    else:
        summary.due_count += 1
        if activity.accepts_submission:
            summary.missing.append(Overdue(activity, due_at, seen_at))


def _note_unread(summary: WorkSummary, activity: ActivityFacts, seen_at: datetime, due_at: datetime) -> None:
    if seen_at <= due_at:
        summary.unread.append(activity.activity_id)


def _find_exempt_until(course: CourseFacts, learner: LearnerFacts, thresholds: Thresholds) -> datetime | None:
    """Deadlines before this do not count: before the enrolment, or too soon after a late one."""
    if learner.enrolled_at is None:
        return None
    if is_enrolled_late(course, learner, thresholds):
        return learner.enrolled_at + timedelta(days=thresholds.late_enrolment_grace_days)
    return learner.enrolled_at
