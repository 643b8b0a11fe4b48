"""The jobs of this installation and the two steps behind "pull this course": sync, then flags.

Composition only: course_sync fetches, mentor_console judges; neither knows the other's schedule.
Runs inside an application context.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update

from course_sync.database import db
from course_sync.errors import SyncBusy
from course_sync.jobs import enqueue, job
from course_sync.models import ACTIVE, Context, Platform, SyncRun
from course_sync.sync import SyncReport, sync_context
from course_sync.sync_runs import CUT_OFF, Watcher
from lti_tool.models import LaunchSession, LoginState
from lti_tool.own_tokens import erase_unentitled
from lti_tool.rate_limits import forget_old_uses
from lti_tool.refusal_log import forget_old_refusals
from lti_tool.services import current_services
from lti_tool.waiting_launches import forget_expired
from mentor_console.flagging import judge_anew

SYNC_ALL = "sync_all"


def sync_and_flag(context_id: int, *, trigger: str, watcher: Watcher | None = None) -> SyncReport:
    """Pull one context and judge its learners anew. Raises SyncBusy where another process is at it.

    A pull that read nothing leaves the flags as they are. Learners are judged at the moment up to which their
    visits are known: while the LMS does not answer, "not read" must not become "did not come".
    """
    services = current_services()
    now = services.clock.now()
    report = sync_context(
        context_id,
        now=now,
        real_now=services.clock.real_now,
        trigger=trigger,
        services=services.platform,
        watcher=watcher,
    )
    if report.kinds_read:
        judge_anew(context_id, now)
    return report


@job("sync_context")
def run_sync_context(context_id: int, trigger: str = "schedule") -> None:
    """One course, asked for by a person, a launch or the schedule. A sync under way already is as good."""
    try:
        sync_and_flag(context_id, trigger=trigger)
    except SyncBusy:
        return


@job(SYNC_ALL, every_minutes=30)
def enqueue_all_syncs(trigger: str = "schedule") -> None:
    """Queue every known course of each active platform.

    Each runs as a job of its own, so that one slow site delays nobody else.
    """
    now = current_services().clock.real_now()
    active = select(Context.id).join(Context.platform).where(Platform.status == ACTIVE)
    for context_id in db.session.scalars(active.order_by(Context.id)).all():
        arguments = {"context_id": context_id, "trigger": trigger}
        # A moved calendar is news even to a sync that has already read the roster of the day before.
        enqueue("sync_context", arguments, f"sync:{context_id}", now, again=trigger == "clock")


@job("judge_organisation")
def enqueue_judgings(organisation_id: int) -> None:
    """Queue every course of an organisation whose rules were changed, each as a job of its own."""
    now = current_services().clock.real_now()
    courses = select(Context.id).where(Context.organisation_id == organisation_id).order_by(Context.id)
    for context_id in db.session.scalars(courses).all():
        enqueue("judge_course", {"course_id": context_id}, f"judge:{context_id}", now, again=True)


@job("judge_course")
def judge_course(course_id: int) -> None:
    """Judge the learners of one course anew by what is known of them: nothing is fetched."""
    judge_anew(course_id, current_services().clock.now())


def abandon_syncs(context_ids: Collection[int] | None, now: datetime) -> int:
    """Close running pulls as failed: of these courses, or all (None). One still alive stops at its next step.

    `now` is real time. What was read so far is kept. Commits.
    """
    running = update(SyncRun).where(SyncRun.state == "running")
    if context_ids is not None:
        running = running.where(SyncRun.context_id.in_(context_ids))
    result = db.session.execute(
        running.values(state="failed", finished_at=now, errors=CUT_OFF),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()
    return cast("CursorResult[Any]", result).rowcount


@job("purge_door", every_minutes=60)
def purge_door() -> None:
    """Forget logins and launches nobody finished, sessions that are over, spent keys, old counts, and tokens
    of people who have no part any more."""
    services = current_services()
    now = services.clock.real_now()
    db.session.execute(delete(LoginState).where(LoginState.created_at < now - timedelta(days=1)))
    db.session.execute(delete(LaunchSession).where(LaunchSession.expires_at < now - timedelta(days=1)))
    forget_expired(now)
    forget_old_uses(now)
    forget_old_refusals(now)
    db.session.commit()
    erase_unentitled(now)
    services.keys.forget_retired()
