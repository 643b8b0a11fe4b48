"""What is said of visits is what happened: compared with the histories behind the demo, not our tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from course_sync.database import db
from course_sync.models import Context, Membership
from lti_tool.demo_lms.history import load_course
from lti_tool.demo_lms.site import EXTENSION
from lti_tool.operations import sync_and_flag
from mentor_console.course_zones import zone_of_course
from mentor_console.models import Flag
from tests.harness.demo_site import DemoSite

Values = dict[str, Any]


@dataclass(frozen=True)
class Truth:
    """What really happened to one learner until the moment of the last sync, in days of the calendar."""

    visited: Sequence[date]
    """Days with clicks, oldest first."""
    today: date
    began: date

    def count(self, window_days: int, until: date | None = None) -> int:
        """Days with clicks among the last of them, `until` being the last."""
        last = until or self.today
        return sum(last - timedelta(days=window_days) < day <= last for day in self.visited)

    def longest_gap(self) -> int:
        """Days from one visit to the next, at most."""
        return max((other - one).days for one, other in pairwise(self.visited))

    def gap_before(self, day: date) -> int | None:
        """Days from the visit before to this one; None where there was none on that day."""
        before = [visit for visit in self.visited if visit < day]
        return (day - before[-1]).days if before and day in self.visited else None


def is_silence_true(truth: Truth, values: Values) -> bool:
    """So many days, since that very visit; and never as long before, where that is said."""
    last = max(truth.visited, default=None)
    if last is None:
        return False
    longest = values.get("longest_gap_days")
    told = datetime.fromisoformat(values["last_visit_at"]).date()
    said = (told, values["days"], longest)
    return said == (last, (truth.today - last).days, longest and truth.longest_gap())


def is_return_true(truth: Truth, values: Values) -> bool:
    """A visit on that day, and none for so many days before it."""
    return truth.gap_before(date.fromisoformat(values["visited_on"])) == values["gap_days"]


def is_activity_true(truth: Truth, values: Values) -> bool:
    """So many active days in the window."""
    return truth.count(values["window_days"]) == values["days"]


def is_slowing_true(truth: Truth, values: Values) -> bool:
    """So many active days in the window, and in the one before."""
    window = values["window_days"]
    before = truth.today - timedelta(days=window)
    return (truth.count(window), truth.count(window, before)) == (values["days"], values["earlier_days"])


def is_silence_since_start_true(truth: Truth, values: Values) -> bool:
    """The last visit was before the course began, so many days ago."""
    told, last = datetime.fromisoformat(values["last_visit_at"]).date(), max(truth.visited)
    return (told, values["days"]) == (last, (truth.today - truth.began).days) and last < truth.began


def is_no_visit_true(truth: Truth, values: Values) -> bool:
    """None at all."""
    return not truth.visited


CHECKS: dict[str, Callable[[Truth, Values], bool]] = {
    "silent_long": is_silence_true,
    "silent_unlike_before": is_silence_true,
    "silent_since_start": is_silence_since_start_true,
    "silent_after_hand_in": is_no_visit_true,
    "never_opened": is_no_visit_true,
    "back_again": is_return_true,
    "less_active_than_cohort": is_activity_true,
    "slowed_down": is_slowing_true,
}


COMMON = {"silent_long", "never_opened", "silent_after_hand_in", "back_again"}
"""At least these are said in the demo after its first nine days."""


def sync(site: DemoSite) -> None:
    """Pull the demo's course and judge everybody."""
    with site.tool.app_context():
        (context_id,) = db.session.scalars(select(Context.id))
        assert sync_and_flag(context_id, trigger="cli").state != "failed"


def wait_until_evening(site: DemoSite) -> None:
    """Move the demo to the next 18:00 UTC: what it tells then is all of that day, whenever the test runs."""
    clock = site.lms.extensions[EXTENSION].clock
    evening = clock.now().replace(hour=18, minute=0, second=0)
    ahead = (evening - clock.now()) % timedelta(days=1)
    clock._offset_seconds += int(ahead.total_seconds())  # only whole days are offered to people
    clock.mark_seen()


def tell_truths(site: DemoSite) -> dict[int, Truth]:
    """By user id, out of the histories the demo plays; no table of ours is read."""
    clock = site.lms.extensions[EXTENSION].clock
    known, zero = clock.known_day, clock.day_zero.date()
    with site.tool.app_context():
        (context_id,) = db.session.scalars(select(Context.id))
        today = clock.now().astimezone(zone_of_course(context_id)).date()
    return {
        user_id: Truth(
            [zero + timedelta(days=day) for day in history.access_days if day <= known], today, zero
        )
        for user_id, history in load_course()[1].items()
    }


def list_said(site: DemoSite) -> Iterator[tuple[int, str, Values]]:
    """User id, code and numbers of every reason of every open flag."""
    with site.tool.app_context():
        statement = (
            select(Membership, Flag)
            .join(Flag, Flag.membership_id == Membership.id)
            .where(Flag.cleared_at.is_(None))
        )
        for member, flag in db.session.execute(statement).all():
            for reason in flag.reasons:
                yield int(member.person.external_id), reason["code"], reason["values"]


def find_lies(site: DemoSite) -> tuple[list[tuple[Any, ...]], set[str]]:
    """What is said of visits and was not so; and the codes that were looked at."""
    truths, lies, checked = tell_truths(site), [], set()
    for user_id, code, values in list_said(site):
        if code in CHECKS:
            checked.add(code)
            if not CHECKS[code](truths[user_id], values):
                lies.append((user_id, code, values, truths[user_id].visited[-6:]))
    return lies, checked


def test_what_is_said_of_visits_is_what_happened(seeded_site: DemoSite) -> None:
    """Watched from one evening to the next, and after a week in which nobody looked."""
    wait_until_evening(seeded_site)
    seen: set[str] = set()
    for days in (0, 1, 7):
        if days:
            seeded_site.advance(days)
        sync(seeded_site)
        lies, said = find_lies(seeded_site)
        assert lies == []
        seen |= said
    assert seen >= COMMON
