"""What all steps of one pull share: calling the platform, writing what it told, noting how it went.

HTTP runs in the threads of `Calls`, the database stays in the caller's. Every write is committed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

from course_sync.active_days import local_day, record_active_days
from course_sync.calls import Calls
from course_sync.database import db
from course_sync.errors import PlatformError
from course_sync.facts import Roster, Updates
from course_sync.learner_cells import CellBook, CellValues, Days, submission_days
from course_sync.look_days import list_look_days
from course_sync.models import SOURCE_MOODLE
from course_sync.progress_records import SUBMISSION, FactGroup, list_activities, list_learners, record_cells
from course_sync.records import find_last_read, record_outcome
from course_sync.roster_records import ContextRef
from course_sync.sources.base import ProgressSource
from course_sync.sync_runs import RunKeeper

LEARNERS_PER_COMMIT = 25

Asked = tuple[Any, Callable[[], Any]]


class PullTools:
    """One run's way to platform and database; `successes` counts kinds of facts that were read whole."""

    def __init__(
        self,
        context: ContextRef,
        keeper: RunKeeper,
        pool: ThreadPoolExecutor,
        now: datetime,
        *,
        is_whole: bool = True,
    ) -> None:
        self.context = context
        self.keeper = keeper
        self.now = now
        self.is_whole = is_whole
        """Whether the source tells of the whole course."""
        self._pool = pool
        self._today = local_day(now, context.zone)
        self.roster: Roster | None = None
        """The platform's own list of participants, where it was read in this run."""
        self.roster_believed = False
        self.updates: dict[datetime, Updates | None] = {}
        """What changed, by the moment since when; None = not told."""
        self.team_activities: set[int] = set()
        """Handed in by whole teams, as far as this run has seen."""
        self.read_now: set[int] = set()
        """Membership ids of learners whose own progress was read in this run."""
        self.stopped = False
        self.successes = 0
        self.outcomes: dict[str, PlatformError | None] = {}
        """How each kind of fact came out; None = read whole, as far as the source sees."""

    def call(self, asked: Iterable[Asked]) -> Iterator[tuple[Any, Any]]:
        """(key, result or PlatformError) of each call as it arrives, until the run must stop: what was left
        out is read by the next one."""
        calls = Calls(self._pool, asked, self.keeper.beat, self.keeper.must_stop)
        yield from calls
        self.stopped = self.stopped or calls.was_stopped

    def book(self, source: ProgressSource) -> CellBook:
        """Learners and activities as the database has them now."""
        context_id = self.context.context_id
        learners = [row for row in list_learners(context_id) if source.may_know(row.external_id)]
        return CellBook(learners, list_activities(context_id))

    def last_read(self, kind: str) -> datetime | None:
        """When this kind of fact was last read whole, before this run or in it."""
        return find_last_read(self.context.context_id, kind, SOURCE_MOODLE)

    def fetch_updates(self, source: ProgressSource, kind: str) -> Updates | None:
        """What changed since this kind of fact was read whole, so that a run that ended early leaves nothing
        out; None = not told, then more is read. Kinds that were read at the same time ask once."""
        read_at = self.last_read(kind)
        if read_at is None or not self.is_whole:
            return None
        if read_at not in self.updates and None not in self.updates.values():
            for _key, outcome in self.call([("updates", partial(source.fetch_updates, read_at))]):
                self.updates[read_at] = None if isinstance(outcome, PlatformError) else outcome
        return self.updates.get(read_at)

    def write(self, group: FactGroup, cells: CellValues) -> None:
        """Keep one group of columns."""
        self.changed(record_cells(group, cells, SOURCE_MOODLE, self.now))
        db.session.commit()
        self.keeper.beat()

    def write_submissions(
        self, book: CellBook, cells: CellValues, by_team: frozenset[tuple[int, int]] = frozenset()
    ) -> None:
        """Keep hand-ins, and the days on which they show that somebody was at work."""
        self.record_days(book, submission_days(cells, by_team, self.context.zone))
        self.write(SUBMISSION, cells)

    def record_days(self, book: CellBook, days: Days) -> None:
        """Keep days of activity, without those after the last visit, now or at a look. Does not commit."""
        possible = book.possible_days(days, self.context.zone)
        looks = list_look_days(self.context.context_id) if possible else ()
        self.changed(record_active_days(possible, SOURCE_MOODLE, self._today, looks))

    def close(self, kind: str, problems: Iterable[Exception]) -> None:
        """Note how a kind of fact came out: read whole, or not and why."""
        first: PlatformError | None = None
        stopped = self.keeper.stop_error() if self.stopped else None
        for problem in (*problems, *([stopped] if stopped else [])):
            self.keeper.note(kind, SOURCE_MOODLE, problem)
            if first is None and isinstance(problem, PlatformError):
                first = problem
        self.outcomes[kind] = first
        self.successes += first is None
        if self.is_whole:  # what several accounts tell is known when the last of them was asked
            record_outcome(self.context.context_id, kind, SOURCE_MOODLE, first, self.now)
            db.session.commit()

    def changed(self, rows: int) -> None:
        """So many rows were written."""
        self.keeper.rows_changed += rows
