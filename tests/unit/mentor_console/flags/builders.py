"""Small facts for the tests of the rules: one course that began on a Monday, learners with given days.

Days are counted from the start of the course, as in "silent since day 30".
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mentor_console.flags.assessment import Assessment, evaluate
from mentor_console.flags.cohort import compute_cohort
from mentor_console.flags.facts import ActivityFacts, CohortFacts, CourseFacts, LearnerFacts, WorkFacts
from mentor_console.flags.findings import Finding
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, Thresholds

START = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def on(day: int) -> date:
    return at(day).date()


COURSE = CourseFacts(context_id=1, starts_at=START, ends_at=at(240))
NOBODY = CohortFacts(measured_at=at(0), learner_count=0)


def assignment(activity_id: int = 1, due: float | None = 30, **changes: Any) -> ActivityFacts:
    facts = ActivityFacts(
        activity_id=activity_id,
        name=f"Assignment {activity_id}",
        module="assign",
        due_at=None if due is None else at(due),
        required=True,
        visible=True,
        accepts_submission=True,
    )
    return replace(facts, **changes)


def learner(visits: Iterable[int] = (), membership_id: int = 1, **changes: Any) -> LearnerFacts:
    """Enrolled a week before the start, with visits on the given days of the course."""
    days = sorted(visits)
    facts = LearnerFacts(
        membership_id=membership_id,
        enrolled_at=at(-7),
        last_access_at=at(days[-1]) if days else None,
        active_days=tuple(on(day) for day in days),
    )
    return replace(facts, **changes)


def handed_in(activity_id: int = 1, day: float = 29, **changes: Any) -> WorkFacts:
    return replace(WorkFacts(activity_id=activity_id, completion="complete", submitted_at=at(day)), **changes)


def nothing(activity_id: int = 1, **changes: Any) -> WorkFacts:
    return replace(WorkFacts(activity_id=activity_id, completion="incomplete"), **changes)


def group(count: int, first_id: int = 100, **changes: Any) -> list[LearnerFacts]:
    """Learners who visit every day up to day 60."""
    return [learner(range(61), membership_id=first_id + i, **changes) for i in range(count)]


def assess(
    person: LearnerFacts,
    day: float,
    *,
    course: CourseFacts = COURSE,
    activities: Iterable[ActivityFacts] = (),
    others: Iterable[LearnerFacts] = (),
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> Assessment:
    """`person` at `day`, in a cohort of `person` and `others`."""
    tasks = tuple(activities)
    cohort = compute_cohort(course, tasks, [person, *others], thresholds, at(day))
    return evaluate(course, tasks, cohort, person, thresholds, at(day))


def found(assessment: Assessment, rule: str) -> Finding | None:
    return next((finding for finding in assessment.findings if finding.rule == rule), None)


def level_of(assessment: Assessment, rule: str) -> str | None:
    finding = found(assessment, rule)
    return finding.level if finding else None


def codes(finding: Finding | None) -> list[str]:
    return [reason.code for reason in finding.reasons] if finding else []


class EnglishWords:
    """Untranslated words, with dates in ISO form so that tests can read them."""

    def gettext(self, message: str, /, **values: Any) -> str:
        return message % values if values else message

    def ngettext(self, singular: str, plural: str, number: int, /, **values: Any) -> str:
        return (singular if number == 1 else plural) % {"num": number, **values}

    def format_date(self, moment: date, /) -> str:
        return moment.strftime("%Y-%m-%d")

    def format_datetime(self, moment: datetime, /) -> str:
        return moment.strftime("%Y-%m-%d %H:%M")


WORDS = EnglishWords()
