"""Small readings of the views: addresses of letters, and parts of a long list."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from mentor_console.views.frame import mailto
from mentor_console.views.trainer import ROWS_SHOWN, Filters, filter_learners, list_part
from tests.unit.mentor_console.screen_samples import trainer_page

MEMBER = trainer_page().learners[0]


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("ann@example.org", "mailto:ann@example.org"),
        ("ann+tag@example.org", "mailto:ann+tag@example.org"),
        ("a&b=c?d#e@example.org", "mailto:a%26b%3Dc%3Fd%23e@example.org"),
        ('"ann nan"@example.org', "mailto:%22ann%20nan%22@example.org"),
        ("amélie@exämple.org", "mailto:am%C3%A9lie@ex%C3%A4mple.org"),
        ("o'neil%x@example.org", "mailto:o%27neil%25x@example.org"),
    ],
)
def test_a_letter_goes_to_exactly_this_address(address: str, written: str) -> None:
    assert mailto(address) == written
    assert unquote(urlsplit(mailto(address)).path) == address


@pytest.mark.parametrize("draft", ["Bonjour Zoë & Co,", 'Hello "Nan" + O’Neil? 100 % #1', "two\r\nlines"])
def test_a_draft_arrives_as_it_was_written(draft: str) -> None:
    link = urlsplit(mailto("ann@example.org", draft))
    assert parse_qs(link.query) == {"body": [draft]}
    assert "+" not in link.query, "a mail program would show the plus sign"


@pytest.mark.parametrize(
    ("found", "wanted", "shown", "parts"),
    [
        (0, "", (0, None), 1),
        (1, "1", (1, 1), 1),
        (50, "2", (50, 1), 1),
        (51, "2", (1, 51), 2),
        (300, "6", (50, 251), 6),
        (300, "99", (50, 251), 6),
        (300, "no number", (50, 1), 6),
        (262, "6", (12, 251), 6),
    ],
)
def test_a_long_list_is_shown_in_parts(
    found: int, wanted: str, shown: tuple[int, int | None], parts: int
) -> None:
    members = [replace(MEMBER, membership_id=number) for number in range(1, found + 1)]
    listing = list_part(members, wanted)
    first = listing.rows[0].membership_id if listing.rows else None
    assert (len(listing.rows), first) == shown
    assert (len(listing.parts), listing.found) == (parts, found)
    assert len(listing.rows) <= ROWS_SHOWN
    assert [part.is_shown for part in listing.parts].count(True) == 1
    assert [
        member for part in listing.parts for member in list_part(members, str(part.number)).rows
    ] == members


def test_parts_are_of_what_was_found() -> None:
    members = [replace(MEMBER, membership_id=number, name=f"Ann {number % 2}") for number in range(200)]
    listing = list_part(filter_learners(members, Filters("", "ann 1")), "2")
    assert (listing.found, [member.membership_id for member in listing.rows][:2]) == (100, [101, 103])
