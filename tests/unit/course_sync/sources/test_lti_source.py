"""Reading NRPS pages, on recorded rosters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from course_sync.errors import PlatformAnswerInvalid
from course_sync.sources.lti import parse_members, principal_roles

RECORDED = Path(__file__).parents[3] / "recorded" / "moodle"


def body(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return document["body"]


def test_recorded_roster() -> None:
    page = body("nrps")
    members = parse_members([page])
    assert len(members) == len(page["members"])
    omar = members["200"]
    assert (omar.name, omar.given_name, omar.family_name) == ("Omar Alder", "Omar", "Alder")
    assert (omar.email, omar.roles, omar.suspended) == ("student54@example.invalid", ("Learner",), False)
    assert members["144"].roles == ("Instructor",)
    assert members["145"].roles == ("Learner",)
    assert not omar.access_known
    assert omar.groups is None


def test_pages_are_put_together() -> None:
    pages = [body("nrps__limit10_page1"), body("nrps__limit10_last")]
    assert len(parse_members(pages)) == 12


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"members": None},
        {"members": ["200"]},
        {"members": [{"roles": []}]},
        {"members": [{"user_id": 200, "roles": []}]},
        {"members": [{"user_id": "200", "roles": "Learner"}]},
        {"members": [{"user_id": "", "roles": []}]},
    ],
)
def test_anything_else_is_invalid(page: dict[str, Any]) -> None:
    with pytest.raises(PlatformAnswerInvalid):
        parse_members([page])


def test_status() -> None:
    rows = [
        {"user_id": str(number), "roles": [], **({"status": status} if status else {})}
        for number, status in enumerate(("Active", "Inactive", "Deleted", None))
    ]
    members = parse_members([{"members": rows}])
    assert {key: member.suspended for key, member in members.items()} == {"0": False, "1": True, "3": False}


def test_only_principal_context_roles() -> None:
    roles = [
        "Learner",
        "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor",
        "http://purl.imsglobal.org/vocab/lis/v2/membership/Instructor#TeachingAssistant",
        "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
        7,
    ]
    assert principal_roles(roles) == ("Learner", "Mentor")
