"""Read the shipped histories (OULAD, CC BY 4.0) into frozen records. Day 0 is the first day of the course.

Nothing is derived here: see completion.py for the one rule and history.py for what is known on a given day.
"""

import gzip
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

DATA_FILE = Path(__file__).parent / "data" / "oulad_bbb_2013b_300.json.gz"


@dataclass(frozen=True)
class Assessment:
    """One TMA (tutor-marked), CMA (computer-marked) or Exam; `day` None: no date is published."""

    oulad_id: int
    kind: str
    day: int | None
    weight: float


@dataclass(frozen=True)
class Submission:
    """`day` as recorded in OULAD; `score` 0-100, None when never marked."""

    assessment: int
    day: int
    score: int | None
    banked: bool


@dataclass(frozen=True)
class Visit:
    """What one learner did on one day in one type of activity; `resources` = different pages opened."""

    day: int
    kind: str
    clicks: int
    resources: int


@dataclass(frozen=True)
class LearnerRecord:
    """One registration. `registered_day` None: not recorded; `unregistered_day` None: stayed to the end."""

    oulad_id: int
    first_name: str
    last_name: str
    username: str
    language: str
    registered_day: int | None
    unregistered_day: int | None
    submissions: tuple[Submission, ...]
    visits: tuple[Visit, ...]


@dataclass(frozen=True)
class Dataset:
    """The whole file. `seed` = of the draw that chose these learners."""

    source: str
    presentation: str
    seed: int
    length_days: int
    assessments: tuple[Assessment, ...]
    learners: tuple[LearnerRecord, ...]


def _visits(rows: list[list[int]], kinds: list[str]) -> tuple[Visit, ...]:
    return tuple(
        Visit(row[0], kinds[row[at]], row[at + 1], row[at + 2])
        for row in rows
        for at in range(1, len(row), 3)
    )


def _learner(row: dict[str, Any], kinds: list[str]) -> LearnerRecord:
    submissions = tuple(
        Submission(at, day, score, bool(banked)) for at, day, score, banked in row["submissions"]
    )
    kept = {
        name: row[name] for name in LearnerRecord.__annotations__ if name not in {"submissions", "visits"}
    }
    return LearnerRecord(**kept, submissions=submissions, visits=_visits(row["visits"], kinds))


@lru_cache(maxsize=1)
def load_dataset(path: Path = DATA_FILE) -> Dataset:
    """Read once per process (about 0.1 s)."""
    raw = json.loads(gzip.decompress(path.read_bytes()))
    return Dataset(
        source=raw["source"],
        presentation=raw["presentation"],
        seed=raw["seed"],
        length_days=raw["length_days"],
        assessments=tuple(Assessment(**row) for row in raw["assessments"]),
        learners=tuple(_learner(row, raw["visit_types"]) for row in raw["learners"]),
    )
