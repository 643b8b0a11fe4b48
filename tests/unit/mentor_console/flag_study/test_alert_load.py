from dataclasses import replace

from mentor_console.flag_study.alert_load import measure_alert_load
from mentor_console.flag_study.scoring import ScoredRow

ROW = ScoredRow("XXX_2013J", 1, 14, 60.0, "act", ("silent",), 0.6, True, False, 70)


def class_of_25(day: int, alarms: int) -> list[ScoredRow]:
    """The first learners have an alarm, the lower their number the more urgent; odd numbers fail."""
    return [
        replace(
            ROW,
            learner_id=number,
            day=day,
            level="act" if number <= alarms else None,
            urgency=100.0 - number,
            not_completing=number % 2 == 1,
        )
        for number in range(1, 26)
    ]


def test_the_budget_takes_the_most_urgent_and_lets_them_rest() -> None:
    rows = [row for day in (14, 28, 42) for row in class_of_25(day, alarms=10)]
    load = measure_alert_load(rows, 2)
    assert load.raised == 4  # 1 and 2, then 3 and 4, then 1 and 2 again
    assert load.false_share == 0.5
    assert load.reached_share == 2 / 13
    assert load.median_lead_days == (56 + 42) / 2


def test_without_an_alarm_nobody_is_raised() -> None:
    load = measure_alert_load(class_of_25(14, alarms=0), 3)
    assert (load.raised, load.false_share, load.reached_share) == (0, None, 0.0)
    assert measure_alert_load([], 1).reached_share is None
