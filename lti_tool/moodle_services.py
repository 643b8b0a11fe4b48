"""The web services of a Moodle: where they are and with which token, sealed.

What is read with them is course_sync's; here an admin connects and disconnects them.
"""

from __future__ import annotations

from datetime import datetime

from course_sync.database import db
from course_sync.models import Platform
from course_sync.moodle_wire import may_be_token
from lti_tool.addresses import plain_address
from lti_tool.audit import note_of_platform
from lti_tool.registration import RegistrationInvalid, check_address, get_platform, hold_platform
from lti_tool.secrets import Sealer


def connect_moodle(
    platform_id: int,
    url: str,
    token: str,
    *,
    sealer: Sealer,
    allow_loopback: bool,
    now: datetime,
    actor_id: int | None = None,
) -> Platform:
    """Store where a Moodle's web services are, and their token, sealed. Audited; commits.

    Raises RegistrationInvalid.
    """
    platform = get_platform(platform_id)
    url = plain_address(url)
    check_address("moodle_url", url, allow_loopback)
    token = token.strip()
    if not may_be_token(token):
        raise RegistrationInvalid("token: a Moodle web-service token is 32 letters and digits")
    if platform.moodle_url != url.rstrip("/"):
        _drop_report(platform, now, actor_id)  # its number means another report elsewhere
    platform.moodle_url = url.rstrip("/")
    platform.moodle_token_sealed = sealer.seal(token)
    platform.moodle_connected_at = now
    note_of_platform("moodle_connected", platform, now, actor_id)
    db.session.commit()
    return platform


def disconnect_moodle(platform: Platform, now: datetime, *, actor_id: int | None = None) -> None:
    """Erase the web-service token, where it was good, and the report read with it; what was read stays.

    Audited if there was one; commits.
    """
    hold_platform(platform)  # of two clicks the second finds nothing to erase
    if platform.moodle_url is None and platform.moodle_token_sealed is None:
        db.session.commit()
        return
    platform.moodle_url = None
    platform.moodle_token_sealed = None
    platform.moodle_connected_at = None
    _drop_report(platform, now, actor_id)
    note_of_platform("moodle_disconnected", platform, now, actor_id)
    db.session.commit()


def _drop_report(platform: Platform, now: datetime, actor_id: int | None) -> None:
    """No report is read any more, if one was; noted, not committed."""
    if platform.moodle_report_id is not None:
        platform.moodle_report_id = None
        note_of_platform("report_dropped", platform, now, actor_id)
