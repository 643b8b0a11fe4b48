"""Whether a list of hand-ins can be believed where it is silent: absence alone undoes no known hand-in.

Pure. Moodle leaves out learners whom the service user may not see, without an error; then "not listed" says
nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from course_sync.errors import PlatformAnswerInvalid
from course_sync.rosters import ACCEPT_DROP_AFTER, DROP_AT_LEAST, DROP_SHARE

Cell = tuple[int, int]
NOTHING = ("none", None)
_HANDED_IN = frozenset({"submitted", "draft"})


@dataclass(frozen=True, slots=True)
class HandInCells:
    """What one answer tells: cells of those it lists, and the cells it is silent about.

    `by_team`: listed cells that have what the team has; who of the team did it is not told.
    """

    listed: Mapping[Cell, tuple[Any, ...]]
    absent: frozenset[Cell]
    by_team: frozenset[Cell] = frozenset()


def count_vanished(absent: Collection[Cell], known: Mapping[Cell, str | None]) -> tuple[int, int]:
    """(how many known hand-ins the answer is silent about, how many are known)."""
    handed_in = {cell for cell, state in known.items() if state in _HANDED_IN}
    return len(handed_in.intersection(absent)), len(handed_in)


def find_complaint(
    vanished: int,
    handed_in: int,
    *,
    roster_believed: bool,
    last_read_at: datetime | None,
    now: datetime,
) -> PlatformAnswerInvalid | None:
    """Why the silence of this answer says nothing; None if who is not listed has handed in nothing.

    Of `handed_in` known hand-ins, `vanished` are not listed. A drop that lasts is believed in the end: the
    course was reset.
    """
    if not roster_believed:
        return PlatformAnswerInvalid(
            "the list of participants was not believed, so a missing hand-in says nothing",
            code="submissions_incomplete",
        )
    if vanished < DROP_AT_LEAST or vanished < handed_in * DROP_SHARE:
        return None
    if last_read_at is not None and now - last_read_at > ACCEPT_DROP_AFTER:
        return None
    return PlatformAnswerInvalid(
        f"{vanished} of {handed_in} known hand-ins are missing from the list",
        code="submissions_incomplete",
    )
