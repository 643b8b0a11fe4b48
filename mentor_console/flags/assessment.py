"""One learner at one moment: standing, indicators and what the rules find. The entry to this package.

Deterministic, and independent of the order in which activities, work or learners are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mentor_console.flags.facts import ActivityFacts, CohortFacts, CourseFacts, LearnerFacts, refuse_naive
from mentor_console.flags.findings import LEVEL_ORDER, Finding, Level, SupportKind
from mentor_console.flags.indicators import Indicators, measure
from mentor_console.flags.rules import RULES
from mentor_console.flags.standing import WATCHED, Standing, find_standing
from mentor_console.flags.thresholds import Thresholds


@dataclass(frozen=True, slots=True)
class Assessment:
    """`findings` are ordered, the most urgent first; empty unless the standing is one that is watched."""

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
    standing = find_standing(course, learner, thresholds, now)
    indicators = measure(course, activities, cohort, learner, thresholds, now)
    found = [rule.evaluate(indicators, thresholds) for rule in RULES] if standing in WATCHED else []
    findings = sorted((item for item in found if item), key=lambda item: LEVEL_ORDER.index(item.level))
    return Assessment(learner.membership_id, standing, tuple(findings), indicators)
