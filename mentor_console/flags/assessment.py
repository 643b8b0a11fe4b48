"""One learner at one moment: standing, indicators and what the rules find. The entry to this package.

Deterministic, and independent of the order in which activities, work or learners are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mentor_console.flags.cohort import summarise_cohort
from mentor_console.flags.facts import ActivityFacts, CohortFacts, CourseFacts, LearnerFacts, refuse_naive
from mentor_console.flags.findings import LEVEL_ORDER, Finding, Level, SupportKind
from mentor_console.flags.indicators import Indicators, OwnMeasures, compare, measure_own
from mentor_console.flags.rules import find_all
from mentor_console.flags.standing import TAKING_PART, Standing, find_standing
from mentor_console.flags.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Assessment:
    """`findings` are ordered, the most urgent first; alarms only in a standing that is watched."""

    membership_id: int
    standing: Standing
    findings: tuple[Finding, ...]
    indicators: Indicators

    @property
    def level(self) -> Level | None:
        """The most urgent level; None without findings."""
        return self.findings[0].level if self.findings else None

    @property
    def suggested_kind(self) -> SupportKind | None:
        return self.findings[0].kind if self.findings else None


def evaluate(
    course: CourseFacts,
    activities: Sequence[ActivityFacts],
    cohort: CohortFacts,
    learner: LearnerFacts,
    thresholds: Thresholds,
    now: datetime,
) -> Assessment:
    """`cohort` comes from compute_cohort for the same course and `now`. Raises NaiveMomentError."""
    refuse_naive(now, "now")
    own = measure_own(course, activities, learner, thresholds, now)
    standing = find_standing(course, learner, thresholds, now)
    return _assess(course, cohort, learner, own, standing, thresholds, now)


def evaluate_all(
    course: CourseFacts,
    activities: Sequence[ActivityFacts],
    learners: Sequence[LearnerFacts],
    thresholds: Thresholds,
    now: datetime,
) -> list[Assessment]:
    """Every learner of a course in their common cohort, in the order given; measures each of them once.

    The same as compute_cohort and then evaluate for each. Raises NaiveMomentError.
    """
    refuse_naive(now, "now")
    measured = [measure_own(course, activities, item, thresholds, now) for item in learners]
    standings = [find_standing(course, item, thresholds, now) for item in learners]
    taking_part = [own for own, standing in zip(measured, standings, strict=True) if standing in TAKING_PART]
    cohort = summarise_cohort(taking_part, thresholds, now)
    return [
        _assess(course, cohort, learner, own, standing, thresholds, now)
        for learner, own, standing in zip(learners, measured, standings, strict=True)
    ]


def _assess(
    course: CourseFacts,
    cohort: CohortFacts,
    learner: LearnerFacts,
    own: OwnMeasures,
    standing: Standing,
    thresholds: Thresholds,
    now: datetime,
) -> Assessment:
    indicators = compare(course, cohort, learner, own, thresholds, now)
    findings = find_all(indicators, standing, thresholds, learner.stands)
    findings.sort(key=lambda item: LEVEL_ORDER.index(item.level))
    return Assessment(learner.membership_id, standing, tuple(findings), indicators)
