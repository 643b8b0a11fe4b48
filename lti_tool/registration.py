"""Platforms the tool knows: add, find, list, connect; and the file of platforms applied at each start.

Manual registration (LTI 1.3 core 3.1.3). Addresses are checked here, before they are stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from course_sync.database import db
from course_sync.models import Deployment, Organisation, Platform
from course_sync.records import registration_of
from course_sync.registrations import Registration
from lti_tool.addresses import AddressInvalid, check_platform_address
from lti_tool.config import ConfigError, Settings
from lti_tool.secrets import Sealer

CONFIG_KEY = "EMENTOR_TOOL_CONFIG"
_ADDRESSES = ("issuer", "auth_login_url", "auth_token_url", "jwks_url")


class RegistrationInvalid(ValueError):
    """What was given does not describe a platform; the message names the field."""


@dataclass(frozen=True)
class PlatformDetails:
    """What an administrator tells about one platform."""

    name: str
    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    jwks_url: str
    deployment_ids: tuple[str, ...]


def add_platform(details: PlatformDetails, settings: Settings, now: datetime) -> Platform:
    """Register a platform, or bring the one with this issuer and client_id up to date.

    Deployment ids are added to those known; none is taken away. Raises RegistrationInvalid.
    """
    check_details(details, allow_loopback=settings.allow_loopback_platforms)
    try:
        platform = _upsert(details, settings, now)
        db.session.commit()
    except IntegrityError:
        db.session.rollback()  # another process registered it at the same moment: now it is an update
        platform = _upsert(details, settings, now)
        db.session.commit()
    return platform


def check_details(details: PlatformDetails, *, allow_loopback: bool) -> None:
    """Raises RegistrationInvalid naming the first field that is wrong."""
    for field, limit in (("name", 200), ("client_id", 255)):
        _check_text(field, getattr(details, field), limit)
    if not details.deployment_ids:
        raise RegistrationInvalid("deployment_ids: at least one is needed")
    for deployment_id in details.deployment_ids:
        _check_text("deployment_ids", deployment_id, 255)
    for field in _ADDRESSES:
        _check_address(field, getattr(details, field), allow_loopback)
    if len(details.issuer) > 512:
        raise RegistrationInvalid("issuer: must have at most 512 characters")


def find_registration(issuer: str, client_id: str) -> Registration | None:
    """The registration named by issuer *and* client_id."""
    statement = select(Platform).where(Platform.issuer == issuer, Platform.client_id == client_id)
    platform = db.session.scalars(statement).one_or_none()
    return registration_of(platform) if platform else None


def list_registrations(issuer: str) -> list[Registration]:
    """Every registration at one issuer; hosted Canvas has many behind one."""
    statement = select(Platform).where(Platform.issuer == issuer).order_by(Platform.id)
    return [registration_of(platform) for platform in db.session.scalars(statement)]


def list_platforms() -> list[Platform]:
    """Every platform of the installation, in the order they were added."""
    return list(db.session.scalars(select(Platform).order_by(Platform.id)))


def connect_moodle(
    platform_id: int, url: str, token: str, *, sealer: Sealer, allow_loopback: bool, now: datetime
) -> Platform:
    """Store where a Moodle's web services are, and their token, sealed. Raises RegistrationInvalid."""
    platform = db.session.get(Platform, platform_id)
    if platform is None:
        raise RegistrationInvalid(f"platform: there is none with id {platform_id}")
    _check_address("moodle_url", url, allow_loopback)
    token = token.strip()
    if not 16 <= len(token) <= 256 or not token.isascii() or not token.isalnum():
        raise RegistrationInvalid("token: a Moodle web-service token is 32 letters and digits")
    platform.moodle_url = url.rstrip("/")
    platform.moodle_token_sealed = sealer.seal(token)
    platform.moodle_connected_at = now
    db.session.commit()
    return platform


def read_tool_config(path: Path, *, allow_loopback: bool) -> list[PlatformDetails]:
    """The platforms of a tool_config.json, all checked. Raises ConfigError naming entry and field."""
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise ConfigError(CONFIG_KEY, "the file is not readable JSON") from None
    listed = document.get("platforms") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ConfigError(CONFIG_KEY, 'the file must be {"platforms": [...]}')
    return [_read_entry(number, entry, allow_loopback) for number, entry in enumerate(listed, start=1)]


def apply_tool_config(settings: Settings, now: datetime) -> list[Platform]:
    """Add or update every platform of the settings' tool_config; needs a migrated database."""
    if settings.tool_config is None:
        return []
    entries = read_tool_config(settings.tool_config, allow_loopback=settings.allow_loopback_platforms)
    return [add_platform(details, settings, now) for details in entries]


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


def _upsert(details: PlatformDetails, settings: Settings, now: datetime) -> Platform:
    statement = select(Platform).where(
        Platform.issuer == details.issuer, Platform.client_id == details.client_id
    )
    platform = db.session.scalars(statement).one_or_none()
    if platform is None:
        organisation = get_default_organisation(settings, now)
        platform = Platform(
            organisation_id=organisation.id,
            issuer=details.issuer,
            client_id=details.client_id,
            created_at=now,
        )
        db.session.add(platform)
    platform.name = details.name
    platform.auth_login_url = details.auth_login_url
    platform.auth_token_url = details.auth_token_url
    platform.jwks_url = details.jwks_url
    _add_deployments(platform, details.deployment_ids)
    db.session.flush()
    return platform


def _add_deployments(platform: Platform, deployment_ids: Iterable[str]) -> None:
    known = {deployment.deployment_id for deployment in platform.deployments}
    for deployment_id in dict.fromkeys(deployment_ids):
        if deployment_id not in known:
            platform.deployments.append(Deployment(deployment_id=deployment_id))


def _check_text(field: str, value: Any, max_chars: int) -> None:
    if not isinstance(value, str) or not value.strip() or len(value) > max_chars or not value.isprintable():
        raise RegistrationInvalid(f"{field}: must be a text of 1 to {max_chars} characters")


def _check_address(field: str, value: Any, allow_loopback: bool) -> None:
    try:
        check_platform_address(value, allow_loopback=allow_loopback)
    except AddressInvalid as problem:
        raise RegistrationInvalid(f"{field}: {problem}") from None


def _read_entry(number: int, entry: Any, allow_loopback: bool) -> PlatformDetails:
    fields = set(PlatformDetails.__dataclass_fields__)
    if not isinstance(entry, dict) or set(entry) != fields:
        raise ConfigError(CONFIG_KEY, f"platform {number}: the fields are {', '.join(sorted(fields))}")
    if not isinstance(entry["deployment_ids"], list):
        raise ConfigError(CONFIG_KEY, f"platform {number}: deployment_ids: must be a list")
    details = PlatformDetails(**(entry | {"deployment_ids": tuple(entry["deployment_ids"])}))
    try:
        check_details(details, allow_loopback=allow_loopback)
    except RegistrationInvalid as problem:
        raise ConfigError(CONFIG_KEY, f"platform {number}: {problem}") from None
    return details
