import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentor_console.flag_study import metrics

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(0, 3)), min_size=2, max_size=30)


def arrays(items: list[tuple[bool, int, int]]) -> tuple[metrics.Floats, metrics.Floats, metrics.Floats]:
    outcomes, scores, weights = (np.array(column, dtype=float) for column in zip(*items, strict=True))
    return outcomes, scores / 10, weights


@given(rows)
def test_roc_auc_counts_pairs(items: list[tuple[bool, int, int]]) -> None:
    expanded = [(hit, score) for hit, score, weight in items for _ in range(weight)]
    hits = [score for hit, score in expanded if hit]
    others = [score for hit, score in expanded if not hit]
    value = metrics.measure_roc_auc(*arrays(items))
    if not hits or not others:
        assert math.isnan(value)
        return
    won = sum((one > other) + (one == other) / 2 for one in hits for other in others)
    assert value == pytest.approx(won / (len(hits) * len(others)))


@given(rows)
def test_a_weight_counts_a_row_again(items: list[tuple[bool, int, int]]) -> None:
    expanded = [(hit, score, 1) for hit, score, weight in items for _ in range(weight)]
    if not any(hit for hit, _, _ in expanded):
        return
    for metric in (metrics.measure_roc_auc, metrics.measure_pr_auc, metrics.measure_top_precision):
        assert metric(*arrays(items)) == pytest.approx(metric(*arrays(expanded)), nan_ok=True)


def test_pr_auc_and_top_precision_by_hand() -> None:
    items = [(hit, score, 1) for hit, score in zip([True, False, True, False], [9, 8, 7, 6], strict=True)]
    assert metrics.measure_pr_auc(*arrays(items)) == pytest.approx((1 + 2 / 3) / 2)
    ten = [(place < 2, 20 - place, 1) for place in range(20)]
    assert metrics.measure_top_precision(*arrays(ten)) == 1
    tied = [(place < 5, 1, 1) for place in range(20)]
    assert metrics.measure_top_precision(*arrays(tied)) == 0.25


def test_calibration_error_by_hand() -> None:
    outcomes = np.array([0.0] * 50 + [1.0] * 50)
    ones = np.ones(100)
    assert metrics.measure_calibration_error(outcomes, outcomes, ones) == 0
    assert metrics.measure_calibration_error(outcomes, 1 - outcomes, ones) == 1
    assert metrics.measure_calibration_error(outcomes, np.full(100, 0.5), ones) == pytest.approx(0.5)


def test_the_interval_holds_the_value_and_is_the_same_each_time() -> None:
    chance = np.random.default_rng(1)
    outcomes = (chance.random(400) < 0.4).astype(float)
    scores = outcomes + chance.normal(size=400)
    groups = [place // 2 for place in range(400)]
    value = metrics.measure_roc_auc(outcomes, scores, np.ones(400))
    low, high = metrics.find_interval(metrics.measure_roc_auc, outcomes, scores, groups, 100, 5)
    assert low < value < high
    assert high - low < 0.15
    assert (low, high) == metrics.find_interval(metrics.measure_roc_auc, outcomes, scores, groups, 100, 5)
