"""Sentences with two numbers in French: each pair reads right, whichever of the numbers is one or none."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

import pytest
from flask_babel import gettext, ngettext

from mentor_console import fact_wording, wording
from mentor_console.flags.findings import Reason
from mentor_console.screens import KnownFact, ProgressSummary
from tests.unit.mentor_console.screen_samples import NOW
from tests.unit.mentor_console.test_wording import reading

FEW, MANY = (0, 1, 2), (0, 1, 2, 12)
COUNTED = re.compile(r"(?<![\w,])(\d+) (?!sur |en |ou |derniers|novembre)(\w+)")
"""A number and the word it counts; "sur", "en" and "ou" count nothing, nor does a window or a date."""
SAME_IN_BOTH = {"cours", "fois"}


def _reason(code: str, audience: str = "mentor", **values: object) -> str:
    return wording.sentence(Reason(code, values), NOW, audience)  # type: ignore[arg-type]


def _fact(code: str, **values: object) -> str:
    return fact_wording.fact_sentence(KnownFact("", Reason(code, values), "", None), NOW)


def _progress(few: int, many: int) -> str:
    summary = ProgressSummary(
        done=few, required=many, due_by_now=few, cohort_median_done=few, steps=(), as_of=NOW, source="moodle"
    )
    return wording.done_words(summary)


def _missed(few: int, many: int, audience: str) -> str:
    values = {"name": "Essai", "due_at": NOW.isoformat(), "extended": False}
    return _reason("missed_deadline", audience, handed_in=few, expected=many, **values)


SENTENCES: dict[str, Callable[[int, int], str]] = {
    "progress": _progress,
    "own steps": lambda few, many: _fact("fact_steps_done", done=few, required=many),
    "own work": lambda few, many: _fact("fact_submissions", handed_in=few, expected=many),
    "own days": lambda few, many: _fact("fact_active_days", days=few, window_days=many),
    "required": lambda few, many: _reason("required_done", done=few, required=many),
    "own required": lambda few, many: _reason("required_done", "learner", done=few, required=many),
    "fewer steps": lambda few, many: _reason(
        "fewer_steps", due_done=few, due=many, done=few, cohort_done=many
    ),
    "own fewer steps": lambda few, many: _reason(
        "fewer_steps", "learner", due_done=few, due=many, done=few, cohort_done=many
    ),
    "missed": lambda few, many: _missed(few, many, "mentor"),
    "own missed": lambda few, many: _missed(few, many, "learner"),
    "points": lambda few, many: _reason("grades_below_cohort", graded=few, points=many),
    "coverage": lambda few, many: gettext(
        "Active learners with an e-mentor: %(covered)d of %(num)d (%(share)s).",
        covered=few,
        num=many,
        share="8 %",
    ),
    "listed": lambda few, many: gettext("%(shown)d of %(all)d learners are listed.", shown=few, all=many),
    "preview": lambda few, many: gettext("Of %(all)d learners; now it is %(now)d.", all=many, now=few),
}


def disagreements(sentence: str) -> list[str]:
    """Numbers whose word has the wrong form: in French nought and one are singular."""
    wrong = []
    for number, word in COUNTED.findall(sentence):
        is_plural = word[-1] in "sx"
        if word not in SAME_IN_BOTH and is_plural != (int(number) > 1):
            wrong.append(f"{number} {word}")
    return wrong


@pytest.mark.parametrize("name", SENTENCES)
def test_every_pair_of_numbers_reads_right(name: str) -> None:
    with reading("fr"):
        said = [SENTENCES[name](few, many) for few, many in product(FEW, MANY)]
    assert [(sentence, disagreements(sentence)) for sentence in said if disagreements(sentence)] == []


def test_a_word_that_follows_the_wrong_number_is_noticed() -> None:
    assert disagreements("1 étapes obligatoires faites sur 12.") == ["1 étapes"]
    assert disagreements("12 apprenant affiché, 0 autres") == ["12 apprenant", "0 autres"]
    assert disagreements("2 jours sur 12, 1 visite") == []


def test_a_single_count_follows_its_number() -> None:
    with reading("fr"):
        said = [ngettext("%(num)d learner", "%(num)d learners", number) for number in (0, 1, 2)]
    assert said == ["0 apprenant", "1 apprenant", "2 apprenants"]
