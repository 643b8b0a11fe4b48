"""Reasons as whole sentences with numbers that can be checked on the page, for a mentor or for the
learner.

A learner reads the same facts in the second person and never a level or a score. No sentence assumes a
gender.
"""

from mentor_console.flags import sentences_visits, sentences_work
from mentor_console.flags.findings import Reason
from mentor_console.flags.sentence_values import Sentence
from mentor_console.flags.standing import Standing
from mentor_console.flags.words import Audience, Words

_FOR_MENTOR: dict[str, Sentence] = {**sentences_visits.FOR_MENTOR, **sentences_work.FOR_MENTOR}
_FOR_LEARNER: dict[str, Sentence] = {**sentences_visits.FOR_LEARNER, **sentences_work.FOR_LEARNER}

KNOWN_CODES = frozenset(_FOR_MENTOR)


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
