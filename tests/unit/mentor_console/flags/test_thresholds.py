from typing import Any

import pytest

from mentor_console.flags.thresholds import DEFAULT_THRESHOLDS, ThresholdError, Thresholds, with_overrides


def test_single_numbers_are_replaced_and_the_default_stays() -> None:
    changed = with_overrides(DEFAULT_THRESHOLDS, {"silent_act_days": 18, "silent_cohort_factor": 2})
    assert (changed.silent_act_days, changed.silent_cohort_factor) == (18, 2)
    assert Thresholds() == DEFAULT_THRESHOLDS


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"silent_days": 3}, "silent_days"),
        ({"silent_act_days": "14"}, "silent_act_days"),
        ({"silent_act_days": 14.5}, "silent_act_days"),
        ({"rhythm_min_active_days": True}, "rhythm_min_active_days"),
        ({"silent_watch_days": -1}, "silent_watch_days"),
        ({"silent_cohort_factor": float("nan")}, "silent_cohort_factor"),
        ({"silent_cohort_factor": float("inf")}, "silent_cohort_factor"),
        ({"silent_watch_days": 12}, "silent_watch_days must not be greater than silent_week_days"),
        ({"never_opened_week_days": 9}, "never_opened_week_days"),
        ({"deadline_min_cohort_share": 0.6}, "deadline_min_cohort_share"),
        ({"deadline_full_cohort_share": 1.5}, "deadline_full_cohort_share"),
    ],
)
def test_impossible_thresholds_are_refused_by_name(overrides: dict[str, Any], named: str) -> None:
    with pytest.raises(ThresholdError, match=named):
        with_overrides(DEFAULT_THRESHOLDS, overrides)
