"""The figures behind a learner's reasons, as frozen lines: numbers only, no words.

Counted in evidence.py, named in evidence_wording.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class EvidenceLine:
    """One figure of the rules. Numbers only; evidence_wording.py names them by `code`."""

    code: str
    own: int | float | None = None
    """None = not known, or only the class's figure says anything."""
    cohort: int | float | None = None
    """As the reasons say it: half of the class has so many or more (of silence: or fewer)."""
    of: int | None = None
    """What `own` or, of hand-ins, `cohort` is a part of; of windows their days."""
    name: str = ""
    """Of the activity."""
    on: date | None = None


@dataclass(frozen=True)
class Evidence:
    """The figures behind a learner's reasons, as the rules counted them at `measured_at`."""

    measured_at: datetime
    lines: tuple[EvidenceLine, ...]
