"""What is due: slots of scheduled jobs, courses whose host has rested, in the demo a day that was moved on.

Queues, runs nothing. Every slot is one row that one worker can insert, so several workers never queue it
twice; a course is queued under one key, whatever it is queued for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import func, select

from course_sync.database import db
from course_sync.jobs import Job, enqueue, queue_slot, registry
from course_sync.models import SyncRun
from course_sync.rested import AFTER_REST, list_rested
from lti_tool.operations import SYNC_ALL, abandon_syncs, enqueue_all_syncs
from lti_tool.services import EXTENSION, Services

MISSED_AFTER = timedelta(hours=6)
"""The demo's calendar moves by whole days; a last sync older than this was before such a move."""


def queue_due_slots(app: Flask) -> int:
    """Queue each scheduled job whose current slot nobody has queued; returns how many."""
    queued = 0
    with app.app_context():
        for entry in registry().values():
            minutes = minutes_between(app, entry)
            if minutes is not None:
                now = real_now(app)
                queued += queue_slot(entry.name, slot_of(now, minutes), now)
        db.session.remove()
    return queued


def queue_rested(app: Flask) -> int:
    """Queue courses that met a host at rest, a few at a time, once its rest is over; returns how many."""
    with app.app_context():
        now = real_now(app)
        queued = 0
        for context_id in list_rested(now):
            arguments = {"context_id": context_id, "trigger": AFTER_REST}
            queued += enqueue("sync_context", arguments, f"sync:{context_id}", now)
        db.session.remove()
    return queued


def minutes_between(app: Flask, entry: Job) -> int | None:
    """Minutes between two runs of a scheduled job; None = only when queued. Sync follows its setting."""
    if entry.name == SYNC_ALL:
        return services_of(app).settings.sync_minutes
    return entry.every_minutes


def slot_of(now: datetime, minutes: int) -> str:
    """Start of the slot `now` lies in, the same for all workers whatever second they look."""
    epoch_minutes = int(now.timestamp() // 60)
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=epoch_minutes % minutes)
    return start.isoformat()


class ClockWatch:
    """Queues a sync of every course when the demo's calendar was moved on."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._offset = None if _has_missed_a_day(app) else _offset(app)

    def look(self) -> bool:
        """Compare the calendar with the last look; True where a sync was queued."""
        offset = _offset(self._app)
        # The demo LMS re-anchors its clock by fractions of a minute when it starts; only a moved day matters.
        if self._offset is not None and abs(offset - self._offset) < timedelta(minutes=5):
            return False
        self._offset = offset
        with self._app.app_context():
            abandon_syncs(None, real_now(self._app))  # they read a day that is over
            enqueue_all_syncs(trigger="clock")
            db.session.remove()
        return True


def real_now(app: Flask) -> datetime:
    """Real time, not the demo's."""
    return services_of(app).clock.real_now()


def services_of(app: Flask) -> Services:
    """The services of an application outside a context."""
    services: Services = app.extensions[EXTENSION]
    return services


def _has_missed_a_day(app: Flask) -> bool:
    """Whether the calendar was moved on after the last sync, and before anybody watched it."""
    with app.app_context():
        synced_to = db.session.scalars(select(func.max(SyncRun.as_of))).one()
        db.session.remove()
    return synced_to is not None and services_of(app).clock.now() - synced_to > MISSED_AFTER


def _offset(app: Flask) -> timedelta:
    clock = services_of(app).clock
    return clock.now() - clock.real_now()
