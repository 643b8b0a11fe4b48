"""Figures of a ranking against yes-or-no outcomes, with weights so that a bootstrap can count rows again.

Ties get the middle of what their order could give. All results are 0-1; nan where a class is empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Metric = Callable[[Floats, Floats, Floats], float]
"""Of outcomes (0 or 1), scores and weights."""

TOP_SHARE = 0.1
CALIBRATION_BINS = 10


def measure_roc_auc(outcomes: Floats, scores: Floats, weights: Floats) -> float:
    """The chance that a learner with the outcome is ranked before one without."""
    hits, others = _sum_by_score(outcomes, scores, weights)
    if not hits.sum() or not others.sum():
        return float("nan")
    below = np.cumsum(others) - others
    return float((hits * (below + others / 2)).sum() / (hits.sum() * others.sum()))


def measure_pr_auc(outcomes: Floats, scores: Floats, weights: Floats) -> float:
    """Average precision: the area under precision over recall, in steps."""
    hits, others = _sum_by_score(outcomes, scores, weights)
    hits, others = hits[::-1], others[::-1]
    if not hits.sum():
        return float("nan")
    found, listed = np.cumsum(hits), np.cumsum(hits + others)
    precision = np.divide(found, listed, out=np.zeros_like(found), where=listed > 0)
    return float((precision * hits).sum() / hits.sum())


def measure_top_precision(outcomes: Floats, scores: Floats, weights: Floats) -> float:
    """The share with the outcome among the tenth that is ranked first."""
    hits, others = _sum_by_score(outcomes, scores, weights)
    hits, listed = hits[::-1], (hits + others)[::-1]
    budget = TOP_SHARE * listed.sum()
    taken = np.clip(budget - (np.cumsum(listed) - listed), 0, listed)
    share = np.divide(hits, listed, out=np.zeros_like(hits), where=listed > 0)
    return float((taken * share).sum() / budget) if budget else float("nan")


def measure_calibration_error(outcomes: Floats, scores: Floats, weights: Floats) -> float:
    """ECE: mean distance of forecast and share in ten bins of equal mass; `scores` are probabilities."""
    order = np.argsort(scores, kind="stable")
    outcomes, scores, weights = outcomes[order], scores[order], weights[order]
    total = weights.sum()
    if not total:
        return float("nan")
    place = np.minimum((np.cumsum(weights) - weights / 2) / total * CALIBRATION_BINS, CALIBRATION_BINS - 1)
    bins = place.astype(np.intp)
    forecast = np.bincount(bins, weights * scores, CALIBRATION_BINS)
    happened = np.bincount(bins, weights * outcomes, CALIBRATION_BINS)
    return float(np.abs(forecast - happened).sum() / total)


def find_interval(
    metric: Metric, outcomes: Floats, scores: Floats, groups: Sequence[object], rounds: int, seed: int
) -> tuple[float, float]:
    """95 % by bootstrap: whole groups (all rows of one learner) are drawn again, `rounds` times."""
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    member = np.array([places[group] for group in groups], dtype=np.intp)
    chance = np.random.default_rng(seed)
    values = []
    for _ in range(rounds):
        drawn = np.bincount(chance.integers(len(places), size=len(places)), minlength=len(places))
        values.append(metric(outcomes, scores, drawn[member].astype(np.float64)))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def _sum_by_score(outcomes: Floats, scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weights with and without the outcome per distinct score, rising."""
    distinct, place = np.unique(scores, return_inverse=True)
    hits: Floats = np.bincount(place, weights * outcomes, len(distinct)).astype(np.float64)
    others: Floats = np.bincount(place, weights * (1 - outcomes), len(distinct)).astype(np.float64)
    return hits, others
