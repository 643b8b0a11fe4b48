"""Where a Moodle's web services are and with which token they are asked.

Tokens are opened by the composition root's function; a token never enters an error or a log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from course_sync.errors import PlatformRefused
from course_sync.models import Platform

OpenSecret = Callable[[str], str]


@dataclass(frozen=True)
class MoodleAccess:
    """One token at one site."""

    base_url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class OwnToken:
    """A token that a person gave of their own account, in plain values: the row may be erased at any time."""

    person_id: int
    external_id: str
    """The platform's id of the person."""
    sealed: str = field(repr=False)


def find_site_access(platform: Platform, open_secret: OpenSecret) -> MoodleAccess | None:
    """The access of the site's service user; None where none was given. Raises PlatformRefused."""
    if not platform.moodle_url or not platform.moodle_token_sealed:
        return None
    return MoodleAccess(platform.moodle_url, open_token(platform.moodle_token_sealed, open_secret))


def find_site_url(platform: Platform) -> str | None:
    """Where the web services of a platform are: as an admin said, else a Moodle's own name for itself."""
    return platform.moodle_url or (platform.issuer if platform.product == "moodle" else None)


def open_token(sealed: str, open_secret: OpenSecret) -> str:
    """What was sealed. Raises PlatformRefused where no listed key opens it."""
    try:
        return open_secret(sealed)
    except Exception:  # whatever the composition root raises for a key that is gone
        raise PlatformRefused("the stored token cannot be opened", code="token_unreadable") from None
