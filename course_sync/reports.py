"""Whom the rows of a report are about: matched to the rosters by what both tell, and never guessed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from course_sync.facts import ReportRow, Roster


@dataclass(frozen=True, slots=True)
class Matched:
    """Rows by external id, each person once; and how many fitted several people or contradicted others."""

    by_person: dict[str, ReportRow]
    doubtful: int


def match_rows(rows: Iterable[ReportRow], rosters: Iterable[Roster]) -> Matched:
    """Find the person of each row, who has one for each of their groups; rows of nobody are left out."""
    known = _list_keys(rosters)
    by_person: dict[str, ReportRow] = {}
    spoilt: set[str] = set()
    doubtful = 0
    for row in rows:
        people = {person for key in _keys_of(row) for person in known.get(key, ())}
        if len(people) > 1:
            doubtful += 1
        for person in people if len(people) == 1 else ():
            if by_person.setdefault(person, _bare(row)) != _bare(row):
                spoilt.add(person)
    for person in spoilt:
        del by_person[person]
    return Matched(by_person, doubtful + len(spoilt))


def _list_keys(rosters: Iterable[Roster]) -> dict[tuple[str, str], set[str]]:
    known: dict[tuple[str, str], set[str]] = {}
    for roster in rosters:
        for person, member in roster.members.items():
            told = (
                ("email", member.email.casefold()),
                ("id_number", member.id_number),
                ("username", member.username.casefold()),
            )
            for key in told:
                if key[1]:
                    known.setdefault(key, set()).add(person)
    return known


def _keys_of(row: ReportRow) -> list[tuple[str, str]]:
    told = (("email", row.email), ("id_number", row.id_number), ("username", row.username))
    return [key for key in told if key[1]]


def _bare(row: ReportRow) -> ReportRow:
    """What the row says, without of whom."""
    return replace(row, email="", id_number="", username="")
