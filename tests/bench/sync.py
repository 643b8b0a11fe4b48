"""What a sync costs a Moodle with 2,000 learners, beside a straightforward loop over all of them.

`make bench` runs it. Prints a table of requests and seconds; fails where a bound is not held, or where the
sync has missed something the day brought. Who misses work does not come on this day: questions about an
extension stand beside the bounds. The judged syncs meet the latencies of a real Moodle; the first sync and
the loop meet a faster one, as is printed. To the loop, which waits for one answer after the other, the rest
is added.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from course_sync.database import db
from course_sync.forum_models import PostCount
from course_sync.models import Activity, Membership, Person, Progress
from course_sync.platform_client import PlatformClient
from tests.bench.moodle_site import ATTEMPTS, GRADED_ONLY, VISITORS, RunningSite, plan_day, running_site
from tests.bench.plain_loop import PlainLoop
from tests.harness import databases
from tests.harness.sync_world import SyncWorld, add_context

FACTOR = 1 / 20
MAX_UNCHANGED = 12
MAX_ORDINARY = 12 + 3 * (VISITORS + GRADED_ONLY) + ATTEMPTS
AIMED_RATIO = 10.0


@dataclass(frozen=True)
class Cost:
    """One reading of the course. `site_seconds` are those a real Moodle would have worked."""

    asked: dict[str, int]
    seconds: float
    site_seconds: float
    factor: float

    @property
    def requests(self) -> int:
        """All requests together."""
        return sum(self.asked.values())


def measure(site: RunningSite, read: Callable[[], Any], factor: float = 1.0) -> Cost:
    """What one reading costs, where answers take so much of what they would on a real Moodle."""
    site.answer_within(factor)
    site.read()
    start = time.monotonic()
    read()
    seconds = time.monotonic() - start
    asked, site_seconds = site.read()
    return Cost(asked, seconds, site_seconds, factor)


def run(site: RunningSite, folder: Path) -> tuple[dict[str, Cost], int]:
    """Costs by reading, and how much of the ordinary day the sync did not notice."""
    url = f"sqlite:///{folder / 'bench.sqlite3'}"
    databases.create_tables(url)
    client = PlatformClient(sign_assertion=lambda _registration: "signed", allow_loopback=True)
    costs: dict[str, Cost] = {}
    with databases.bare_app(url).app_context():
        world = SyncWorld(client=client, context_id=add_context(site.url))
        costs["sync, the first"] = measure(site, world.sync, FACTOR)
        world.later(hours=12)
        costs["sync, nothing changed"] = measure(site, world.sync)
        world.later(hours=12)
        site.live(world.now)
        costs["sync, an ordinary day"] = measure(site, world.sync)
        missed = count_missed(world.context_id, world.now)
        db.session.remove()
        db.engine.dispose()
    client.close()
    costs["loop over all learners"] = measure(site, PlainLoop(site.url).run, FACTOR)
    return costs, missed


def full_seconds(loop: Cost) -> float:
    """What the loop takes at the latencies of a real Moodle."""
    return loop.seconds + loop.site_seconds * (1 - loop.factor)


def count_missed(context_id: int, now: datetime) -> int:
    """Facts of the ordinary day that the database does not have."""
    rows = db.session.execute(
        select(Person.external_id, Activity.external_id, Progress.completion, Progress.submission)
        .add_columns(Progress.score_ratio)
        .join(Membership, Membership.id == Progress.membership_id)
        .join(Person, Person.id == Membership.person_id)
        .join(Activity, Activity.id == Progress.activity_id)
        .where(Membership.context_id == context_id)
    )
    known = {(int(row[0]), int(row[1])): row for row in rows}
    day = plan_day()
    missed = sum(_value(known, cell, 2) != "complete" for cell in day.pages.items())
    tried = [(user_id, cmid) for user_id, (cmid, _instance) in day.attempts.items()]
    missed += sum(_value(known, cell, 3) != "submitted" or _value(known, cell, 4) is None for cell in tried)
    missed += sum(_value(known, cell, 4) is None for cell in day.grades.items())
    return missed + len(set(day.writers) - find_writers(context_id, now))


def find_writers(context_id: int, now: datetime) -> set[int]:
    """Moodle's numbers of the learners who wrote in a forum in the day before."""
    statement = (
        select(Person.external_id)
        .join(Membership, Membership.person_id == Person.id)
        .join(PostCount, PostCount.membership_id == Membership.id)
        .where(Membership.context_id == context_id, PostCount.last_posted_at > now - timedelta(days=1))
    )
    return {int(key) for key in db.session.scalars(statement)}


def _value(known: dict[tuple[int, int], Any], cell: tuple[int, int], column: int) -> Any:
    return known[cell][column] if cell in known else None


def report(costs: dict[str, Cost], missed: int) -> int:
    """Print the table and what follows from it; exit status."""
    heads = f"{'requests':>9} {'bound':>6} {'s':>8} {'s of Moodle':>12} {'Moodle is':>10}"
    print(f"{'2,000 learners, 40 activities':<30} {heads}")
    bounds = {"sync, nothing changed": MAX_UNCHANGED, "sync, an ordinary day": MAX_ORDINARY}
    for name, cost in costs.items():
        bound = str(bounds.get(name, ""))
        figures = f"{cost.requests:>9} {bound:>6} {cost.seconds:>8.1f} {cost.site_seconds:>12.1f}"
        print(f"{name:<30} {figures} {_speed(cost):>10}")
    for name in bounds:
        told = ", ".join(f"{count} {function}" for function, count in sorted(costs[name].asked.items()))
        print(f"{name}: {told}")
    day, loop = costs["sync, an ordinary day"], costs["loop over all learners"]
    ratios = {
        "requests": loop.requests / day.requests,
        "seconds": full_seconds(loop) / day.seconds,
        "seconds of Moodle": loop.site_seconds / day.site_seconds,
    }
    told = ", ".join(f"{ratio:.1f} x fewer {name}" for name, ratio in ratios.items())
    print(f"against a Moodle as slow as a real one the loop takes {full_seconds(loop):.0f} s")
    print(f"an ordinary day against the loop: {told} (aim: {AIMED_RATIO:.0f} x)")
    print(f"of the day's facts {missed} were missed")
    kept = all(costs[name].requests <= bound for name, bound in bounds.items()) and missed == 0
    kept = kept and min(ratios["requests"], ratios["seconds"]) >= AIMED_RATIO
    print(f"bounds: {'kept' if kept else 'NOT KEPT'}")
    return 0 if kept else 1


def _speed(cost: Cost) -> str:
    return "real" if cost.factor == 1 else f"{1 / cost.factor:.0f} x faster"


def main() -> int:
    """Exit status 1 where a bound is not held."""
    with running_site() as site, tempfile.TemporaryDirectory() as folder:
        return report(*run(site, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
