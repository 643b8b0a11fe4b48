"""Reasons as whole sentences with numbers that can be checked on the page, for a mentor or for the
learner.

A learner reads the same facts in the second person and never a level or a score. No sentence assumes a
gender.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from mentor_console.flags.findings import Reason
from mentor_console.flags.standing import Standing
from mentor_console.flags.words import Audience, Words

Values = Mapping[str, Any]
Sentence = Callable[[Values, Words], str]


def explain(reason: Reason, words: Words, audience: Audience = "mentor") -> str:
    """One sentence. A stored reason that no rule of this version knows gets a neutral one; nothing is
    raised."""
    own = _FOR_LEARNER.get(reason.code) if audience == "learner" else None
    sentence = own or _FOR_MENTOR.get(reason.code)
    if sentence is None:
        return _explain_unreadable(words)
    try:
        return sentence(reason.values, words)
    except (KeyError, TypeError, ValueError):
        return _explain_unreadable(words)


def explain_standing(standing: Standing, words: Words, audience: Audience = "mentor") -> str | None:
    """Why no alarm is due, as one sentence; None in the standings that are watched like any other."""
    if audience == "learner":
        return _standings_for_learner(words).get(standing)
    return _standings_for_mentor(words).get(standing)


def _standings_for_mentor(words: Words) -> dict[Standing, str]:
    return {
        "left": words.gettext("Has left the course."),
        "suspended": words.gettext("Is suspended in the course."),
        "finished": words.gettext("Has finished the course."),
        "course_over": words.gettext("The course is over."),
        "course_not_begun": words.gettext("The course has not begun."),
        "paused": words.gettext("Is taking a break that was agreed."),
        "on_break": words.gettext("The course is on a break."),
        "late_enrolled": words.gettext("Joined the course late; earlier deadlines do not count."),
    }


def _standings_for_learner(words: Words) -> dict[Standing, str]:
    return {
        "left": words.gettext("You have left the course."),
        "suspended": words.gettext("Your access to the course is suspended."),
        "finished": words.gettext("You have finished the course."),
        "course_over": words.gettext("The course is over."),
        "course_not_begun": words.gettext("The course has not begun."),
        "paused": words.gettext("You are taking a break that was agreed."),
        "on_break": words.gettext("The course is on a break."),
        "late_enrolled": words.gettext("You joined the course late; earlier deadlines do not count for you."),
    }


def _explain_unreadable(words: Words) -> str:
    return words.gettext("This was noted by a rule that is no longer in use.")


def _moment(value: str) -> date:
    """A stored day stays a day; a stored moment keeps its zone, so that the reader's own day can be shown."""
    return date.fromisoformat(value) if len(value) == len("2000-01-01") else datetime.fromisoformat(value)


def _silent_unlike_before(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit for %(days)s day; until now never more than %(longest)s.",
        "No visit for %(days)s days; until now never more than %(longest)s.",
        values["days"],
        days=values["days"],
        longest=values["longest_gap_days"],
    )


def _silent_unlike_before_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "Your last visit was on %(date)s; until then you were never away for more than %(longest)s day.",
        "Your last visit was on %(date)s; until then you were never away for more than %(longest)s days.",
        values["longest_gap_days"],
        date=words.format_date(_moment(values["last_visit_at"])),
        longest=values["longest_gap_days"],
    )


def _silent_long(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit for %(days)s day; the last one was on %(date)s.",
        "No visit for %(days)s days; the last one was on %(date)s.",
        values["days"],
        days=values["days"],
        date=words.format_date(_moment(values["last_visit_at"])),
    )


def _last_visit_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "Your last visit was on %(date)s.", date=words.format_date(_moment(values["last_visit_at"]))
    )


def _silent_since_start(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit since the course began %(days)s day ago; the last one was before, on %(date)s.",
        "No visit since the course began %(days)s days ago; the last one was before, on %(date)s.",
        values["days"],
        days=values["days"],
        date=words.format_date(_moment(values["last_visit_at"])),
    )


def _silent_since_start_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "Your last visit was on %(date)s, before the course began.",
        date=words.format_date(_moment(values["last_visit_at"])),
    )


def _silent_since_enrolment(values: Values, words: Words) -> str:
    return words.ngettext(
        "No visit since the enrolment %(days)s day ago; the last one was before, on %(date)s.",
        "No visit since the enrolment %(days)s days ago; the last one was before, on %(date)s.",
        values["days"],
        days=values["days"],
        date=words.format_date(_moment(values["last_visit_at"])),
    )


def _silent_since_enrolment_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "Your last visit was on %(date)s, before your enrolment.",
        date=words.format_date(_moment(values["last_visit_at"])),
    )


def _never_opened(values: Values, words: Words) -> str:
    return words.ngettext(
        "Never opened the course; it began %(days)s day ago.",
        "Never opened the course; it began %(days)s days ago.",
        values["days"],
        days=values["days"],
    )


def _never_opened_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "You have not opened the course yet; it began on %(date)s.",
        date=words.format_date(_moment(values["started_on"])),
    )


def _never_opened_since_enrolment(values: Values, words: Words) -> str:
    return words.ngettext(
        "Never opened the course; the enrolment began %(days)s day ago.",
        "Never opened the course; the enrolment began %(days)s days ago.",
        values["days"],
        days=values["days"],
    )


def _never_opened_since_enrolment_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "You have not opened the course yet; your enrolment began on %(date)s.",
        date=words.format_date(_moment(values["started_on"])),
    )


def _break_days_left_out(values: Values, words: Words) -> str:
    return words.ngettext(
        "%(days)s day of course break is not counted.",
        "%(days)s days of course break are not counted.",
        values["days"],
        days=values["days"],
    )


def _cohort_visited(values: Values, words: Words) -> str:
    if values["days"] == 0:
        return words.gettext("Half of the learners of this course have visited today.")
    if values["days"] == 1:
        return words.gettext("Half of the learners of this course have visited since yesterday.")
    return words.ngettext(
        "Half of the learners of this course have visited within the last %(days)s day.",
        "Half of the learners of this course have visited within the last %(days)s days.",
        values["days"],
        days=values["days"],
    )


def _missed_deadline(values: Values, words: Words) -> str:
    named = {"name": values["name"], "date": words.format_date(_moment(values["due_at"]))}
    if values["extended"]:
        return words.gettext(
            "“%(name)s” was due, after an extension, on %(date)s and is not handed in.", **named
        )
    if values["expected"] is None:
        return words.gettext("“%(name)s” was due on %(date)s and is not handed in.", **named)
    return words.gettext(
        "“%(name)s” was due on %(date)s and is not handed in; %(handed_in)s of %(expected)s have.",
        handed_in=values["handed_in"],
        expected=values["expected"],
        **named,
    )


def _missed_deadline_to_learner(values: Values, words: Words) -> str:
    named = {"name": values["name"], "date": words.format_date(_moment(values["due_at"]))}
    if values["extended"]:
        return words.gettext(
            "You have not handed in “%(name)s”, due on %(date)s after your extension.",
            **named,
        )
    if values["expected"] is None:
        return words.gettext("You have not handed in “%(name)s”, due on %(date)s.", **named)
    return words.gettext(
        "You have not handed in “%(name)s”, due on %(date)s; %(handed_in)s of %(expected)s have.",
        handed_in=values["handed_in"],
        expected=values["expected"],
        **named,
    )


def _clears_with_hand_in(values: Values, words: Words) -> str:
    return words.gettext("It clears when “%(name)s” is handed in, or with an extension.", name=values["name"])


def _clears_with_hand_in_to_learner(values: Values, words: Words) -> str:
    return words.gettext(
        "This goes away when you hand in “%(name)s”, or with an extension.", name=values["name"]
    )


def _last_visit(values: Values, words: Words) -> str:
    return words.gettext("Last visit on %(date)s.", date=words.format_date(_moment(values["last_visit_at"])))


def _active_days(values: Values, words: Words) -> str:
    return words.ngettext(
        "Active on %(days)s of the last %(window)s days.",
        "Active on %(days)s of the last %(window)s days.",
        values["days"],
        days=values["days"],
        window=values["window_days"],
    )


def _active_days_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "You were active on %(days)s of the last %(window)s days.",
        "You were active on %(days)s of the last %(window)s days.",
        values["days"],
        days=values["days"],
        window=values["window_days"],
    )


def _required_done(values: Values, words: Words) -> str:
    return words.ngettext(
        "%(done)s of %(required)s required activity done.",
        "%(done)s of %(required)s required activities done.",
        values["required"],
        done=values["done"],
        required=values["required"],
    )


def _required_done_to_learner(values: Values, words: Words) -> str:
    return words.ngettext(
        "You have done %(done)s of %(required)s required activity.",
        "You have done %(done)s of %(required)s required activities.",
        values["required"],
        done=values["done"],
        required=values["required"],
    )


def _deadlines_unknown(values: Values, words: Words) -> str:
    return words.ngettext(
        "For %(count)s past deadline it is not known whether anything was handed in.",
        "For %(count)s past deadlines it is not known whether anything was handed in.",
        values["count"],
        count=values["count"],
    )


_FOR_MENTOR: dict[str, Sentence] = {
    "silent_unlike_before": _silent_unlike_before,
    "silent_long": _silent_long,
    "silent_since_start": _silent_since_start,
    "silent_since_enrolment": _silent_since_enrolment,
    "never_opened": _never_opened,
    "never_opened_since_enrolment": _never_opened_since_enrolment,
    "break_days_left_out": _break_days_left_out,
    "cohort_visited": _cohort_visited,
    "missed_deadline": _missed_deadline,
    "clears_with_visit": lambda values, words: words.gettext("It clears with a visit."),
    "clears_with_opening": lambda values, words: words.gettext("It clears with the first visit."),
    "clears_with_hand_in": _clears_with_hand_in,
    "last_visit": _last_visit,
    "no_visit_yet": lambda values, words: words.gettext("No visit to the course yet."),
    "visits_unknown": lambda values, words: words.gettext(
        "It is not known when the course was last visited."
    ),
    "active_days": _active_days,
    "required_done": _required_done,
    "deadlines_unknown": _deadlines_unknown,
}

_FOR_LEARNER: dict[str, Sentence] = {
    "silent_unlike_before": _silent_unlike_before_to_learner,
    "silent_long": _last_visit_to_learner,
    "silent_since_start": _silent_since_start_to_learner,
    "silent_since_enrolment": _silent_since_enrolment_to_learner,
    "never_opened": _never_opened_to_learner,
    "never_opened_since_enrolment": _never_opened_since_enrolment_to_learner,
    "missed_deadline": _missed_deadline_to_learner,
    "clears_with_visit": lambda values, words: words.gettext("This goes away with your next visit."),
    "clears_with_opening": lambda values, words: words.gettext("This goes away with your first visit."),
    "clears_with_hand_in": _clears_with_hand_in_to_learner,
    "last_visit": _last_visit_to_learner,
    "no_visit_yet": lambda values, words: words.gettext("You have not visited the course yet."),
    "active_days": _active_days_to_learner,
    "required_done": _required_done_to_learner,
}
"""Sentences that say something different to the learner; the others are the same for both."""

KNOWN_CODES = frozenset(_FOR_MENTOR)
