"""What fell due after the last reading is unknown: neither missed nor behind."""

import pytest

from mentor_console.flags.facts import WorkFacts
from tests.unit.mentor_console.flags.builders import (
    assess,
    assignment,
    at,
    found,
    group,
    handed_in,
    learner,
    nothing,
)

OTHERS = group(12, work=(handed_in(1),))


def judged(work: WorkFacts, day: float) -> bool:
    """Whether the deadline of day 30 is flagged as missed on `day`."""
    person = learner(range(61), work=(work,))
    return (
        found(assess(person, day, activities=[assignment(1)], others=OTHERS), "missed_deadline") is not None
    )


@pytest.mark.parametrize(
    ("read_on", "flagged"),
    [
        (None, True),
        (33, True),
        (29.5, False),
        (30, False),
        (30.5, False),  # within the grace: it may have come in since
        (31.5, True),
    ],
)
def test_a_miss_is_one_only_where_it_was_read_after_the_grace(read_on: float | None, flagged: bool) -> None:
    read_at = None if read_on is None else at(read_on)
    assert judged(nothing(1, read_at=read_at), 33) is flagged


def test_an_unread_deadline_counts_as_unknown_and_not_as_due() -> None:
    known = assess(learner(range(61), work=(nothing(1),)), 33, activities=[assignment(1)], others=OTHERS)
    unread = learner(range(61), work=(nothing(1, read_at=at(29)),))
    unknown = assess(unread, 33, activities=[assignment(1)], others=OTHERS)
    assert (known.indicators.due_count, known.indicators.unknown_deadline_count) == (1, 0)
    assert (unknown.indicators.due_count, unknown.indicators.unknown_deadline_count) == (0, 1)


def test_a_step_without_a_hand_in_is_unknown_likewise() -> None:
    page = assignment(1, module="page", accepts_submission=False)
    work = nothing(1, read_at=at(29), submission_known=False)
    assert assess(learner(range(61), work=(work,)), 33, activities=[page]).indicators.due_count == 0


def test_what_was_handed_in_is_known_however_old_the_reading() -> None:
    assert not judged(handed_in(1, read_at=at(29)), 33)
    assert (
        assess(
            learner(range(61), work=(handed_in(1, read_at=at(29)),)), 33, activities=[assignment(1)]
        ).indicators.done_count
        == 1
    )
