"""Deciding what rosters mean: whether a list can be believed, who is in, who is suspended, who has left.

Pure. The rule behind all: a list that lost people for another reason than leaving must never make anyone
leave. Nobody leaves unless the source they were known from was read whole and believed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from course_sync.errors import PlatformAnswerInvalid
from course_sync.facts import PAGES_REPEAT, Roster, RosterMember
from course_sync.models import SOURCE_LTI, SOURCE_MOODLE
from course_sync.records import LEARNER_PLATFORM_ROLES, standing_of

DROP_AT_LEAST = 3
DROP_SHARE = 1 / 3
"""So many people, and such a share of those known, gone at once is taken for a fault, not for leaving."""
MISSING_SHARE = 1 / 10
"""Share of the people the LTI roster lists that Moodle's own list may miss: somebody enrolling meanwhile."""
ACCEPT_DROP_AFTER = timedelta(days=8)
"""A drop that lasts this long and that no source contradicts is believed: the course was emptied."""

_EMPTY = {
    SOURCE_LTI: "the roster came back empty",
    SOURCE_MOODLE: "the list of participants came back empty, as it does without moodle/site:accessallgroups",
}
_INCOMPLETE = {
    SOURCE_LTI: "the roster names only {listed} people; {gone} known ones are missing",
    SOURCE_MOODLE: "the list of participants names only {listed} people, {gone} are missing,"
    " as they are without moodle/user:viewdetails",
}


@dataclass(frozen=True, slots=True)
class KnownMember:
    """A membership as the database has it."""

    membership_id: int
    person_id: int
    external_id: str
    person: Mapping[str, str]
    values: Mapping[str, Any]
    """Columns of the membership that rosters decide, and launch_roles, first_seen_at, as_of."""

    def was_listed_by(self, source: str) -> bool:
        """Whether the person is in the course as far as this source ever told."""
        column = "nrps_roles" if source == SOURCE_LTI else "platform_roles"
        return self.values["status"] != "left" and self.values[column] is not None


@dataclass(frozen=True, slots=True)
class Situation:
    """What one run knows of the rosters of one context."""

    rosters: Mapping[str, Roster]
    """Lists that were read to the end, by source, believed or not."""
    believed: frozenset[str]
    connected: frozenset[str]
    """Sources this context has at all."""
    last_read_at: Mapping[str, datetime | None]
    """When each source was last read whole, before this run."""
    now: datetime
    partial: frozenset[str] = frozenset()
    """Sources whose list never claims to name everybody."""
    beside: Mapping[str, Roster] = field(default_factory=dict)
    """Lists of this run that are kept already: they are weighed, and nothing else is done with them."""

    def entry(self, source: str, external_id: str) -> RosterMember | None:
        """How a source lists a person in this run; None = not listed, or not read."""
        roster = self.rosters.get(source) or self.beside.get(source)
        return roster.members.get(external_id) if roster else None

    def entries(self, external_id: str) -> list[RosterMember | None]:
        """How all sources of this run list a person; the word of the last one counts."""
        sources = sorted({*self.rosters, *self.beside}, key=lambda name: (name not in self.partial, name))
        return [self.entry(source, external_id) for source in sources]


def find_complaint(
    roster: Roster,
    known: Collection[KnownMember],
    other: Roster | None,
    *,
    only_source: bool,
    last_read_at: datetime | None,
    now: datetime,
) -> PlatformAnswerInvalid | None:
    """Why this roster cannot be believed to be whole; None if it can.

    `other` is the list of the other source where that was read in the same run and is not empty.
    """
    source, listed = roster.source, roster.members.keys()
    stuck = next((row for row in roster.problems if getattr(row, "code", "") == PAGES_REPEAT), None)
    if isinstance(stuck, PlatformAnswerInvalid):
        return stuck
    elsewhere = {key for key, member in other.members.items() if not member.suspended} if other else set()
    if not listed and (known or elsewhere):
        return PlatformAnswerInvalid(_EMPTY[source], code="empty_roster")
    missing = elsewhere - listed if source == SOURCE_MOODLE else set()
    if missing and len(missing) >= len(elsewhere) * MISSING_SHARE:
        return _incomplete(source, len(listed), len(missing))
    expected = {member.external_id for member in known if member.was_listed_by(source)}
    vanished = expected - listed
    if len(vanished) < DROP_AT_LEAST or len(vanished) < len(expected) * DROP_SHARE:
        return None
    uncontradicted = not vanished & elsewhere if other else only_source and source == SOURCE_LTI
    if uncontradicted and last_read_at is not None and now - last_read_at > ACCEPT_DROP_AFTER:
        return None
    return _incomplete(source, len(listed), len(vanished))


def _incomplete(source: str, listed: int, gone: int) -> PlatformAnswerInvalid:
    return PlatformAnswerInvalid(
        _INCOMPLETE[source].format(listed=listed, gone=gone), code="roster_incomplete"
    )


def person_values(known: Mapping[str, str], entries: Iterable[RosterMember | None]) -> dict[str, str]:
    """Names and e-mail after these entries: the last one that tells a value wins, silence changes nothing."""
    limits = {"name": 300, "given_name": 150, "family_name": 150, "email": 320}
    values = {column: known.get(column, "") for column in limits}
    for entry in entries:
        for column, limit in limits.items():
            told = getattr(entry, column) if entry else ""
            values[column] = told[:limit] or values[column]
    return values


def membership_values(external_id: str, known: KnownMember | None, situation: Situation) -> dict[str, Any]:
    """Columns of the membership of somebody who is listed in this run."""
    before = known.values if known else _NOBODY
    lti = situation.entry(SOURCE_LTI, external_id)
    moodle = situation.entry(SOURCE_MOODLE, external_id)
    nrps_roles = _nrps_roles(before, lti, situation)
    platform_roles = list(moodle.roles) if moodle else before["platform_roles"]
    visit = moodle if moodle and moodle.access_known else None
    status = _status(before, lti, moodle, situation)
    return {
        "standing": standing_of(before["launch_roles"], nrps_roles, platform_roles),
        "nrps_roles": nrps_roles,
        "platform_roles": platform_roles,
        "status": status,
        "left_at": before["left_at"] if status == "left" else None,
        "enrolled_at": _enrolled_at(known, status, lti, moodle, situation),
        "last_access_at": visit.last_access_at if visit else before["last_access_at"],
        "access_as_of": situation.now if visit else before["access_as_of"],
        "groups": list(moodle.groups) if moodle and moodle.groups is not None else before["groups"],
        "source": _source(before, moodle, situation),
        "as_of": situation.now,
    }


def has_left(known: KnownMember, situation: Situation) -> bool:
    """Whether somebody who is on no list of this run has left. Who was never on any list cannot leave one."""
    if known.values["status"] == "left" or known.values["as_of"] is None:
        return False
    source = known.values["source"]
    deciding = {source} if source in situation.connected else situation.connected
    return bool(deciding & situation.believed)


_NOBODY: Mapping[str, Any] = {
    "launch_roles": [],
    "nrps_roles": None,
    "platform_roles": None,
    "status": "active",
    "left_at": None,
    "enrolled_at": None,
    "last_access_at": None,
    "access_as_of": None,
    "groups": [],
    "source": SOURCE_LTI,
}


def _nrps_roles(
    before: Mapping[str, Any], lti: RosterMember | None, situation: Situation
) -> list[str] | None:
    if lti:
        return list(lti.roles)
    # Believed and not listed: whoever was an Instructor there is one no longer.
    roles: list[str] | None = None if SOURCE_LTI in situation.believed else before["nrps_roles"]
    return roles


def _status(
    before: Mapping[str, Any], lti: RosterMember | None, moodle: RosterMember | None, situation: Situation
) -> str:
    is_partial = SOURCE_MOODLE in situation.partial
    if moodle is None or (lti and is_partial):
        return "suspended" if lti and lti.suspended else "active"
    if is_partial and SOURCE_LTI in situation.connected and before["status"] != "active":
        # Moodle names suspended people among the others: only the list that leaves them out brings back.
        kept: str = before["status"]
        return kept
    if moodle.suspended is not None:
        return "suspended" if moodle.suspended else "active"
    if lti:
        return "active"
    # Moodle lists suspended people without a mark, its LTI roster leaves them out.
    absent = SOURCE_LTI in situation.believed and not set(moodle.roles) - LEARNER_PLATFORM_ROLES
    return "suspended" if absent or before["status"] == "suspended" else "active"


def _enrolled_at(
    known: KnownMember | None,
    status: str,
    lti: RosterMember | None,
    moodle: RosterMember | None,
    situation: Situation,
) -> datetime | None:
    """Who is new on lists that were read whole before enrolled about now; of others nothing is known.

    Who had left or was suspended begins anew when they are back: days away are no silence.
    """
    if known and status == "active" and known.values["status"] != "active":
        return situation.now
    if known and known.values["as_of"] is not None:
        enrolled_at: datetime | None = known.values["enrolled_at"]
        return enrolled_at
    listing = [source for source, entry in ((SOURCE_LTI, lti), (SOURCE_MOODLE, moodle)) if entry]
    earlier = [situation.last_read_at.get(source) for source in listing]
    read_before = [moment for moment in earlier if moment is not None]
    if len(read_before) < len(listing):
        return None
    if known and known.values["first_seen_at"] > max(read_before):
        first_seen_at: datetime = known.values["first_seen_at"]
        return first_seen_at
    return situation.now


def _source(before: Mapping[str, Any], moodle: RosterMember | None, situation: Situation) -> str:
    """Who is known from Moodle's own list stays so while that is connected, also when one call fails."""
    kept = before["source"] == SOURCE_MOODLE and SOURCE_MOODLE in situation.connected
    told = moodle is not None and SOURCE_MOODLE not in situation.partial
    return SOURCE_MOODLE if told or kept else SOURCE_LTI
