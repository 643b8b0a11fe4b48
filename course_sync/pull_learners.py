"""The steps of a pull that ask about one learner at a time: completion; and, before anybody is blamed for
missing work, whether there is an extension, or an attempt that has no grade yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from course_sync.database import db
from course_sync.errors import PlatformError
from course_sync.facts import LearnerProgress, SubmissionFact
from course_sync.learner_cells import CellBook, CellValues, Days, course_completed_at
from course_sync.models import SOURCE_MOODLE
from course_sync.progress_records import (
    COMPLETION,
    DEADLINE,
    LearnerRow,
    Unsettled,
    count_hand_ins_since,
    list_unsettled,
    record_cells,
    record_learners_read,
)
from course_sync.pull_tools import LEARNERS_PER_COMMIT, Asked, PullTools
from course_sync.reading_plan import (
    MAX_DOUBTS,
    Doubt,
    find_probe,
    list_overdue,
    plan_attempt_doubts,
    plan_attempt_search,
    plan_extension_doubts,
    plan_readings,
)
from course_sync.sources.base import ProgressSource


def pull_progress(tools: PullTools, source: ProgressSource) -> int:
    """Read learners one by one where that is due; how many were read."""
    book = tools.book(source)
    tracked = any(row.tracked for row in book.activities)
    due = {row.external_id: row for row in plan_readings(book.learners, tools.now)} if tracked else {}
    if tracked and not due:
        tools.close("completion", _probe(tools, source, book))
        return 0
    tools.keeper.expect(len(due))
    read: list[tuple[LearnerRow, LearnerProgress]] = []
    problems: list[Exception] = []
    for key, outcome in tools.call((key, partial(source.fetch_progress, key)) for key in due):
        if isinstance(outcome, PlatformError):
            problems.append(outcome)
            tools.keeper.advance()
        else:
            problems.extend([outcome.problem] if outcome.problem else [])
            read.append((due[key], outcome))
        if len(read) >= LEARNERS_PER_COMMIT:
            _keep_progress(tools, book, read)
            read = []
    _keep_progress(tools, book, read)
    tools.close("completion", problems)
    return len(tools.read_now)


def _probe(tools: PullTools, source: ProgressSource, book: CellBook) -> list[Exception]:
    """Whether progress could be read, where nobody is due: this is no reading and keeps nothing."""
    probe = find_probe(book.learners, tools.now)
    asked = [(probe, partial(source.check_progress, probe.external_id))] if probe else []
    return [outcome for _probe, outcome in tools.call(asked) if isinstance(outcome, PlatformError)]


def _keep_progress(tools: PullTools, book: CellBook, read: list[tuple[LearnerRow, LearnerProgress]]) -> None:
    cells: CellValues = {}
    days: Days = {}
    rows = []
    for learner, told in read:
        cells |= book.completion_cells(learner, told)
        days |= book.completion_days(learner, told, tools.team_activities, tools.context.zone)
        completed_at = course_completed_at(learner, told, tools.now)
        tools.changed(int(completed_at != learner.completed_at))
        rows.append(
            {
                "id": learner.membership_id,
                "progress_as_of": tools.now,
                "progress_access_at": learner.last_access_at,
                "completed_at": completed_at,
            }
        )
    tools.changed(record_cells(COMPLETION, cells, SOURCE_MOODLE, tools.now))
    tools.record_days(book, days)
    record_learners_read(rows)
    db.session.commit()
    tools.read_now |= {learner.membership_id for learner, _told in read}
    tools.keeper.advance(len(read))


@dataclass
class _Search:
    """Questions about one activity; with `left`, only until so many answers told something new."""

    doubts: list[Doubt]
    known: Mapping[int, Unsettled]
    left: int | None = None

    def questions(self, source: ProgressSource) -> Iterator[Asked]:
        """The calls, one after the other, as long as there is something to find."""
        for doubt in self.doubts:
            if self.left is not None and self.left <= 0:
                return
            yield doubt, _question(source, doubt)

    def weigh(self, learner: LearnerRow, told: SubmissionFact) -> None:
        """Whether this answer was one of those looked for."""
        before = self.known.get(learner.membership_id, Unsettled()).submission
        if self.left is not None and told.state not in ("none", before):
            self.left -= 1


def settle_doubts(tools: PullTools, source: ProgressSource) -> None:
    """Ask single questions about work that is missing, or that nobody has marked yet."""
    book = tools.book(source)
    left = MAX_DOUBTS
    problems: list[PlatformError] = []
    for search in _plan_searches(tools, book):
        search.doubts = search.doubts[:left]
        left -= len(search.doubts)
        tools.keeper.expect(len(search.doubts))
        problems += _ask(tools, source, book, search)
        if problems or not left or tools.stopped:
            break
    tools.close("extensions", problems)


def _plan_searches(tools: PullTools, book: CellBook) -> Iterator[_Search]:
    """Activity by activity: what is known of everybody's work at all of them would not fit into memory."""
    for activity in list_overdue(book.activities, tools.now):
        known = list_unsettled(activity.activity_id)
        if activity.module == "assign":
            yield _Search(plan_extension_doubts(book.learners, activity, known, tools.now), known)
        else:
            untold = (tools.read_now | tools.unasked) - _list_seen(tools, book)
            yield _Search(plan_attempt_doubts(book.learners, activity, known, untold), known)
    updates = tools.updates_for("extensions")
    for quiz in book.activities if updates else ():
        fresh = updates.attempted.get(quiz.external_id, 0) if updates and quiz.module == "quiz" else 0
        fresh -= count_hand_ins_since(quiz.activity_id, updates.since) if updates and fresh else 0
        if fresh > 0:
            known = list_unsettled(quiz.activity_id)
            moved = tools.read_now & _list_seen(tools, book)
            yield _Search(plan_attempt_search(book.learners, quiz, known, moved), known, fresh)


def _list_seen(tools: PullTools, book: CellBook) -> set[int]:
    """Membership ids of those whose new attempts the platform's list of changes tells of, if there is one.

    In activities with separate groups it leaves out who is in none.
    """
    if tools.updates_for("extensions") is None:
        return set()
    members = tools.roster.members if tools.roster else {}
    if not any(member.group_ids for member in members.values()):
        return {row.membership_id for row in book.learners}
    return {
        row.membership_id
        for row in book.learners
        if row.external_id in members and members[row.external_id].group_ids
    }


def _ask(tools: PullTools, source: ProgressSource, book: CellBook, search: _Search) -> list[PlatformError]:
    deadlines: CellValues = {}
    attempts: CellValues = {}
    problems: list[PlatformError] = []
    for (learner, activity), outcome in tools.call(search.questions(source)):
        cell = (learner.membership_id, activity.activity_id)
        if isinstance(outcome, PlatformError):
            problems.append(outcome)
        elif activity.module == "assign":
            deadlines[cell] = (datetime.fromtimestamp(outcome, UTC) if outcome else None,)
        else:
            search.weigh(learner, outcome)
            attempts[cell] = (outcome.state, outcome.submitted_at)
        tools.keeper.advance()
    tools.write(DEADLINE, deadlines)
    tools.write_submissions(book, attempts)
    return problems


def _question(source: ProgressSource, doubt: Doubt) -> Callable[[], Any]:
    learner, activity = doubt
    ask = source.fetch_extension if activity.module == "assign" else source.fetch_attempts
    return partial(ask, learner.external_id, activity.instance_id)
