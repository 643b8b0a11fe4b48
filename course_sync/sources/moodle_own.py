"""A Moodle read with the token of one person of the course: what that account may see, often a group of it.

Nobody is asked about whom the account's own list of participants does not name; whoever is missing from that
list has not left.
"""

from __future__ import annotations

from course_sync.errors import PlatformRefused
from course_sync.facts import GradeFact, Grades, Roster
from course_sync.platform_client import PlatformClient
from course_sync.sources.base import ONE_BY_ONE
from course_sync.sources.moodle import MoodleSource

OWN_REFUSED = "own_token_refused"
"""Our code for a token that is of no use until its owner gives another."""
_DEAD = frozenset({"invalidtoken", "wsaccessuserdeleted", "wsaccessusersuspended"})
_NOT_ALL_GROUPS = "notingroup"
"""Moodle's code where everybody's grades are asked for by somebody who may see some groups only."""


class OwnMoodleSource(MoodleSource):
    """One course as one person sees it."""

    is_whole = False

    def __init__(
        self, client: PlatformClient, base_url: str, token: str, course_id: str, owner_id: str
    ) -> None:
        super().__init__(client, base_url, token, course_id)
        self._owner_id = owner_id
        self._roster: Roster | None = None

    def may_know(self, person_id: str) -> bool:
        """Only those whom the account's own list names."""
        return self._roster is not None and person_id in self._roster.members

    def fetch_roster(self) -> Roster:
        """Whom the account sees. Raises PlatformRefused where Moodle does not count its owner in."""
        try:
            roster = super().fetch_roster()
        except PlatformRefused as refusal:
            if refusal.code in _DEAD:
                raise PlatformRefused(refusal.detail, code=OWN_REFUSED) from None
            raise
        if self._owner_id not in roster.members:
            raise PlatformRefused("the owner of the token is not in the course", code="owner_not_in_course")
        self._roster = roster
        return roster

    def fetch_grades(self, *, group_id: int = 0, person_id: str = "0") -> Grades:
        """Grades of everybody the account sees, where Moodle insists group by group.

        Raises PlatformRefused (ONE_BY_ONE) where the owner is in no group, or not in the one asked for.
        """
        try:
            return super().fetch_grades(group_id=group_id, person_id=person_id)
        except PlatformRefused as refusal:
            if refusal.code != _NOT_ALL_GROUPS or person_id != "0":
                raise
        owner = self._roster.members.get(self._owner_id) if self._roster else None
        if group_id or owner is None or not owner.group_ids:
            raise PlatformRefused("the owner of the token is not in the group", code=ONE_BY_ONE)
        found: dict[str, tuple[GradeFact, ...]] = {}
        for group in owner.group_ids:
            found |= super().fetch_grades(group_id=group).by_person
        return Grades(found)
