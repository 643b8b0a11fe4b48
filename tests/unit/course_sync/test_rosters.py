"""Which rosters are believed, and what they say of one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_sync.facts import Roster, RosterMember
from course_sync.rosters import (
    KnownMember,
    Situation,
    find_complaint,
    has_left,
    membership_values,
    person_values,
)

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)


def known(number: int, **values: Any) -> KnownMember:
    """An active learner both sources listed yesterday."""
    defaults = {
        "launch_roles": [],
        "nrps_roles": ["Learner"],
        "platform_roles": ["student"],
        "standing": "learner",
        "status": "active",
        "left_at": None,
        "first_seen_at": YESTERDAY,
        "enrolled_at": None,
        "last_access_at": None,
        "access_as_of": YESTERDAY,
        "groups": [],
        "source": "moodle",
        "as_of": YESTERDAY,
    }
    return KnownMember(number, number, str(number), {}, {**defaults, **values})


def roster(source: str, *numbers: int, **values: Any) -> Roster:
    """A list of people with these ids."""
    roles = ("Learner",) if source == "lti" else ("student",)
    member = RosterMember("", roles=roles, suspended=False, **values)
    return Roster(source, {str(number): replace(member, external_id=str(number)) for number in numbers})


def complaint(
    listed: Roster, people: list[KnownMember], other: Roster | None = None, **options: Any
) -> str | None:
    """Code of the complaint about a roster."""
    values = {"only_source": other is None, "last_read_at": YESTERDAY, "now": NOW}
    found = find_complaint(listed, people, other, **{**values, **options})
    return found.code if found else None


TEN = [known(number) for number in range(10)]


def test_whole_roster_is_believed() -> None:
    assert complaint(roster("moodle", *range(10)), TEN, roster("lti", *range(10))) is None
    assert complaint(roster("moodle", *range(8)), TEN, roster("lti", *range(8))) is None


@pytest.mark.parametrize("source", ["lti", "moodle"])
def test_empty_is_never_believed_where_anybody_is_known(source: str) -> None:
    launched = known(1, nrps_roles=None, platform_roles=None, as_of=None)
    assert complaint(roster(source), [launched]) == "empty_roster"
    assert complaint(roster(source), TEN, last_read_at=NOW - timedelta(days=99)) == "empty_roster"
    assert complaint(roster(source), []) is None


def test_moodle_missing_people_whom_the_lti_roster_lists() -> None:
    assert complaint(roster("moodle", 1), [], roster("lti", 1, 2)) == "roster_incomplete"
    assert complaint(roster("moodle", *range(19)), [], roster("lti", *range(20))) is None


def test_suspended_people_of_the_other_list_are_not_missed() -> None:
    other = roster("lti", *range(10))
    quiet = {key: replace(member, suspended=True) for key, member in other.members.items() if int(key) > 4}
    assert complaint(roster("moodle", *range(5)), [], Roster("lti", {**other.members, **quiet})) is None


@pytest.mark.parametrize("source", ["lti", "moodle"])
def test_a_third_gone_at_once_is_a_fault(source: str) -> None:
    other = roster("moodle" if source == "lti" else "lti", *range(6))
    assert complaint(roster(source, *range(6)), TEN, other) == "roster_incomplete"
    assert complaint(roster(source, *range(6)), TEN) == "roster_incomplete"


def test_a_drop_that_lasts_and_that_nobody_contradicts_is_believed() -> None:
    long_ago = NOW - timedelta(days=9)
    few = range(3)
    assert complaint(roster("moodle", *few), TEN, roster("lti", *few), last_read_at=long_ago) is None
    assert complaint(roster("lti", *few), TEN, last_read_at=long_ago) is None
    assert complaint(roster("moodle", *few), TEN, last_read_at=long_ago) == "roster_incomplete"
    assert (
        complaint(roster("lti", *few), TEN, only_source=False, last_read_at=long_ago) == "roster_incomplete"
    )
    assert complaint(roster("moodle", *few), TEN, roster("lti", *range(10)), last_read_at=long_ago)


def situation(
    *rosters: Roster, believed: bool = True, connected: tuple[str, ...] = ("lti", "moodle")
) -> Situation:
    by_source = {row.source: row for row in rosters}
    read = dict.fromkeys(connected, YESTERDAY)
    return Situation(by_source, frozenset(by_source if believed else ()), frozenset(connected), read, NOW)


def test_leaving_needs_the_believed_roster_of_the_own_source() -> None:
    both = situation(roster("lti", 1), roster("moodle", 1))
    assert has_left(known(2), both)
    assert not has_left(known(2), situation(roster("lti", 1)))
    assert not has_left(known(2), situation(roster("lti", 1), roster("moodle", 1), believed=False))
    assert not has_left(known(2, as_of=None), both)
    assert not has_left(known(2, status="left"), both)
    assert has_left(known(2, source="lti"), situation(roster("lti", 1)))
    assert has_left(known(2), situation(roster("lti", 1), connected=("lti",)))


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)), st.booleans())
def test_whoever_is_listed_never_leaves_and_unbelieved_lists_remove_nobody(
    lti: set[int], moodle: set[int], believed: bool
) -> None:
    here = situation(roster("lti", *lti), roster("moodle", *moodle), believed=believed)
    for member in TEN:
        number = int(member.external_id)
        if number in lti or number in moodle:
            assert membership_values(member.external_id, member, here)["status"] != "left"
        else:
            assert has_left(member, here) is believed


def test_what_the_sources_say_is_put_together() -> None:
    here = situation(
        roster("lti", 1), roster("moodle", 1, last_access_at=YESTERDAY, access_known=True, groups=("B", "C"))
    )
    values = membership_values("1", None, here)
    assert values["nrps_roles"] == ["Learner"]
    assert values["platform_roles"] == ["student"]
    assert (values["standing"], values["status"], values["source"]) == ("learner", "active", "moodle")
    assert (values["last_access_at"], values["access_as_of"]) == (YESTERDAY, NOW)
    assert (values["groups"], values["enrolled_at"]) == (["B", "C"], NOW)


def test_hidden_access_stays_unknown() -> None:
    values = membership_values("1", None, situation(roster("moodle", 1)))
    assert (values["last_access_at"], values["access_as_of"]) == (None, None)
    later = membership_values("1", known(1, last_access_at=YESTERDAY), situation(roster("moodle", 1)))
    assert (later["last_access_at"], later["access_as_of"]) == (YESTERDAY, YESTERDAY)


def test_first_roster_says_nothing_of_enrolment() -> None:
    first = Situation({"lti": roster("lti", 1)}, frozenset({"lti"}), frozenset({"lti"}), {"lti": None}, NOW)
    assert membership_values("1", None, first)["enrolled_at"] is None


@pytest.mark.parametrize("away", ["left", "suspended"])
def test_who_comes_back_begins_anew_and_only_once(away: str) -> None:
    here = situation(roster("lti", 1), roster("moodle", 1))
    long_ago = NOW - timedelta(days=60)
    back = membership_values("1", known(1, status=away, left_at=long_ago, enrolled_at=long_ago), here)
    assert (back["status"], back["enrolled_at"], back["left_at"]) == ("active", NOW, None)
    stays = membership_values("1", known(1, enrolled_at=long_ago), here)
    assert (stays["status"], stays["enrolled_at"]) == ("active", long_ago)


def test_who_is_suspended_keeps_the_start() -> None:
    suspended = Roster("moodle", {"1": RosterMember("1", roles=("student",), suspended=True)})
    values = membership_values("1", known(1, status="left", enrolled_at=YESTERDAY), situation(suspended))
    assert (values["status"], values["enrolled_at"]) == ("suspended", YESTERDAY)


def test_names_of_the_last_source_that_tells_them() -> None:
    lti = RosterMember("1", name="Ada Hazel", given_name="Ada", email="a@example.invalid")
    moodle = RosterMember("1", name="Ada H. Hazel")
    assert person_values({"family_name": "Old"}, [lti, moodle, None]) == {
        "name": "Ada H. Hazel",
        "given_name": "Ada",
        "family_name": "Old",
        "email": "a@example.invalid",
    }
