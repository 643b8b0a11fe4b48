"""Reports over participants: English and French display text is read, everything else is refused in words."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from course_sync.errors import PlatformAnswerInvalid
from course_sync.facts import ReportRow, Roster, RosterMember
from course_sync.reports import match_rows
from course_sync.sources.moodle_report import (
    FUNCTION,
    Course,
    MoodleReport,
    parse_moment,
    parse_page,
    parse_share,
)

RECORDED = json.loads(
    (Path(__file__).parents[3] / "recorded" / "moodle" / f"{FUNCTION}.json").read_text("utf-8")
)
LONDON = ZoneInfo("Europe/London")
COURSE = Course(7, frozenset({"Facilitation", "EM101"}))
FRENCH = {
    "details": {"conditiondata": None},
    "data": {
        "headers": [
            "Nom complet du cours",
            "Adresse de courriel",
            "Dernier accès au cours",
            "Terminé",
            "Suivi des activités des participants",
        ],
        "rows": [
            {
                "columns": [
                    "Facilitation",
                    "A@example.invalid",
                    "samedi 21 novembre 2026, 19:46",
                    "Oui",
                    "85,7%",
                ]
            },
            {"columns": ["Facilitation", "b@example.invalid", "Jamais", "Non", "0,0%"]},
            {"columns": ["Autre cours", "a@example.invalid", "pas une date", "", ""]},
        ],
        "totalrowcount": 3,
    },
}


def row(**told: Any) -> ReportRow:
    empty = {
        "last_access_at": None,
        "access_known": False,
        "completed": None,
        "completed_at": None,
        "share": None,
    }
    return ReportRow(**{"email": "", "id_number": "", "username": "", **empty, **told})


def test_the_recorded_report_is_read() -> None:
    rows = {each.username: each for each in parse_page(RECORDED, COURSE, LONDON)}
    assert len(rows) == 63
    assert rows["student01"] == row(
        email="student01@example.invalid",
        id_number="SIS-S001",
        username="student01",
        last_access_at=datetime(2026, 11, 21, 19, 43, tzinfo=UTC),
        access_known=True,
        completed=True,
        completed_at=datetime(2026, 11, 21, 19, 32, tzinfo=UTC),
        share=1.0,
    )
    never = rows["student58"]
    assert (never.access_known, never.last_access_at, never.share) == (True, None, 0.0)


def test_a_french_report_over_several_courses_is_read_by_the_name_of_the_course() -> None:
    first, second = parse_page(FRENCH, COURSE, ZoneInfo("Europe/Paris"))
    assert first.last_access_at == datetime(2026, 11, 21, 18, 46, tzinfo=UTC)
    assert (first.email, first.completed, first.share) == ("a@example.invalid", True, pytest.approx(0.857))
    assert (second.access_known, second.last_access_at, second.completed) == (True, None, False)


def test_every_heading_of_the_french_language_pack_is_read() -> None:
    headers = ["Nom d’utilisateur", "Numéro d’identification", "Nom abrégé du cours"]
    columns = ["Ada", "N1", "EM101", "samedi 21 novembre 2026, 19:46"]
    data = {"headers": [*headers, "Horodatage de l’achèvement"], "rows": [{"columns": columns}]}
    (read,) = parse_page({"details": {}, "data": data}, COURSE, UTC)
    assert read == row(
        username="ada", id_number="N1", completed_at=datetime(2026, 11, 21, 19, 46, tzinfo=UTC)
    )


def test_a_report_over_other_courses_says_nothing() -> None:
    assert parse_page(RECORDED, Course(8, frozenset()), LONDON) == ()


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        (2, "Samstag, 21. November 2026, 19:46", "a cell of last access is no English or French date"),
        (2, "21/11/2026", "a cell of last access is no English or French date"),
        (2, "samedi 31 novembre 2026, 19:46", "a cell of last access is no date of the calendar"),
        (3, "Ja", "a cell of completed is neither yes nor no"),
        (4, "viel", "a cell of progress is no percentage"),
        (4, "101%", "a cell of progress is no percentage"),
    ],
)
def test_cells_of_another_form_are_refused_by_kind(column: int, cell: str, said: str) -> None:
    page = copy.deepcopy(FRENCH)
    page["data"]["rows"][0]["columns"][column] = cell  # type: ignore[index]
    with pytest.raises(PlatformAnswerInvalid, match=said) as caught:
        parse_page(page, COURSE, LONDON)
    assert caught.value.code == "report_not_understood"
    assert "example.invalid" not in caught.value.detail


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (["Kurs", "E-Mail-Adresse", "Letzter Zugriff", "Fertig", "Fortschritt"], "no column tells e-mail"),
        (["Nom complet du cours", "Email address", "a", "b", "c"], "no column tells last access"),
        (["x", "Email address", "Last access to course", "Completed", "Student progress"], "several courses"),
        (["x", "Email address", "Adresse de courriel", "Completed", "y"], "two columns mean the same"),
        (["Nom complet du cours", "Courriel", "Progression", "Achevé", "a"], "no column tells e-mail"),
    ],
)
def test_headers_that_are_not_understood_are_named(headers: list[str], said: str) -> None:
    page = copy.deepcopy(FRENCH)
    page["data"]["headers"] = headers  # type: ignore[index]
    with pytest.raises(PlatformAnswerInvalid, match=said):
        parse_page(page, COURSE, LONDON)


@pytest.mark.parametrize(
    "answer", [None, [], {"data": {}}, {"details": {}, "data": {"headers": ["a"], "rows": [1]}}]
)
def test_what_is_no_report_is_refused(answer: Any) -> None:
    with pytest.raises(PlatformAnswerInvalid) as caught:
        parse_page(answer, COURSE, LONDON)
    assert caught.value.code == "unknown_form"


@pytest.mark.parametrize(
    ("cell", "hour"),
    [
        ("Saturday, 21 November 2026, 12:05 AM", 0),
        ("Saturday, 21 November 2026, 12:05 PM", 12),
        ("21 November 2026, 7:05 pm", 19),
        ("samedi 21 novembre 2026, 07:05", 7),
        ("21 novembre 2026 à 07:05", 7),
    ],
)
def test_moments(cell: str, hour: int) -> None:
    assert parse_moment(cell, UTC, "x") == datetime(2026, 11, 21, hour, 5, tzinfo=UTC)


def test_shares() -> None:
    assert [parse_share(cell) for cell in ("100.0%", "85,7%", "7%", "")] == [1.0, 0.857, 0.07, None]


def test_all_pages_are_read() -> None:
    asked: list[int] = []

    class Client:
        def call_moodle(self, _url: str, _token: str, _function: str, params: dict[str, int]) -> Any:
            asked.append(params["page"])
            rows = [FRENCH["data"]["rows"][params["page"]]]  # type: ignore[index]
            return {**FRENCH, "data": {**FRENCH["data"], "rows": rows}}  # type: ignore[dict-item]

    report = MoodleReport(Client(), "https://m", "t", 1, LONDON)  # type: ignore[arg-type]
    told = report.fetch_rows(COURSE)
    assert told.problem is None
    assert [each.email for each in told.rows] == ["a@example.invalid", "b@example.invalid"]
    assert asked == [0, 1, 2]


MOODLE = Roster(
    "moodle", {"1": RosterMember("1", email="A@x.invalid"), "2": RosterMember("2", email="b@x.invalid")}
)
LTI = Roster(
    "lti", {"1": RosterMember("1", id_number="N1", username="Ada"), "2": RosterMember("2", id_number="N1")}
)


def test_rows_are_matched_by_what_both_tell_and_merged_over_groups() -> None:
    told = row(email="a@x.invalid", share=0.5)
    matched = match_rows([told, told, row(username="nobody", share=0.1)], [MOODLE, LTI])
    assert ({key: each.share for key, each in matched.by_person.items()}, matched.doubtful) == ({"1": 0.5}, 0)
    assert list(match_rows([row(username="ada")], [LTI]).by_person) == ["1"]


def test_rows_that_fit_several_or_contradict_each_other_are_not_used() -> None:
    shared = row(id_number="N1", share=0.5)
    crossed = row(email="b@x.invalid", username="ada")
    contradicting = [row(email="a@x.invalid", share=share) for share in (0.5, 0.6)]
    matched = match_rows([shared, crossed, *contradicting], [MOODLE, LTI])
    assert (matched.by_person, matched.doubtful) == ({}, 3)
