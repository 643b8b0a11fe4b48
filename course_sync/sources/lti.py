"""The roster over LTI: Names and Role Provisioning Service 2.0. It gives no progress at all.

Roles are the principal context roles only; institution and system roles are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from course_sync.errors import PlatformAnswerInvalid, PlatformError
from course_sync.facts import PAGES_REPEAT, Roster, RosterMember
from course_sync.models import SOURCE_LTI
from course_sync.platform_client import PlatformClient
from course_sync.registrations import Registration
from course_sync.vocabulary import MEDIA_TYPE_NRPS, SCOPE_NRPS, context_role


class LtiSource:
    """The roster of one context, as the platform's NRPS gives it."""

    name = SOURCE_LTI

    def __init__(
        self,
        client: PlatformClient,
        registration: Registration,
        memberships_url: str,
        timeout_seconds: float | None = None,
    ) -> None:
        self._client = client
        self._registration = registration
        self._url = memberships_url
        self._timeout_seconds = timeout_seconds

    def fetch_roster(self) -> Roster:
        """Everybody in the context. Raises PlatformError, also when only a later page fails."""
        repeated: list[PlatformError] = []
        pages = self._client.fetch_pages(
            self._registration,
            self._url,
            SCOPE_NRPS,
            MEDIA_TYPE_NRPS,
            timeout_seconds=self._timeout_seconds,
            on_repeat=lambda: repeated.append(_stuck()),
        )
        return Roster(self.name, parse_members(pages), tuple(repeated))


def _stuck() -> PlatformError:
    return PlatformAnswerInvalid("a page of the roster names itself as the next one", code=PAGES_REPEAT)


def parse_members(pages: Iterable[dict[str, Any]]) -> dict[str, RosterMember]:
    """Members of all pages by user id, without those marked Deleted. Raises PlatformAnswerInvalid."""
    members: dict[str, RosterMember] = {}
    for page in pages:
        listed = page.get("members")
        if not isinstance(listed, list):
            raise PlatformAnswerInvalid("a page of the roster has no list of members", code="invalid_roster")
        for entry in listed:
            member = _parse_member(entry)
            if entry.get("status") != "Deleted":
                members[member.external_id] = member
    return members


def _parse_member(entry: Any) -> RosterMember:
    user_id = entry.get("user_id") if isinstance(entry, dict) else None
    roles = entry.get("roles") if isinstance(entry, dict) else None
    if not isinstance(user_id, str) or not user_id or not isinstance(roles, list):
        raise PlatformAnswerInvalid(
            "a member of the roster has no user_id or no roles", code="invalid_roster"
        )
    return RosterMember(
        external_id=user_id,
        name=_text(entry, "name"),
        given_name=_text(entry, "given_name"),
        family_name=_text(entry, "family_name"),
        email=_text(entry, "email"),
        roles=principal_roles(roles),
        suspended=entry.get("status", "Active") == "Inactive",
        id_number=_text(entry, "lis_person_sourcedid"),
        username=_text(entry, "ext_user_username"),
    )


def principal_roles(roles: Iterable[Any]) -> tuple[str, ...]:
    """Principal context roles among role URIs and short names, sorted, each once."""
    return tuple(sorted({short for role in roles if isinstance(role, str) and (short := context_role(role))}))


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry.get(key)
    return value.strip() if isinstance(value, str) else ""
