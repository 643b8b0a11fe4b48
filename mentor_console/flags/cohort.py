"""What a cohort has in common at a moment: computed once per course, then given to every learner's
measurement.

Only learners who take part count; those who left, finished or pause would shift every comparison.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median

from mentor_console.flags.facts import (
    ActivityFacts,
    CohortFacts,
    CourseFacts,
    HandInCount,
    LearnerFacts,
    refuse_naive,
)
from mentor_console.flags.indicators import OwnMeasures, measure_own
from mentor_console.flags.standing import TAKING_PART, find_standing
from mentor_console.flags.thresholds import Thresholds
from mentor_console.flags.visits import Visits
from mentor_console.flags.work_summary import WorkSummary


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
    measured = [measure_own(course, activities, item, thresholds, now) for item in members]
    return summarise_cohort(measured, thresholds, now)


def summarise_cohort(members: Sequence[OwnMeasures], thresholds: Thresholds, now: datetime) -> CohortFacts:
    """The same from measures of those who take part."""
    visits = [item.visits for item in members if item.visits.is_current]
    work = [item.work for item in members]
    window = _find_common_window(visits)

    def middle(values: Iterable[int | None]) -> float | None:
        return _median_of_known(values, thresholds.cohort_min_learners)

    return CohortFacts(
        measured_at=now,
        learner_count=len(members),
        silent_days_median=middle(item.silent_days for item in visits),
        active_days_median=middle(
            item.active_days_in_window for item in visits if item.active_days_window == window
        ),
        active_days_window=window,
        recent_active_days_median=middle(item.recent_active_days for item in visits),
        earlier_active_days_median=middle(item.earlier_active_days for item in visits),
        longest_gap_days_median=middle(item.longest_gap_days for item in visits),
        done_count_median=middle(_known_done(item) for item in members),
        weekly_active_days_medians=_weekly_medians(visits, thresholds),
        hand_ins=_count_hand_ins(work),
        score_medians=_score_medians(work, thresholds),
    )


def _known_done(member: OwnMeasures) -> int | None:
    return member.work.done_count if member.work.known_count and member.is_progress_known else None


def _find_common_window(visits: Sequence[Visits]) -> int | None:
    """Sources may count over different windows; medians are taken over the one most learners have."""
    windows = Counter(item.active_days_window for item in visits if item.active_days_window is not None)
    return max(windows, key=lambda days: (windows[days], days), default=None)


def _median_of_known(values: Iterable[int | None], minimum: int) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known and len(known) >= minimum else None


def _weekly_medians(visits: Sequence[Visits], thresholds: Thresholds) -> tuple[float, ...]:
    """Empty where too few learners' visits are known."""
    weeks = [item.weekly_active_days for item in visits if item.weekly_active_days is not None]
    if not weeks or len(weeks) < thresholds.cohort_min_learners:
        return ()
    return tuple(float(median(counts)) for counts in zip(*weeks, strict=True))


def _count_hand_ins(work: Sequence[WorkSummary]) -> dict[int, HandInCount]:
    done = Counter(activity_id for item in work for activity_id in item.handed_in)
    missing = Counter(overdue.activity.activity_id for item in work for overdue in item.missing)
    return {
        activity_id: HandInCount(done[activity_id], done[activity_id] + missing[activity_id])
        for activity_id in done.keys() | missing.keys()
    }


def _score_medians(work: Sequence[WorkSummary], thresholds: Thresholds) -> dict[int, float]:
    """Only where as many scores are known as a cohort needs."""
    scores: dict[int, list[float]] = defaultdict(list)
    for item in work:
        for graded in item.graded:
            scores[graded.activity.activity_id].append(graded.score_ratio)
    return {
        activity_id: float(median(known))
        for activity_id, known in scores.items()
        if len(known) >= thresholds.cohort_min_learners
    }
