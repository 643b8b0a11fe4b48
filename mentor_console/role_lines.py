"""What the page of a platform's roles shows, as frozen values. No queries, no sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class RoleLine:
    """One role name of a platform."""

    name: str
    means: str
    """mentor | offered; "" = nothing."""
    people: int
    """Active members with it, each once; 0 = never seen."""
    courses: int
    refused: str
    """Code of why there can be no rule for it; "" = there can."""


@dataclass(frozen=True)
class MappingLine:
    """One saving of the rules: what it began and ended, as (role name, meaning)."""

    mapping_id: int
    by_name: str
    made_at: datetime
    began: tuple[tuple[str, str], ...]
    ended: tuple[tuple[str, str], ...]
    is_newest: bool


@dataclass(frozen=True)
class RolesPage:
    """The rules of one platform."""

    platform_id: int
    platform_name: str
    has_product: bool
    """Whether an admin said what it is: only Canvas's launches are believed about its role names."""
    roles: tuple[RoleLine, ...]
    based_on_id: int | None
    """What a form sends back, so that nobody's change is overwritten."""
    changed_by: str
    changed_at: datetime | None
    versions: tuple[MappingLine, ...]


@dataclass(frozen=True)
class RolePerson:
    """Somebody in one course for whom the tried rules change something."""

    name: str
    course_title: str
    role_name: str
    is_learner: bool
    """The roster counts them among the learners of the course."""
    is_named: bool
    """Named e-mentor there by somebody, whatever the rules say."""
    learners: int
    """Whom they look after there now."""


@dataclass(frozen=True)
class RolesPreview:
    """Who would be what today. A person counts once in each course."""

    mentors_now: int
    """By the rules in force; who was named is not counted."""
    mentors: int
    offered_now: int
    offered: int
    gained: tuple[RolePerson, ...]
    """E-mentors by these rules who are none by those in force."""
    lost: tuple[RolePerson, ...]
    newly_offered: tuple[RolePerson, ...]
    no_longer_offered: tuple[RolePerson, ...]
