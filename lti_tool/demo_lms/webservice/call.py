"""One web-service call: who calls, with which parameters; and the errors Moodle answers with HTTP 200."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.faults import Faults
from lti_tool.demo_lms.history import History
from lti_tool.demo_lms.people import SERVICE, Person
from lti_tool.demo_lms.site import DemoSite

CAPABILITY_TITLES = {
    "moodle/course:viewparticipants": "View participants",
    "report/progress:view": "View activity completion reports",
    "report/completion:view": "View course completion report",
    "gradereport/user:view": "View your own grade report",
    "moodle/grade:viewall": "View grades of other users",
    "mod/quiz:view": "View quiz information",
    "mod/quiz:viewreports": "View quiz reports",
    "mod/assign:view": "View assignment",
    "mod/assign:viewgrades": "View grades",
    "moodle/course:managegroups": "Manage groups",
    "moodle/course:enrolreview": "Review course enrolments",
    "moodle/site:sendmessage": "Send messages to any user",
}


class WsError(Exception):
    """An error in Moodle's form: class of the exception, code, message for a person."""

    def __init__(self, exception: str, errorcode: str, message: str) -> None:
        super().__init__(message)
        self.exception = exception
        self.errorcode = errorcode

    def to_json(self) -> dict[str, str]:
        return {"exception": self.exception, "errorcode": self.errorcode, "message": str(self)}


def moodle_error(errorcode: str, message: str) -> WsError:
    """Moodle's general exception."""
    return WsError("core\\exception\\moodle_exception", errorcode, message)


def access_denied() -> WsError:
    """Not the caller's to see."""
    return moodle_error("accessdenied", "Access denied")


def no_permission(capability: str) -> WsError:
    """Names the capability by its title, as Moodle does."""
    title = CAPABILITY_TITLES.get(capability, capability)
    return WsError(
        "core\\exception\\required_capability_exception",
        "nopermissions",
        f"Sorry, but you do not currently have permissions to do that ({title}).",
    )


def unknown_record(table: str) -> WsError:
    """There is no such row."""
    return WsError(
        "dml_missing_record_exception", "invalidrecord", f"Can't find data record in database table {table}."
    )


def invalid_parameter(detail: str) -> WsError:
    """The call itself is malformed."""
    return WsError(
        "core\\exception\\invalid_parameter_exception",
        "invalidparameter",
        f"Invalid parameter value detected ({detail})",
    )


def parse_params(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[0][b]=c` -> {"a": {"0": {"b": "c"}}}: PHP's brackets. `a[]` is numbered in order of appearance."""
    result: dict[str, Any] = {}
    for name, value in pairs:
        keys = [name.split("[", 1)[0], *re.findall(r"\[([^\]]*)\]", name)]
        place = result
        for key in keys[:-1]:
            inner = place.setdefault(key or str(len(place)), {})
            if not isinstance(inner, dict):
                raise invalid_parameter(f"{name} is given twice")
            place = inner
        place[keys[-1] or str(len(place))] = value
    return result


@dataclass(frozen=True)
class Call:
    """`caller` = owner of the token."""

    site: DemoSite
    caller: Person
    params: dict[str, Any]

    @property
    def faults(self) -> Faults:
        return self.site.faults

    @property
    def day(self) -> int:
        return self.site.clock.known_day

    @property
    def own_groups_only(self) -> bool:
        """The course has separate groups, and only the service user may see all of them."""
        return self.caller.kind != SERVICE or self.faults.lacks("moodle/site:accessallgroups") is not None

    def require(self, *capabilities: str) -> None:
        """Raises the error of the first capability that is missing."""
        lacking = self.faults.lacks(*capabilities)
        if lacking:
            raise no_permission(lacking)

    def require_course(self, course_id: int) -> None:
        if course_id != constants.COURSE_ID:
            raise unknown_record("course")
        if self.caller.kind == SERVICE and self.faults.lacks("moodle/course:view"):
            raise moodle_error(
                "errorcoursecontextnotvalid",
                f"You cannot execute functions in the course context (course id:{course_id}). "
                "The context error message was: Course or activity not accessible. (Not enrolled)",
            )

    def sees(self, person: Person) -> bool:
        """Whether separate groups let the caller see this person."""
        return not self.own_groups_only or bool(set(person.group_ids) & set(self.caller.group_ids))

    def visible_learner(self, user_id: int) -> History:
        """Raises accessdenied for somebody who is not enrolled today or is in another group."""
        history = self.site.find_learner(user_id)
        if history is None or not self.sees(history.person):
            raise access_denied()
        return history

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number; required when there is no default."""
        value = self.params.get(name)
        if value is None:
            if default is None:
                raise invalid_parameter(f"Missing required key in single structure: {name}")
            return default
        return _number(name, value)

    def numbers(self, name: str) -> list[int]:
        """Values of `name[0]=`, `name[1]=` ..., in order; empty when absent."""
        value = self.params.get(name, {})
        if not isinstance(value, dict):
            raise invalid_parameter(f"{name} must be a list")
        return [_number(name, item) for item in value.values()]

    def options(self) -> dict[str, str]:
        """`options[0][name]=x` with `options[0][value]=y` -> {x: y}."""
        rows = self.params.get("options", {})
        if not isinstance(rows, dict) or not all(
            isinstance(row, dict) and "name" in row for row in rows.values()
        ):
            raise invalid_parameter("options must be a list of name and value")
        return {row["name"]: row.get("value", "") for row in rows.values()}


def _number(name: str, value: Any) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,18}", value):
        raise invalid_parameter(f"{name} must be a whole number")
    return int(value)
