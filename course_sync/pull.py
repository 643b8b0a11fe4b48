"""One pull of one context, step by step: rosters, structure, hand-ins, grades, completion, open questions.

Every step keeps what it got before the next one starts, notes what failed, and undoes nothing that is known.
HTTP runs in the threads of `Calls`, the database stays in the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

from course_sync.active_days import local_day, record_active_days
from course_sync.bulk import chunked
from course_sync.calls import Calls
from course_sync.database import db
from course_sync.errors import PlatformAnswerInvalid, PlatformError, PlatformUnreachable
from course_sync.facts import LearnerProgress, Roster, Structure, Submissions
from course_sync.hand_ins import NOTHING, find_complaint
from course_sync.learner_cells import (
    CellBook,
    CellValues,
    Days,
    course_completed_at,
    submission_days,
)
from course_sync.models import SOURCE_MOODLE
from course_sync.progress_records import (
    COMPLETION,
    DEADLINE,
    GRADE,
    SUBMISSION,
    FactGroup,
    LearnerRow,
    list_activities,
    list_learners,
    list_unsettled,
    record_activities,
    record_cells,
    record_course,
    record_hand_ins_read,
    record_learners_read,
)
from course_sync.reading_plan import Doubt, find_probe, plan_doubts, plan_grade_calls, plan_readings
from course_sync.records import find_last_read, record_failure, record_read
from course_sync.roster_pull import keep_rosters, record_roster_failure
from course_sync.roster_records import ContextRef
from course_sync.sources.base import ProgressSource, RosterSource
from course_sync.sync_runs import RunKeeper

ASSIGNMENTS_PER_CALL = 10
LEARNERS_PER_COMMIT = 25
PROGRESS_KINDS = ("structure", "submissions", "grades", "completion", "extensions")
_HOPELESS = frozenset({"address_refused", "html_answer", "invalidtoken", "redirected"})
"""After one of these every further call to the same site would end the same way."""

_Asked = tuple[Any, Callable[[], Any]]


class Pull:
    """Pulls one context once; `successes` counts kinds of facts that were read whole.

    `connected` names the sources the context has, also one that cannot be used in this run.
    """

    def __init__(
        self,
        context: ContextRef,
        rosters: list[RosterSource],
        connected: frozenset[str],
        progress: ProgressSource | None,
        keeper: RunKeeper,
        pool: ThreadPoolExecutor,
        now: datetime,
    ) -> None:
        self._context = context
        self._rosters = rosters
        self._connected = connected
        self._progress = progress
        self._keeper = keeper
        self._pool = pool
        self._now = now
        self._today = local_day(now, context.zone)
        self._fetched: dict[str, Roster] = {}
        self._moodle_roster_believed = False
        self._team_activities: set[int] = set()
        self._stopped = False
        self.successes = 0
        self.learners_read = 0

    def run(self) -> None:
        """All steps. Problems go to the keeper; only a run that was taken over (SyncBusy) or a bug raises."""
        self._keeper.expect(len(self._rosters) + (3 if self._progress else 0))
        self._keeper.begin_step("roster")
        errors = self._pull_rosters()
        if self._progress is None:
            return
        error = errors.get(SOURCE_MOODLE)
        if error and (isinstance(error, PlatformUnreachable) or error.code in _HOPELESS):
            for kind in PROGRESS_KINDS:
                self._close(kind, [error])
            return
        self._keeper.begin_step("structure")
        self._pull_structure(self._progress)
        self._keeper.begin_step("submissions")
        self._pull_submissions(self._progress)
        self._keeper.begin_step("grades")
        self._pull_grades(self._progress)
        self._keeper.begin_step("completion")
        read_now = self._pull_progress(self._progress)
        self._keeper.begin_step("extensions")
        self._settle_doubts(self._progress, read_now)

    def _pull_rosters(self) -> Mapping[str, PlatformError]:
        """Fetch and keep the rosters; the error of each source that gave none."""
        errors: dict[str, PlatformError] = {}
        for name, outcome in self._call((source.name, source.fetch_roster) for source in self._rosters):
            if isinstance(outcome, PlatformError):
                errors[name] = outcome
            else:
                self._fetched[name] = outcome
            self._keeper.advance()
        stopped = self._keeper.stop_error() if self._stopped else None
        for source in self._rosters:
            if stopped and source.name not in self._fetched:
                errors.setdefault(source.name, stopped)
        for name, error in errors.items():
            self._keeper.note("roster", name, error)
            record_roster_failure(self._context.context_id, name, error, self._now)
        kept = keep_rosters(self._context, self._fetched, self._connected, self._now, self._keeper.beat)
        self._changed(kept.rows_changed)
        self._moodle_roster_believed = SOURCE_MOODLE in self._fetched.keys() - kept.complaints.keys()
        for name, roster in self._fetched.items():
            complaint = kept.complaints.get(name)
            self.successes += complaint is None
            for problem in (*roster.problems, *([complaint] if complaint else [])):
                self._keeper.note("roster", name, problem)
        return errors

    def _pull_structure(self, source: ProgressSource) -> None:
        for _key, outcome in self._call([("structure", source.fetch_structure)]):
            if isinstance(outcome, PlatformError):
                self._close("structure", [outcome])
            else:
                self._keep_structure(outcome)
        if self._stopped:
            self._close("structure", [])
        self._keeper.advance()

    def _keep_structure(self, told: Structure) -> None:
        context_id = self._context.context_id
        if not told.activities and list_activities(context_id):
            self._close(
                "structure", [PlatformAnswerInvalid("the course came back empty", code="empty_structure")]
            )
            return
        if told.course:
            self._changed(record_course(context_id, told.course))
        self._changed(record_activities(context_id, told.activities, SOURCE_MOODLE, self._now))
        self._close("structure", told.problems)

    def _pull_submissions(self, source: ProgressSource) -> None:
        book = self._book(source)
        wanted = [row for row in book.activities if row.module == "assign" and row.accepts_submission]
        chunks = chunked([row.instance_id for row in wanted], ASSIGNMENTS_PER_CALL)
        problems: list[Exception] = []
        for _key, outcome in self._call(
            (tuple(ids), partial(source.fetch_submissions, ids)) for ids in chunks
        ):
            if isinstance(outcome, PlatformError):
                problems.append(outcome)
            else:
                complaint = self._keep_submissions(book, outcome)
                problems.extend((*outcome.problems, *([complaint] if complaint else [])))
        self._close("submissions", problems)
        self._keeper.advance()

    def _keep_submissions(self, book: CellBook, outcome: Submissions) -> PlatformError | None:
        """Keep what one answer tells; why its silence about the others was not believed, if it was not."""
        told = book.submission_cells(outcome, self._fetched.get(SOURCE_MOODLE))
        context_id = self._context.context_id
        asked = {activity for _member, activity in (*told.listed, *told.absent)}
        known = {cell: row[0] for cell, row in list_unsettled(context_id, sorted(asked)).items()}
        complaint = find_complaint(
            told.absent,
            known,
            roster_believed=self._moodle_roster_believed,
            last_read_at=find_last_read(context_id, "submissions", SOURCE_MOODLE),
            now=self._now,
        )
        # A hand-in without a date says no more than one that is known already, with its date.
        cells = {
            cell: values
            for cell, values in told.listed.items()
            if values != ("submitted", None) or known.get(cell) != "submitted"
        }
        self._team_activities |= {activity for _member, activity in told.by_team}
        cells |= {} if complaint else dict.fromkeys(told.absent, NOTHING)
        self._write_submissions(book, cells, told.by_team)
        if complaint is None:
            record_hand_ins_read(asked, self._now)
            db.session.commit()
        return complaint

    def _pull_grades(self, source: ProgressSource) -> None:
        book = self._book(source)
        calls = plan_grade_calls(book.learners, self._fetched.get(SOURCE_MOODLE))
        problems: list[Exception] = []
        asked = ((index, partial(source.fetch_grades, **call)) for index, call in enumerate(calls))
        for _key, outcome in self._call(asked):
            if isinstance(outcome, PlatformError):
                problems.append(outcome)
            else:
                self._write(GRADE, book.grade_cells(outcome))
                self._write_submissions(book, book.quiz_cells(outcome))
        self._close("grades", problems)
        self._keeper.advance()

    def _pull_progress(self, source: ProgressSource) -> frozenset[int]:
        """Read learners one by one where that is due; the membership ids of those that were read."""
        book = self._book(source)
        tracked = any(row.tracked for row in book.activities)
        due = {row.external_id: row for row in plan_readings(book.learners, self._now)} if tracked else {}
        if tracked and not due:
            self._close("completion", self._probe_progress(source, book))
            return frozenset()
        self._keeper.expect(len(due))
        read: list[tuple[LearnerRow, LearnerProgress]] = []
        done: set[int] = set()
        problems: list[Exception] = []
        calls = ((key, partial(source.fetch_progress, key)) for key in due)
        for key, outcome in self._call(calls):
            if isinstance(outcome, PlatformError):
                problems.append(outcome)
                self._keeper.advance()
            else:
                problems.extend([outcome.problem] if outcome.problem else [])
                read.append((due[key], outcome))
                done.add(due[key].membership_id)
            if len(read) >= LEARNERS_PER_COMMIT:
                self._keep_progress(book, read)
                read = []
        self._keep_progress(book, read)
        self._close("completion", problems)
        return frozenset(done)

    def _probe_progress(self, source: ProgressSource, book: CellBook) -> list[Exception]:
        """Whether progress could be read, where nobody is due: this is no reading and keeps nothing."""
        probe = find_probe(book.learners, self._now)
        asked = [(probe, partial(source.fetch_progress, probe.external_id))] if probe else []
        problems: list[Exception] = []
        for _probe, outcome in self._call(asked):
            problem = outcome if isinstance(outcome, PlatformError) else outcome.problem
            problems.extend([problem] if problem else [])
        return problems

    def _keep_progress(self, book: CellBook, read: list[tuple[LearnerRow, LearnerProgress]]) -> None:
        cells: CellValues = {}
        days: Days = {}
        rows = []
        for learner, told in read:
            cells |= book.completion_cells(learner, told)
            days |= book.completion_days(learner, told, self._team_activities, self._context.zone)
            completed_at = course_completed_at(learner, told, self._now)
            self._changed(int(completed_at != learner.completed_at))
            rows.append(
                {
                    "id": learner.membership_id,
                    "progress_as_of": self._now,
                    "progress_access_at": learner.last_access_at,
                    "completed_at": completed_at,
                }
            )
        self._changed(record_cells(COMPLETION, cells, SOURCE_MOODLE, self._now))
        self._record_days(book, days)
        record_learners_read(rows)
        db.session.commit()
        self.learners_read += len(read)
        self._keeper.advance(len(read))

    def _settle_doubts(self, source: ProgressSource, read_now: frozenset[int]) -> None:
        """Before anybody is blamed for missing work: ask for their extension, or for an ungraded attempt."""
        book = self._book(source)
        with_submission = [row.activity_id for row in book.activities if row.accepts_submission]
        known = list_unsettled(self._context.context_id, with_submission)
        doubts = plan_doubts(book.learners, book.activities, known, read_now, self._now)
        self._keeper.expect(len(doubts))
        problems: list[Exception] = []
        for chunk in chunked(doubts, 4 * LEARNERS_PER_COMMIT):
            problems += self._ask_doubts(source, book, chunk)
            if problems:
                break
        self._close("extensions", problems)

    def _ask_doubts(self, source: ProgressSource, book: CellBook, doubts: list[Doubt]) -> list[PlatformError]:
        deadlines: CellValues = {}
        attempts: CellValues = {}
        problems: list[PlatformError] = []
        for (learner, activity), outcome in self._call((doubt, _question(source, doubt)) for doubt in doubts):
            cell = (learner.membership_id, activity.activity_id)
            if isinstance(outcome, PlatformError):
                problems.append(outcome)
            elif activity.module == "assign":
                deadlines[cell] = (datetime.fromtimestamp(outcome, UTC) if outcome else None,)
            else:
                attempts[cell] = (outcome.state, outcome.submitted_at)
            self._keeper.advance()
        self._write(DEADLINE, deadlines)
        self._write_submissions(book, attempts)
        return problems

    def _write_submissions(
        self, book: CellBook, cells: CellValues, by_team: frozenset[tuple[int, int]] = frozenset()
    ) -> None:
        self._record_days(book, submission_days(cells, by_team, self._context.zone))
        self._write(SUBMISSION, cells)

    def _record_days(self, book: CellBook, days: Days) -> None:
        possible = book.possible_days(days, self._context.zone)
        self._changed(record_active_days(possible, SOURCE_MOODLE, self._today))

    def _write(self, group: FactGroup, cells: CellValues) -> None:
        self._changed(record_cells(group, cells, SOURCE_MOODLE, self._now))
        db.session.commit()
        self._keeper.beat()

    def _close(self, kind: str, problems: Iterable[Exception]) -> None:
        """Note how a kind of fact came out: read whole, or not and why."""
        first: PlatformError | None = None
        stopped = self._keeper.stop_error() if self._stopped else None
        for problem in (*problems, *([stopped] if stopped else [])):
            self._keeper.note(kind, SOURCE_MOODLE, problem)
            if first is None and isinstance(problem, PlatformError):
                first = problem
        if first is None:
            record_read(self._context.context_id, kind, SOURCE_MOODLE, self._now)
            self.successes += 1
        else:
            record_failure(self._context.context_id, kind, SOURCE_MOODLE, first.code, first.detail, self._now)
        db.session.commit()

    def _book(self, source: ProgressSource) -> CellBook:
        context_id = self._context.context_id
        learners = [row for row in list_learners(context_id) if source.may_know(row.external_id)]
        return CellBook(learners, list_activities(context_id))

    def _call(self, asked: Iterable[_Asked]) -> Iterator[tuple[Any, Any]]:
        """Outcomes as they arrive, until the run must stop; what was left out is read by the next one."""
        calls = Calls(self._pool, asked, self._keeper.beat, self._keeper.must_stop)
        yield from calls
        self._stopped = self._stopped or calls.was_stopped

    def _changed(self, rows: int) -> None:
        self._keeper.rows_changed += rows


def _question(source: ProgressSource, doubt: Doubt) -> Callable[[], Any]:
    learner, activity = doubt
    ask = source.fetch_extension if activity.module == "assign" else source.fetch_attempts
    return partial(ask, learner.external_id, activity.instance_id)
