"""Words and dates: every code has its sentence, in the reader's language, zone and calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from flask_babel import Babel
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.paths import translations_folder
from mentor_console import (
    contacts,
    fact_wording,
    missing_words,
    moments,
    notices,
    own_facts,
    support_wording,
    wording,
)
from mentor_console.flags.findings import LEVEL_ORDER, Reason
from mentor_console.screens import KnownFact
from mentor_console.views import charts
from tests.unit.mentor_console import screen_samples as samples

NOW = samples.NOW


@contextmanager
def reading(locale: str = "en", zone: str = "Europe/Paris") -> Iterator[None]:
    """A page being made for a reader of this language and zone."""
    app = Flask("words")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(translations_folder())
    Babel(app, locale_selector=lambda: locale, timezone_selector=lambda: zone)
    with app.test_request_context():
        yield


@pytest.fixture
def english() -> Iterator[None]:
    with reading():
        yield


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en", "Tuesday 17 November"), ("fr", "mardi 17 novembre"), ("en_US", "Tuesday November 17")],
)
def test_a_day_is_named_as_the_reader_names_it(locale: str, words: str) -> None:
    with reading(locale):
        assert moments.day_words(date(2026, 11, 17), today=date(2026, 11, 21)) == words


def test_another_year_is_said(english: None) -> None:
    assert "2025" in moments.day_words(date(2025, 11, 17), today=date(2026, 11, 21))


@pytest.mark.parametrize(
    ("zone", "words"), [("Europe/Paris", "today"), ("Pacific/Auckland", "yesterday"), ("UTC", "today")]
)
def test_today_is_the_readers_today(zone: str, words: str) -> None:
    """20:30 in Paris is already tomorrow morning in Auckland, so the same moment was yesterday there."""
    evening = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    with reading(zone=zone):
        assert moments.past_words(evening, datetime(2026, 11, 20, 20, 0, tzinfo=UTC)) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "today"),
        (1, "yesterday"),
        (2, "2 days ago"),
        (60, "60 days ago"),
        (61, "21 September"),
        (-1, "22 November"),
    ],
)
def test_past_days_in_words(english: None, days: int, words: str) -> None:
    assert moments.past_words(NOW - timedelta(days=days), NOW) == words


def test_freshness_in_the_readers_zone() -> None:
    read_at = datetime(2026, 11, 21, 6, 40, tzinfo=UTC)
    with reading():
        assert moments.moment_words(read_at, NOW) == "07:40 today"
        assert moments.moment_words(read_at - timedelta(days=1), NOW) == "07:40 yesterday"
        assert moments.moment_words(read_at - timedelta(days=4), NOW) == "07:40 on Tuesday 17 November"
    with reading("fr", "America/Guadeloupe"):
        assert moments.moment_words(read_at, NOW) == "aujourd’hui à 02:40"


def test_summer_time_does_not_move_a_contact(english: None) -> None:
    """A local time is read in the zone as it was that day, not as it is now."""
    assert moments.parse_form_value("2026-07-01T14:30") == datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
    assert moments.parse_form_value("2026-11-01T14:30") == datetime(2026, 11, 1, 13, 30, tzinfo=UTC)


@given(
    st.integers(0, 3_000_000).map(
        lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    )
)
def test_the_form_gives_back_the_moment_it_was_given(moment: datetime) -> None:
    """To the minute; in the hour that a zone has twice, either of the two is right."""
    for zone in ("Europe/Paris", "Asia/Kolkata", "America/New_York"):
        with reading(zone=zone):
            back = moments.parse_form_value(moments.form_value(moment))
        assert back is not None
        lag = moment.replace(second=0, microsecond=0) - back
        assert lag in (timedelta(0), timedelta(hours=1))


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01T10:00", "0001-01-01T00:00", "9999-12-31T23:59:59", "\x00"]
)
def test_unreadable_moments_are_none_or_far_away_but_never_an_error(english: None, text: str) -> None:
    found = moments.parse_form_value(text)
    assert found is None or abs((found - NOW).days) > 1000


def test_every_code_has_words(english: None) -> None:
    assert set(wording.KINDS) == set(contacts.KINDS)
    assert set(wording.LEVELS) == set(LEVEL_ORDER)
    known = {
        wording.level_words: wording.LEVELS,
        wording.count_words: wording.LEVELS,
        wording.kind_words: (),
        wording.kind_hint: wording.KINDS,
        wording.channel_words: contacts.CHANNELS,
        wording.channel_phrase: contacts.CHANNELS,
        wording.outcome_words: contacts.OUTCOMES,
        wording.outcome_phrase: ("reached", "no_answer", "left_message"),
        wording.step_words: ("handed_in", "late", "unknown", "failed"),
        wording.rule_words_for_learner: ("silent", "missed_deadline"),
        wording.source_words: ("lti", "moodle"),
        missing_words.fact_kind_words: ("roster", "access", "structure", "submissions", "completion"),
    }
    for word_of, codes in known.items():
        words = [word_of(code) for code in codes]
        assert all(words), word_of.__name__
        assert len(set(words)) == len(codes)
        assert all(word != code for word, code in zip(words, codes, strict=True)), word_of.__name__


def test_an_unknown_code_is_shown_as_it_is(english: None) -> None:
    for word_of in (wording.level_words, wording.kind_words, wording.channel_words, wording.step_words):
        assert word_of("brand_new") == "brand_new"


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_every_fact_about_a_learner_has_its_sentence(locale: str) -> None:
    examples = {
        "at": NOW.isoformat(),
        "days": 3,
        "window_days": 28,
        "done": 1,
        "required": 2,
        "handed_in": 1,
        "expected": 4,
        "graded": 2,
        "posts": 2,
        "share": 0.85,
        "names": "group B",
        "count": 1,
        "name": "Ann",
        "email": "",
    }
    with reading(locale):
        for code, names in own_facts.FACT_CODES.items():
            for what in ("last_access", "active_days", "steps_done", "submissions", "posts", "enrolment"):
                values = {name: examples.get(name, what) for name in names}
                sentence = fact_wording.fact_sentence(KnownFact("x", Reason(code, values), "lti", NOW), NOW)
                assert sentence.endswith(".")
                assert not re.search(r"%\(|fact_|no longer in use", sentence)


def test_a_fact_says_where_it_comes_from(english: None) -> None:
    fact = KnownFact("groups", Reason("fact_never_opened"), "moodle", NOW - timedelta(hours=2))
    assert fact_wording.fact_origin(fact, NOW) == "From Moodle, the learning platform, as of 07:40 today."
    unknown = KnownFact("groups", Reason("fact_unknown", {"what": "enrolment"}), "", None)
    assert fact_wording.fact_origin(unknown, NOW) == ""


def test_only_our_own_codes_become_notices(english: None) -> None:
    assert notices.done_sentence("contact")
    assert notices.done_sentence("You won a prize") is None
    assert notices.problem_sentence("<b>") is None


def test_every_problem_of_the_contact_form_has_a_sentence_of_its_own(english: None) -> None:
    problems = (
        ("kind", "required"),
        ("channel", "unknown"),
        ("outcome", "required"),
        ("occurred_at", "required"),
        ("occurred_at", "invalid"),
        ("occurred_at", "in_future"),
        ("occurred_at", "too_old"),
        ("duration_minutes", "not_a_number"),
        ("duration_minutes", "out_of_range"),
        ("summary", "too_long"),
    )
    sentences = [notices.field_sentence(field, code) for field, code in problems]
    assert len(set(sentences)) == len(problems)
    assert notices.field_sentence("new_field", "odd") == "Please check this."


def test_the_learner_is_quoted_in_the_second_person(english: None) -> None:
    quote = wording.quote_for_learner((samples.flag(),), NOW)
    assert (
        quote
        == "Your last visit was on Monday 9 November; until then you were never away for more than 3 days."
    )
    assert wording.quote_for_learner((), NOW) is None


def test_evidence_points_at_the_step_or_at_the_weeks() -> None:
    assert wording.evidence_anchor(samples.MISSED) == "step-12"
    assert wording.evidence_anchor(samples.SILENT) == "activity"
    assert wording.evidence_anchor(Reason("fewer_steps", {"done": 3})) == "progress-title"


@pytest.mark.parametrize(("locale", "share"), [("en", "31%"), ("fr", "31 %")])
def test_numbers_in_the_readers_way(locale: str, share: str) -> None:
    with reading(locale):
        assert re.sub(r"\s", " ", wording.percent(0.307)) == share


def test_the_chart_in_words_has_the_numbers_of_the_chart(english: None) -> None:
    label = wording.weeks_label(samples.weeks(4, 5, 0))
    assert label == "Active days per week: 4, 5, 0. Middle of the class: 4, 4, 4."
    unwatched = [replace(week, is_whole=False) for week in samples.weeks(4, 5)]
    assert wording.weeks_label(unwatched) == "Active days per week: ≥ 4, ≥ 5. Middle of the class: ≥ 4, ≥ 4."


def test_chart_geometry() -> None:
    empty, one, seven = (charts.spark(samples.weeks(*days)) for days in ((), (0,), (0, 1, 2, 3, 4, 5, 7)))
    assert (empty.own, empty.last) == ("", None)
    assert len(one.own.split()) == 2
    heights = [float(point.split(",")[1]) for point in seven.own.split()]
    assert heights == sorted(heights, reverse=True)
    assert all(0 < height < seven.height for height in heights)
    assert len(charts.spark(samples.weeks(*[1] * 12)).own.split()) == 12


def test_the_bar_stays_inside() -> None:
    bar = charts.bar(samples.progress())
    assert (bar.done, bar.due, bar.median) == (30.8, 46.2, 55.8)


def test_days_with_a_trace_show_the_gaps_between_them(english: None) -> None:
    days = (date(2026, 10, 3), date(2026, 10, 10), date(2026, 10, 11))
    assert wording.trace_words(days, NOW) == "3 October, 10 October (7), 11 October (1)"
    assert wording.trace_words((), NOW) == ""


def test_alarms_rest_until_the_day_the_learner_named(english: None) -> None:
    midnight = datetime(2026, 11, 25, 23, tzinfo=UTC)  # Wednesday is over in Paris
    assert "until Wednesday 25 November," in support_wording.paused_words(midnight, NOW)
    assert "until Wednesday 25 November," in support_wording.paused_words(midnight - timedelta(hours=9), NOW)
    assert support_wording.paused_words(None, NOW) == ""
