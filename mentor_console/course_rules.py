"""The thresholds in force in a course: the course's own numbers over the organisation's over the defaults.

Reads settings only; who may change them, and what that would do, stands in rule_settings.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Context
from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, ThresholdError, Thresholds, with_overrides
from mentor_console.models import RuleSetting

THRESHOLD_NAMES = tuple(field.name for field in fields(Thresholds))

Numbers = dict[str, int | float]


def thresholds_for(context_id: int) -> Thresholds:
    """What the rules compare with in this course. Raises sqlalchemy's NoResultFound for an unknown course."""
    context = db.session.get_one(Context, context_id)
    organisation = find_newest(context.organisation_id, None)
    course = find_newest(context.organisation_id, context_id)
    return combine(numbers_of(organisation), numbers_of(course))


def find_newest(organisation_id: int, context_id: int | None) -> RuleSetting | None:
    """The version in force of a course, or with None of the organisation itself."""
    statement = (
        select(RuleSetting)
        .where(RuleSetting.organisation_id == organisation_id, RuleSetting.context_id == context_id)
        .order_by(RuleSetting.version.desc())
        .limit(1)
    )
    return db.session.scalars(statement).one_or_none()


def numbers_of(setting: RuleSetting | None) -> Numbers:
    """The saved numbers that this version of the rules still knows."""
    stored: Mapping[str, int | float] = setting.thresholds if setting else {}
    return {name: stored[name] for name in THRESHOLD_NAMES if name in stored}


def combine(organisation: Numbers, course: Numbers) -> Thresholds:
    """Numbers that contradict each other since the rules themselves changed give way, the course's first."""
    for numbers in ({**organisation, **course}, organisation):
        try:
            return with_overrides(DEFAULT_THRESHOLDS, numbers)
        except ThresholdError:
            continue
    return DEFAULT_THRESHOLDS


def numbers_in(thresholds: Thresholds) -> Numbers:
    """A whole table as numbers by name."""
    return {name: getattr(thresholds, name) for name in THRESHOLD_NAMES}
