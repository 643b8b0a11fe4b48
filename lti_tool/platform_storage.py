"""Where a browser without cookies keeps a login's secret: with the platform's page (LTI postMessage Storage).

The messages themselves are sent by static/platform_storage.js; here is where to and under which name.
"""

from __future__ import annotations

from dataclasses import dataclass

from course_sync.registrations import Registration
from lti_tool.addresses import origin_of

MAX_TARGET_CHARS = 255


@dataclass(frozen=True)
class StorageSlot:
    """One secret's place at the platform."""

    target: str
    """Name of the frame that keeps it; `_parent` = the page around ours."""
    origin: str
    """The only origin that is told and believed: that of the platform's authorisation address."""
    key: str


def slot_of(target: str | None, registration: Registration, state_hash: str) -> StorageSlot | None:
    """The place of the login with this state; None where the platform offers none."""
    if not target:
        return None
    return StorageSlot(target, origin_of(registration.auth_login_url), f"ementor-login-{state_hash[:24]}")
