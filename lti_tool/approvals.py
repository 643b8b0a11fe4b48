"""Platforms and deployments that wait: who may launch, what an unknown deployment leaves, decisions.

Fail-closed: only an active deployment of an active platform may launch. What was refused stays refused
until somebody approves it after all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from course_sync import vocabulary as lti
from course_sync.database import db
from course_sync.models import ACTIVE, PENDING, REFUSED, Deployment, Platform
from course_sync.registrations import Registration
from lti_tool.audit import note_of_platform
from lti_tool.invites import withdraw_updates
from lti_tool.refusals import LaunchRefused
from lti_tool.registration import RegistrationInvalid, check_text, save_retried
from lti_tool.session import end_visits
from mentor_console.audit import note_audit

MAX_WAITING = 50
"""Deployments of one platform that may wait at once; a site has a handful."""


def check_platform(registration: Registration) -> None:
    """Raises LaunchRefused unless the platform was approved."""
    if registration.status == PENDING:
        raise LaunchRefused("platform_pending")
    if registration.status != ACTIVE:
        raise LaunchRefused("platform_stopped")


def check_place(registration: Registration, deployment_id: str) -> None:
    """Raises LaunchRefused where the place of a launch that has waited is let in no more."""
    if not registration.knows_deployment(deployment_id):
        raise LaunchRefused("deployment_refused")


def refuse_deployment(
    registration: Registration, claims: dict[str, Any], refusal: LaunchRefused, now: datetime
) -> LaunchRefused:
    """What to say of a *signed* launch that `check_claims` refused; a new deployment is kept for approval.

    Canvas never tells its deployments at registration, and makes one for each account or course the tool is
    added to: they are learnt from launches. Other platforms name theirs when they register.
    """
    if refusal.code != "deployment_unknown" or registration.status == REFUSED:
        return refusal
    deployment = _find_or_note(registration, claims[lti.CLAIM_DEPLOYMENT_ID], now)
    if deployment is None:
        return refusal
    if deployment.status == REFUSED:
        return LaunchRefused("deployment_refused")
    return LaunchRefused("platform_pending" if registration.status == PENDING else "deployment_pending")


def _find_or_note(registration: Registration, deployment_id: str, now: datetime) -> Deployment | None:
    """The deployment's row, made where the platform may have new ones and there is room for it."""
    statement = select(Deployment).where(
        Deployment.platform_id == registration.platform_id, Deployment.deployment_id == deployment_id
    )
    known = db.session.scalars(statement).one_or_none()
    is_learning = registration.product == "canvas" or not _has_deployments(registration.platform_id)
    if known is not None or not is_learning or _count_waiting(registration.platform_id) >= MAX_WAITING:
        return known
    told = {"platform_id": registration.platform_id, "deployment_id": deployment_id}
    try:
        _note_seen(registration, Deployment(**told, status=PENDING, seen_at=now), now)
    except IntegrityError:  # a second launch noted it in the same moment
        db.session.rollback()
    return db.session.scalars(statement).one_or_none()


def _note_seen(registration: Registration, seen: Deployment, now: datetime) -> None:
    """Raises IntegrityError."""
    db.session.add(seen)
    db.session.flush()
    subject = {"platform_id": registration.platform_id, "deployment": seen.id}
    note_audit("deployment_seen", subject, now, organisation_id=registration.organisation_id)
    db.session.commit()


def _has_deployments(platform_id: int) -> bool:
    """Whether any was ever named, also one that waits or was refused."""
    return bool(
        db.session.scalar(select(select(Deployment.id).where(Deployment.platform_id == platform_id).exists()))
    )


def _count_waiting(platform_id: int) -> int:
    waiting = Deployment.platform_id == platform_id, Deployment.status != ACTIVE
    return db.session.scalar(select(func.count()).select_from(Deployment).where(*waiting)) or 0


def approve_platform(platform: Platform, now: datetime, *, actor_id: int | None = None) -> None:
    """Let a platform launch, with every deployment that waits so far. Audited if it is new; commits."""
    waiting = [row for row in platform.deployments if row.status == PENDING]
    if platform.status != ACTIVE or waiting:
        platform.status = ACTIVE
        for deployment in waiting:
            deployment.status = ACTIVE
        places = [row.id for row in waiting]
        note_of_platform("platform_approved", platform, now, actor_id, deployments=places)
    db.session.commit()


def refuse_platform(platform: Platform, now: datetime, *, actor_id: int | None = None) -> None:
    """Let a platform launch no more; its visits end, its courses and people stay. Audited if new; commits.

    Invites that would bring it up to date are taken back: they were made for a platform that was let in.
    They come first, as where such an invite is being answered: so one of the two waits for the other.
    """
    taken_back = withdraw_updates(platform, now)
    if platform.status != REFUSED:
        platform.status = REFUSED
        end_visits(platform.id, now)
        note_of_platform("platform_refused", platform, now, actor_id)
    for invite_id in taken_back:
        note_of_platform("invite_withdrawn", platform, now, actor_id, invite_id=invite_id)
    db.session.commit()


def decide_deployment(
    platform: Platform, deployment: Deployment, now: datetime, *, approve: bool, actor_id: int | None = None
) -> None:
    """Let one deployment of a platform launch, or not, which ends its visits. Audited if new; commits."""
    status = ACTIVE if approve else REFUSED
    if deployment.status != status:
        deployment.status = status
        if not approve:
            end_visits(platform.id, now, deployment_id=deployment.deployment_id)
        action = "deployment_approved" if approve else "deployment_refused"
        note_of_platform(action, platform, now, actor_id, deployment=deployment.id)
    db.session.commit()


def get_deployment(platform: Platform, deployment_id: str) -> Deployment:
    """The place of a platform with this id. Raises RegistrationInvalid."""
    place = next((row for row in platform.deployments if row.deployment_id == deployment_id), None)
    if place is None:
        known = ", ".join(sorted(row.deployment_id for row in platform.deployments)) or "none"
        raise RegistrationInvalid(f"deployment: platform {platform.id} has none of this id; known: {known}")
    return place


def add_deployment(
    platform: Platform, deployment_id: str, now: datetime, *, actor_id: int | None = None
) -> None:
    """Let a deployment of a platform launch, known before or not. Audited if it is new; commits.

    Raises RegistrationInvalid.
    """
    check_text("deployment_ids", deployment_id, 255)
    place = save_retried(lambda: _let_in(platform, deployment_id))
    if place is not None:
        note_of_platform("deployment_added", platform, now, actor_id, deployment=place.id)
    db.session.commit()


def _let_in(platform: Platform, deployment_id: str) -> Deployment | None:
    """The place that is let in by this, flushed; None = it was before."""
    place = next((row for row in platform.deployments if row.deployment_id == deployment_id), None)
    if place is None:
        place = Deployment(deployment_id=deployment_id)
        platform.deployments.append(place)
    elif place.status == ACTIVE:
        return None
    place.status = ACTIVE
    db.session.flush()
    return place
