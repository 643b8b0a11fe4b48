"""Which open flags ask for somebody, given decisions and answers: branch by branch, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mentor_console.models import Contact, Flag, FlagDecision
from mentor_console.quieting import find_answered, list_asking, note_seen

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)


def flag(number: int, level: str = "week", rule: str = "silent", work: tuple[int, ...] = ()) -> Flag:
    reasons = [{"code": "missed_deadline", "values": {"activity_id": item, "days": 3}} for item in work]
    return Flag(id=number, rule=rule, level=level, reasons=reasons or [{"code": "silent_long", "values": {}}])


def decide(action: str, *flags: Flag, **columns: Any) -> FlagDecision:
    return FlagDecision(action=action, seen=note_seen(flags), decided_at=NOW - timedelta(days=1), **columns)


def asking(flags: list[Flag], *decisions: FlagDecision, **others: Any) -> list[int]:
    return [item.id for item in list_asking(flags, decisions, NOW, **others)]


def test_without_a_decision_everything_asks() -> None:
    assert asking([flag(1), flag(2)]) == [1, 2]


@pytest.mark.parametrize(
    ("level", "asks"), [("act", [1]), ("week", []), ("watch", [])], ids=["worse", "same", "better"]
)
def test_a_dismissal_holds_until_the_flag_gets_worse(level: str, asks: list[int]) -> None:
    seen = flag(1, "week")
    assert asking([flag(1, level)], decide("dismiss", seen)) == asks


def test_a_dismissal_speaks_of_the_flags_it_saw_only() -> None:
    seen = flag(1)
    assert asking([seen, flag(2, "watch", "missed_deadline")], decide("dismiss", seen)) == [2]
    assert asking([flag(3)], decide("dismiss", seen)) == [3]  # the same rule, raised anew


def test_new_work_does_not_end_a_dismissal() -> None:
    assert asking([flag(1, work=(7, 8))], decide("dismiss", flag(1, work=(7,)))) == []


def test_a_snooze_ends_on_its_day() -> None:
    seen = flag(1)
    for until_at, asks in ((NOW + timedelta(seconds=1), []), (NOW, [1]), (None, [])):
        assert asking([seen], decide("snooze", seen, until_at=until_at)) == asks


@pytest.mark.parametrize(
    "now_open",
    [
        [flag(1, "act")],
        [flag(1), flag(2, "watch", "missed_deadline")],
        [flag(1, work=(7,))],
        [flag(5)],
    ],
    ids=["worse", "new rule", "new work", "raised anew"],
)
def test_something_new_ends_a_snooze_early_and_brings_back_everything(now_open: list[Flag]) -> None:
    snoozed = decide("snooze", flag(1), until_at=NOW + timedelta(days=5))
    assert asking(now_open, snoozed) == [item.id for item in now_open]


def test_days_that_go_by_and_levels_that_fall_are_nothing_new() -> None:
    seen = flag(1, "act", work=(7, 8))
    later = flag(1, "week", work=(8,))
    later.reasons[0]["values"]["days"] = 99
    assert asking([later], decide("snooze", seen)) == []


def test_good_news_does_not_end_a_snooze_and_is_shown() -> None:
    seen, good = flag(1), flag(2, "praise", "back_again")
    assert asking([seen, good], decide("snooze", seen)) == [2]
    assert asking([seen, good], decide("dismiss", good)) == [1]


def test_an_answer_after_the_decision_ends_a_snooze_and_no_dismissal() -> None:
    seen = flag(1)
    for action, asks in (("snooze", [1]), ("dismiss", [])):
        assert asking([seen], decide(action, seen), answer_id=5) == asks
    assert asking([seen], decide("snooze", seen), answer_id=0) == []


def test_what_was_undone_counts_no_more() -> None:
    seen = flag(1)
    assert asking([seen], decide("dismiss", seen, undone_at=NOW)) == [1]
    assert asking([seen], decide("snooze", seen, undone_at=NOW)) == [1]


def test_an_absence_rests_alarms_and_never_good_news() -> None:
    flags = [flag(1, "act"), flag(2, "praise")]
    assert asking(flags, paused_until=NOW + timedelta(hours=1)) == [2]
    assert asking(flags, paused_until=NOW) == [1, 2]


PARIS = ZoneInfo("Europe/Paris")


def contacted(days_ago: float, outcome: str = "reached") -> Contact:
    return Contact(occurred_at=NOW - timedelta(days=days_ago), outcome=outcome)


def raised(number: int, days_ago: float, level: str = "act") -> Flag:
    found = flag(number, level)
    found.raised_at = NOW - timedelta(days=days_ago)
    return found


@pytest.mark.parametrize(
    ("contact", "answered"),
    [
        (None, set()),
        (contacted(0), {1}),
        (contacted(2), {1}),
        (contacted(3), set()),
        (contacted(0, "no_answer"), {1}),
        (contacted(1, "no_answer"), set()),
        (contacted(6), set()),
    ],
)
def test_a_contact_takes_up_earlier_alarms_until_its_follow_up(
    contact: Contact | None, answered: set[int]
) -> None:
    """Three days for the learner to act, one after a call that nobody took; by whole days of the zone."""
    assert find_answered(contact, [raised(1, 5)], NOW, PARIS) == answered


def test_the_follow_up_begins_with_a_day_of_the_zone() -> None:
    """A call at 18:30 in Paris that nobody took is tried again from midnight there."""
    call, flags = contacted(0, "no_answer"), [raised(1, 5)]
    midnight = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    assert find_answered(call, flags, midnight - timedelta(minutes=1), PARIS) == {1}
    assert find_answered(call, flags, midnight, PARIS) == set()


def test_a_new_alarm_brings_back_all_of_them() -> None:
    assert find_answered(contacted(1), [raised(1, 5), raised(2, 0.5)], NOW, PARIS) == set()


def test_new_good_news_brings_back_no_alarm() -> None:
    assert find_answered(contacted(1), [raised(1, 5), raised(2, 0.5, "praise")], NOW, PARIS) == {1}


def test_who_was_congratulated_is_not_congratulated_again() -> None:
    assert find_answered(contacted(9), [raised(1, 10, "praise"), raised(2, 10)], NOW, PARIS) == {1}
