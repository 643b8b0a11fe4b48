import re
from io import BytesIO
from pathlib import Path
from typing import Any, get_args

import pytest
from babel.messages.extract import extract

from mentor_console.flags import explanation, sentences_visits, sentences_work, words
from mentor_console.flags.explanation import KNOWN_CODES, explain, explain_standing
from mentor_console.flags.findings import Finding, Level, Reason, SupportKind
from mentor_console.flags.known_facts import list_known_facts
from mentor_console.flags.rules import RULES
from mentor_console.flags.standing import WATCHED, Standing
from mentor_console.flags.words import Audience, name_action, name_kind, name_level, name_rule
from tests.unit.mentor_console.flags.builders import (
    WORDS,
    assess,
    assignment,
    group,
    handed_in,
    learner,
    nothing,
)

MISSED: dict[str, Any] = {
    "activity_id": 7,
    "name": "Essay",
    "due_at": "2026-11-18T23:59:00+00:00",
    "extended": False,
}
VISIT = {"last_visit_at": "2026-11-09T10:00:00+00:00"}

SENTENCES: list[tuple[Reason, str, str]] = [
    (
        Reason("silent_unlike_before", {**VISIT, "days": 12, "longest_gap_days": 3}),
        "No visit for 12 days; until now never more than 3.",
        "Your last visit was on 2026-11-09; until then you were never away for more than 3 days.",
    ),
    (
        Reason("silent_long", {"last_visit_at": "2026-11-09", "days": 1}),
        "No visit for 1 day; the last one was on 2026-11-09.",
        "Your last visit was on 2026-11-09.",
    ),
    (
        Reason("silent_after_hand_in", {"handed_in_at": VISIT["last_visit_at"], "days": 8}),
        "No visit for 8 days; none is known at all, only work handed in on 2026-11-09.",
        "No visit of yours is known, only work you handed in on 2026-11-09.",
    ),
    (
        Reason("silent_since_start", {**VISIT, "days": 8}),
        "No visit since the course began 8 days ago; the last one was before, on 2026-11-09.",
        "Your last visit was on 2026-11-09, before the course began.",
    ),
    (
        Reason("silent_since_enrolment", {**VISIT, "days": 8}),
        "No visit since the enrolment 8 days ago; the last one was before, on 2026-11-09.",
        "Your last visit was on 2026-11-09, before your enrolment.",
    ),
    (
        Reason("never_opened", {"days": 6, "started_on": "2026-09-07"}),
        "Never opened the course; it began 6 days ago.",
        "You have not opened the course yet; it began on 2026-09-07.",
    ),
    (
        Reason("never_opened_since_enrolment", {"days": 1, "started_on": "2026-09-07"}),
        "Never opened the course; the enrolment began 1 day ago.",
        "You have not opened the course yet; your enrolment began on 2026-09-07.",
    ),
    (
        Reason("missed_deadline", {**MISSED, "handed_in": 41, "expected": 48}),
        "“Essay” was due on 2026-11-18 and is not handed in; of 48 asked for, 41 came in.",
        "You have not handed in “Essay”, due on 2026-11-18; of 48 asked for, 41 came in.",
    ),
    (
        Reason("missed_deadline", {**MISSED, "handed_in": None, "expected": None}),
        "“Essay” was due on 2026-11-18 and is not handed in.",
        "You have not handed in “Essay”, due on 2026-11-18.",
    ),
    (
        Reason("missed_deadline", {**MISSED, "extended": True, "handed_in": 41, "expected": 48}),
        "“Essay” was due, after an extension, on 2026-11-18 and is not handed in.",
        "You have not handed in “Essay”, due on 2026-11-18 after your extension.",
    ),
    (
        Reason("clears_with_hand_in", {"activity_id": 7, "name": "100 % essay"}),
        "It clears when “100 % essay” is handed in, or with an extension.",
        "This goes away when you hand in “100 % essay”, or with an extension.",
    ),
    (
        Reason("clears_with_visit"),
        "It clears with a visit.",
        "This goes away with your next visit.",
    ),
    (
        Reason("clears_with_opening"),
        "It clears with the first visit.",
        "This goes away with your first visit.",
    ),
    (
        Reason("silent_at_least", {"days": 14}),
        "No visit for at least 14 days.",
        "No visit of yours is known from the last 14 days.",
    ),
    (
        Reason("pause_left_out", {"until": "2026-10-17"}),
        "The agreed absence until 2026-10-17 is not counted.",
        "The agreed absence until 2026-10-17 is not counted.",
    ),
    (
        Reason("less_active_than_cohort", {"days": 3, "window_days": 28, "cohort_days": 12}),
        "Active on 3 of the last 28 days; half of the learners of this course on 12 or more.",
        "You were active on 3 of the last 28 days; half of the learners of this course on 12 or more.",
    ),
    (
        Reason("slowed_down", {"days": 4, "earlier_days": 14, "window_days": 14}),
        "Active on 4 of the last 14 days, after 14 in the same time before.",
        "You were active on 4 of the last 14 days, after 14 in the same time before.",
    ),
    (
        Reason("clears_with_more_activity"),
        "It clears with more active days.",
        "This goes away when you are active on more days.",
    ),
    (
        Reason("fewer_steps", {"done": 4, "cohort_done": 8, "due": 9, "due_done": 4}),
        "Required activities done, of those due by now: 4 of 9; 4 in all, where half of the learners of this "
        "course have 8 or more.",
        "You have done 4 of the 9 required activities due by now, and 4 in all; half of the learners of this "
        "course have done 8 or more.",
    ),
    (
        Reason("clears_with_steps", {"done": 6}),
        "It clears when 6 required activities are done, if the others stand still.",
        "This goes away when you have done 6 required activities.",
    ),
    (
        Reason(
            "grade_below_cohort",
            {"activity_id": 7, "name": "100 % essay", "score_percent": 40, "cohort_percent": 70},
        ),
        "40% in “100 % essay”; half of the learners of this course have 70% or more.",
        "You have 40% in “100 % essay”; half of the learners of this course have 70% or more.",
    ),
    (
        Reason("grades_below_cohort", {"graded": 2, "points": 25}),
        "Over 2 graded activities, the results lie on average 25 points below the middle of this course.",
        "Over 2 graded activities, your results lie on average 25 points below the middle of this course.",
    ),
    (
        Reason(
            "grade_fell",
            {"activity_id": 7, "name": "Essay", "score_percent": 50, "usual_percent": 95, "graded": 3},
        ),
        "50% in “Essay”, after an average of 95% in 3 graded activities before.",
        "You have 50% in “Essay”, after an average of 95% in 3 graded activities before.",
    ),
    (
        Reason("clears_with_better_grade"),
        "It clears with better grades.",
        "This goes away with better grades.",
    ),
    (
        Reason("back_again", {"visited_on": "2026-09-29", "gap_days": 13}),
        "Back on 2026-09-29, after 13 days without a visit.",
        "You came back on 2026-09-29, after 13 days without a visit.",
    ),
    (
        Reason("caught_up", {"activity_id": 7, "name": "Essay", "handed_in_at": "2026-11-18T10:00:00+00:00"}),
        "“Essay” was handed in on 2026-11-18, and nothing is overdue any more.",
        "You handed in “Essay” on 2026-11-18, and nothing is overdue any more.",
    ),
    (
        Reason("finished", {"finished_on": "2026-11-18"}),
        "Finished the course on 2026-11-18.",
        "You finished the course on 2026-11-18.",
    ),
    (
        Reason("passes_after", {"until": "2026-11-25"}),
        "This is shown until 2026-11-25.",
        "This is shown until 2026-11-25.",
    ),
]


@pytest.mark.parametrize(("reason", "to_mentor", "to_learner"), SENTENCES)
def test_each_reader_gets_the_same_facts_in_fitting_words(
    reason: Reason, to_mentor: str, to_learner: str
) -> None:
    assert explain(reason, WORDS, "mentor") == to_mentor
    assert explain(reason, WORDS, "learner") == to_learner


@pytest.mark.parametrize(
    ("days", "end"),
    [(0, "visited today."), (1, "visited since yesterday."), (4, "visited within the last 4 days.")],
)
def test_the_cohort_in_words(days: int, end: str) -> None:
    assert explain(Reason("cohort_visited", {"days": days}), WORDS).endswith(end)


@pytest.mark.parametrize(
    "reason",
    [
        Reason("from_another_version", {"days": 3}),
        Reason("silent_long", {}),
        Reason("silent_long", {"days": 3, "last_visit_at": None}),
        Reason("silent_long", {"days": 3, "last_visit_at": "yesterday"}),
        Reason("missed_deadline", {"name": None}),
    ],
)
def test_a_stored_reason_that_cannot_be_read_gets_a_neutral_sentence(reason: Reason) -> None:
    assert explain(reason, WORDS) == "This was noted by a rule that is no longer in use."
    assert explain(reason, WORDS, "learner") == explain(reason, WORDS)


def test_known_facts_of_a_calm_learner() -> None:
    tasks = [assignment(1), assignment(2, due=60)]
    calm = assess(learner(range(33), work=(handed_in(1), nothing(2))), 33, activities=tasks, others=group(12))
    assert calm.findings == ()
    facts = list_known_facts(calm.indicators)
    assert [explain(fact, WORDS) for fact in facts] == [
        "Last visit on 2026-10-09.",
        "Active on 27 of the last 28 days.",
        "1 of 2 required activities done.",
    ]
    assert explain(facts[2], WORDS, "learner") == "You have done 1 of 2 required activities."


def test_known_facts_say_what_is_not_known() -> None:
    unknown = assess(learner(access_known=False), 33, activities=[assignment()])
    assert [explain(fact, WORDS) for fact in list_known_facts(unknown.indicators)] == [
        "It is not known when the course was last visited.",
        "For 1 past deadline it is not known whether anything was handed in.",
    ]
    never = assess(learner(), 33)
    assert (
        explain(list_known_facts(never.indicators)[0], WORDS, "learner")
        == "You have not visited the course yet."
    )


@pytest.mark.parametrize("audience", get_args(Audience))
def test_every_standing_without_alarm_is_explained(audience: Audience) -> None:
    for standing in get_args(Standing):
        sentence = explain_standing(standing, WORDS, audience)
        assert (sentence is not None) == (standing not in WATCHED or standing == "late_enrolled"), standing


def test_levels_kinds_rules_and_actions_have_words() -> None:
    assert [name_level(level, WORDS) for level in get_args(Level)] == [
        "Act today",
        "This week",
        "Keep an eye",
        "Good news",
    ]
    assert len({name_kind(kind, WORDS) for kind in get_args(SupportKind)}) == 4
    assert name_rule("missed_deadline", WORDS) == "missed deadline"
    assert name_rule("retired_rule", WORDS) == "retired_rule"
    assert all(name_rule(rule.rule_id, WORDS) != rule.rule_id or "_" not in rule.rule_id for rule in RULES)
    for kind in get_args(SupportKind):
        assert "Chiara" in name_action(Finding("silent", "act", (), (), kind), "Chiara", WORDS)
    assert name_action(Finding("back", "praise", (), (), "social"), "Chiara", WORDS) == "Congratulate Chiara"


def test_every_message_can_be_extracted_for_translation() -> None:
    for module in (explanation, sentences_visits, sentences_work, words):
        source = Path(str(module.__file__)).read_bytes()
        keywords = {"gettext": None, "ngettext": (1, 2)}
        extracted = list(extract("python", BytesIO(source), keywords=keywords))
        calls = re.findall(rb"words\.n?gettext\(", source)
        assert len(extracted) == len(calls)
        assert all(message for _, message, _, _ in extracted)


def test_all_codes_are_covered_by_examples() -> None:
    tried = {reason.code for reason, _, _ in SENTENCES}
    elsewhere = {
        "cohort_visited",
        "last_visit",
        "no_visit_yet",
        "visits_unknown",
        "active_days",
        "required_done",
    }
    assert tried | elsewhere | {"deadlines_unknown", "break_days_left_out"} == KNOWN_CODES
