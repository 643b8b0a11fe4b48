"""Form fields and errors of Moodle's REST protocol, on recorded error answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from course_sync.errors import PlatformAnswerInvalid, PlatformRefused
from course_sync.moodle_wire import find_error, form_fields, safe_code

RECORDED = Path(__file__).parents[2] / "recorded" / "moodle"
ERRORS = json.loads((RECORDED / "ws_errors.json").read_text())


def test_nested_parameters() -> None:
    fields = form_fields("t", "f", {"a": [{"b": True, "c": None}], "d": {"e": 0}})
    assert fields == {
        "wstoken": "t",
        "wsfunction": "f",
        "moodlewsrestformat": "json",
        "a[0][b]": "1",
        "a[0][c]": "None",
        "d[e]": "0",
    }


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("invalidtoken", PlatformRefused, "invalidtoken"),
        ("no_permission", PlatformRefused, "nopermissions"),
        ("function_not_in_service", PlatformRefused, "accessexception"),
        ("unknown_course", PlatformAnswerInvalid, "invalidrecord"),
        ("other_group_user_completion_mentor1", PlatformRefused, "accessdenied"),
    ],
)
def test_recorded_errors(name: str, kind: type, code: str) -> None:
    error = find_error(ERRORS[name], "t0k3n")
    assert type(error) is kind
    assert error is not None
    assert (error.code, error.detail) == (code, ERRORS[name]["message"])


@pytest.mark.parametrize("answer", [[], {}, None, {"statuses": [], "warnings": []}, "text"])
def test_results_are_no_errors(answer: object) -> None:
    assert find_error(answer, "token") is None


def test_the_token_is_taken_out_of_the_message() -> None:
    error = find_error({"exception": "x", "errorcode": "y", "message": "wrong token s3cret!"}, "s3cret")
    assert error is not None
    assert error.detail == "wrong token …!"


def test_codes_are_safe_to_store() -> None:
    assert safe_code("Évil <b>" + "x" * 100) == ("_vil__b_" + "x" * 100)[:64]
    assert safe_code("") == "unknown"
