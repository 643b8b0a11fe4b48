"""Testing the web services of one platform, for the admin's page and for the command line.

The tests themselves are course_sync.connection_check; the database is let go of while the platform is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from course_sync.connection_check import CheckReport, check_connection
from course_sync.connection_records import (
    KeptCheck,
    find_check,
    list_courses,
    make_target,
    record_check,
)
from course_sync.database import db
from course_sync.errors import PlatformRefused
from course_sync.models import Context, Platform
from course_sync.moodle_access import find_site_access
from lti_tool.rate_limits import Limit, count_use
from lti_tool.services import current_services

CHECKS = Limit("connection check", 6)
"""Of one platform: each makes some fifteen calls to it."""


class NothingToTest(PlatformRefused):
    """No web services were connected, or the stored token cannot be opened."""


@dataclass(frozen=True)
class ConnectionPanel:
    """What the admin's page shows of a connection's web services."""

    courses: tuple[Context, ...]
    """To try it on, the first by default."""
    check: KeptCheck | None
    """The newest test; None = never tested."""
    is_older: bool
    """The token was changed after that test."""


def find_connection(platform: Platform) -> ConnectionPanel | None:
    """None where no web services are connected."""
    if not platform.moodle_url:
        return None
    check = find_check(platform.id)
    connected_at = platform.moodle_connected_at
    is_older = bool(check and connected_at and check.checked_at < connected_at)
    return ConnectionPanel(tuple(list_courses(platform.id)), check, is_older)


def find_course(platform: Platform, context_id: int | None) -> Context | None:
    """The course of the platform with this id; without an id the first listed."""
    courses = list_courses(platform.id)
    if context_id is None:
        return courses[0] if courses else None
    return next((course for course in courses if course.id == context_id), None)


def run_check(platform: Platform, course: Context | None, real_now: datetime) -> CheckReport:
    """Test the connection on a course and keep the result. Raises NothingToTest, TooMany."""
    services = current_services()
    try:
        access = find_site_access(platform, services.sealer.open)
    except PlatformRefused as problem:
        raise NothingToTest(problem.detail, code=problem.code) from None
    if access is None:
        raise NothingToTest("no web services are connected", code="not_connected")
    target = make_target(platform, access, course)
    platform_id, context_id = platform.id, course.id if course else None
    count_use(CHECKS, str(platform_id), real_now)
    db.session.commit()
    report = check_connection(services.client, target)
    record_check(platform_id, context_id, report, real_now)
    return report
