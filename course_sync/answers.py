"""One HTTP answer of a platform and what it means: JSON, or which PlatformError.

Pure; knows no HTTP library.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course_sync.errors import PlatformAnswerInvalid, PlatformError, PlatformRefused, PlatformUnreachable
from course_sync.moodle_wire import safe_code

MAX_REASON_BYTES = 4096


@dataclass(frozen=True)
class Answer:
    """Status, headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def worth_retrying(self) -> bool:
        """Whether the same question may be answered in a moment."""
        return self.is_throttled or self.status >= 500

    @property
    def is_throttled(self) -> bool:
        """Whether we asked too much; an older Canvas says so with 403."""
        return self.status == 429 or (
            self.status == 403 and b"rate limit exceeded" in self.body[:200].lower()
        )


def parse_json(answer: Answer, *, accept_error_status: bool = False) -> Any:
    """The JSON document of an answer. Raises PlatformError for an error status or anything else than JSON."""
    if answer.status >= 400 and not accept_error_status:
        raise status_error(answer) or PlatformAnswerInvalid()
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):  # the second: lists in lists without end
        pass
    error = status_error(answer)
    if error:
        raise error
    if answer.body.lstrip()[:1] == b"<" or "html" in answer.headers.get("Content-Type", ""):
        raise PlatformAnswerInvalid(
            "the platform answered with a web page instead of data", code="html_answer"
        )
    raise PlatformAnswerInvalid("the answer is broken off or not JSON", code="broken_json")


def status_error(answer: Answer) -> PlatformError | None:
    """The error a status means; None below 400."""
    status = answer.status
    if status < 400:
        return None
    code, detail = f"http_{status}", f"the platform answered with status {status}"
    if answer.is_throttled:
        return PlatformUnreachable(detail, code="http_429")
    if status in (401, 403):
        return PlatformRefused(detail, code=code)
    if answer.worth_retrying:
        return PlatformUnreachable(detail, code=code)
    return PlatformAnswerInvalid(detail, code=code)


def raise_if_refused(answer: Answer) -> None:
    """Raises PlatformRefused with the reason in plain words, where a registration was not accepted.

    RFC 7591 (3.2.2) gives it as JSON; Moodle writes one word, Canvas a list of errors.
    """
    if 400 <= answer.status < 500:
        raise PlatformRefused(_reason_of(answer), code=f"http_{answer.status}")


def _reason_of(answer: Answer) -> str:
    """At most 300 characters of the platform's reason; "" for a web page or none."""
    text = answer.body[:MAX_REASON_BYTES].decode("utf-8", "replace").strip()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None if text.startswith("<") else text
    if isinstance(document, dict):
        names = ("error_description", "message", "reason", "error", "errors")
        document = next((document[name] for name in names if document.get(name)), "")
    words = document if isinstance(document, str) else json.dumps(document) if document else ""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:300]


def raise_token_refused(answer: Answer, document: Any) -> None:
    """Raises PlatformRefused with the reason an OAuth 2 error answer gives (RFC 6749, 5.2)."""
    fields = document if isinstance(document, dict) else {}
    code = safe_code(fields.get("error") or f"http_{answer.status}")
    raise PlatformRefused(str(fields.get("error_description") or "")[:300], code=code)
