"""Make the demo's data file from a folder of OULAD tables (parquet). Needs the extra `train`.

    python scripts/make_demo_data.py FOLDER [--out FILE]

An unselected, seeded sample of registrations of one presentation; see docs/demo-data.md. Demographics and
final results are never read.
"""

import argparse
import gzip
import json
import random
from pathlib import Path
from typing import Any

import pandas as pd
from demo_names import ascii_slug, draw_people

MODULE, PRESENTATION = "BBB", "2013B"
SEED = 2013
SAMPLE_SIZE = 300
DEFAULT_OUT = Path(__file__).parents[1] / "lti_tool" / "demo_lms" / "data" / "oulad_bbb_2013b_300.json.gz"
SOURCE = (
    "Open University Learning Analytics Dataset, CC BY 4.0. Kuzilek J., Hlosta M., Zdrahal Z. (2017), "
    "Scientific Data 4:170171, doi:10.1038/sdata.2017.171. Changes: sampled and reshaped; names invented."
)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """The rows of one presentation of one table."""
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise SystemExit(f"{path} is missing: give the folder that holds the OULAD tables")
    table = pd.read_parquet(path)
    chosen = table[(table.code_module == MODULE) & (table.code_presentation == PRESENTATION)]
    if chosen.empty:
        raise SystemExit(f"{path} has no rows of {MODULE}_{PRESENTATION}")
    return chosen


def sample_registrations(learners: pd.DataFrame) -> pd.DataFrame:
    """SAMPLE_SIZE registrations in random order, whatever became of them."""
    chosen = random.Random(SEED).sample(sorted(learners.id_student.tolist()), SAMPLE_SIZE)
    return learners.set_index("id_student").loc[chosen]


def day_or_none(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def assessment_rows(assessments: pd.DataFrame) -> list[dict[str, Any]]:
    """Assessments in order of deadline; the examination has no date and comes last."""
    ordered = assessments.sort_values(["date", "id_assessment"])
    return [
        {
            "oulad_id": int(row.id_assessment),
            "kind": row.assessment_type,
            "day": day_or_none(row.date),
            "weight": float(row.weight),
        }
        for row in ordered.itertuples()
    ]


def submission_rows(submissions: pd.DataFrame, order: dict[int, int]) -> list[list[Any]]:
    """[assessment index, day, score or None, 1 when carried over from an earlier presentation]."""
    rows = [
        [order[row.id_assessment], int(row.date_submitted), day_or_none(row.score), int(row.is_banked)]
        for row in submissions.itertuples()
    ]
    return sorted(rows)


def visit_rows(visits: pd.DataFrame, types: list[str]) -> list[list[int]]:
    """One list a day: [day, type, clicks, resources, type, clicks, resources, ...]."""
    rows: dict[int, list[int]] = {}
    for row in visits.sort_values(["day", "activity_type"]).itertuples():
        rows.setdefault(int(row.day), [int(row.day)]).extend(
            [types.index(row.activity_type), int(row.clicks), int(row.resources)]
        )
    return list(rows.values())


def build(folder: Path) -> dict[str, Any]:
    learners = sample_registrations(read_table(folder, "learners"))
    assessments = assessment_rows(read_table(folder, "assessments"))
    order = {row["oulad_id"]: index for index, row in enumerate(assessments)}
    visits = read_table(folder, "vle_daily")
    types = sorted(visits.activity_type.unique())
    visits_of = dict(list(visits.groupby("id_student")))
    submissions_of = dict(list(read_table(folder, "submissions").groupby("id_student")))
    people = draw_people(SAMPLE_SIZE, random.Random(SEED + 1))
    rows = []
    for (oulad_id, learner), (first_name, last_name, language) in zip(
        learners.iterrows(), people, strict=True
    ):
        rows.append(
            {
                "oulad_id": int(oulad_id),
                "first_name": first_name,
                "last_name": last_name,
                "username": f"{ascii_slug(first_name)}.{ascii_slug(last_name)}",
                "language": language,
                "registered_day": day_or_none(learner.date_registration),
                "unregistered_day": day_or_none(learner.date_unregistration),
                "submissions": submission_rows(submissions_of[oulad_id], order)
                if oulad_id in submissions_of
                else [],
                "visits": visit_rows(visits_of[oulad_id], types) if oulad_id in visits_of else [],
            }
        )
    length = int(read_table(folder, "courses").module_presentation_length.iloc[0])
    return {
        "source": SOURCE,
        "presentation": f"{MODULE}_{PRESENTATION}",
        "seed": SEED,
        "length_days": length,
        "visit_types": types,
        "assessments": assessments,
        "learners": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    arguments = parser.parse_args()
    text = json.dumps(build(arguments.folder), ensure_ascii=False, separators=(",", ":"))
    # mtime=0: the same input gives the same bytes
    arguments.out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
