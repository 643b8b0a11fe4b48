"""`ementor sync`: which courses are meant, progress on a terminal, one line per course.

The pull itself is lti_tool.operations.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import select

from course_sync.database import db
from course_sync.errors import CourseSyncError
from course_sync.models import Context
from course_sync.sync import SyncReport
from lti_tool.commands.support import MAX_ID
from lti_tool.operations import Progress, sync_and_flag


def sync_courses(course: str | None) -> bool:
    """Pull the named course or all of them; True when every one was read whole."""
    contexts = find_contexts(course)
    if not contexts:
        click.echo("No course is known yet: open the tool once from a course in the LMS.")
        return True
    read = [_sync_one(context.id, context.title or context.external_id) for context in contexts]
    return all(read)


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
def progress_bar(label: str) -> Iterator[Progress | None]:
    """A bar on a terminal, None elsewhere (logs are no place for bars)."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def advance(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield advance


def _sync_one(context_id: int, title: str) -> bool:
    try:
        with progress_bar(title) as advance:
            report = sync_and_flag(context_id, trigger="cli", on_progress=advance)
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
    }
    return f"{words[report.state]}, {report.requests} requests, {report.rows_changed} facts changed"
