"""The table of an evaluation, as plain text for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator

from mentor_console.flag_study.evaluation import FIGURE_DAYS, Evaluation

LEVELS = ("act", "week", "watch", "praise", "none")


def format_report(evaluation: Evaluation) -> str:
    """Lines with a newline between them, none at the end."""
    return "\n".join(
        (
            *_head(evaluation),
            *_figures(evaluation),
            *_shares(
                "level", {name: evaluation.levels[name] for name in LEVELS if name in evaluation.levels}
            ),
            *_shares("rule", dict(evaluation.rules)),
            *_loads(evaluation),
            *_gaps(evaluation),
        )
    )


def _head(evaluation: Evaluation) -> Iterator[str]:
    yield f"Rules on {', '.join(evaluation.presentations)}, end of days {', '.join(map(str, FIGURE_DAYS))}"
    yield f"{evaluation.learner_count} learners, {evaluation.row_count} rows"
    rates = evaluation.base_rates
    yield f"base rates: y28 {rates['y28']:.1%}, yF {rates['yF']:.1%}"


def _figures(evaluation: Evaluation) -> Iterator[str]:
    yield ""
    yield f"{'figure':<32}{'value':>8}   95 % interval"
    for figure in evaluation.figures:
        yield f"{figure.name:<32}{figure.value:>8.3f}   {figure.low:.3f} - {figure.high:.3f}"
    for name, value in evaluation.by_presentation.items():
        yield f"{'yF AUC ' + name:<32}{value:>8.3f}"


def _shares(title: str, counts: dict[str, tuple[int, float]]) -> Iterator[str]:
    yield ""
    yield f"{title:<20}{'rows':>8}{'do not complete':>18}"
    for name, (count, share) in counts.items():
        yield f"{name:<20}{count:>8}{share:>18.1%}"


def _loads(evaluation: Evaluation) -> Iterator[str]:
    yield ""
    yield "new cards per 25 learners and round   raised   complete   reached   median lead"
    for load in evaluation.alert_loads:
        lead = "-" if load.median_lead_days is None else f"{load.median_lead_days:.0f} days"
        yield (
            f"{load.cards_per_round:<36}{load.raised:>8}{_percent(load.false_share):>11}"
            f"{_percent(load.reached_share):>10}{lead:>14}"
        )


def _gaps(evaluation: Evaluation) -> Iterator[str]:
    yield ""
    if not evaluation.gaps:
        yield "No groups to compare: demographics are absent or the groups too small."
        return
    yield "alarms (act, week) by group, lowest and highest; for the audit only, no rule reads these"
    for gap in evaluation.gaps:
        low, high = (f"{name} {share:.1%}" for name, share in (gap.lowest, gap.highest))
        yield f"{gap.attribute:<12}{gap.outcome:<16}{gap.gap:>6.3f}   {low}, {high}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
