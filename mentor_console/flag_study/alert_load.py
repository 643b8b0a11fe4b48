"""What a mentor's budget of new cards does: how many were false alarms, how many learners were reached.

One round per snapshot day; a learner who was raised rests for 28 days; only learners with an alarm are
raised, in the order of Today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from mentor_console.flag_study.scoring import ScoredRow

LEARNERS_PER_MENTOR = 25
SNOOZE_DAYS = 28
ALARMS = ("act", "week", "watch")


@dataclass(frozen=True)
class AlertLoad:
    """`false_share`: of the learners raised, those who complete. `reached_share`: of the learners who do not
    complete, those raised. `median_lead_days`: from the first card to unregistering. None where empty."""

    cards_per_round: int
    raised: int
    false_share: float | None
    reached_share: float | None
    median_lead_days: float | None


def measure_alert_load(rows: Iterable[ScoredRow], cards_per_round: int) -> AlertLoad:
    """Each presentation is shared among mentors of 25 learners with `cards_per_round` new cards each."""
    rounds: dict[tuple[str, int], list[ScoredRow]] = defaultdict(list)
    for row in rows:
        rounds[row.presentation, row.day].append(row)
    first: dict[tuple[str, int], ScoredRow] = {}
    last_day: dict[tuple[str, int], int] = {}
    everybody = {(row.presentation, row.learner_id): row for round_ in rounds.values() for row in round_}
    for (_, day), round_ in sorted(rounds.items(), key=lambda item: item[0]):
        for row in _choose(round_, day, last_day, cards_per_round):
            key = row.presentation, row.learner_id
            last_day[key] = day
            first.setdefault(key, row)
    failing = sum(row.not_completing for row in everybody.values())
    hits = [row for row in first.values() if row.not_completing]
    leads = [row.left_on - row.day for row in hits if row.left_on is not None]
    return AlertLoad(
        cards_per_round=cards_per_round,
        raised=len(first),
        false_share=1 - len(hits) / len(first) if first else None,
        reached_share=len(hits) / failing if failing else None,
        median_lead_days=median(leads) if leads else None,
    )


def _choose(
    rows: Sequence[ScoredRow], day: int, last_day: dict[tuple[str, int], int], cards_per_round: int
) -> list[ScoredRow]:
    budget = round(cards_per_round * len(rows) / LEARNERS_PER_MENTOR)
    rested = [
        row
        for row in rows
        if row.level in ALARMS and day - last_day.get((row.presentation, row.learner_id), -999) >= SNOOZE_DAYS
    ]
    return sorted(rested, key=lambda row: (-row.urgency, row.learner_id))[:budget]
