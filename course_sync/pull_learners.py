"""The steps of a pull that ask about one learner at a time: completion; and, before anybody is blamed for
missing work, whether there is an extension, or an attempt that has no grade yet.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from course_sync.database import db
from course_sync.errors import HOPELESS, PlatformAnswerInvalid, PlatformError, PlatformRefused
from course_sync.facts import LearnerProgress, SubmissionFact, Updates
from course_sync.learner_cells import CellBook, CellValues, Days, course_completed_at
from course_sync.models import SOURCE_MOODLE
from course_sync.progress_records import (
    COMPLETION,
    DEADLINE,
    ActivityRow,
    LearnerRow,
    Unsettled,
    confirm_hand_ins,
    list_unsettled,
    record_cells,
    record_hand_ins_read,
    record_learners_read,
)
from course_sync.pull_tools import LEARNERS_PER_COMMIT, Asked, PullTools
from course_sync.reading_plan import (
    MAX_DOUBTS,
    Doubt,
    ToldAttempts,
    count_untold_attempts,
    find_probe,
    list_overdue,
    plan_attempt_doubts,
    plan_attempt_search,
    plan_extension_doubts,
    plan_readings,
)
from course_sync.sources.base import ProgressSource

_NO_FUNCTION = "accessexception"
"""Moodle's code for a function that the token may not call at all."""


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
class _Budget:
    """How many single questions this run may still ask."""

    left: int
    was_short: bool = False
    """Whether one was left out."""


@dataclass
class _Search:
    """Questions about one activity; with `sought`, only until so many answers told something new."""

    activity: ActivityRow
    doubts: list[Doubt]
    known: Mapping[int, Unsettled]
    sought: int | None = None
    is_whole: bool = False
    """Whether none of its questions was left without an answer."""

    def questions(self, source: ProgressSource, budget: _Budget) -> Iterator[Asked]:
        """The calls, one after the other, as long as there is something to find."""
        for doubt in self.doubts:
            if self.sought is not None and self.sought <= 0:
                return
            if budget.left <= 0:
                budget.was_short = True
                return
            budget.left -= 1
            yield doubt, _question(source, doubt)

    def weigh(self, learner: LearnerRow, told: SubmissionFact) -> None:
        """Whether this answer was one of those looked for."""
        before = self.known.get(learner.membership_id, Unsettled()).submission
        if self.sought is not None and told.state not in ("none", before):
            self.sought -= 1


def settle_doubts(tools: PullTools, source: ProgressSource) -> None:
    """Ask single questions about work that is missing, or that nobody has marked yet."""
    book = tools.book(source)
    budget = _Budget(MAX_DOUBTS)
    problems: list[PlatformError] = []
    for search in _plan_searches(tools, source, book):
        tools.keeper.expect(min(len(search.doubts), budget.left))
        failed = _ask(tools, source, book, search, budget)
        problems += failed
        if budget.was_short or tools.stopped or not all(map(_is_refusal, failed)):
            break
        search.is_whole = not failed
    if budget.was_short:
        said = f"{MAX_DOUBTS} single questions were asked; the next updates ask the others"
        problems.append(PlatformRefused(said, code="questions_left"))
    tools.close("extensions", problems)


def _is_refusal(problem: PlatformError) -> bool:
    """Whether this was an answer to one question, which says nothing of those about other work."""
    is_answer = isinstance(problem, PlatformRefused | PlatformAnswerInvalid)
    return is_answer and problem.code not in HOPELESS | {_NO_FUNCTION}


def _plan_searches(tools: PullTools, source: ProgressSource, book: CellBook) -> Iterator[_Search]:
    """Activity by activity: what is known of everybody's work at all of them would not fit into memory.

    Who takes the next search has noted in the one before whether all its questions were answered.
    """
    updates = tools.fetch_updates(source, "extensions")
    told = ToldAttempts(_list_seen(tools, book), updates.since) if updates else ToldAttempts()
    overdue = list_overdue(book.activities, tools.now)
    for activity in overdue:
        known = list_unsettled(activity.activity_id)
        if activity.module == "assign":
            doubts = plan_extension_doubts(book.learners, activity, known, tools.now)
            yield _Search(activity, doubts, known)
            continue
        doubted = _Search(activity, plan_attempt_doubts(book.learners, activity, known, told), known)
        yield doubted
        listed_whole = yield from _search_listed(book, activity, updates, told)
        if tools.is_whole and doubted.is_whole and listed_whole:
            record_hand_ins_read([activity.activity_id], tools.now)
            db.session.commit()
    for activity in book.activities:
        if activity not in overdue:
            yield from _search_listed(book, activity, updates, told)


def _search_listed(
    book: CellBook, quiz: ActivityRow, updates: Updates | None, told: ToldAttempts
) -> Generator[_Search, None, bool]:
    """Whose the attempts are that the list tells of, where it tells of more than are known; returns whether
    that was answered."""
    if updates is None or quiz.module != "quiz" or quiz.external_id not in updates.attempted:
        return True
    known = list_unsettled(quiz.activity_id)
    untold = count_untold_attempts(quiz, updates, known, told)
    if not untold:
        return True
    search = _Search(quiz, plan_attempt_search(book.learners, quiz, known, told), known, untold)
    yield search
    return search.is_whole


def _list_seen(tools: PullTools, book: CellBook) -> set[int]:
    """Membership ids of those whose new attempts the platform's list of changes tells of.

    In activities with separate groups it leaves out who is in none.
    """
    members = tools.roster.members if tools.roster else {}
    if not any(member.group_ids for member in members.values()):
        return {row.membership_id for row in book.learners}
    return {
        row.membership_id
        for row in book.learners
        if row.external_id in members and members[row.external_id].group_ids
    }


def _ask(
    tools: PullTools, source: ProgressSource, book: CellBook, search: _Search, budget: _Budget
) -> list[PlatformError]:
    """Ask, keep the answers, and note of whom they are; what went wrong."""
    deadlines: CellValues = {}
    attempts: CellValues = {}
    problems: list[PlatformError] = []
    for (learner, activity), outcome in tools.call(search.questions(source, budget)):
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
    confirm_hand_ins(search.activity.activity_id, [key for key, _activity in attempts], tools.now)
    tools.write_submissions(book, attempts)
    return problems


def _question(source: ProgressSource, doubt: Doubt) -> Callable[[], Any]:
    learner, activity = doubt
    ask = source.fetch_extension if activity.module == "assign" else source.fetch_attempts
    return partial(ask, learner.external_id, activity.instance_id)
