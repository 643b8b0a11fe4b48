import json
from typing import Any

import pytest

from mentor_console.flags.findings import (
    Finding,
    FindingFormatError,
    Reason,
    finding_from_json,
    reason_from_json,
)

FINDING = Finding(
    rule="silent",
    level="week",
    reasons=(Reason("silent_long", {"days": 10, "last_visit_at": "2026-09-07"}),),
    clears=(Reason("clears_with_visit"),),
    kind="social",
)


def test_a_finding_survives_json() -> None:
    assert finding_from_json(json.loads(json.dumps(FINDING.to_json()))) == FINDING


@pytest.mark.parametrize(
    "change",
    [
        {"rule": None},
        {"level": "panic"},
        {"kind": "medical"},
        {"reasons": None},
        {"clears": "none"},
        {"reasons": [{"values": {}}]},
        {"reasons": ["silent"]},
        {"reasons": [{"code": "x", "values": []}]},
        {"reasons": [{"code": "x", "values": {"days": [1]}}]},
    ],
)
def test_a_damaged_finding_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(FindingFormatError):
        finding_from_json({**FINDING.to_json(), **change})


def test_what_is_no_finding_at_all_is_refused() -> None:
    with pytest.raises(FindingFormatError, match="needs a rule"):
        finding_from_json([])
    with pytest.raises(FindingFormatError, match="needs a code"):
        reason_from_json(None)


def test_a_reason_without_values_can_be_read() -> None:
    assert reason_from_json({"code": "clears_with_visit"}) == Reason("clears_with_visit")
