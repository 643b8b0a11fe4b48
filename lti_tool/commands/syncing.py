"""`ementor sync`: which courses are meant, progress on a terminal, one line per course.

The pull itself is lti_tool.operations.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

import click
from sqlalchemy import select

from course_sync.database import db
from course_sync.errors import CourseSyncError
from course_sync.models import Context
from course_sync.sync import SyncReport
from course_sync.sync_runs import Watcher
from lti_tool.commands.support import MAX_ID
from lti_tool.operations import sync_and_flag

INTERRUPTED = 130
"""Exit status of a command that Ctrl-C ended, as shells have it."""


def sync_courses(course: str | None) -> int:
    """Pull the named course or all of them; exit status 0 when every one was read whole.

    Ctrl-C stops between two calls.
    """
    courses = [(context.id, context.title or context.external_id) for context in find_contexts(course)]
    if not courses:
        click.echo("No course is known yet: open the tool once from a course in the LMS.")
        return 0
    all_read = True
    with stop_on_interrupt() as is_stopped:
        for context_id, title in courses:
            all_read = _sync_one(context_id, title, is_stopped) and all_read
            if is_stopped():
                return INTERRUPTED
    return 0 if all_read else 1


def find_contexts(course: str | None) -> list[Context]:
    """All courses, or the one meant by `COURSE` or `PLATFORM:COURSE`; ClickException when not exactly one."""
    statement = select(Context).order_by(Context.id)
    if course is None:
        return list(db.session.scalars(statement))
    platform, _, external_id = course.rpartition(":")
    statement = statement.where(Context.external_id == external_id)
    if platform:
        if not platform.isascii() or not platform.isdecimal() or not 0 < int(platform[:11]) <= MAX_ID:
            raise click.ClickException(f"{platform!r} is not a platform number; see: ementor platform list")
        statement = statement.where(Context.platform_id == int(platform))
    found = list(db.session.scalars(statement))
    if not found:
        raise click.ClickException(f"No course {course!r} is known; it appears with its first launch.")
    if len(found) > 1:
        names = ", ".join(f"{context.platform_id}:{context.external_id}" for context in found)
        raise click.ClickException(f"Several platforms have a course {external_id!r}; say which: {names}")
    return found


@contextmanager
def progress_bar(label: str) -> Iterator[Watcher | None]:
    """A bar on a terminal with the step that is under way, None elsewhere (logs are no place for bars)."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr, item_show_func=step_words) as bar:

        def begin(step: str) -> None:
            bar.current_item = step
            bar.render_progress()

        def advance(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield Watcher(advance, begin)


def step_words(step: str | None) -> str:
    """What is being read, by its step (sync_runs.STEPS)."""
    words = {
        "roster": "members",
        "structure": "activities",
        "submissions": "hand-ins",
        "grades": "grades",
        "completion": "learner by learner",
        "extensions": "extended deadlines",
    }
    return words.get(step or "", step or "")


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: the first time asks to stop between two calls, the second stops at once."""
    asked: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


def _sync_one(context_id: int, title: str, is_stopped: Callable[[], bool]) -> bool:
    try:
        with progress_bar(title) as watcher:
            watcher = replace(watcher or Watcher(), wants_to_stop=is_stopped)
            report = sync_and_flag(context_id, trigger="cli", watcher=watcher)
    except CourseSyncError as problem:
        why = str(problem) or type(problem).__name__
        click.echo(f"{title}: not synced ({why}). What was known is kept.", err=True)
        return False
    click.echo(f"{title}: {_outcome(report)}")
    for error in report.errors:
        click.echo(f"  {error.kind}: {error.code} {error.detail}".rstrip(), err=True)
    return report.state == "done"


def _outcome(report: SyncReport) -> str:
    words = {
        "done": "up to date",
        "partial": "partly read; what could not be read keeps its last known state",
        "failed": "could not be read; what was known is kept",
        "cancelled": "stopped; what was read until then is kept",
    }
    return f"{words[report.state]}, {report.requests} requests, {report.rows_changed} facts changed"
