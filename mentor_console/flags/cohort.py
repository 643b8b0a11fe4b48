"""What a cohort has in common at a moment: computed once per course, then given to every learner's
measurement.

Only learners who take part count; those who left, finished or pause would shift every comparison.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median

from mentor_console.flags import indicators
from mentor_console.flags.course_calendar import count_weekly_active_days, to_day
from mentor_console.flags.deadlines import list_deadline_states
from mentor_console.flags.facts import (
    ActivityFacts,
    CohortFacts,
    CourseFacts,
    HandInCount,
    LearnerFacts,
    refuse_naive,
)
from mentor_console.flags.standing import TAKING_PART, find_standing
from mentor_console.flags.thresholds import Thresholds


def compute_cohort(
    course: CourseFacts,
    activities: Sequence[ActivityFacts],
    learners: Iterable[LearnerFacts],
    thresholds: Thresholds,
    now: datetime,
) -> CohortFacts:
    """Pass all learners of the course; their order does not matter. Raises NaiveMomentError."""
    refuse_naive(now, "now")
    members = [item for item in learners if find_standing(course, item, thresholds, now) in TAKING_PART]

    def middle(values: Iterable[int | None]) -> float | None:
        return _median_of_known(values, thresholds.cohort_min_learners)

    return CohortFacts(
        measured_at=now,
        learner_count=len(members),
        silent_days_median=middle(indicators.measure_silent_days(course, item, now) for item in members),
        active_days_median=middle(indicators.measure_active_days(item, thresholds, now) for item in members),
        longest_gap_days_median=middle(
            indicators.measure_longest_gap_days(course, item, thresholds, now) for item in members
        ),
        done_count_median=middle(indicators.measure_done_count(activities, item, now) for item in members),
        weekly_active_days_medians=_weekly_medians(members, thresholds, now),
        hand_ins=_count_hand_ins(course, activities, members, thresholds, now),
    )


def _median_of_known(values: Iterable[int | None], minimum: int) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known and len(known) >= minimum else None


def _weekly_medians(
    members: Sequence[LearnerFacts], thresholds: Thresholds, now: datetime
) -> tuple[float, ...]:
    """Empty where too few learners' visits are known."""
    weeks = [
        count_weekly_active_days(member.active_days, to_day(now), indicators.WEEKS_SHOWN)
        for member in members
        if member.access_known
    ]
    if not weeks or len(weeks) < thresholds.cohort_min_learners:
        return ()
    return tuple(float(median(counts)) for counts in zip(*weeks, strict=True))


def _count_hand_ins(
    course: CourseFacts,
    activities: Sequence[ActivityFacts],
    members: Sequence[LearnerFacts],
    thresholds: Thresholds,
    now: datetime,
) -> dict[int, HandInCount]:
    counts: dict[int, list[int]] = {}
    for member in members:
        for activity, _, state in list_deadline_states(course, activities, member, thresholds, now):
            if state in ("handed_in", "missing"):
                pair = counts.setdefault(activity.activity_id, [0, 0])
                pair[0] += state == "handed_in"
                pair[1] += 1
    return {
        activity_id: HandInCount(handed_in, expected) for activity_id, (handed_in, expected) in counts.items()
    }
