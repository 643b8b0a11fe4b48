import csv
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.cli import main
from mentor_console.flag_study.evaluation import COLUMNS, evaluate_rules
from mentor_console.flag_study.oulad import DataSetError
from mentor_console.flag_study.report import format_report
from mentor_console.flag_study.scoring import score_presentation, to_share
from mentor_console.flags.ranking import urgency
from tests.unit.mentor_console.flag_study.excerpt import FOLDER, judge, presentations


@given(st.floats(-20, 70), st.floats(-20, 70))
def test_the_share_keeps_the_order(one: float, other: float) -> None:
    assert 0 < to_share(one) < 1
    if one < other:
        assert to_share(one) <= to_share(other)
    if one + 1e-6 < other:
        assert to_share(one) < to_share(other)


def test_rows_are_what_today_would_say() -> None:
    rows = [row for row in score_presentation(presentations()["AAA_2013J"]) if row.day == 42]
    judged = judge("AAA_2013J", 42)
    assert len(rows) > 50
    for row in rows:
        assert row.urgency == urgency(judged[row.learner_id])
        assert row.rules == tuple(finding.rule for finding in judged[row.learner_id].findings)


def test_only_learners_of_one_presentation_are_scored_and_those_who_left_are_not() -> None:
    presentation = presentations()["DDD_2014J"]
    several = {item.learner_id for item in presentation.learners if item.presentations > 1}
    left = {item.learner_id: item.unregistered_day for item in presentation.learners}
    rows = list(score_presentation(presentation))
    assert several
    assert not several & {row.learner_id for row in rows}
    assert all(left[row.learner_id] is None or left[row.learner_id] > row.day for row in rows)
    assert {row.day for row in rows} == {14, 28, 42, 56}


def test_the_file_has_all_columns_and_claims_only_the_order(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    evaluation = evaluate_rules(FOLDER, out, "2014J")
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert {row["presentation"] for row in rows} == {"AAA_2013J", "DDD_2014J"}
    assert all(row["prob14"] == row["prob28"] == row["probS"] == "" for row in rows)
    assert all(0 < float(row["probF"]) < 1 for row in rows)
    assert evaluation.presentations == ("DDD_2014J",)
    auc = next(figure for figure in evaluation.figures if figure.name == "yF AUC")
    assert auc.low <= auc.value <= auc.high
    assert auc.value > 0.6


def test_the_report_says_every_figure() -> None:
    from mentor_console.flag_study.evaluation import measure

    rows = [row for item in presentations().values() for row in score_presentation(item)]
    report = format_report(measure(rows, {}, "2013J"))
    for words in ("y28 AUC", "yF AUC AAA_2013J", "yF ECE", "act", "grades_falling", "No groups to compare"):
        assert words in report
    assert "DDD" not in report


def test_a_term_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataSetError, match="no presentation of 2015B"):
        evaluate_rules(FOLDER, tmp_path / "out.csv", "2015B")


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["flags", "evaluate", *map(str, arguments)])
    return result.exit_code, result.output


def test_the_command_writes_and_prints(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    code, output = run("--rules", "--data", FOLDER, "--out", out)
    assert code == 0, output
    assert "yF AUC" in output
    assert "gender" not in output or "for the audit only" in output
    assert out.exists()


def test_what_cannot_be_done_is_said_in_one_sentence(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    code, output = run("--data", FOLDER, "--out", out)
    assert (code, "Say what to evaluate: --rules" in output) == (2, True)
    code, output = run("--rules", "--data", tmp_path / "nowhere", "--out", out)
    assert (code, "does not exist" in output) == (2, True)
    broken = shutil.copytree(FOLDER, tmp_path / "broken")
    (broken / "submissions.parquet").unlink()
    code, output = run("--rules", "--data", broken, "--out", out)
    assert code == 1
    assert "The data cannot be used: submissions.parquet is missing" in output
    code, output = run("--rules", "--data", FOLDER, "--out", tmp_path / "none" / "scores.csv")
    assert (code, "cannot be written" in output) == (1, True)


def test_without_the_extra_the_command_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mentor_console.flag_study.evaluation", None)
    code, output = run("--rules", "--data", FOLDER, "--out", tmp_path / "scores.csv")
    assert code == 1
    assert "ementor[train]" in output
