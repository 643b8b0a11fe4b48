"""The steps of a pull that read many learners at once: hand-ins and grades.

In a large course grades are read of those alone who moved, were graded or were not read for days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from course_sync.bulk import chunked
from course_sync.database import db
from course_sync.errors import PlatformError, PlatformRefused
from course_sync.facts import Grades, Submissions, Updates
from course_sync.hand_ins import NOTHING, HandInCells, count_vanished, find_complaint
from course_sync.learner_cells import CellBook
from course_sync.progress_records import (
    GRADE,
    ActivityRow,
    LearnerRow,
    confirm_hand_ins,
    list_unsettled,
    record_hand_ins_read,
    record_learners_read,
)
from course_sync.pull_tools import LEARNERS_PER_COMMIT, PullTools
from course_sync.reading_plan import (
    MAX_LONE_GRADES,
    MAX_SINGLE_GRADES,
    WHOLE_COURSE_LEARNERS,
    GradeCall,
    are_grades_a_day_old,
    is_graded_since,
    needs_grades,
    plan_grade_calls,
    plan_lone_grades,
    take_turns,
)
from course_sync.sources.base import ONE_BY_ONE, ProgressSource

ASSIGNMENTS_PER_CALL = 10
ROWS_PER_CALL = 20_000
"""An answer with more hand-ins than this is asked for in parts."""


def pull_submissions(tools: PullTools, source: ProgressSource) -> None:
    """Read who handed in what, of all assignments."""
    book = tools.book(source)
    wanted = [row for row in book.activities if row.module == "assign" and row.accepts_submission]
    size = max(1, min(ASSIGNMENTS_PER_CALL, ROWS_PER_CALL // max(1, len(book.learners))))
    chunks = chunked([row.instance_id for row in wanted], size)
    problems: list[Exception] = []
    calls = ((tuple(ids), partial(source.fetch_submissions, ids)) for ids in chunks)
    for _key, outcome in tools.call(calls):
        if isinstance(outcome, PlatformError):
            problems.append(outcome)
        else:
            complaint = _keep_submissions(tools, book, outcome)
            problems.extend((*outcome.problems, *([complaint] if complaint else [])))
    tools.close("submissions", problems)
    tools.keeper.advance()


def _keep_submissions(tools: PullTools, book: CellBook, told: Submissions) -> PlatformError | None:
    """Keep what one answer tells; why its silence about the others was not believed, if it was not."""
    vanished = handed_in = 0
    for activity, cells in _read_submissions(tools, book, told):
        gone, known = count_vanished(cells.absent, _list_states(activity))
        vanished, handed_in = vanished + gone, handed_in + known
    complaint = find_complaint(
        vanished,
        handed_in,
        roster_believed=tools.roster_believed,
        last_read_at=tools.last_read("submissions"),
        now=tools.now,
    )
    for activity, cells in _read_submissions(tools, book, told):
        _keep_hand_ins(tools, book, activity, cells, believe_silence=complaint is None)
    return complaint


def _read_submissions(
    tools: PullTools, book: CellBook, told: Submissions
) -> Iterable[tuple[ActivityRow, HandInCells]]:
    """One assignment after the other: all cells of a large course at once would not fit into memory."""
    for instance_id, facts in told.by_instance.items():
        activity = book.find_instance("assign", instance_id)
        if activity:
            yield activity, book.submission_cells(activity, facts, tools.roster)


def _list_states(activity: ActivityRow) -> Mapping[tuple[int, int], str | None]:
    rows = list_unsettled(activity.activity_id)
    return {(key, activity.activity_id): row.submission for key, row in rows.items()}


def _keep_hand_ins(
    tools: PullTools, book: CellBook, activity: ActivityRow, told: HandInCells, *, believe_silence: bool
) -> None:
    known = _list_states(activity)
    # A hand-in without a date says no more than one that is known already, with its date.
    cells = {
        cell: values
        for cell, values in told.listed.items()
        if values != ("submitted", None) or known.get(cell) != "submitted"
    }
    if told.by_team:
        tools.team_activities.add(activity.activity_id)
    cells |= dict.fromkeys(told.absent, NOTHING) if believe_silence else {}
    if believe_silence and (told.listed or told.absent):
        if tools.is_whole:
            record_hand_ins_read([activity.activity_id], tools.now)
        else:
            confirm_hand_ins(activity.activity_id, [row.membership_id for row in book.learners], tools.now)
    tools.write_submissions(book, cells, told.by_team)


def pull_grades(tools: PullTools, source: ProgressSource) -> None:
    """Read grades: of everybody in a small course, else of those whose grades may have changed."""
    book = tools.book(source)
    large = len(book.learners) > WHOLE_COURSE_LEARNERS
    calls = _plan_large(tools, source, book) if large else [GradeCall({}, frozenset())]
    # Of an account that does not see the whole course, single calls are few in each run, whoever plans them.
    lone = [] if tools.is_whole else [call for call in calls if "person_id" in call.arguments]
    problems = _read_grades(tools, source, book, [call for call in calls if call not in lone])
    others = [problem for problem in problems if getattr(problem, "code", "") != ONE_BY_ONE]
    if len(others) < len(problems):
        due = plan_lone_grades(tools.book(source).learners, tools.now)
    else:
        wanted = frozenset[str]().union(*(call.people for call in lone))
        due = take_turns((row for row in book.learners if row.external_id in wanted), tools.now)
    tools.close("grades", others + _read_one_by_one(tools, source, book, due))
    tools.keeper.advance()


def _read_one_by_one(
    tools: PullTools, source: ProgressSource, book: CellBook, due: Sequence[LearnerRow]
) -> list[Exception]:
    """Some of the learners in each run, until everybody has been read; and so on in turn."""
    asked, left = due[:MAX_LONE_GRADES], len(due[MAX_LONE_GRADES:])
    calls = [GradeCall({"person_id": row.external_id}, frozenset({row.external_id})) for row in asked]
    problems = _read_grades(tools, source, book, calls)
    if left:
        said = f"the grades of {left} learners are read by the next updates"
        problems.append(PlatformRefused(said, code="grades_of_some"))
    return problems


def _read_grades(
    tools: PullTools, source: ProgressSource, book: CellBook, calls: Iterable[GradeCall]
) -> list[Exception]:
    """Make these calls and keep what they tell; what went wrong."""
    problems: list[Exception] = []
    read: list[tuple[GradeCall, Grades]] = []
    for call, outcome in tools.call((call, partial(source.fetch_grades, **call.arguments)) for call in calls):
        if isinstance(outcome, PlatformError):
            problems.append(outcome)
            continue
        problems.extend(outcome.problems)
        read.append((call, outcome))
        if sum(len(told.by_person) for _call, told in read) >= LEARNERS_PER_COMMIT:
            _keep_grades(tools, book, read)
            read = []
    _keep_grades(tools, book, read)
    return problems


def _plan_large(tools: PullTools, source: ProgressSource, book: CellBook) -> list[GradeCall]:
    due = {row.external_id for row in book.learners if needs_grades(row, tools.now)}
    if len(due) < len(book.learners):
        due |= _find_graded(tools, source, book)
    return plan_grade_calls(due, book.learners, tools.roster)


def _find_graded(tools: PullTools, source: ProgressSource, book: CellBook) -> frozenset[str]:
    """Who was graded since the last reading; where nobody tells, all whose grades are a day old."""
    read_at, updates = tools.last_read("grades"), tools.fetch_updates(source, "grades")
    if updates and _is_quiz_marked(book, updates):
        return _list_perhaps_marked(tools, book)
    assignments = _list_graded_assignments(book, updates)
    if read_at and not assignments:
        return frozenset()
    asked = [("graded", partial(source.fetch_graded, assignments, read_at))] if read_at else []
    for _key, outcome in tools.call(asked):
        if not isinstance(outcome, PlatformError):
            return frozenset(
                row.external_id
                for row in book.learners
                if row.external_id in outcome and is_graded_since(row, outcome[row.external_id])
            )
    return _list_day_old(tools, book)


def _is_quiz_marked(book: CellBook, updates: Updates) -> bool:
    """A quiz with more new grades than new attempts was marked by somebody, and nobody tells whose it was."""
    quizzes = (row.external_id for row in book.activities if row.module == "quiz")
    return any(updates.graded.get(key, 0) > updates.attempted.get(key, 0) for key in quizzes)


def _list_perhaps_marked(tools: PullTools, book: CellBook) -> frozenset[str]:
    """Everybody; where that takes too many single calls, those whose turn it is: the others have theirs
    within a week."""
    everybody = frozenset(row.external_id for row in book.learners)
    calls = plan_grade_calls(everybody, book.learners, tools.roster)
    few = sum("person_id" in call.arguments for call in calls) <= MAX_SINGLE_GRADES
    return everybody if few else _list_day_old(tools, book)


def _list_day_old(tools: PullTools, book: CellBook) -> frozenset[str]:
    return frozenset(row.external_id for row in book.learners if are_grades_a_day_old(row, tools.now))


def _list_graded_assignments(book: CellBook, updates: Updates | None) -> list[str]:
    """Instances in which somebody may have been graded."""
    assignments = [row for row in book.activities if row.module == "assign"]
    return [row.instance_id for row in assignments if updates is None or row.external_id in updates.graded]


def _keep_grades(tools: PullTools, book: CellBook, read: list[tuple[GradeCall, Grades]]) -> None:
    for _call, told in read:
        tools.write(GRADE, book.grade_cells(told))
        tools.write_submissions(book, book.quiz_cells(told))
    asked = {key for call, _told in read for key in call.people}
    found = [row for key in sorted(asked) if (row := book.find_learner(key))]
    record_learners_read(
        [
            {"id": row.membership_id, "grades_as_of": tools.now, "grades_access_at": row.last_access_at}
            for row in found
        ]
    )
    db.session.commit()
