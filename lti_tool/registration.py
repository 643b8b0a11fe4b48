"""Platforms the tool knows: add, save, find, list, connect.

Every way of registering (by hand, by file, by invite) ends here, where addresses are checked before they are
stored (LTI 1.3 core 3.1.3). Each change is audited in its own transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from course_sync.database import db
from course_sync.models import ACTIVE, PENDING, REFUSED, Deployment, Organisation, Platform
from course_sync.records import registration_of
from course_sync.registrations import Registration
from lti_tool import registration_lookup
from lti_tool.addresses import AddressInvalid, check_platform_address, plain_address
from lti_tool.audit import note_of_platform
from lti_tool.config import Settings

PRODUCTS = ("moodle", "canvas")
_Saved = TypeVar("_Saved")
_KNOWN = "client_id: a platform with this issuer and client_id is registered already"
_ADDRESSES = ("issuer", "auth_login_url", "auth_token_url", "jwks_url")
_FIELDS = ("name", "product", "auth_audience", *_ADDRESSES)


class RegistrationInvalid(ValueError):
    """What was given does not describe a platform; the message names the field."""

    @property
    def field(self) -> str:
        """Which of the fields is wrong."""
        return str(self).partition(":")[0]


class PlatformForeign(RegistrationInvalid):
    """The platform belongs to somebody else, or is not the one that was meant."""


class PlatformInUse(RegistrationInvalid):
    """The platform is let in already, and nobody has approved a change of it."""


@dataclass(frozen=True)
class PlatformDetails:
    """What an administrator tells about one platform; its addresses in their plain form, however typed."""

    name: str
    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    jwks_url: str
    deployment_ids: tuple[str, ...]
    """May be empty for Canvas, whose deployments are learnt from launches and approved."""
    product: str = ""
    """moodle | canvas | "" for any other."""
    auth_audience: str | None = None
    """Audience of our client assertions where it is not the token address."""

    def __post_init__(self) -> None:
        for field in _ADDRESSES:
            object.__setattr__(self, field, plain_address(getattr(self, field)))


def add_platform(
    details: PlatformDetails,
    settings: Settings,
    now: datetime,
    organisation_id: int | None = None,
    *,
    source: str = "",
) -> Platform:
    """Register a platform by hand, or bring the one with this issuer and client_id up to date.

    Deployment ids are added to those known; none is taken away. A platform that is known stays with its
    organisation, and refused if it was. What is new or changed is audited, with the code of what told it
    (`source`); commits. Raises RegistrationInvalid, PlatformForeign for one that is known to belong to
    another organisation than the one named here.
    """
    check_details(details, allow_loopback=settings.allow_loopback_platforms)
    platform = save_retried(
        lambda: _add(details, settings, now, _Terms(organisation_id, is_bound=False), source)
    )
    db.session.commit()
    return platform


def save_platform(
    details: PlatformDetails,
    settings: Settings,
    now: datetime,
    *,
    organisation_id: int,
    status: str,
    updates: Platform | None = None,
) -> Platform:
    """Store what an invite brought; what is new about it gets this status. The caller audits and commits.

    `updates` is the platform to bring up to date, also under a new client id. Raises RegistrationInvalid;
    PlatformForeign for a platform of another organisation, or another than `updates`; PlatformInUse for one
    that is let in already, which changes only where `updates` names it and an admin is shown what changes.
    """
    check_details(details, allow_loopback=settings.allow_loopback_platforms, deployments_later=True)
    return save_retried(lambda: _upsert(details, settings, now, _Terms(organisation_id, status, updates)))


def register_by_hand(
    details: PlatformDetails,
    settings: Settings,
    now: datetime,
    *,
    organisation_id: int,
    actor_id: int | None = None,
) -> Platform:
    """Store a platform an admin typed in for their organisation. Audited; commits.

    Raises RegistrationInvalid, also where it is known.
    """
    _refuse_known(details, None)
    platform = save_platform(details, settings, now, organisation_id=organisation_id, status=ACTIVE)
    note_of_platform("platform_registered", platform, now, actor_id)
    db.session.commit()
    return platform


def change_platform(
    platform: Platform,
    details: PlatformDetails,
    settings: Settings,
    now: datetime,
    *,
    actor_id: int | None = None,
) -> bool:
    """Put what an admin typed in place of what is stored; whether anything was different; deployments stay.

    Audited if it was; commits. Raises RegistrationInvalid.
    """
    check_details(details, allow_loopback=settings.allow_loopback_platforms, deployments_later=True)
    _refuse_known(details, platform)
    before = _values_of(platform)
    for field in ("client_id", *_FIELDS):
        setattr(platform, field, getattr(details, field))
    changed = _changed(before, _values_of(platform))
    if changed:
        note_of_platform("platform_changed", platform, now, actor_id, changed=changed)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        raise RegistrationInvalid(_KNOWN) from None
    return bool(changed)


def get_organisation(name: str) -> Organisation:
    """The organisation of this name. Raises RegistrationInvalid naming those there are."""
    organisations = {row.name: row for row in db.session.scalars(select(Organisation))}
    if name not in organisations:
        raise RegistrationInvalid(
            f"organisation: there is none of this name; known: {', '.join(organisations)}"
        )
    return organisations[name]


def get_platform(platform_id: int) -> Platform:
    """One platform by its number. Raises RegistrationInvalid."""
    platform = db.session.get(Platform, platform_id)
    if platform is None:
        raise RegistrationInvalid(f"platform: there is none with id {platform_id}")
    return platform


def hold_platform(platform: Platform) -> None:
    """Read a platform anew; nobody else changes it before the caller commits (on PostgreSQL)."""
    db.session.flush()  # what was set before would be forgotten
    db.session.refresh(platform, with_for_update=True)


def _refuse_known(details: PlatformDetails, but: Platform | None) -> None:
    if find_platform(details.issuer, details.client_id) not in (None, but):
        raise RegistrationInvalid(_KNOWN)


@dataclass(frozen=True)
class _Terms:
    """For whom a platform is saved, and what becomes of it."""

    organisation_id: int | None
    """None = the default organisation."""
    status: str = ACTIVE
    updates: Platform | None = None
    is_bound: bool = True
    """Whether it must be a platform of this organisation; by hand, without one named, it stays in its own."""


def check_details(details: PlatformDetails, *, allow_loopback: bool, deployments_later: bool = False) -> None:
    """Raises RegistrationInvalid naming the first field that is wrong."""
    for field, limit in (("name", 200), ("client_id", 255)):
        check_text(field, getattr(details, field), limit)
    if details.product not in ("", *PRODUCTS):
        raise RegistrationInvalid(f"product: must be one of {', '.join(PRODUCTS)}, or nothing")
    if not details.deployment_ids and details.product != "canvas" and not deployments_later:
        raise RegistrationInvalid("deployment_ids: at least one is needed")
    for deployment_id in details.deployment_ids:
        check_text("deployment_ids", deployment_id, 255)
    for field in _ADDRESSES:
        check_address(field, getattr(details, field), allow_loopback)
    if details.auth_audience is not None:
        check_text("auth_audience", details.auth_audience, 1024)
    if len(details.issuer) > 512:
        raise RegistrationInvalid("issuer: must have at most 512 characters")


def find_registration(issuer: str, client_id: str) -> Registration | None:
    """The registration named by issuer *and* client_id; a host of another alphabet in either form."""
    found = registration_lookup.find_registration(issuer, client_id)
    if found is None and not issuer.isascii():
        found = registration_lookup.find_registration(plain_address(issuer), client_id)
    return found


def find_platform(issuer: str, client_id: str) -> Platform | None:
    """The platform's row, whatever its state."""
    statement = select(Platform).where(Platform.issuer == issuer, Platform.client_id == client_id)
    return db.session.scalars(statement).one_or_none()


def is_name_taken(name: str, organisation_id: int) -> bool:
    """Whether people of the organisation know another platform by this name already."""
    statement = select(Platform.id).where(Platform.organisation_id == organisation_id, Platform.name == name)
    return db.session.scalars(statement.limit(1)).first() is not None


def list_registrations(issuer: str) -> list[Registration]:
    """Every registration at one issuer; hosted Canvas has many behind one."""
    either = {issuer, plain_address(issuer)}
    statement = select(Platform).where(Platform.issuer.in_(either)).order_by(Platform.id)
    return [registration_of(platform) for platform in db.session.scalars(statement)]


def list_platforms() -> list[Platform]:
    """Every platform of the installation, in the order they were added."""
    return list(db.session.scalars(select(Platform).order_by(Platform.id)))


def get_default_organisation(settings: Settings, now: datetime) -> Organisation:
    """The organisation platforms belong to unless told otherwise; made at first need, not committed."""
    organisation = db.session.scalars(
        select(Organisation).where(Organisation.name == settings.organisation)
    ).one_or_none()
    if organisation is None:
        organisation = Organisation(
            name=settings.organisation,
            locale=settings.default_locale,
            time_zone=settings.default_time_zone,
            created_at=now,
        )
        db.session.add(organisation)
        db.session.flush()
    return organisation


def save_retried(save: Callable[[], _Saved]) -> _Saved:
    """What saving returns; where another process was faster it is tried once more, on what that one left."""
    try:
        return save()
    except IntegrityError:
        db.session.rollback()  # another process registered it at the same moment: now it is an update
        return save()


def _add(details: PlatformDetails, settings: Settings, now: datetime, terms: _Terms, source: str) -> Platform:
    """Upsert, and note what that changed, if anything."""
    known = find_platform(details.issuer, details.client_id)
    before = _values_of(known) if known else None
    platform = _upsert(details, settings, now, terms)
    if _values_of(platform) != before:
        more: dict[str, Any] = {"by": source} if source else {}
        if before is not None:
            more["changed"] = _changed(before, _values_of(platform))
        action = "platform_changed" if before is not None else "platform_registered"
        note_of_platform(action, platform, now, **more)
    return platform


def _values_of(platform: Platform) -> dict[str, Any]:
    """Everything about a platform that changing it by hand, or adding it again, can change."""
    places = sorted((row.deployment_id, row.status) for row in platform.deployments)
    fields = ("client_id", *_FIELDS)
    return {field: getattr(platform, field) for field in fields} | {"deployment_ids": places}


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Names of the fields; the audit log holds no addresses."""
    return [field for field in before if before[field] != after[field]]


def _upsert(details: PlatformDetails, settings: Settings, now: datetime, terms: _Terms) -> Platform:
    """Flushed, not committed."""
    platform = _find_to_update(details, terms)
    if platform is None:
        organisation_id = terms.organisation_id or get_default_organisation(settings, now).id
        platform = Platform(
            organisation_id=organisation_id,
            issuer=details.issuer,
            name=details.name,
            status=terms.status,
            created_at=now,
        )
        db.session.add(platform)
    elif terms.is_bound and (platform.status == REFUSED or terms.status == ACTIVE):
        platform.status = terms.status
    if platform.client_id not in (None, details.client_id):
        platform.deployments.clear()  # they belonged to the former client
        db.session.flush()  # gone before the new client's, which may have the same ids
    if not terms.is_bound:
        platform.name = details.name
    for field in ("client_id", "auth_login_url", "auth_token_url", "jwks_url", "auth_audience"):
        setattr(platform, field, getattr(details, field))
    platform.product = details.product or platform.product or ""
    _add_deployments(platform, details.deployment_ids, terms.status)
    db.session.flush()
    return platform


def _find_to_update(details: PlatformDetails, terms: _Terms) -> Platform | None:
    """The platform these details are about. Raises PlatformForeign, PlatformInUse where it may not change."""
    known = find_platform(details.issuer, details.client_id)
    is_named = terms.is_bound or terms.organisation_id is not None
    if known is not None and is_named and known.organisation_id != terms.organisation_id:
        raise PlatformForeign("client_id: another organisation is connected with it")
    if terms.updates is None:
        if known is not None and known.status == ACTIVE and terms.is_bound:
            raise PlatformInUse("client_id: the platform registered with it is let in already")
        return known
    if known not in (None, terms.updates) or terms.updates.issuer != details.issuer:
        raise PlatformForeign("issuer: this is another platform than the one to bring up to date")
    return terms.updates


def _add_deployments(platform: Platform, deployment_ids: Iterable[str], status: str) -> None:
    """Those not known yet get this status; one that waits is approved where the new would be."""
    known = {deployment.deployment_id: deployment for deployment in platform.deployments}
    for deployment_id in dict.fromkeys(deployment_ids):
        if deployment_id not in known:
            platform.deployments.append(Deployment(deployment_id=deployment_id, status=status))
        elif known[deployment_id].status == PENDING:
            known[deployment_id].status = status


def check_text(field: str, value: Any, max_chars: int) -> None:
    """Raises RegistrationInvalid unless it is a printable text of 1 to so many characters."""
    if not isinstance(value, str) or not value.strip() or len(value) > max_chars or not value.isprintable():
        raise RegistrationInvalid(f"{field}: must be a text of 1 to {max_chars} characters")


def check_address(field: str, value: Any, allow_loopback: bool) -> None:
    """Raises RegistrationInvalid unless a platform may have this address."""
    try:
        check_platform_address(value, allow_loopback=allow_loopback)
    except AddressInvalid as problem:
        raise RegistrationInvalid(f"{field}: {problem}") from None
