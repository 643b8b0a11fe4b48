"""Reading the Open University Learning Analytics Dataset (CC BY 4.0, doi:10.1038/sdata.2017.171) from a
folder of Parquet tables.

The only module that opens files. Outcomes are kept apart from what may be known on a day (histories.py).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

LEARNER = "id_" + "student"
"""The data set's word for its learners; we have one of our own."""
TABLES: dict[str, tuple[str, ...]] = {
    "courses": ("module_presentation_length",),
    "assessments": ("id_assessment", "assessment_type", "date"),
    "learners": (
        LEARNER,
        "date_registration",
        "date_unregistration",
        "final_result",
        "n_presentations_in_oulad",
    ),
    "submissions": (LEARNER, "id_assessment", "date_submitted", "score"),
    "vle_snapshots": (LEARNER, "day", "active_days"),
    "vle_daily": (LEARNER, "day"),
}
"""The columns read of each table, beside those that name the presentation."""
AUDIT_TABLE = "demographics_audit_only"
AUDIT_COLUMNS = ("gender", "age_band", "disability", "imd_band")
KEYS = ["code_module", "code_presentation"]


class DataSetError(Exception):
    """The folder cannot be used; the message says which table or column is missing."""


@dataclass(frozen=True)
class Assessment:
    """`due_day` counts from the official start of the course; None where the data set gives no date."""

    assessment_id: int
    kind: str
    due_day: int | None


@dataclass(frozen=True)
class Submission:
    """`score_percent` is None where none was recorded."""

    assessment_id: int
    day: int
    score_percent: float | None


@dataclass
class History:
    """One learner in one presentation. Days count from the official start; negative ones lie before.

    `result` and `unregistered_day` are outcomes: never to be read before their day. `snapshots`: cumulative
    active days by snapshot day. `visit_days` is None where the data set has no daily clicks.
    """

    learner_id: int
    registered_day: int | None
    unregistered_day: int | None
    result: str
    presentations: int
    submissions: list[Submission] = field(default_factory=list)
    snapshots: dict[int, int] = field(default_factory=dict)
    visit_days: list[int] | None = None


@dataclass(frozen=True)
class Presentation:
    """One course from start to end. `name`: "AAA_2013J"; `daily_until`: the last day of daily clicks."""

    name: str
    length_days: int
    assessments: tuple[Assessment, ...]
    learners: tuple[History, ...]
    daily_until: int | None


def read_presentations(folder: Path) -> list[Presentation]:
    """All presentations, by name. Raises DataSetError."""
    if not folder.is_dir():
        raise DataSetError(f"there is no folder {folder}")
    tables = {name: _read_table(folder, name, columns) for name, columns in TABLES.items()}
    courses = tables["courses"]
    if courses.empty:
        raise DataSetError("courses.parquet has no rows")
    lengths = zip(_names(courses), courses["module_presentation_length"], strict=True)
    assessments, histories = _read_assessments(tables["assessments"]), _read_learners(tables["learners"])
    _add_submissions(histories, tables["submissions"])
    _add_snapshots(histories, tables["vle_snapshots"])
    daily_until = _add_visits(histories, tables["vle_daily"])
    return [
        Presentation(
            name=name,
            length_days=int(length),
            assessments=tuple(assessments[name]),
            learners=tuple(histories[name].values()),
            daily_until=daily_until.get(name),
        )
        for name, length in sorted(lengths)
    ]


def read_groups(folder: Path) -> dict[tuple[str, int], dict[str, str]]:
    """Demographics by presentation and learner, for the audit alone; empty where the table is absent."""
    if not (folder / f"{AUDIT_TABLE}.parquet").exists():
        return {}
    table = _read_table(folder, AUDIT_TABLE, (LEARNER, *AUDIT_COLUMNS))
    groups = table[list(AUDIT_COLUMNS)].astype("string").fillna("unknown").to_dict("records")
    keys = zip(_names(table), table[LEARNER].tolist(), strict=True)
    return {
        key: {str(name): str(value) for name, value in row.items()}
        for key, row in zip(keys, groups, strict=True)
    }


def _read_table(folder: Path, name: str, columns: tuple[str, ...]) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    if not path.exists():
        raise DataSetError(f"{path.name} is missing from {folder}")
    try:
        table = pd.read_parquet(path)
    except Exception as problem:  # pyarrow raises many kinds for a file that is no Parquet
        raise DataSetError(f"{path.name} cannot be read as Parquet: {problem}") from problem
    missing = [column for column in (*KEYS, *columns) if column not in table.columns]
    if missing:
        raise DataSetError(f"{path.name} lacks the column {', '.join(missing)}")
    return table[[*KEYS, *columns]]


def _names(table: pd.DataFrame) -> list[str]:
    return (table["code_module"] + "_" + table["code_presentation"]).tolist()


def _whole(value: object) -> int | None:
    return None if pd.isna(value) else int(value)  # type: ignore[call-overload]


def _read_assessments(table: pd.DataFrame) -> dict[str, list[Assessment]]:
    found: dict[str, list[Assessment]] = defaultdict(list)
    rows = zip(_names(table), table["id_assessment"], table["assessment_type"], table["date"], strict=True)
    for name, assessment_id, kind, date in rows:
        found[name].append(Assessment(int(assessment_id), str(kind), _whole(date)))
    return found


def _read_learners(table: pd.DataFrame) -> dict[str, dict[int, History]]:
    found: dict[str, dict[int, History]] = defaultdict(dict)
    columns = [table[column].tolist() for column in TABLES["learners"]]
    for name, learner_id, registered, unregistered, result, count in zip(
        _names(table), *columns, strict=True
    ):
        history = History(int(learner_id), _whole(registered), _whole(unregistered), str(result), int(count))
        found[name][history.learner_id] = history
    return found


def _add_submissions(histories: dict[str, dict[int, History]], table: pd.DataFrame) -> None:
    columns = [table[column].tolist() for column in TABLES["submissions"]]
    for name, learner_id, assessment_id, day, score in zip(_names(table), *columns, strict=True):
        history = histories[name].get(learner_id)
        if history is not None:
            percent = None if pd.isna(score) else float(score)
            history.submissions.append(Submission(int(assessment_id), int(day), percent))


def _add_snapshots(histories: dict[str, dict[int, History]], table: pd.DataFrame) -> None:
    columns = [table[column].tolist() for column in TABLES["vle_snapshots"]]
    for name, learner_id, day, active_days in zip(_names(table), *columns, strict=True):
        history = histories[name].get(learner_id)
        if history is not None:
            history.snapshots[int(day)] = int(active_days)


def _add_visits(histories: dict[str, dict[int, History]], table: pd.DataFrame) -> dict[str, int]:
    """Fill in visit days, none for who never came; returns the last day known of each presentation."""
    seen = table.drop_duplicates()
    visits: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for name, learner_id, day in zip(_names(seen), seen[LEARNER].tolist(), seen["day"].tolist(), strict=True):
        visits[name][learner_id].append(day)
    for name, by_learner in visits.items():
        for history in histories[name].values():
            history.visit_days = sorted(by_learner.get(history.learner_id, ()))
    return {name: max(max(days) for days in by_learner.values()) for name, by_learner in visits.items()}
