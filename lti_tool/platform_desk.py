"""What an admin sees and does about the platforms of their own organisation; a service behind the pages.

Every row is asked for together with the organisation, so that a number of somebody else's leads nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from course_sync.database import db
from course_sync.models import ACTIVE, PENDING, Context, Deployment, Organisation, Platform
from lti_tool import approvals, invites, own_tokens, registration
from lti_tool.invites import MadeInvite
from lti_tool.models import Invite
from lti_tool.registration import PlatformDetails, RegistrationInvalid
from lti_tool.services import current_services
from mentor_console.access import AccessDenied, Viewer
from mentor_console.audit import note_audit
from mentor_console.errors import Conflict


@dataclass(frozen=True)
class PlatformLine:
    """One platform in the list."""

    platform: Platform
    courses: int
    waiting: tuple[Deployment, ...]
    """Deployments that ask for approval."""

    @property
    def needs_decision(self) -> bool:
        """Whether the platform, or a place of it, waits for an admin."""
        return self.platform.status == PENDING or (self.platform.status == ACTIVE and bool(self.waiting))


@dataclass(frozen=True)
class InviteLine:
    """One invite in the list; its link is known to nobody any more."""

    invite: Invite
    obstacle: str | None
    """Why it cannot be used: a code of registration_refusals; None = it can."""


@dataclass(frozen=True)
class PlatformsPage:
    """All platforms and invites of an organisation."""

    organisation_name: str
    lines: tuple[PlatformLine, ...]
    invites: tuple[InviteLine, ...]


def get_page(viewer: Viewer, now: datetime) -> PlatformsPage:
    """What the organisation's admin finds under Platforms."""
    statement = select(Platform).where(Platform.organisation_id == viewer.organisation_id)
    counted = (
        select(Context.platform_id, func.count())
        .where(Context.organisation_id == viewer.organisation_id)
        .group_by(Context.platform_id)
    )
    courses = {platform_id: number for platform_id, number in db.session.execute(counted)}
    lines = [
        PlatformLine(platform, courses.get(platform.id, 0), _waiting(platform))
        for platform in db.session.scalars(statement.order_by(Platform.id))
    ]
    listed = [
        InviteLine(invite, invites.find_obstacle(invite, now))
        for invite in invites.list_invites(viewer.organisation_id)
    ]
    organisation = db.session.get_one(Organisation, viewer.organisation_id)
    return PlatformsPage(organisation.name, tuple(lines), tuple(listed))


def _waiting(platform: Platform) -> tuple[Deployment, ...]:
    return tuple(row for row in platform.deployments if row.status == PENDING)


def get_platform(viewer: Viewer, platform_id: int) -> Platform:
    """A platform of the viewer's organisation. Raises AccessDenied for any other number."""
    platform = db.session.get(Platform, platform_id)
    if platform is None or platform.organisation_id != viewer.organisation_id:
        raise AccessDenied("platform")
    return platform


def make_invite(
    viewer: Viewer, now: datetime, *, own_origin: str, approve_at_once: bool, updates: Platform | None
) -> MadeInvite:
    """A link for the organisation of the viewer. Only it may be copied; the list does not show it again."""
    return invites.make_invite(
        viewer.organisation_id,
        own_origin=own_origin,
        now=now,
        approve_at_once=approve_at_once,
        created_by_id=viewer.person_id,
        updates=updates,
    )


def withdraw_invite(viewer: Viewer, invite_id: int, now: datetime) -> None:
    """Make a link worthless. Raises AccessDenied, or Conflict where it was used or withdrawn meanwhile."""
    invite = invites.find_by_id(invite_id)
    if invite is None or invite.organisation_id != viewer.organisation_id:
        raise AccessDenied("invite")
    if not invites.withdraw_invite(invite, now, actor_id=viewer.person_id):
        raise Conflict("invite_used")


def decide_platform(viewer: Viewer, platform_id: int, *, approve: bool, now: datetime) -> None:
    """Let a platform in, or out. Raises AccessDenied, or Conflict for the platform one has come from."""
    platform = get_platform(viewer, platform_id)
    if not approve and platform.id == viewer.platform_id:
        raise Conflict("own_platform")
    decide = approvals.approve_platform if approve else approvals.refuse_platform
    decide(platform, now, actor_id=viewer.person_id)


def decide_deployment(
    viewer: Viewer,
    platform_id: int,
    deployment_row: int,
    *,
    approve: bool,
    own_place: str | None,
    now: datetime,
) -> None:
    """Let one place of a platform in, or not. `own_place` is the one the viewer came through.

    Raises AccessDenied, or Conflict for that one and for the last one of the platform they came from.
    """
    platform = get_platform(viewer, platform_id)
    deployment = next((row for row in platform.deployments if row.id == deployment_row), None)
    if deployment is None:
        raise AccessDenied("deployment")
    if not approve and platform.id == viewer.platform_id and _is_way_in(deployment, own_place):
        raise Conflict("own_place")
    approvals.decide_deployment(platform, deployment, now, approve=approve, actor_id=viewer.person_id)


def _is_way_in(place: Deployment, own_place: str | None) -> bool:
    """Whether it is the very place, or the only one its platform launches from."""
    if place.deployment_id == own_place:
        return True
    others = (row for row in place.platform.deployments if row is not place)
    return place.status == ACTIVE and all(row.status != ACTIVE for row in others)


def change_platform(viewer: Viewer, platform: Platform, details: PlatformDetails, now: datetime) -> bool:
    """Correct what was typed about a platform; whether anything was different.

    Raises RegistrationInvalid, and then nothing has changed.

    People gave their own tokens for the address the platform had: at another address they are erased, so that
    nobody can have them sent there.
    """
    registration.hold_platform(platform)  # nobody gives a token for the former address meanwhile
    erased = [] if details.issuer == platform.issuer else own_tokens.erase_of_platform(platform.id)
    house, actor_id = viewer.organisation_id, viewer.person_id
    for person_id in erased:
        subject = {"person_id": person_id}
        note_audit("own_token_erased", subject, now, organisation_id=house, actor_id=actor_id)
    try:
        settings = current_services().settings
        return registration.change_platform(platform, details, settings, now, actor_id=actor_id)
    except RegistrationInvalid:
        db.session.rollback()
        raise
