"""The rules on whole presentations, day by day, exactly as Today applies them; outcomes beside each score.

A row is a learner of one presentation, still registered at the end of a snapshot day; everybody registered
belongs to the cohort. Outcomes are read only here, after the score is made.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from mentor_console.flag_study.histories import (
    SNAPSHOT_DAYS,
    build_activities,
    build_course,
    build_learner,
    end_of_day,
    find_start,
    is_scored,
)
from mentor_console.flag_study.oulad import History, Presentation
from mentor_console.flags.assessment import Assessment, evaluate_all
from mentor_console.flags.findings import Level
from mentor_console.flags.ranking import urgency
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, Thresholds

_SHARES = (
    *((-20.0, 0.05), (-3.0, 0.09), (-2.33, 0.102), (-1.96, 0.127), (-1.7, 0.19), (-1.43, 0.224)),
    *((-1.28, 0.255), (-1.06, 0.304), (-0.84, 0.35), (-0.69, 0.395), (1.5, 0.4), (17.0, 0.401)),
    *((18.86, 0.405), (19.57, 0.497), (20.0, 0.525), (37.0, 0.526), (39.97, 0.535), (41.15, 0.634)),
    *((57.0, 0.635), (60.34, 0.64), (61.22, 0.823), (61.96, 0.948), (63.51, 0.982), (70.0, 0.99)),
)
"""Urgency and the share of learners who did not complete, on 2013B, 2013J and 2014B at days 28-56: isotonic
regression read off at 24 points, then kept strictly rising so that it never changes the order."""


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """One learner at one day. `not_completing` and `leaves_within_28` are the labels yF and y28;
    `left_on`: the day of unregistering, if ever. `prob_f` is 0-1."""

    presentation: str
    learner_id: int
    day: int
    urgency: float
    level: Level | None
    rules: tuple[str, ...]
    prob_f: float
    not_completing: bool
    leaves_within_28: bool
    left_on: int | None


def score_presentation(
    presentation: Presentation, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> Iterator[ScoredRow]:
    """Rows of all snapshot days, by day."""
    course, activities = build_course(presentation), build_activities(presentation)
    start = find_start(presentation.name)
    for day in SNAPSHOT_DAYS:
        present = [history for history in presentation.learners if is_scored(history, day)]
        facts = [build_learner(presentation, history, day) for history in present]
        judged = evaluate_all(course, activities, facts, thresholds, end_of_day(start, day))
        for history, assessment in zip(present, judged, strict=True):
            if history.presentations == 1:
                yield _describe(presentation.name, history, day, assessment, thresholds)


def to_share(value: float) -> float:
    """The share of learners of that urgency who did not complete, 0-1; strictly rising with `value`."""
    place = bisect_right(_SHARES, value, key=lambda knot: knot[0])
    if place == 0:
        return _SHARES[0][1]
    if place == len(_SHARES):
        return _SHARES[-1][1]
    (low, low_share), (high, high_share) = _SHARES[place - 1], _SHARES[place]
    return low_share + (high_share - low_share) * (value - low) / (high - low)


def _describe(
    name: str, history: History, day: int, assessment: Assessment, thresholds: Thresholds
) -> ScoredRow:
    value, left_on = urgency(assessment, thresholds), history.unregistered_day
    return ScoredRow(
        presentation=name,
        learner_id=history.learner_id,
        day=day,
        urgency=value,
        level=assessment.level,
        rules=tuple(finding.rule for finding in assessment.findings),
        prob_f=to_share(value),
        not_completing=history.result in ("Fail", "Withdrawn"),
        leaves_within_28=left_on is not None and day < left_on <= day + 28,
        left_on=left_on,
    )
