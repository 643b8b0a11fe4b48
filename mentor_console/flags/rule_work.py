"""Rules about required work: missed deadline, falling behind, grades falling. Each from one learner's
indicators to a finding or None.

What a rule needs, and what it says when that is unknown, stands in rules.py.
"""

from collections.abc import Iterable
from math import floor

from mentor_console.flags.findings import Finding, Level, Reason, Scalar
from mentor_console.flags.indicators import Grade, Indicators, MissedDeadline
from mentor_console.flags.rule_visits import is_silent_beyond
from mentor_console.flags.thresholds import Thresholds


def evaluate_missed_deadline(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """A required hand-in is overdue past the grace, within the window, and the cohort has largely handed
    it in. What was not read anew is left to what stands (keeping.py)."""
    missed = [
        miss
        for miss in list_credible_misses(indicators, thresholds)
        if miss.is_read and miss.days_overdue <= thresholds.deadline_window_days
    ]
    if not missed:
        return None
    return Finding(
        "missed_deadline",
        judge_misses(missed, indicators, thresholds),
        tuple(_missed_reason(miss) for miss in missed),
        tuple(_missed_clear(miss) for miss in missed),
        "methodological",
    )


def list_credible_misses(indicators: Indicators, thresholds: Thresholds) -> list[MissedDeadline]:
    """Missed deadlines whose date the cohort confirms by its own hand-ins, or of a cohort too small to
    say."""
    return [
        miss
        for miss in indicators.missed or ()
        if miss.hand_ins is None or _cohort_share(miss) >= thresholds.deadline_min_cohort_share
    ]


def judge_misses(misses: Iterable[MissedDeadline], indicators: Indicators, thresholds: Thresholds) -> Level:
    """How urgent these are together. Of learners who missed the last deadline and were silent for 7 days,
    77-97 % do not complete (BBB, AAA)."""
    firm = [miss for miss in misses if _cohort_share(miss) >= thresholds.deadline_full_cohort_share]
    if not firm:
        return "watch"
    overdue = max(miss.days_overdue for miss in firm) >= thresholds.deadline_act_days
    silent = is_silent_beyond(indicators, thresholds.silent_watch_days)
    return "act" if overdue or silent or len(firm) > 1 else "week"


def evaluate_falling_behind(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """Fewer required steps done than half of the cohort, by more than the margin, and steps due undone."""
    done, median = indicators.done_count, indicators.cohort_done_count_median
    if done is None or median is None or indicators.due_done_count >= indicators.due_count:
        return None
    # What is extended, exempt or unknown might as well be done.
    gap = median - done - indicators.excused_count
    margin = max(thresholds.behind_min_steps, thresholds.behind_week_share * median)
    if gap < margin:
        return None
    level: Level = "act" if gap >= thresholds.behind_act_share * median else "week"
    values: dict[str, Scalar] = {
        "done": done,
        "cohort_done": int(median),
        "due": indicators.due_count,
        "due_done": indicators.due_done_count,
    }
    # Enough that the gap is below the margin, or that nothing due is left.
    wanted = floor(median - indicators.excused_count - margin) + 1
    clears = Reason("clears_with_steps", {"done": max(wanted, done + 1)})
    return Finding("falling_behind", level, (Reason("fewer_steps", values),), (clears,), "methodological")


def evaluate_grades_falling(indicators: Indicators, thresholds: Thresholds) -> Finding | None:
    """Scores well below the cohort's for the same work, or the newest well below the learner's own before."""
    reasons: list[Reason] = []
    level = _low_level(indicators, thresholds)
    if level is not None:
        reasons += _low_reasons(indicators)
    if _has_fallen(indicators.grades, thresholds):
        reasons.append(_fallen_reason(indicators.grades))
    if not reasons:
        return None
    clears = (Reason("clears_with_better_grade"),)
    return Finding("grades_falling", level or "watch", tuple(reasons), clears, "educational")


def measure_grade_gap(indicators: Indicators) -> float | None:
    """Mean of own score less the cohort's median, over all work with both; negative is below. 0-1 scale."""
    gaps = [
        grade.score_ratio - grade.cohort_median
        for grade in indicators.grades
        if grade.cohort_median is not None
    ]
    # Rounded so that 25 points below are 25 points, however the scores are stored.
    return round(sum(gaps) / len(gaps), 6) if gaps else None


def _cohort_share(miss: MissedDeadline) -> float:
    """1.0 where the cohort is too small to say: the date is then taken as right."""
    share = miss.hand_ins.share if miss.hand_ins else None
    return 1.0 if share is None else share


def _missed_reason(miss: MissedDeadline) -> Reason:
    values: dict[str, Scalar] = {
        "activity_id": miss.activity_id,
        "name": miss.name,
        "due_at": miss.due_at.isoformat(),
        "extended": miss.is_extended,
        "handed_in": miss.hand_ins.handed_in if miss.hand_ins else None,
        "expected": miss.hand_ins.expected if miss.hand_ins else None,
    }
    return Reason("missed_deadline", values)


def _missed_clear(miss: MissedDeadline) -> Reason:
    return Reason("clears_with_hand_in", {"activity_id": miss.activity_id, "name": miss.name})


def _low_level(indicators: Indicators, thresholds: Thresholds) -> Level | None:
    gap = measure_grade_gap(indicators)
    if gap is None or gap > -thresholds.grade_watch_gap:
        return None
    if gap <= -thresholds.grade_act_gap:
        return "act"
    return "week" if gap <= -thresholds.grade_week_gap else "watch"


def _low_reasons(indicators: Indicators) -> list[Reason]:
    """The work that lies furthest below and, where there is more, the mean that the rule went by."""
    compared = [grade for grade in indicators.grades if grade.cohort_median is not None]
    worst = min(
        compared, key=lambda grade: (grade.score_ratio - (grade.cohort_median or 0), grade.activity_id)
    )
    values: dict[str, Scalar] = {
        "activity_id": worst.activity_id,
        "name": worst.name,
        "score_percent": round(100 * worst.score_ratio),
        "cohort_percent": round(100 * (worst.cohort_median or 0)),
    }
    reasons = [Reason("grade_below_cohort", values)]
    if len(compared) > 1:
        points = round(-100 * (measure_grade_gap(indicators) or 0))
        reasons.append(Reason("grades_below_cohort", {"graded": len(compared), "points": points}))
    return reasons


def _has_fallen(grades: tuple[Grade, ...], thresholds: Thresholds) -> bool:
    """Against the mean of the work before, and not because this work was hard for everybody."""
    if len(grades) < 2:
        return False
    newest, before = grades[0], grades[1:]
    usual = sum(grade.score_ratio for grade in before) / len(before)
    if round(usual - newest.score_ratio, 6) < thresholds.grade_fall:
        return False
    return (
        newest.cohort_median is None or newest.score_ratio < newest.cohort_median - thresholds.grade_watch_gap
    )


def _fallen_reason(grades: tuple[Grade, ...]) -> Reason:
    newest, before = grades[0], grades[1:]
    values: dict[str, Scalar] = {
        "activity_id": newest.activity_id,
        "name": newest.name,
        "score_percent": round(100 * newest.score_ratio),
        "usual_percent": round(100 * sum(grade.score_ratio for grade in before) / len(before)),
        "graded": len(before),
    }
    return Reason("grade_fell", values)
