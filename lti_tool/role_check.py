"""Whether somebody launched as Instructor is one in the roster too: asked before the page shows.

Moodle calls non-editing teachers, managers and site admins Instructor in a launch; only the roster tells.
What follows from it is decided in mentor_console.access.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from course_sync.database import db
from course_sync.errors import CourseSyncError
from course_sync.jobs import enqueue
from course_sync.models import SOURCE_LTI, Context, Membership
from course_sync.records import find_last_read
from course_sync.sync import PlatformServices, sync_roster

ROSTER_LIFE = timedelta(hours=24)
"""A role older than this still holds, and is read anew behind the person's back."""
ABSENT_PATIENCE = timedelta(minutes=1)
"""Somebody the roster does not hold makes us read it again at most so often."""
TIMEOUT_SECONDS = 3.0
"""A person waits for the page meanwhile."""

log = logging.getLogger(__name__)


def needs_roster(membership: Membership, now: datetime) -> bool:
    """Whether the person must wait for the roster: no roster has named them yet. `now` is the console's."""
    if membership.nrps_roles is not None:
        return False
    read_at = find_last_read(membership.context_id, "roster", SOURCE_LTI)
    return read_at is None or now - read_at >= ABSENT_PATIENCE


def check_role(
    membership: Membership, services: PlatformServices, *, now: datetime, real_now: datetime
) -> None:
    """Read the roster if this Instructor's role is not known; queue a sync if it is merely old.

    A failure leaves everybody what they were.
    """
    context = db.session.get_one(Context, membership.context_id)
    if context.memberships_url is None:
        return
    if needs_roster(membership, now):
        _read_roster(context.id, services, now)
    elif _is_old(membership, now):
        arguments = {"context_id": context.id, "trigger": "launch"}
        enqueue("sync_context", arguments, f"sync:{context.id}", real_now)


def _is_old(membership: Membership, now: datetime) -> bool:
    return membership.nrps_roles is not None and (
        membership.as_of is None or now - membership.as_of >= ROSTER_LIFE
    )


def _read_roster(context_id: int, services: PlatformServices, now: datetime) -> None:
    db.session.commit()  # no transaction stays open while the platform is asked
    try:
        sync_roster(context_id, now=now, services=services, timeout_seconds=TIMEOUT_SECONDS)
    except CourseSyncError as error:
        db.session.rollback()
        code = getattr(error, "code", type(error).__name__)
        log.warning("roster not read at launch", extra={"context_id": context_id, "code": code})
