"""Facts that could not be read: grouped by cause, each with a true cause, a remedy and the words given."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mentor_console import missing_words
from mentor_console.freshness_lines import MissingFact
from tests.unit.mentor_console import screen_samples as samples
from tests.unit.mentor_console.test_wording import reading


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with reading():
        yield


@pytest.mark.parametrize(
    ("code", "detail", "cause", "remedy"),
    [
        ("unreachable", "", "did not answer", "next update"),
        ("timeout", "", "did not answer", "next update"),
        ("http_503", "", "out of order", "next update"),
        ("http_429", "", "too busy", "next update"),
        ("http_403", "", "refused", "permissions"),
        ("html_answer", "", "cannot be read", "next update"),
        ("empty_roster", "", "not believed", "moodle/site:accessallgroups"),
        (
            "roster_incomplete",
            "as without moodle/user:viewdetails",
            "not believed",
            "moodle/user:viewdetails",
        ),
        ("submissions_incomplete", "", "not believed", "moodle/site:accessallgroups"),
        ("invalidtoken", "", "no longer valid", "connect-moodle"),
        ("own_token_refused", "", "own account", "Whoever gave it"),
        ("owner_not_in_course", "", "own account", "enrolled in the course"),
        ("grades_of_some", "", "at each update, in turn", "group of your learners"),
        ("questions_left", "", "only so many questions", "Nothing is lost"),
        ("unread_by_accounts", "4", "4 learners of this course are seen by none", "gives a token"),
        ("no_roster_service", "", "no list of members", "names and roles"),
        ("notingroup", "", "refused", "moodle/site:accessallgroups"),
        ("nopermissions", "Sorry (Review course enrolments).", "refused", "“moodle/course:enrolreview”"),
        ("nopermissions", "Désolé (Consulter).", "refused", "moodle/course:viewparticipants, moodle/user"),
        ("accessexception", "Access control exception", "refused", "core_enrol_get_enrolled_users"),
        ("certificate", "", "certificate", "admin"),
        ("circuit_open", "", "left alone", "“Update now” does not wait"),
        ("cancelled", "stopped by somebody", "stopped on request", "Nothing is lost"),
        ("run_too_long", "", "longer than half an hour", "Nothing is lost"),
        ("invalidrecord", "Can't find data record", "does not find this course", "stays as it was"),
        ("http_404", "", "does not find this course", "open this tool from the new course"),
    ],
)
def test_each_code_names_its_cause_and_remedy(code: str, detail: str, cause: str, remedy: str) -> None:
    (group,) = missing_words.group_missing([MissingFact("roster", code, None, "moodle", detail)])
    assert cause in missing_words.cause_sentence(group)
    assert remedy in missing_words.remedy_sentence(group)


def test_one_outage_is_one_entry() -> None:
    facts = [
        MissingFact(kind, "http_503", samples.NOW, "moodle", "status 503")
        for kind in ("roster", "access", "grades")
    ]
    (group,) = missing_words.group_missing(facts)
    assert missing_words.headline(group) == "Not up to date: the list of members, last visits, grades."


def test_two_sources_and_two_refusals_stay_apart() -> None:
    facts = [
        MissingFact("roster", "timeout", samples.NOW, "lti"),
        MissingFact("roster", "timeout", samples.NOW, "moodle"),
        MissingFact("grades", "nopermissions", samples.NOW, "moodle", "View your own grade report"),
        MissingFact("completion", "nopermissions", samples.NOW, "moodle", "Course not accessible"),
    ]
    groups = missing_words.group_missing(facts)
    assert [group.detail for group in groups] == [
        "",
        "",
        "View your own grade report",
        "Course not accessible",
    ]
    assert "over LTI" in missing_words.headline(groups[0])


def test_the_oldest_reading_speaks_for_the_group_and_never_for_what_was_never_read() -> None:
    old = samples.NOW - timedelta(days=2)
    facts = [MissingFact("roster", "timeout", samples.NOW), MissingFact("access", "unreachable", old)]
    assert missing_words.group_missing(facts)[0].as_of == old
    assert missing_words.group_missing([*facts, MissingFact("grades", "timeout", None)])[0].as_of is None


def test_what_lti_never_tells_is_named_with_who_can_turn_it_on() -> None:
    assert missing_words.unconnected_headline() == (
        "Not known here: last visits, activities and due dates, hand-ins, grades, completed activities, "
        "extended deadlines."
    )
    assert "An admin of your organisation" in missing_words.unconnected_remedy("moodle")
    assert missing_words.unconnected_remedy("") == missing_words.unconnected_remedy("moodle")
    assert "Nobody can turn it on" in missing_words.unconnected_remedy("canvas")
