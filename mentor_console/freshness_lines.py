"""What each page says of how fresh its facts are, as frozen values: readings, what is missing, what runs.

Made by freshness.py, part of the screens.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mentor_console.flags.unread import STALE


@dataclass(frozen=True)
class DataFreshness:
    """How fresh the facts of one course are, and what is wrong with their source if anything is."""

    as_of: datetime | None
    """Oldest of the kinds of facts that were ever read; None = never synced."""
    missing: tuple[MissingFact, ...] = ()
    running: SyncProgress | None = None
    unconnected: tuple[str, ...] = ()
    """Products ("" = unknown) of the platforms that tell no more than who is in the course."""
    by_own_accounts: bool = False
    """What is told comes by the accounts of single people, as far as those see."""
    own_refused_at: datetime | None = None
    """When Moodle refused the token of the reader's own account, in real time; None = it did not."""
    visits_at: datetime | None = None
    """When a list of the course's last visits was last read, of whomever it told."""

    @property
    def newest_at(self) -> datetime | None:
        """Up to when anything could have stood out; None = nothing was ever read."""
        return self.visits_at or self.as_of

    def is_old(self, now: datetime) -> bool:
        """Whether that was so long ago that a learner without a flag is not known to be fine."""
        return self.newest_at is not None and now - self.newest_at > STALE


@dataclass(frozen=True)
class MissingFact:
    """A kind of fact that could not be read at the last try; what was known before stays in use."""

    kind: str
    """roster | access | structure | submissions | grades | completion."""
    code: str
    as_of: datetime | None
    """When it was last read whole; None = never."""
    source: str = ""
    detail: str = ""
    """The platform's own words."""


@dataclass(frozen=True)
class SyncProgress:
    """A sync that runs right now."""

    steps_done: int
    steps_total: int
    started_at: datetime
    step: str = ""
