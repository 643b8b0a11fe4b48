"""Jobs: plain functions by name, and the one way to ask for a run of them.

Who asks never knows what runs them: a queue keeps what is asked for, in the transaction of who asks, and the
worker runs it. Without another queue, jobs are rows of `job_run` (job_rows).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from flask import current_app

from course_sync.database import db
from course_sync.errors import CourseSyncError
from course_sync.job_rows import RowQueue

F = TypeVar("F", bound=Callable[..., Any])

QUEUE = "ementor_queue"
"""Key in `app.extensions` of the queue an application uses instead of rows."""


class JobError(CourseSyncError):
    """A job is registered twice or asked for with arguments that are not JSON."""


class JobQueue(Protocol):
    """Where jobs wait. Both methods write in the session's transaction and leave the commit to the caller."""

    def put(self, name: str, arguments: dict[str, Any], key: str, now: datetime, *, again: bool) -> bool:
        """See `enqueue`."""

    def put_slot(self, name: str, slot: str, now: datetime) -> bool:
        """See `queue_slot`."""


@dataclass(frozen=True)
class Job:
    """A function the worker can run; `every_minutes` None = only when it is queued."""

    name: str
    run: Callable[..., Any]
    every_minutes: int | None


_registry: dict[str, Job] = {}


def job(name: str, every_minutes: int | None = None) -> Callable[[F], F]:
    """Register a function that takes JSON values by keyword. Raises JobError for a name taken by another.

    It must do no harm when it is run twice: a worker may be killed at any moment, and another one repeats.
    """

    def register(function: F) -> F:
        known = _registry.get(name)
        if known and (known.run.__module__, known.run.__qualname__) != (
            function.__module__,
            function.__qualname__,
        ):
            raise JobError(f"two jobs are called {name}")
        _registry[name] = Job(name, function, every_minutes)
        return function

    return register


def registry() -> Mapping[str, Job]:
    """All registered jobs by name."""
    return MappingProxyType(_registry)


def enqueue(name: str, arguments: dict[str, Any], key: str, now: datetime, *, again: bool = False) -> bool:
    """Queue a job unless the same key is queued or running already; then False. Commits.

    What the session has written so far is committed with it: both are kept, or neither. With `again`, a
    running one does not count: the job runs once more after it. For news that a run which has started may
    have missed.
    """
    try:
        json.dumps(arguments)
    except TypeError as problem:
        raise JobError(f"the arguments of {name} are not JSON: {problem}") from None
    queued = _queue().put(name, arguments, key, now, again=again)
    db.session.commit()
    return queued


def queue_slot(name: str, slot: str, now: datetime) -> bool:
    """Queue one slot of a scheduled job, once among all workers; False where it was before. Commits."""
    queued = _queue().put_slot(name, slot, now)
    db.session.commit()
    return queued


def _queue() -> JobQueue:
    queue: JobQueue = current_app.extensions.get(QUEUE) or RowQueue()
    return queue
