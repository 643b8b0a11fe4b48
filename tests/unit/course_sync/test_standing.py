"""Who is a learner: every combination of what the sources say."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_sync.records import standing_of

ROLES = st.lists(st.sampled_from(["Learner", "Instructor", "Mentor", "Administrator"]), max_size=3)
SHORT = st.lists(st.sampled_from(["student", "teacher", "editingteacher", "manager", "ementor"]), max_size=3)


@pytest.mark.parametrize(
    ("launch", "nrps", "platform", "standing"),
    [
        (["Instructor"], ["Instructor"], ["editingteacher"], "staff"),
        (["Instructor"], ["Learner"], ["teacher"], "staff"),
        (["Instructor"], ["Learner"], None, "staff"),
        ([], ["Learner"], ["teacher"], "staff"),
        (["Instructor"], None, None, "staff"),
        (["Learner"], ["Learner"], ["student"], "learner"),
        (["Learner"], None, None, "learner"),
        (["Learner"], [], [], "unknown"),
        ([], ["Learner"], None, "learner"),
        ([], None, ["student"], "learner"),
        (["Mentor"], None, None, "unknown"),
        (["Administrator"], None, None, "unknown"),
        ([], [], [], "unknown"),
    ],
)
def test_combinations(
    launch: list[str], nrps: list[str] | None, platform: list[str] | None, standing: str
) -> None:
    assert standing_of(launch, nrps, platform) == standing


@given(ROLES, st.none() | ROLES, st.none() | SHORT)
def test_any_sign_of_staff_wins(
    launch: list[str], nrps: list[str] | None, platform: list[str] | None
) -> None:
    signs = "Instructor" in launch or "Instructor" in (nrps or [])
    signs = signs or bool({"teacher", "editingteacher", "manager"} & set(platform or []))
    assert (standing_of(launch, nrps, platform) == "staff") is signs


def test_order_does_not_matter() -> None:
    for roles in product(["Learner", "Instructor"], repeat=2):
        assert standing_of(roles, None, None) == standing_of(reversed(roles), None, None)
