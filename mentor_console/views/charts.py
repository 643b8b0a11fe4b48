"""Geometry of the small charts: numbers in, SVG coordinates out. No words, no colours.

Coordinates are attributes in the markup, since the content security policy forbids inline styles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mentor_console.screens import ProgressSummary, WeekActivity

_LEAST_DAYS_SHOWN = 3
"""The scale reaches to here even where nobody comes as often, so that one day never looks like a summit."""
_MARGIN = 4.0
_STEP = 26.0
"""Width of a week on the small chart: seven of them fill it."""


@dataclass(frozen=True)
class Spark:
    """A line of weeks against a dashed line of the class, in a box of `width` x `height`."""

    width: int
    height: int
    own: str
    """`points` of the learner's line; "" without weeks."""
    cohort: str
    last: tuple[float, float] | None
    """Where the learner's line ends."""


@dataclass(frozen=True)
class Bar:
    """Progress in hundredths of the whole way, 0-100."""

    done: float
    due: float
    median: float


def spark(weeks: Sequence[WeekActivity], *, height: int = 44) -> Spark:
    """Chart of active days a week against the middle of the class, both on one scale."""
    width = int(2 * _MARGIN + _STEP * max(len(weeks) - 1, 6))
    days = [(week.own_days, week.cohort_median_days) for week in weeks]
    most = max((max(pair) for pair in days), default=0)
    scale = (height - 7) / max(most, _LEAST_DAYS_SHOWN)
    own = _points([one for one, _ in days], height, scale)
    cohort = _points([middle for _, middle in days], height, scale)
    return Spark(width, height, _joined(own), _joined(cohort), own[-1] if weeks else None)


def bar(progress: ProgressSummary) -> Bar:
    """Shares of the required steps. An empty course gives an empty bar."""
    return Bar(
        done=_hundredths(progress.done, progress.required),
        due=_hundredths(progress.due_by_now, progress.required),
        median=_hundredths(progress.cohort_median_done, progress.required),
    )


def _points(days: Sequence[float], height: int, scale: float) -> list[tuple[float, float]]:
    """One point a week; a single week becomes a short level line."""
    values = [*days, *days] if len(days) == 1 else list(days)
    return [
        (round(_MARGIN + _STEP * index, 1), round(height - 3 - scale * value, 1))
        for index, value in enumerate(values)
    ]


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _hundredths(part: float, whole: int) -> float:
    return round(100 * min(max(part / whole, 0.0), 1.0), 1) if whole else 0.0
