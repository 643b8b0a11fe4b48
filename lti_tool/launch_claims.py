"""What a checked launch says of person, course and roles, as one frozen value (LTI 1.3 core 5.3-5.4).

Pure. Optional claims of the wrong type refuse the launch; texts longer than we keep are cut.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from course_sync import vocabulary as lti
from lti_tool.addresses import MAX_ADDRESS_CHARS, AddressInvalid, origin_of
from lti_tool.deep_linking import PAGE_PARAMETER, PAGES, Placing, read_settings
from lti_tool.id_token import MAX_IDENTIFIER_CHARS
from lti_tool.refusals import LaunchRefused

MAX_ROLES = 100
MAX_ROLE_CHARS = 64
MAX_PLATFORM_ROLES = 20
MAX_SECTIONS = 50
MAX_SECTION_CHARS = 255
MAX_MENTORED = 1000
"""Learners one observer may be given; Canvas parents have a handful."""
_ADMINISTRATORS = {lti.ROLE_ADMINISTRATOR, lti.ROLE_INSTITUTION_ADMINISTRATOR, lti.ROLE_SYSTEM_ADMINISTRATOR}


@dataclass(frozen=True)
class LaunchedCourse:
    """The course of a launch, as far as the platform tells."""

    external_id: str
    title: str
    label: str
    memberships_url: str | None
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class Launch:
    """One accepted launch."""

    subject: str
    nonce: str
    deployment_id: str
    """Through which place of its platform it came."""
    names: dict[str, str]
    """name, given_name, family_name; "" where the platform keeps them to itself."""
    email: str
    locale: str
    time_zone: str
    """As the platform wrote it; "" = nothing. Moodle writes 99 for a person who never chose."""
    course: LaunchedCourse | None
    roles: frozenset[str]
    """Principal context roles: Learner, Instructor, Mentor, ..."""
    is_administrator: bool
    mentored_subjects: frozenset[str]
    platform_roles: tuple[str, ...] | None
    """The platform's own names of the person's roles in the course; None = it did not tell."""
    is_from_course: bool
    """Opened from the course itself (Canvas's navigation), not by a link whose custom parameters somebody may
    have replaced."""
    sections: tuple[str, ...] | None
    """Names of the parts of the course the person is in (Canvas's sections); None = it did not tell."""
    return_url: str | None
    document_target: str
    """`iframe`, `frame` or `window`, as far as the platform tells; "" = it does not."""
    page: str
    """Where the placed link leads, one of deep_linking.PAGES; "" = wherever the person's part leads."""
    placing: Placing | None
    """What a deep-linking request asks for; None = an ordinary launch."""


def read_launch(claims: dict[str, Any]) -> Launch:
    """The launch behind claims that `id_token.check_claims` accepted. Raises LaunchRefused."""
    roles = claims[lti.CLAIM_ROLES][:MAX_ROLES]
    presentation = _mapping(claims, lti.CLAIM_LAUNCH_PRESENTATION)
    custom = _mapping(claims, lti.CLAIM_CUSTOM)
    locale = _text(presentation, "locale", 16) or _text(claims, "locale", 16)
    page = _custom_text(custom, PAGE_PARAMETER)
    return Launch(
        subject=claims["sub"],
        nonce=claims["nonce"],
        deployment_id=claims[lti.CLAIM_DEPLOYMENT_ID],
        names={
            "name": _text(claims, "name", 300),
            "given_name": _text(claims, "given_name", 150),
            "family_name": _text(claims, "family_name", 150),
        },
        email=_text(claims, "email", 320),
        locale=locale,
        time_zone=_text(claims, "zoneinfo", 64) or _custom_text(custom, "person_address_timezone"),
        course=_read_course(claims, custom),
        roles=context_roles(roles),
        is_administrator=not _ADMINISTRATORS.isdisjoint(roles) or "Administrator" in roles,
        mentored_subjects=_read_mentored(claims),
        platform_roles=_read_platform_roles(custom),
        is_from_course=_is_from_course(claims),
        sections=_read_sections(custom),
        return_url=_address(presentation, "return_url"),
        document_target=_text(presentation, "document_target", 16),
        page=page if page in PAGES else "",
        placing=read_settings(claims, locale),
    )


def context_roles(roles: list[str]) -> frozenset[str]:
    """Principal context roles among role URIs and short names; everything else authorises nothing."""
    named = (lti.context_role(role) for role in roles)
    return frozenset(role for role in named if role and len(role) <= MAX_ROLE_CHARS)


def _read_course(claims: dict[str, Any], custom: Mapping[str, Any]) -> LaunchedCourse | None:
    context = claims.get(lti.CLAIM_CONTEXT)
    if context is None:
        return None
    external_id = context.get("id") if isinstance(context, dict) else None
    if not isinstance(external_id, str) or not 0 < len(external_id) <= MAX_IDENTIFIER_CHARS:
        raise LaunchRefused("claim_malformed", "context")
    return LaunchedCourse(
        external_id=external_id,
        title=_text(context, "title", 500),
        label=_text(context, "label", 255),
        memberships_url=_address(_mapping(claims, lti.CLAIM_NRPS), "context_memberships_url"),
        starts_at=_moment(custom, "coursesection_timeframe_begin"),
        ends_at=_moment(custom, "coursesection_timeframe_end"),
    )


def _read_mentored(claims: dict[str, Any]) -> frozenset[str]:
    subjects = claims.get(lti.CLAIM_ROLE_SCOPE_MENTOR)
    if subjects is None:
        return frozenset()
    if not isinstance(subjects, list) or not all(isinstance(subject, str) for subject in subjects):
        raise LaunchRefused("claim_malformed", "role_scope_mentor")
    return frozenset(
        subject for subject in subjects[:MAX_MENTORED] if 0 < len(subject) <= MAX_IDENTIFIER_CHARS
    )


def _read_platform_roles(custom: Mapping[str, Any]) -> tuple[str, ...] | None:
    """`$Canvas.membership.roles`: names with commas between them. Not Canvas: the variable comes unfilled.

    A name too long to be kept whole is left out: cut, it could be another role's.
    """
    told = custom.get("canvas_membership_roles")
    if not isinstance(told, str) or told.startswith("$"):
        return None
    names = dict.fromkeys(name.strip() for name in told.split(","))
    return tuple(name for name in names if 0 < len(name) <= MAX_ROLE_CHARS)[:MAX_PLATFORM_ROLES]


def _is_from_course(claims: dict[str, Any]) -> bool:
    """Canvas gives a launch from the navigation of a course the course's own id as that of its link."""
    link, context = _mapping(claims, lti.CLAIM_RESOURCE_LINK), claims.get(lti.CLAIM_CONTEXT)
    return isinstance(context, dict) and link.get("id") == context.get("id") is not None


def _read_sections(custom: Mapping[str, Any]) -> tuple[str, ...] | None:
    """`$com.instructure.User.sectionNames`: a JSON list of names, as text. Not Canvas: it comes unfilled."""
    told = custom.get("canvas_section_names")
    try:
        names = json.loads(told) if isinstance(told, str) else told
    except (ValueError, RecursionError):
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    # Not every text of JSON can be stored and shown: half characters, control characters.
    shown = (name.strip()[:MAX_SECTION_CHARS] for name in names if name.isprintable())
    return tuple(dict.fromkeys(name for name in shown if name))[:MAX_SECTIONS]


def _mapping(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = claims.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LaunchRefused("claim_malformed", name.rsplit("/", 1)[-1])
    return value


def _text(claims: Mapping[str, Any], name: str, max_chars: int) -> str:
    """A text claim, cut to what is kept; "" for none."""
    value = claims.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise LaunchRefused("claim_malformed", name)
    return value.strip()[:max_chars]


def _custom_text(custom: Mapping[str, Any], name: str) -> str:
    """A custom parameter; "" for none, a number, or a variable the platform did not fill (`$Name`)."""
    value = custom.get(name)
    return value.strip()[:64] if isinstance(value, str) and not value.startswith("$") else ""


def _address(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise LaunchRefused("claim_malformed", name)
    try:
        origin_of(value)
    except AddressInvalid:
        return None
    return value if len(value) <= MAX_ADDRESS_CHARS else None


def _moment(custom: Mapping[str, Any], name: str) -> datetime | None:
    """An ISO 8601 custom parameter as aware UTC; None where it is not one (an unfilled variable, "")."""
    try:
        moment = datetime.fromisoformat(_custom_text(custom, name))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
