"""One learner's history as of the end of a day, in the facts the rules read: nothing dated later enters.

A tutor-marked score is known 14 days after the hand-in. Last visits are known only where the data set has
daily clicks; elsewhere the snapshots give active days per period, and the rest stays unknown.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from mentor_console.flag_study.oulad import History, Presentation
from mentor_console.flags.facts import ActivityFacts, CountedDays, CourseFacts, LearnerFacts, WorkFacts

SNAPSHOT_DAYS = (14, 28, 42, 56)
FIRST_CLICK_DAY = -25
"""The course site opens to learners this many days before the start; the first period begins here."""
MARKING_DAYS = {"TMA": 14, "CMA": 0}
"""Days from a hand-in to its score: tutor-marked and computer-marked assignments. Exams are no hand-ins."""
_START_MONTHS = {"B": 2, "J": 10}


def find_start(name: str) -> datetime:
    """The day a presentation began, from its code: 2013J began in October 2013."""
    code = name.rpartition("_")[2]
    return datetime(int(code[:4]), _START_MONTHS[code[4:]], 1, tzinfo=UTC)


def end_of_day(start: datetime, day: int) -> datetime:
    """The last second of a day of the course."""
    return start + timedelta(days=day + 1, seconds=-1)


def is_scored(history: History, day: int) -> bool:
    """Registered by the end of `day`, not yet unregistered: one row of the protocol."""
    if history.registered_day is not None and history.registered_day > day:
        return False
    return history.unregistered_day is None or history.unregistered_day > day


def build_course(presentation: Presentation) -> CourseFacts:
    """The course without an end: learners are judged long before it."""
    start = find_start(presentation.name)
    return CourseFacts(presentation.name, start, start + timedelta(days=presentation.length_days))


def build_activities(presentation: Presentation) -> tuple[ActivityFacts, ...]:
    """Every dated assignment is required; the deadline is the end of its day."""
    start = find_start(presentation.name)
    return tuple(
        ActivityFacts(
            activity_id=item.assessment_id,
            name=f"{item.kind} {item.assessment_id}",
            module="assign",
            due_at=end_of_day(start, item.due_day),
            required=True,
            visible=True,
            accepts_submission=True,
        )
        for item in presentation.assessments
        if item.kind in MARKING_DAYS and item.due_day is not None
    )


def build_learner(presentation: Presentation, history: History, day: int) -> LearnerFacts:
    """What is known of a learner at the end of `day`."""
    start = find_start(presentation.name)
    daily = history.visit_days is not None and day <= (presentation.daily_until or -1)
    visits = [visit for visit in history.visit_days or () if visit <= day] if daily else []
    registered = history.registered_day
    return LearnerFacts(
        membership_id=history.learner_id,
        enrolled_at=start + timedelta(days=registered) if registered is not None else None,
        last_access_at=end_of_day(start, visits[-1]) if visits else None,
        access_known=daily,
        active_days=tuple((start + timedelta(days=visit)).date() for visit in visits),
        work=_build_work(presentation, history, day),
        counted_days=() if daily else _count_periods(history, start.date(), day),
    )


def _build_work(presentation: Presentation, history: History, day: int) -> tuple[WorkFacts, ...]:
    start = find_start(presentation.name)
    done = {item.assessment_id: item for item in history.submissions if item.day <= day}
    work = []
    for assessment in presentation.assessments:
        submission = done.get(assessment.assessment_id)
        if assessment.kind not in MARKING_DAYS or assessment.due_day is None:
            continue
        if submission is None:
            work.append(WorkFacts(assessment.assessment_id))
            continue
        marked_day = submission.day + MARKING_DAYS[assessment.kind]
        known = submission.score_percent is not None and marked_day <= day
        work.append(
            WorkFacts(
                assessment.assessment_id,
                submitted_at=end_of_day(start, submission.day),
                score_ratio=submission.score_percent / 100
                if known and submission.score_percent is not None
                else None,
                graded_at=end_of_day(start, marked_day) if known else None,
            )
        )
    return tuple(work)


def _count_periods(history: History, start: date, day: int) -> tuple[CountedDays, ...]:
    """Snapshots exist for learners of one presentation; one without a row had not clicked by that day."""
    if history.presentations != 1:
        return ()
    periods, first, before = [], FIRST_CLICK_DAY, 0
    for last in (item for item in SNAPSHOT_DAYS if item <= day):
        total = history.snapshots.get(last, before)
        periods.append(
            CountedDays(start + timedelta(days=first), start + timedelta(days=last), total - before)
        )
        first, before = last + 1, total
    return tuple(periods)
