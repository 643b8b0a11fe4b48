"""Answers from outside that are no sane JSON become errors of the platform, never a crash."""

from __future__ import annotations

import pytest

from course_sync.answers import Answer, parse_json, raise_if_refused
from course_sync.errors import PlatformAnswerInvalid, PlatformRefused

ENDLESS = b"[" * 200_000


def test_lists_in_lists_without_end_are_not_json() -> None:
    with pytest.raises(PlatformAnswerInvalid) as refused:
        parse_json(Answer(200, {}, ENDLESS))
    assert refused.value.code == "broken_json"


def test_a_reason_nested_without_end_is_cut() -> None:
    with pytest.raises(PlatformRefused) as refused:
        raise_if_refused(Answer(400, {}, ENDLESS))
    assert refused.value.detail == "[" * 300
