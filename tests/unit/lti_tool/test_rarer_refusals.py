"""Refusals that no launch of the certification suite provokes."""

from __future__ import annotations

from typing import Any

import pytest

from course_sync import vocabulary as lti
from course_sync.models import REFUSED
from course_sync.registrations import Registration
from lti_tool.approvals import check_platform
from lti_tool.deep_linking import check_settings
from lti_tool.refusals import LaunchRefused

ISSUER = "https://lms.example"
RETURN = f"{ISSUER}/return"


def registration(status: str = "active") -> Registration:
    return Registration(1, 1, ISSUER, "c", ISSUER, ISSUER, ISSUER, frozenset({"1"}), status=status)


def test_a_platform_that_was_stopped() -> None:
    with pytest.raises(LaunchRefused) as caught:
        check_platform(registration(REFUSED))
    assert caught.value.code == "platform_stopped"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"accept_types": ["link", "html"]}, "placing_not_accepted"),
        ({"accept_types": "ltiResourceLink"}, "placing_malformed"),
        ({"data": ["x"]}, "placing_malformed"),
        ({"deep_link_return_url": "https://evil.example/return"}, "placing_return_foreign"),
        ({"deep_link_return_url": "http://lms.example/return"}, "placing_return_foreign"),
        ({"deep_link_return_url": "javascript:alert(1)"}, "placing_malformed"),
        ({"deep_link_return_url": ""}, "placing_malformed"),
    ],
)
def test_deep_linking_that_cannot_be_answered(changes: dict[str, Any], code: str) -> None:
    settings = {"accept_types": [lti.CONTENT_RESOURCE_LINK], "deep_link_return_url": RETURN}
    check_settings({lti.CLAIM_DEEP_LINKING_SETTINGS: settings}, registration())
    with pytest.raises(LaunchRefused) as caught:
        check_settings({lti.CLAIM_DEEP_LINKING_SETTINGS: settings | changes}, registration())
    assert caught.value.code == code
