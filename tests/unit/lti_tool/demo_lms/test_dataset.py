"""The shipped histories are the real ones: counts taken from the open tables by other means."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest

from lti_tool.demo_lms.completion import content_days
from lti_tool.demo_lms.course import Course
from lti_tool.demo_lms.dataset import DATA_FILE, Dataset, load_dataset
from lti_tool.demo_lms.history import History, build_histories


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset()


@pytest.fixture(scope="module")
def histories(dataset: Dataset) -> list[History]:
    return list(build_histories(dataset, Course(dataset)).values())


def test_the_file_is_small_and_says_where_it_is_from(dataset: Dataset) -> None:
    assert DATA_FILE.stat().st_size < 400_000
    assert "CC BY 4.0" in dataset.source
    assert "Kuzilek" in dataset.source
    note = (DATA_FILE.parent / "README.md").read_text(encoding="utf-8")
    assert "Attribution 4.0" in note
    assert "10.1038/sdata.2017.171" in note


def test_three_hundred_different_registrations(dataset: Dataset) -> None:
    assert dataset.presentation == "BBB_2013B"
    assert len({row.oulad_id for row in dataset.learners}) == len(dataset.learners) == 300


def test_totals_equal_those_of_the_open_tables(dataset: Dataset) -> None:
    """Sums over the same 300 registrations in the tables themselves."""
    rows = dataset.learners
    assert sum(row.unregistered_day is not None for row in rows) == 65
    assert sum(row.unregistered_day is not None and row.unregistered_day <= 57 for row in rows) == 38
    assert sum(len(row.submissions) for row in rows) == 2063
    assert sum(hand_in.banked for row in rows for hand_in in row.submissions) == 4
    assert sum(hand_in.score or 0 for row in rows for hand_in in row.submissions) == 163_878
    assert sum(visit.clicks for row in rows for visit in row.visits) == 245_395
    assert sum(len({visit.day for visit in row.visits}) for row in rows) == 13_973
    assert sum(not row.visits for row in rows) == 28


def test_clicks_by_kind(dataset: Dataset) -> None:
    clicks: Counter[str] = Counter()
    for row in dataset.learners:
        for visit in row.visits:
            clicks[visit.kind] += visit.clicks
    assert clicks == {
        "forumng": 149_009,
        "homepage": 52_423,
        "quiz": 17_142,
        "subpage": 14_262,
        "resource": 8_255,
        "url": 3_479,
        "glossary": 348,
        "oucontent": 242,
        "ouelluminate": 229,
        "sharedsubpage": 6,
    }


def test_assessments_are_those_of_the_presentation(dataset: Dataset) -> None:
    dated = [(row.kind, row.day, row.weight) for row in dataset.assessments]
    assert dated[:3] == [("TMA", 19, 5.0), ("TMA", 47, 18.0), ("CMA", 54, 1.0)]
    assert Counter(kind for kind, _, _ in dated) == {"TMA": 6, "CMA": 5, "Exam": 1}


def test_nothing_personal_beyond_invented_names(dataset: Dataset) -> None:
    fields = set(type(dataset.learners[0]).__annotations__)
    assert not fields & {"gender", "age_band", "disability", "imd_band", "region", "final_result"}


def test_names_are_many_kinds_of_names(dataset: Dataset) -> None:
    names = [f"{row.first_name} {row.last_name}" for row in dataset.learners]
    assert len(set(names)) == 300
    assert len({row.username for row in dataset.learners}) == 300
    assert all(row.username.replace(".", "").isascii() for row in dataset.learners)
    plain = [name for name in names if unicodedata.normalize("NFKD", name).isascii()]
    assert 50 < len(plain) < 250
    assert any("’" in name for name in names)
    assert {"fr", "en", "pl", "ar", "pt", "vi"} <= {row.language for row in dataset.learners}


def test_completions_come_from_real_work(dataset: Dataset, histories: list[History]) -> None:
    for record, history in zip(dataset.learners, histories, strict=True):
        working_days = set(dict(content_days(record.visits)))
        handed_in = set(history.hand_ins)
        steps = {cmid: day for cmid, (day, _) in history.completed.items() if cmid not in handed_in}
        assert set(steps.values()) <= working_days


def test_every_submission_is_kept_with_its_score(dataset: Dataset, histories: list[History]) -> None:
    for record, history in zip(dataset.learners, histories, strict=True):
        kept = {row.activity.assessment: row.score for row in history.hand_ins.values()}
        # the examination has no date and no activity
        wanted = {
            row.assessment: row.score for row in record.submissions if dataset.assessments[row.assessment].day
        }
        assert kept == wanted


def test_assignments_keep_the_recorded_day(dataset: Dataset, histories: list[History]) -> None:
    for record, history in zip(dataset.learners, histories, strict=True):
        days = {row.assessment: row.day for row in record.submissions}
        for hand_in in history.hand_ins.values():
            assert hand_in.activity.assessment is not None
            if hand_in.activity.modname == "assign":
                assert hand_in.day == days[hand_in.activity.assessment]


def test_enrolment_on_and_around_the_day_of_leaving(histories: list[History]) -> None:
    leaver = next(row for row in histories if row.unregistered_day and row.unregistered_day > 57)
    day = leaver.unregistered_day or 0
    assert [leaver.enrolled_on(at) for at in (day - 1, day, day + 1)] == [True, False, False]


def test_enrolment_begins_with_registration(histories: list[History]) -> None:
    late = max(histories, key=lambda row: row.registered_day or -999)
    assert late.registered_day is not None
    assert [late.enrolled_on(late.registered_day + step) for step in (-1, 0)] == [False, True]
