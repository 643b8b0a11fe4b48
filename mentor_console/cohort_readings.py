"""The cohort's figures as the rules last went by them: kept with each refresh of flags, shown beside reasons.

Of the whole cohort and of no single learner. Changes stay in the session; who calls commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from course_sync.database import db
from mentor_console.flags.facts import CohortFacts, HandInCount
from mentor_console.models import CohortReading

_PLAIN = tuple(
    field.name
    for field in fields(CohortFacts)
    if field.name not in ("measured_at", "weekly_active_days_medians", "hand_ins", "score_medians")
)


def record_cohort(context_id: int, cohort: CohortFacts) -> None:
    """Keep these figures in place of the ones before."""
    row = db.session.get(CohortReading, context_id)
    if row is None:
        row = CohortReading(context_id=context_id)
        db.session.add(row)
    row.measured_at, row.figures = cohort.measured_at, _to_json(cohort)


def find_cohort(context_id: int) -> CohortFacts | None:
    """None before the first refresh of a course."""
    row = db.session.get(CohortReading, context_id)
    if row is None:
        return None
    stored: Mapping[str, Any] = row.figures
    return CohortFacts(
        measured_at=row.measured_at,
        **{name: stored[name] for name in _PLAIN if name in stored},
        weekly_active_days_medians=tuple(stored.get("weekly_active_days_medians", ())),
        hand_ins={int(key): HandInCount(*counts) for key, counts in stored.get("hand_ins", {}).items()},
        score_medians={int(key): ratio for key, ratio in stored.get("score_medians", {}).items()},
    )


def _to_json(cohort: CohortFacts) -> dict[str, Any]:
    return {
        **{name: getattr(cohort, name) for name in _PLAIN},
        "weekly_active_days_medians": list(cohort.weekly_active_days_medians),
        "hand_ins": {str(key): [item.handed_in, item.expected] for key, item in cohort.hand_ins.items()},
        "score_medians": {str(key): ratio for key, ratio in cohort.score_medians.items()},
    }
