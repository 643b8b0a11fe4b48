"""`ementor flags`: what the rules are worth, measured on a public data set. Needs no database and no setting.

The study itself is mentor_console.flag_study, which needs the extra `train` and is imported only here, when a
command runs.
"""

from __future__ import annotations

from pathlib import Path

import click

NEEDS_TRAIN = "This command needs the extra `train`: pip install 'ementor[train]'"


@click.group()
def flags() -> None:
    """The rules that raise flags."""


@flags.command("evaluate")
@click.option("--rules", is_flag=True, help="Evaluate the rules, ordered as Today orders them.")
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the OULAD tables as Parquet files.",
)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="CSV file to write."
)
@click.option("--term", default="2014J", show_default=True, help="The term that the table measures.")
def evaluate(rules: bool, data: Path, out: Path, term: str) -> None:
    """Score every learner of a data set at days 14, 28, 42 and 56, and print what the scores are worth."""
    if not rules:
        raise click.UsageError("Say what to evaluate: --rules")
    try:
        from mentor_console.flag_study.evaluation import evaluate_rules
        from mentor_console.flag_study.oulad import DataSetError
        from mentor_console.flag_study.report import format_report
    except ImportError as problem:
        raise click.ClickException(f"{NEEDS_TRAIN} ({problem.name} is missing)") from problem
    try:
        evaluation = evaluate_rules(data, out, term)
    except DataSetError as problem:
        raise click.ClickException(f"The data cannot be used: {problem}.") from problem
    except OSError as problem:
        raise click.ClickException(f"{out} cannot be written: {problem.strerror or problem}.") from problem
    click.echo(format_report(evaluation))
    click.echo(f"\nScores of all presentations: {out}")
