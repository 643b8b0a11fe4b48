"""From a checked launch to an open session: the person and course are recorded, the role is checked.

Who is what is decided in mentor_console.access; here the facts for that decision are gathered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from course_sync.database import db, one_writer
from course_sync.jobs import enqueue
from course_sync.known_launches import KnownLaunch, find_known_launch
from course_sync.models import Membership, SyncRun
from course_sync.records import LaunchedContext, record_launch
from lti_tool.deep_linking import MY_E_MENTOR
from lti_tool.launch_claims import Launch, LaunchedCourse
from lti_tool.launches import CheckedLaunch, StateNotConsumed, consume_state, find_refusal
from lti_tool.refusals import refusing_signed
from lti_tool.role_check import check_role
from lti_tool.services import Services
from lti_tool.session import OpenedSession, facts_of, find_by_handle, open_session
from mentor_console.access import viewer_of
from mentor_console.mentorship import TELLS_ROLES_AT_LAUNCH


@refusing_signed()
def enter(
    checked: CheckedLaunch,
    services: Services,
    *,
    now: datetime,
    real_now: datetime,
    secret_in_address: bool = False,
) -> OpenedSession:
    """Consume the launch's state, record who came, look the role up where it must be, and open the session.

    Raises LaunchRefused; then nothing was recorded. An everyday launch is one transaction.
    `now` is the console's (facts), `real_now` the door's (session, jobs). `secret_in_address`: for a browser
    that keeps no cookie here and has shown its secret in another way.
    """
    services.keys.ensure()
    consume = partial(consume_state, checked, real_now=real_now)
    told = _told_by(checked)
    known = find_known_launch(**told)
    try:
        if known is not None and _is_everyday(known, checked.launch):
            return _open(checked, known, real_now, secret_in_address, consume)
        db.session.rollback()
        with one_writer() as connection:
            consume(connection)
    except StateNotConsumed:
        raise find_refusal(checked, real_now) from None
    known = known or _record(told, checked.registration.organisation_id, now)
    _follow_up(known, checked.launch, services, now, real_now)
    return _open(checked, known, real_now, secret_in_address)


def first_page(opened: OpenedSession, launch: Launch) -> str:
    """Path of the page a launch leads to: where its link was placed to lead, the person's own first page, or
    why there is none.
    """
    if launch.course is not None and launch.placing is None and launch.page != MY_E_MENTOR:
        return opened.path + "/"
    session = find_by_handle(opened.handle)
    parts = viewer_of(facts_of(session)).parts if session is not None else frozenset({"anyone"})
    if launch.course is None:
        return opened.path + ("/" if parts != {"anyone"} else "/outside")
    if launch.placing is not None:
        return opened.path + ("/place" if "trainer" in parts else "/not-placing")
    return opened.path + ("/me" if "learner" in parts else "/")


def _is_everyday(known: KnownLaunch, launch: Launch) -> bool:
    """Whether nothing is to be written but the session, and nothing to be asked."""
    is_checked = known.membership_id is not None and "Instructor" in launch.roles
    return not is_checked and (known.context_id is None or known.was_synced)


def _open(
    checked: CheckedLaunch,
    known: KnownLaunch,
    real_now: datetime,
    secret_in_address: bool,
    first: Callable[[Connection], None] | None = None,
) -> OpenedSession:
    launch = checked.launch
    return open_session(
        person_id=known.person_id,
        platform_id=checked.registration.platform_id,
        deployment_id=launch.deployment_id,
        context_id=known.context_id,
        roles=launch.roles,
        real_now=real_now,
        is_platform_administrator=launch.is_administrator,
        mentored_subjects=launch.mentored_subjects,
        return_url=launch.return_url,
        placing=launch.placing,
        secret_in_address=secret_in_address,
        first=first,
    )


def _told_by(checked: CheckedLaunch) -> dict[str, Any]:
    """What a launch tells of its person and course, as it is looked up and recorded."""
    launch, registration = checked.launch, checked.registration
    # Elsewhere anybody may have written them; on Canvas, whoever edits a link may: the course's own count.
    is_told = registration.product == TELLS_ROLES_AT_LAUNCH
    return {
        "platform_id": registration.platform_id,
        "subject": launch.subject,
        "names": launch.names,
        "email": launch.email,
        "locale": launch.locale,
        "time_zone": launch.time_zone,
        "context": _launched_context(launch),
        "roles": sorted(launch.roles),
        "platform_roles": launch.platform_roles if is_told else None,
        "groups": launch.sections if is_told and launch.is_from_course else None,
        "keeps_platform_roles": is_told and not launch.is_from_course,
    }


def _record(told: dict[str, Any], organisation_id: int, now: datetime) -> KnownLaunch:
    """Write, and commit, what a launch tells anew."""
    record = record_launch(**told, organisation_id=organisation_id, now=now)
    recorded = KnownLaunch(
        person_id=record.person.id,
        context_id=record.context.id if record.context else None,
        membership_id=record.membership.id if record.membership else None,
        was_synced=False,
    )
    db.session.commit()
    return recorded


def _follow_up(
    known: KnownLaunch, launch: Launch, services: Services, now: datetime, real_now: datetime
) -> None:
    """Look the role up where it must be, and ask for the first sync of a course."""
    if known.membership_id is not None and "Instructor" in launch.roles:
        membership = db.session.get_one(Membership, known.membership_id)
        check_role(membership, services.platform, now=now, real_now=real_now)
    if known.context_id is not None and not known.was_synced:
        _ask_for_first_sync(known.context_id, real_now)


def _launched_context(launch: Launch) -> LaunchedContext | None:
    course: LaunchedCourse | None = launch.course
    if course is None:
        return None
    return LaunchedContext(
        external_id=course.external_id,
        title=course.title,
        label=course.label,
        memberships_url=course.memberships_url,
        starts_at=course.starts_at,
        ends_at=course.ends_at,
    )


def _ask_for_first_sync(context_id: int, real_now: datetime) -> None:
    """A course nobody has synced yet is queued at its first launch; the schedule takes over afterwards."""
    was_synced = db.session.scalars(
        select(SyncRun.id).where(SyncRun.context_id == context_id).limit(1)
    ).first()
    if was_synced is None:
        enqueue(
            "sync_context", {"context_id": context_id, "trigger": "launch"}, f"sync:{context_id}", real_now
        )
