"""The excerpt of real histories, read once; and one learner of it at the end of a day."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from mentor_console.flag_study.histories import (
    build_activities,
    build_course,
    build_learner,
    end_of_day,
    find_start,
    is_scored,
)
from mentor_console.flag_study.oulad import History, Presentation, read_presentations
from mentor_console.flags.assessment import Assessment, evaluate_all
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS

FOLDER = Path(__file__).resolve().parents[3] / "data" / "oulad"


@cache
def presentations() -> dict[str, Presentation]:
    return {presentation.name: presentation for presentation in read_presentations(FOLDER)}


def history(name: str, student: int) -> History:
    return next(item for item in presentations()[name].learners if item.learner_id == student)


@cache
def judge(name: str, day: int) -> dict[int, Assessment]:
    """Everybody registered at the end of the day, in one cohort; who passed finishes on the last day."""
    presentation = presentations()[name]
    start, last = find_start(name), presentation.length_days
    course = replace(build_course(presentation), ends_at=None)
    people = []
    for item in presentation.learners:
        if is_scored(item, day):
            passed = item.result in ("Pass", "Distinction") and day >= last
            facts = build_learner(presentation, item, day)
            people.append(replace(facts, finished_at=end_of_day(start, last) if passed else None))
    judged = evaluate_all(
        course, build_activities(presentation), people, DEFAULT_THRESHOLDS, end_of_day(start, day)
    )
    return {assessment.membership_id: assessment for assessment in judged}
