"""The demo's one derived fact: on which day each activity was completed. Pure functions over open data.

OULAD has clicks and submissions but no activity completion, so a rule stands in for it (docs/demo-data.md):
work turns up in the order of the course, and an assessment is done when it is handed in.
"""

from collections.abc import Iterable, Sequence

from lti_tool.demo_lms.dataset import Assessment, LearnerRecord, Submission, Visit

DAYS_PER_WEEK = 7
NOT_CONTENT = frozenset({"homepage", "forumng"})
"""Passing through the home page, or talking, is not working through a step."""


def content_days(visits: Iterable[Visit]) -> list[tuple[int, int]]:
    """(day, different content pages opened) for each day with content clicks, in order of day."""
    pages: dict[int, int] = {}
    for visit in visits:
        if visit.kind not in NOT_CONTENT and visit.clicks > 0:
            pages[visit.day] = pages.get(visit.day, 0) + visit.resources
    return sorted(pages.items())


def opened_steps(day: int, step_count: int) -> int:
    """How many weekly steps are open on a day: the step of week n opens with its week."""
    return 0 if day < 0 else min(step_count, day // DAYS_PER_WEEK + 1)


def step_days(days: Iterable[tuple[int, int]], step_count: int) -> list[int]:
    """Completion day of the first steps, in order.

    Each content page opened on a day completes the earliest step that is open and not yet complete.
    """
    completed: list[int] = []
    for day, pages in days:
        free = opened_steps(day, step_count) - len(completed)
        completed.extend([day] * max(0, min(pages, free)))
    return completed


def hand_in_day(
    submission: Submission, assessment: Assessment, previous_due_day: int | None, quiz_days: Sequence[int]
) -> int:
    """The day on which an assessment was handed in.

    TMA: as recorded. CMA: OULAD records the day on which everybody's results were booked together, days
    after the deadline; so the learner's last day in quizzes since the previous CMA's deadline and not after
    this one's, or else the deadline itself.
    """
    if assessment.kind != "CMA" or assessment.day is None:
        return submission.day
    latest = min(submission.day, assessment.day)
    worked = [
        day for day in quiz_days if day <= latest and (previous_due_day is None or day > previous_due_day)
    ]
    return max(worked, default=latest)


def quiz_days(learner: LearnerRecord) -> list[int]:
    """Days with clicks in quizzes, in order."""
    return sorted({visit.day for visit in learner.visits if visit.kind == "quiz" and visit.clicks > 0})


def previous_quiz_due_day(assessments: Sequence[Assessment], index: int) -> int | None:
    """Deadline of the CMA before this one; None for the first."""
    earlier = [row.day for row in assessments[:index] if row.kind == "CMA" and row.day is not None]
    return max(earlier, default=None)
