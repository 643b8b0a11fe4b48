"""Errors of the services carry codes for every field concerned."""

from __future__ import annotations

from mentor_console.errors import Conflict, ConsoleError, InvalidInput


def test_one_field() -> None:
    error = InvalidInput("summary", "too_long")
    assert (error.field, error.code, error.problems) == ("summary", "too_long", {"summary": "too_long"})
    assert isinstance(error, ConsoleError)


def test_several_fields_the_first_leads() -> None:
    error = InvalidInput.of({"kind": "required", "outcome": "unknown"})
    assert (error.field, error.code) == ("kind", "required")
    assert error.problems == {"kind": "required", "outcome": "unknown"}


def test_conflict_keeps_its_code() -> None:
    assert Conflict("already_decided").code == "already_decided"
