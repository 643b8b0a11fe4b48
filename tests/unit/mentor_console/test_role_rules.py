"""Which roles of a platform there can be a rule for."""

from __future__ import annotations

import pytest

from mentor_console.errors import InvalidInput
from mentor_console.role_rules import MAX_RULES, check_rules, find_problem


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ementor", None),
        ("Tuteur à distance", None),
        ("student", "learner_role"),
        ("StudentEnrollment", "learner_role"),
        ("STUDENTVIEWENROLLMENT", "learner_role"),
        ("Learner", "learner_role"),
        ("ObserverEnrollment", "observer_role"),
        ("user", "everybodys_role"),
        ("guest", "everybodys_role"),
        ("Account Admin", "outside_courses"),
        ("http://purl.imsglobal.org/vocab/lis/v2/institution/person#Staff", "outside_courses"),
        ("urn:lti:sysrole:ims/lis/SysAdmin", "outside_courses"),
        ("a,b", "unusable_role"),
        ("", "unusable_role"),
        ("a\nb", "unusable_role"),
        ("x" * 65, "unusable_role"),
    ],
)
def test_roles_of_learners_observers_everybody_and_the_site_are_refused(name: str, code: str | None) -> None:
    assert find_problem(name) == find_problem(name, "offered") == code


@pytest.mark.parametrize("means", ["trainer", "admin", "learner", ""])
def test_a_role_never_means_anything_else(means: str) -> None:
    assert find_problem("ementor", means) == "unknown"


def test_names_are_trimmed_and_rows_without_a_meaning_left_out() -> None:
    assert check_rules({" ementor ": "mentor", "tutor": ""}) == {"ementor": "mentor"}


def test_there_is_an_end_to_rules() -> None:
    with pytest.raises(InvalidInput):
        check_rules({f"role {number}": "mentor" for number in range(MAX_RULES + 1)})
