import shutil
from pathlib import Path

import pandas as pd
import pytest

from mentor_console.flag_study.oulad import AUDIT_TABLE, TABLES, DataSetError, read_groups, read_presentations
from tests.unit.mentor_console.flag_study.excerpt import FOLDER, presentations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "data"))


def test_presentations_are_read_with_everything_of_their_learners() -> None:
    found = presentations()
    assert list(found) == ["AAA_2013J", "DDD_2014J"]
    assert {len(item.learners) for item in found.values()} == {67}
    aaa, ddd = found.values()
    assert aaa.daily_until is not None
    assert aaa.daily_until >= 56
    assert ddd.daily_until is None
    assert all(item.visit_days is None for item in ddd.learners)
    assert sum(bool(item.snapshots) for item in ddd.learners) > 40
    assert sum(len(item.submissions) for item in aaa.learners) + sum(
        len(item.submissions) for item in ddd.learners
    ) == len(pd.read_parquet(FOLDER / "submissions.parquet"))


@pytest.mark.parametrize("table", TABLES)
def test_a_missing_table_is_named(folder: Path, table: str) -> None:
    (folder / f"{table}.parquet").unlink()
    with pytest.raises(DataSetError, match=rf"{table}\.parquet is missing"):
        read_presentations(folder)


def test_a_missing_column_is_named(folder: Path) -> None:
    path = folder / "learners.parquet"
    pd.read_parquet(path).drop(columns="final_result").to_parquet(path)
    with pytest.raises(DataSetError, match=r"learners\.parquet lacks the column final_result"):
        read_presentations(folder)


def test_a_file_that_is_no_parquet_is_named(folder: Path) -> None:
    (folder / "courses.parquet").write_text("code_module,code_presentation\n")
    with pytest.raises(DataSetError, match=r"courses\.parquet cannot be read"):
        read_presentations(folder)


def test_no_folder_and_no_rows(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="no folder"):
        read_presentations(tmp_path / "nowhere")
    path = folder / "courses.parquet"
    pd.read_parquet(path).head(0).to_parquet(path)
    with pytest.raises(DataSetError, match="no rows"):
        read_presentations(folder)


def test_groups_are_optional(folder: Path) -> None:
    groups = read_groups(folder)
    assert len(groups) == 134
    assert all(set(row) == {"gender", "age_band", "disability", "imd_band"} for row in groups.values())
    (folder / f"{AUDIT_TABLE}.parquet").unlink()
    assert read_groups(folder) == {}
