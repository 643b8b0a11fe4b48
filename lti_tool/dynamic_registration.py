"""Dynamic registration: from an invite and a platform's own description to a stored registration.

1EdTech dynamic registration 1.0. First the offer that a person sees and confirms, then the registration
itself. Between the two nothing is stored: the checked offer travels, sealed, in the form of the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from course_sync.database import db
from course_sync.errors import AddressRefused, PlatformError, PlatformRefused
from course_sync.models import ACTIVE, PENDING, REFUSED, Platform
from course_sync.platform_client import PlatformClient
from lti_tool import invites
from lti_tool.audit import note_of_platform
from lti_tool.config import Settings
from lti_tool.models import Invite
from lti_tool.platform_document import PlatformDescription, check_document_address, read_document
from lti_tool.rate_limits import INVITES, count_use
from lti_tool.registration import (
    PlatformDetails,
    PlatformForeign,
    PlatformInUse,
    RegistrationInvalid,
    check_text,
    find_platform,
    is_name_taken,
    save_platform,
)
from lti_tool.registration_refusals import RegistrationRefused
from lti_tool.secrets import SealBroken, Sealer, hash_of
from lti_tool.tool_description import TOOL_CONFIGURATION, registration_document
from mentor_console.models import AuditEntry

FETCH_SECONDS = 10.0
"""Somebody waits in front of the page."""
MAX_DOCUMENT_BYTES = 256 * 1024
"""Moodle's has 3 kB, Canvas's some 20."""
OFFER_LIFE = timedelta(minutes=30)
"""Moodle's registration token lives an hour."""
MAX_TOKEN_CHARS = 8192
COMPARED = ("auth_login_url", "auth_token_url", "jwks_url", "auth_audience")
"""What an admin is shown before a known platform changes, in this order."""
_FETCH_CODES = {
    "broken_json": "configuration_not_json",
    "html_answer": "configuration_not_json",
    "not_an_object": "configuration_not_json",
    "too_large": "configuration_too_large",
    "redirected": "configuration_redirected",
}


@dataclass(frozen=True)
class Offer:
    """A platform that may be connected by an invite, checked; shown before anything happens."""

    invite_token: str
    registration_token: str
    document_address: str
    description: PlatformDescription
    made_at: datetime

    def seal(self, sealer: Sealer) -> str:
        """For the form: nobody can read or change it on the way."""
        values = asdict(self) | {"made_at": self.made_at.isoformat()}
        return sealer.seal(json.dumps(values))

    @property
    def mark(self) -> str:
        """By which the entry of what came of it knows this very offer again; tells nothing by itself."""
        return hash_of(f"{self.invite_token} {self.registration_token} {self.made_at.isoformat()}")[:16]


@dataclass(frozen=True)
class Change:
    """One value of a known platform that another one takes the place of; "" = none."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Connected:
    """What came of a registration."""

    platform: Platform
    invite: Invite
    changed: tuple[str, ...] | None
    """Fields of a platform known before that are other ones now; None = the platform is new."""


def list_changes(platform: Platform, description: PlatformDescription | PlatformDetails) -> list[Change]:
    """Which of the stored addresses the description replaces."""
    pairs = [(field, getattr(platform, field), getattr(description, field)) for field in COMPARED]
    return [Change(field, before or "", after or "") for field, before, after in pairs if before != after]


def open_offer(sealed: str, sealer: Sealer) -> Offer:
    """The offer of a form that comes back. Raises RegistrationRefused for one that is not ours."""
    try:
        values = json.loads(sealer.open(sealed))
        made_at = datetime.fromisoformat(values.pop("made_at"))
        description = PlatformDescription(**values.pop("description"))
        return Offer(**values, description=description, made_at=made_at)
    except (SealBroken, ValueError, TypeError, KeyError, AttributeError):
        raise RegistrationRefused("offer_stale") from None


def make_offer(
    parameters: Mapping[str, str], client: PlatformClient, *, allow_loopback: bool, now: datetime
) -> Offer:
    """Ask the platform of a registration request for its description.

    Raises RegistrationRefused, and TooMany for an invite that is opened without end.
    """
    invite_token = parameters.get("invite", "")
    count_use(INVITES, str(invites.get_invite(invite_token, now).id), now)
    db.session.commit()  # no transaction stays open while the platform is asked
    address = check_document_address(
        parameters.get("openid_configuration", ""), allow_loopback=allow_loopback
    )
    token = parameters.get("registration_token", "")
    if len(token) > MAX_TOKEN_CHARS or not token.isascii() or not token.isprintable():
        raise RegistrationRefused("configuration_missing", "registration_token")
    document = _fetch_document(client, address, token)
    description = read_document(document, address, allow_loopback=allow_loopback)
    return Offer(invite_token, token, address, description, now)


def _fetch_document(client: PlatformClient, address: str, token: str) -> dict[str, Any]:
    try:
        return client.fetch_document(
            address, bearer=token or None, max_bytes=MAX_DOCUMENT_BYTES, timeout_seconds=FETCH_SECONDS
        )
    except AddressRefused as error:
        raise RegistrationRefused("configuration_address_refused", error.code) from None
    except PlatformError as error:
        code = _FETCH_CODES.get(error.code, "configuration_unreachable")
        raise RegistrationRefused(code, error.code) from None


def connect(
    offer: Offer, client: PlatformClient, settings: Settings, names: dict[str, str], now: datetime
) -> Connected:
    """Consume the invite, register at the platform, and store what it answers. Raises RegistrationRefused.

    What comes to nothing leaves the invite usable. The same offer again, as by a double click, changes
    nothing and returns what came of it.
    """
    if now - offer.made_at > OFFER_LIFE:
        raise RegistrationRefused("offer_stale")
    known = invites.find_invite(offer.invite_token)
    done = _find_done(offer, known) if known else None
    if done is not None:
        return done
    invite = _take_invite(offer, now)
    try:
        answer = _post_registration(offer, client, settings.public_url, names)
        details = _details_of(offer.description, answer)
        return _store(details, invite, offer.mark, settings, now)
    except Exception:  # also what nobody foresaw: the invite was of no use to anybody
        invites.release_invite(invite)
        raise


def look_again(offer: Offer, now: datetime) -> Connected:
    """What came of an offer that was confirmed while it was under way. Changes nothing.

    Raises RegistrationRefused: invite_in_use while it still is, registration_unfinished where nothing came.
    """
    known = invites.find_invite(offer.invite_token)
    done = _find_done(offer, known) if known else None
    if done is not None:
        return done
    if known is not None and invites.is_under_way(known, now):
        raise RegistrationRefused("invite_in_use")
    invites.get_invite(offer.invite_token, now)
    raise RegistrationRefused("registration_unfinished")


def _find_done(offer: Offer, invite: Invite) -> Connected | None:
    """What came of this very offer; None = nothing yet."""
    entry = next(
        (row for row in invites.list_outcomes(invite) if row.subject.get("offer") == offer.mark), None
    )
    platform = db.session.get(Platform, entry.subject["platform_id"]) if entry else None
    if entry is None or platform is None:
        return None
    changed = entry.subject.get("changed")
    return Connected(platform, invite, None if changed is None else tuple(changed))


def _take_invite(offer: Offer, now: datetime) -> Invite:
    """Count and consume the invite. Raises RegistrationRefused, also where it is being used right now."""
    try:
        invite = invites.get_invite(offer.invite_token, now)
        count_use(INVITES, str(invite.id), now)
        invites.consume_invite(invite, now)
    except RegistrationRefused as refusal:
        used = invites.find_invite(offer.invite_token)
        if refusal.code == "invite_used" and used is not None and invites.is_under_way(used, now):
            raise RegistrationRefused("invite_in_use") from None
        raise
    return invite


def _post_registration(
    offer: Offer, client: PlatformClient, own_origin: str, names: dict[str, str]
) -> dict[str, Any]:
    document = registration_document(own_origin, offer.description.product, names)
    try:
        return client.post_document(
            offer.description.registration_url,
            document,
            bearer=offer.registration_token or None,
            max_bytes=MAX_DOCUMENT_BYTES,
            timeout_seconds=FETCH_SECONDS,
        )
    except PlatformRefused as error:
        raise RegistrationRefused("registration_refused", error.code, said=error.detail) from None
    except PlatformError as error:
        code = "registration_unclear" if error.code in _FETCH_CODES else "registration_unreachable"
        raise RegistrationRefused(code, error.code) from None


def _details_of(description: PlatformDescription, answer: dict[str, Any]) -> PlatformDetails:
    """What to store: addresses from the description, client id and perhaps a deployment from the answer."""
    client_id = answer.get("client_id")
    if isinstance(client_id, int) and not isinstance(client_id, bool):
        client_id = str(client_id)  # Canvas's ids are numbers, and some versions write them so
    tool = answer.get(TOOL_CONFIGURATION)
    deployment_id = _place_of(tool.get("deployment_id") if isinstance(tool, dict) else None)
    if not isinstance(client_id, str) or not client_id:
        raise RegistrationRefused("registration_unclear", "client_id")
    return PlatformDetails(
        name=description.host[:200],
        issuer=description.issuer,
        client_id=client_id,
        auth_login_url=description.auth_login_url,
        auth_token_url=description.auth_token_url,
        jwks_url=description.jwks_url,
        deployment_ids=(deployment_id,) if deployment_id else (),
        product=description.product,
        auth_audience=description.auth_audience,
    )


def _place_of(told: Any) -> str:
    """The deployment an answer names; "" = none. Raises RegistrationRefused for what cannot be one."""
    place = "" if told is None else str(told) if type(told) is int else told
    try:
        if place != "":
            check_text("deployment_id", place, 255)
    except RegistrationInvalid:
        raise RegistrationRefused("registration_unclear", "deployment_id") from None
    return place


def _store(
    details: PlatformDetails, invite: Invite, mark: str, settings: Settings, now: datetime
) -> Connected:
    """Store a platform the invite brings, or bring up to date the one it names or finds.

    Raises RegistrationRefused, also where an admin stopped that platform while it was being asked.
    """
    if not invites.hold_invite(invite):
        raise RegistrationRefused("invite_overtaken")
    status = ACTIVE if invite.approve_at_once else PENDING
    known = invite.platform or find_platform(details.issuer, details.client_id)
    is_own = known is not None and known.organisation_id == invite.organisation_id
    if known is not None and is_own and _was_refused_since(known, invite.used_at):
        raise RegistrationRefused("invite_overtaken")
    changed = _changed_fields(known, details) if known else None
    if known is None and is_name_taken(details.name, invite.organisation_id):
        details = replace(details, name=f"{details.name[:100]} ({details.client_id[:90]})")
    try:
        platform = save_platform(
            details,
            settings,
            now,
            organisation_id=invite.organisation_id,
            status=status,
            updates=invite.platform,
        )
    except PlatformForeign as problem:
        raise RegistrationRefused("invite_foreign", str(problem)) from None
    except PlatformInUse as problem:
        raise RegistrationRefused("invite_not_update", str(problem)) from None
    except RegistrationInvalid as problem:
        raise RegistrationRefused("registration_unclear", str(problem)) from None
    invite.platform_id = platform.id
    _note(platform, invite, mark, changed, now)
    db.session.commit()
    return Connected(platform, invite, changed)


def _was_refused_since(platform: Platform, moment: datetime | None) -> bool:
    """Whether an admin stopped the platform while it was being asked; what its invite says is older."""
    refusals = select(AuditEntry).where(
        AuditEntry.organisation_id == platform.organisation_id,
        AuditEntry.action == "platform_refused",
        AuditEntry.happened_at >= moment,
    )
    found = (row.subject.get("platform_id") for row in db.session.scalars(refusals))
    return platform.status == REFUSED and platform.id in found


def _note(
    platform: Platform, invite: Invite, mark: str, changed: tuple[str, ...] | None, now: datetime
) -> None:
    """That a platform came by an invite, or which fields of a known one it changed; and its state."""
    more: dict[str, Any] = {"invite_id": invite.id, "offer": mark, "status": platform.status}
    if changed is None:
        note_of_platform("platform_registered", platform, now, **more)
    else:
        note_of_platform("platform_changed", platform, now, **more, changed=list(changed))


def _changed_fields(known: Platform, details: PlatformDetails) -> tuple[str, ...]:
    fields = [change.field for change in list_changes(known, details)]
    return (*fields, "client_id") if known.client_id != details.client_id else tuple(fields)
