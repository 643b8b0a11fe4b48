"""One evaluation of the rules: scores to a file, figures to a table. Composes the modules of this package.

The figures are of the presentations of one term, days 28 to 56; everything in the folder is scored.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mentor_console.flag_study import metrics
from mentor_console.flag_study.alert_load import AlertLoad, measure_alert_load
from mentor_console.flag_study.oulad import DataSetError, Presentation, read_groups, read_presentations
from mentor_console.flag_study.scoring import ScoredRow, score_presentation

TEST_TERM = "2014J"
"""The thresholds and weights were set on 2013B, 2013J and 2014B; this term they have not seen."""
FIGURE_DAYS = (28, 42, 56)
CARDS_PER_ROUND = (1, 2, 3)
COLUMNS = ("presentation", "student", "day", "prob14", "prob28", "probF", "probS")
BOOTSTRAP_ROUNDS, BOOTSTRAP_SEED = 200, 20_141
MIN_GROUP_LEARNERS = 50
"""Groups with fewer learners are left out of the audit: their rates are chance."""
IMD_MIDDLE = 50


@dataclass(frozen=True)
class Figure:
    """A value with its 95 % interval; nan where it cannot be measured."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupGap:
    """Shares of rows with an alarm of the two upper levels: the lowest and the highest group."""

    attribute: str
    outcome: str
    lowest: tuple[str, float]
    highest: tuple[str, float]

    @property
    def gap(self) -> float:
        """0-1."""
        return self.highest[1] - self.lowest[1]


@dataclass(frozen=True)
class Evaluation:
    """What the table prints. `levels`: rows and the share of these that do not complete, by level."""

    presentations: tuple[str, ...]
    learner_count: int
    row_count: int
    base_rates: Mapping[str, float]
    figures: tuple[Figure, ...]
    by_presentation: Mapping[str, float]
    levels: Mapping[str, tuple[int, float]]
    rules: Mapping[str, tuple[int, float]]
    alert_loads: tuple[AlertLoad, ...]
    gaps: tuple[GroupGap, ...]


def evaluate_rules(folder: Path, out: Path, term: str = TEST_TERM) -> Evaluation:
    """Score every presentation of the data set in `folder` into `out`, and measure those of `term`.

    Raises DataSetError, and OSError if `out` cannot be written.
    """
    presentations = read_presentations(folder)
    if not any(_term(presentation.name) == term for presentation in presentations):
        raise DataSetError(f"the data set has no presentation of {term}")
    rows = _score(presentations)
    write_scores(rows, out)
    return measure(rows, read_groups(folder), term)


def write_scores(rows: Iterable[ScoredRow], out: Path) -> None:
    """CSV with all COLUMNS; the rules claim nothing but the order, so only probF is filled."""
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow((row.presentation, row.learner_id, row.day, "", "", f"{row.prob_f:.9f}", ""))


def measure(
    rows: Sequence[ScoredRow], groups: Mapping[tuple[str, int], Mapping[str, str]], term: str
) -> Evaluation:
    """All figures of the rows of `term`."""
    of_term = [row for row in rows if _term(row.presentation) == term]
    shown = [row for row in of_term if row.day in FIGURE_DAYS]
    if not shown:
        raise DataSetError(f"nobody of {term} is still registered at day {FIGURE_DAYS[0]}")
    names = tuple(sorted({row.presentation for row in shown}))
    return Evaluation(
        presentations=names,
        learner_count=len({(row.presentation, row.learner_id) for row in shown}),
        row_count=len(shown),
        base_rates={
            "y28": _share(row.leaves_within_28 for row in shown),
            "yF": _share(row.not_completing for row in shown),
        },
        figures=tuple(_measure_figures(shown)),
        by_presentation={name: _auc([row for row in shown if row.presentation == name]) for name in names},
        levels=_count([(row.level or "none",) for row in shown], shown),
        rules=_count([row.rules for row in shown], shown),
        alert_loads=tuple(measure_alert_load(of_term, count) for count in CARDS_PER_ROUND),
        gaps=tuple(_measure_gaps(shown, groups)),
    )


def _score(presentations: Iterable[Presentation]) -> list[ScoredRow]:
    return [row for presentation in presentations for row in score_presentation(presentation)]


def _term(name: str) -> str:
    return name.rpartition("_")[2]


def _share(values: Iterable[bool]) -> float:
    known = list(values)
    return sum(known) / len(known) if known else float("nan")


def _measure_figures(rows: Sequence[ScoredRow]) -> Iterable[Figure]:
    scores = np.array([row.prob_f for row in rows])
    learners = [(row.presentation, row.learner_id) for row in rows]
    outcomes = {
        "y28": np.array([float(row.leaves_within_28) for row in rows]),
        "yF": np.array([float(row.not_completing) for row in rows]),
    }
    wanted: tuple[tuple[str, str, metrics.Metric], ...] = (
        ("y28 AUC", "y28", metrics.measure_roc_auc),
        ("y28 PR AUC", "y28", metrics.measure_pr_auc),
        ("yF AUC", "yF", metrics.measure_roc_auc),
        ("yF PR AUC", "yF", metrics.measure_pr_auc),
        ("yF precision in the top 10 %", "yF", metrics.measure_top_precision),
        ("yF ECE", "yF", metrics.measure_calibration_error),
    )
    for name, label, metric in wanted:
        value = metric(outcomes[label], scores, np.ones(len(rows)))
        interval = metrics.find_interval(
            metric, outcomes[label], scores, learners, BOOTSTRAP_ROUNDS, BOOTSTRAP_SEED
        )
        yield Figure(name, value, *interval)


def _auc(rows: Sequence[ScoredRow]) -> float:
    outcomes = np.array([float(row.not_completing) for row in rows])
    return metrics.measure_roc_auc(outcomes, np.array([row.prob_f for row in rows]), np.ones(len(rows)))


def _count(labels: Iterable[tuple[str, ...]], rows: Sequence[ScoredRow]) -> dict[str, tuple[int, float]]:
    seen: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for names, row in zip(labels, rows, strict=True):
        seen.update(names)
        failed.update(names if row.not_completing else ())
    return {name: (seen[name], failed[name] / seen[name]) for name in sorted(seen)}


def _measure_gaps(
    rows: Sequence[ScoredRow], groups: Mapping[tuple[str, int], Mapping[str, str]]
) -> Iterable[GroupGap]:
    known = [
        (row, groups[row.presentation, row.learner_id])
        for row in rows
        if (row.presentation, row.learner_id) in groups
    ]
    for attribute in sorted({name for _, values in known for name in values}):
        for outcome, wanted in (("all", None), ("completing", False), ("not completing", True)):
            flagged: dict[str, list[bool]] = {}
            for row, values in known:
                if wanted is None or row.not_completing == wanted:
                    group = _coarsen(attribute, values[attribute])
                    flagged.setdefault(group, []).append(row.level in ("act", "week"))
            rates = [
                (group, _share(flags))
                for group, flags in sorted(flagged.items())
                if group != "unknown" and len(flags) >= MIN_GROUP_LEARNERS * len(FIGURE_DAYS)
            ]
            if len(rates) > 1:
                by_rate = sorted(rates, key=lambda item: item[1])
                yield GroupGap(attribute, outcome, by_rate[0], by_rate[-1])


def _coarsen(attribute: str, value: str) -> str:
    """Ten bands of deprivation as two halves."""
    if attribute != "imd_band":
        return value
    start = value.partition("-")[0].strip("%<> ")
    if not start.isdecimal():
        return "unknown"
    return "more deprived half" if int(start) < IMD_MIDDLE else "less deprived half"
