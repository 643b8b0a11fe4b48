"""How long to wait before a host is asked again: what it asks for itself, and where it does not, by chance.

Pure: headers and numbers in, seconds out.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LOW_REMAINING = 50.0
"""Canvas lets a client spend some 700 units and gives back ten in a second; below this it is asked slower."""
_GIVEN_BACK_PER_SECOND = 10.0


def asked_wait_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """What `Retry-After` asks for, as seconds or as a date (RFC 9110, 10.2.3); None where it asks nothing."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def rest_seconds(headers: Mapping[str, str]) -> float:
    """How long to leave a host alone that says how little it has left for us (`X-Rate-Limit-Remaining`)."""
    try:
        left = float(headers.get("X-Rate-Limit-Remaining", ""))
    except ValueError:
        return 0.0
    if not left < LOW_REMAINING:  # also what is no number at all
        return 0.0
    return (LOW_REMAINING - max(0.0, left)) / _GIVEN_BACK_PER_SECOND


def backoff_seconds(base_seconds: float, attempt: int) -> float:
    """Wait after an attempt that failed, counted from 1: any time up to a doubling bound.

    Full jitter: those who failed together do not come back together.
    """
    return random.uniform(0.0, base_seconds * 2 ** (attempt - 1))
