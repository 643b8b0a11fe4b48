"""The errors of this package: one base, and one class per thing a person can do about it.

Every failure of a platform becomes a PlatformError at the client, so that nobody above handles HTTP.
"""

from __future__ import annotations


class CourseSyncError(Exception):
    """Base of all errors raised by course_sync."""


class PlatformError(CourseSyncError):
    """A platform did not give what was asked.

    `code` is short and stable (shown to admins, stored in sync history); `detail` is the platform's own
    words where it has any, never a token or a name.
    """

    code = "platform_error"
    retry_after_seconds: float | None = None
    """For so long the platform asks to be left alone; None = it asked nothing, or no more than we waited."""

    def __init__(self, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code:
            self.code = code


class PlatformUnreachable(PlatformError):
    """No answer: connection refused, time-out, reset, DNS."""

    code = "unreachable"


class PlatformRefused(PlatformError):
    """The platform answered that this is not allowed (token, capability, permission)."""

    code = "refused"


class PlatformAnswerInvalid(PlatformError):
    """An answer arrived and is not what the protocol says: HTML, broken JSON, half a page."""

    code = "invalid_answer"


class AddressRefused(PlatformError):
    """The address itself is not one this tool may call (scheme, private or loopback host)."""

    code = "address_refused"


HOPELESS = frozenset({"address_refused", "html_answer", "invalidtoken", "redirected"})
"""Codes of a PlatformError after which every further call to the same site would end the same way."""


class SyncBusy(CourseSyncError):
    """Another process is already syncing this context."""
