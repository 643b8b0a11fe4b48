"""The demo site as one object: course, people, histories, clock, faults, keys. One per app."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.clock import DemoClock, DemoStateError
from lti_tool.demo_lms.course import Course
from lti_tool.demo_lms.faults import Faults
from lti_tool.demo_lms.history import History, load_course
from lti_tool.demo_lms.people import ROLE_IDS, STAFF, Person
from lti_tool.demo_lms.placing import PlacedLinks
from lti_tool.demo_lms.platform import PlatformKeys, make_platform
from lti_tool.demo_lms.registrations import ToolRegistrations
from lti_tool.demo_lms.tickets import Tickets

EXTENSION = "demo_lms"


@dataclass
class DemoSite:
    """`outbox` = messages sent through the web service, oldest first."""

    base_url: str
    tool_url: str
    clock: DemoClock
    course: Course
    histories: dict[int, History]
    people: dict[int, Person]
    keys: PlatformKeys
    tools: ToolRegistrations
    placed: PlacedLinks
    faults: Faults = field(default_factory=Faults)
    launches: Tickets = field(default_factory=Tickets)
    outbox: list[dict[str, Any]] = field(default_factory=list)

    @property
    def guid(self) -> str:
        """The site's own id: stays the same each time the demo runs at this address."""
        return uuid.uuid5(uuid.NAMESPACE_URL, self.base_url).hex

    def url(self, path: str) -> str:
        return f"{self.base_url}{path}"

    def enrolled_learners(self) -> list[History]:
        """Learners who are registered today, in order of user id."""
        day = self.clock.known_day
        return [history for history in self.histories.values() if history.enrolled_on(day)]

    def find_learner(self, user_id: int) -> History | None:
        """None also for somebody who is not enrolled today."""
        history = self.histories.get(user_id)
        return history if history and history.enrolled_on(self.clock.known_day) else None

    def enrolled_people(self) -> list[Person]:
        """Staff of the course first, then learners, in order of user id."""
        staff = [person for person in STAFF if person.kind in ROLE_IDS]
        learners = [history.person for history in self.enrolled_learners()]
        return sorted([*staff, *learners], key=lambda person: person.user_id)

    def is_suspended(self, person: Person) -> bool:
        return person.user_id in self.faults.suspended_user_ids


def shorten(rows: list[Any], faults: Faults) -> list[Any]:
    """Half of the rows while the fault `short_roster` is on."""
    return rows[: len(rows) // 2] if faults.short_roster else rows


def build_site(
    state_dir: Path,
    base_url: str,
    tool_url: str,
    now: Callable[[], datetime],
    tool_jwks_url: str | None = None,
) -> DemoSite:
    """Raises DemoStateError when the state folder cannot be used."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoStateError(f"the state folder {state_dir} cannot be made: {error}") from error
    course, histories = load_course()
    platform = make_platform(base_url, tool_url, state_dir, tool_jwks_url)
    return DemoSite(
        base_url=base_url,
        tool_url=tool_url,
        clock=DemoClock(state_dir, course.length_days, now),
        course=course,
        histories=histories,
        people=_by_id([*STAFF, *(history.person for history in histories.values())]),
        keys=platform,
        tools=ToolRegistrations(platform),
        placed=PlacedLinks(state_dir),
    )


def _by_id(people: Iterable[Person]) -> dict[int, Person]:
    return {person.user_id: person for person in people}


def current_site() -> DemoSite:
    """The site of the running request."""
    site: DemoSite = current_app.extensions[EXTENSION]
    return site


def role_of(person: Person) -> dict[str, Any]:
    """The role entry of Moodle's roster."""
    return {"roleid": ROLE_IDS[person.kind], "name": "", "shortname": person.kind, "sortorder": 0}


COURSE_CONTEXT = {
    "id": str(constants.COURSE_ID),
    "label": constants.COURSE_SHORTNAME,
    "title": constants.COURSE_FULLNAME,
}
