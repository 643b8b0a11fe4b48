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


def find_complaint(
    absent: Collection[Cell],
    known: Mapping[Cell, str | None],
    *,
    roster_believed: bool,
    last_read_at: datetime | None,
    now: datetime,
) -> PlatformAnswerInvalid | None:
    """Why the silence of this answer says nothing; None if who is not listed has handed in nothing.

    `known` holds the hand-in state of each cell as the database has it. A drop that lasts is believed in
    the end: the course was reset.
    """
    if not roster_believed:
        return PlatformAnswerInvalid(
            "the list of participants was not believed, so a missing hand-in says nothing",
            code="submissions_incomplete",
        )
    handed_in = {cell for cell, state in known.items() if state in _HANDED_IN}
    vanished = handed_in.intersection(absent)
    if len(vanished) < DROP_AT_LEAST or len(vanished) < len(handed_in) * DROP_SHARE:
        return None
    if last_read_at is not None and now - last_read_at > ACCEPT_DROP_AFTER:
        return None
    return PlatformAnswerInvalid(
        f"{len(vanished)} of {len(handed_in)} known hand-ins are missing from the list",
        code="submissions_incomplete",
    )
