"""How Moodle's REST web services are spoken: parameters as form fields, errors inside answers.

Pure functions; Moodle answers errors with HTTP 200 and an object that has `exception`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from course_sync.errors import PlatformAnswerInvalid, PlatformError, PlatformRefused

REST_PATH = "/webservice/rest/server.php"

_REFUSALS = frozenset(
    {
        "accessdenied",
        "accessexception",
        "cannotviewprofile",
        "cannotviewreport",
        "errorcoursecontextnotvalid",
        "forbiddenwsuser",
        "invalidtoken",
        "nopermission",
        "nopermissions",
        "notingroup",
        "requireloginerror",
        "servicenotavailable",
        "servicerequireslogin",
        "usernotenrolled",
        "wsaccessuserdeleted",
        "wsaccessusersuspended",
        "wsaccessuserunconfirmed",
    }
)
"""Error codes that mean "not allowed" rather than "not understood"."""
_DETAIL_LENGTH = 300


def may_be_token(text: str) -> bool:
    """Whether a text has the form of a web-service token."""
    return 16 <= len(text) <= 256 and text.isascii() and text.isalnum()


def form_fields(token: str, function: str, params: Mapping[str, Any]) -> dict[str, str]:
    """Fields of one call. Lists and objects become `a[0][b]`; True and False become 1 and 0."""
    fields = {"wstoken": token, "wsfunction": function, "moodlewsrestformat": "json"}
    fields.update(_flatten(params))
    return fields


def _flatten(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in params.items():
        name = f"{prefix}[{key}]" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from _flatten(value, name)
        elif isinstance(value, list | tuple):
            yield from _flatten({str(index): item for index, item in enumerate(value)}, name)
        else:
            yield name, str(int(value)) if isinstance(value, bool) else str(value)


def find_error(answer: Any, token: str) -> PlatformError | None:
    """The error an answer carries, in Moodle's words without the token; None if it is a result."""
    if not isinstance(answer, dict) or "exception" not in answer:
        return None
    code = safe_code(answer.get("errorcode") or "exception")
    detail = str(answer.get("message") or "").replace(token, "…")[:_DETAIL_LENGTH]
    refused = code in _REFUSALS or "capability" in str(answer["exception"])
    return PlatformRefused(detail, code=code) if refused else PlatformAnswerInvalid(detail, code=code)


def safe_code(value: Any) -> str:
    """A platform's own code, safe to store and show: short, lower case, no odd characters."""
    return re.sub(r"[^a-z0-9_./-]", "_", str(value).lower())[:64] or "unknown"
