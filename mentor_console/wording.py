"""Words for the codes of the console: levels, kinds, channels, outcomes, states, sources, problems.

The only place where a code becomes text; templates and views ask here. Sentences about flags are made in
flags.explanation with the `Words` below. An unknown code is shown as it is, never hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Any, cast

import flask_babel
from babel.numbers import format_decimal, format_percent
from flask_babel import gettext as _
from flask_babel import ngettext, pgettext

from mentor_console import contacts, moments
from mentor_console.flags import explanation
from mentor_console.flags import words as flag_words
from mentor_console.flags.findings import LEVEL_ORDER, Finding, Reason, SupportKind
from mentor_console.screens import ContactLine, FlagLine, ProgressSummary, WeekActivity

KINDS = ("social", "methodological", "educational", "technical")
"""In the order in which forms offer them."""
CHANNELS = contacts.CHANNELS
OUTCOMES = contacts.OUTCOMES
LEVELS = LEVEL_ORDER

_SEEN_IN_PROGRESS = ("fewer_steps", "grades_below_cohort", "finished")
"""Reasons whose numbers stand with the steps; those about one step lead to it, the others to the weeks."""

_PLAIN: Any = flask_babel
"""For words without dates."""


class Words:
    """What flags.explanation needs to make a sentence in the reader's language and time zone."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def gettext(self, message: str, /, **values: Any) -> str:
        return str(flask_babel.gettext(message, **values))

    def ngettext(self, singular: str, plural: str, number: int, /, **values: Any) -> str:
        return str(flask_babel.ngettext(singular, plural, number, **values))

    def format_date(self, day: date, /) -> str:
        """ "Tuesday 18 November"; a moment is taken where days are counted, as the rules did."""
        local = moments.course_day(day) if isinstance(day, datetime) else day
        return moments.day_words(local, today=moments.course_day(self._now))

    def format_datetime(self, moment: datetime, /) -> str:
        """ "Tuesday 18 November, 23:59"."""
        return _("%(date)s, %(time)s", date=self.format_date(moment), time=moments.time_words(moment))


def sentence(reason: Reason, now: datetime, audience: flag_words.Audience = "mentor") -> str:
    """The sentence of one reason for its reader."""
    return explanation.explain(reason, Words(now), audience)


def level_words(level: str) -> str:
    """ "Act today": beside a shape, before a colour."""
    return flag_words.name_level(level, _PLAIN) if level in LEVELS else level


def kind_words(kind: str) -> str:
    """The kind of support, as a chip."""
    return flag_words.name_kind(cast(SupportKind, kind), _PLAIN) if kind in KINDS else kind


def rule_words(rule: str) -> str:
    """Short name of what raised a flag."""
    return flag_words.name_rule(rule, _PLAIN)


def rule_words_for_learner(rule: str) -> str:
    """The same for the person it is about: what happened, without a verdict."""
    by_code = {
        "silent": _("a longer time without a visit"),
        "never_started": _("a course not yet opened"),
        "missed_deadline": _("a piece of work past its date"),
        "falling_behind": _("steps still to be done"),
        "grades_falling": _("a result lower than usual"),
        "slowing_down": _("quieter weeks"),
        "back_again": _("your being back"),
        "caught_up": _("your catching up"),
        "finished": _("your finishing the course"),
    }
    return by_code.get(rule, rule_words(rule))


def action_words(level: str | None, kind: str | None, name: str) -> str:
    """The primary action of a card, named for the support that is suggested; writing where nothing is."""
    known_level = level if level in LEVELS else "watch"
    known_kind = cast(SupportKind, kind) if kind in KINDS else "social"
    return flag_words.name_action(Finding("", known_level, (), (), known_kind), name, _PLAIN)


def greeting(hour: int, name: str) -> str:
    """`hour` 0-23 in the reader's zone."""
    if 4 <= hour < 12:
        return _("Good morning, %(name)s.", name=name)
    if 12 <= hour < 18:
        return _("Good afternoon, %(name)s.", name=name)
    return _("Good evening, %(name)s.", name=name)


def needs_words(number: int) -> str:
    """The second half of the heading on Today."""
    if number == 0:
        return _("Nobody needs you right now.")
    return ngettext("One learner needs you today.", "%(num)d learners need you today.", number)


def count_words(level: str) -> str:
    """What stands after the number in the counts above the cards."""
    by_code = {
        "act": pgettext("count", "act today"),
        "week": pgettext("count", "this week"),
        "watch": pgettext("count", "keep an eye"),
        "praise": pgettext("count", "good news"),
        "awaiting_reply": pgettext("count", "awaiting your reply"),
    }
    return by_code.get(level, level)


def panel_title(level: str, name: str) -> str:
    """Heading above the reasons on a learner's page; careful, since a rule does not know people."""
    titles = {
        "act": _("%(name)s may be about to give up", name=name),
        "week": _("%(name)s may need a hand this week", name=name),
        "watch": _("Something to keep an eye on for %(name)s", name=name),
        "praise": _("Good news from %(name)s", name=name),
    }
    return titles.get(level, name)


def kind_hint(kind: str) -> str:
    """What the kind of support is about."""
    hints = {
        "social": _("motivation, belonging"),
        "methodological": _("a way of working"),
        "educational": _("the goals of the course"),
        "technical": _("access, technology"),
    }
    return hints.get(kind, "")


def channel_words(channel: str) -> str:
    """Name of the channel, for a list to choose from."""
    by_code = {
        "message": pgettext("channel", "Message in the course"),
        "email": pgettext("channel", "E-mail"),
        "phone": pgettext("channel", "Phone"),
        "video": pgettext("channel", "Video"),
        "face_to_face": pgettext("channel", "Face to face"),
        "chat": pgettext("channel", "Chat"),
    }
    return by_code.get(channel, channel)


def channel_phrase(channel: str) -> str:
    """How somebody was reached, inside a sentence."""
    phrases = {
        "message": _("by message in the course"),
        "email": _("by e-mail"),
        "phone": _("by phone"),
        "video": _("by video"),
        "face_to_face": _("face to face"),
        "chat": _("by chat"),
    }
    return phrases.get(channel, channel)


def outcome_words(outcome: str) -> str:
    """Name of the outcome, for a list to choose from."""
    by_code = {
        "reached": pgettext("outcome", "We spoke"),
        "answered": pgettext("outcome", "Answered"),
        "no_answer": pgettext("outcome", "No answer yet"),
        "left_message": pgettext("outcome", "Left a message"),
    }
    return by_code.get(outcome, outcome)


def outcome_phrase(outcome: str) -> str:
    """How the last contact went, inside a sentence."""
    phrases = {
        "reached": pgettext("last contact", "spoke together"),
        "answered": pgettext("last contact", "answered"),
        "no_answer": pgettext("last contact", "no answer"),
        "left_message": pgettext("last contact", "left a message"),
    }
    return phrases.get(outcome, outcome)


def last_contact_words(contact: ContactLine | None, now: datetime) -> str:
    """One line under the reasons of a card."""
    if contact is None:
        return _("No contact yet")
    return _(
        "Last contact: %(when)s, %(channel)s, %(outcome)s",
        when=moments.past_words(contact.occurred_at, now),
        channel=channel_phrase(contact.channel),
        outcome=outcome_phrase(contact.outcome),
    )


def contact_meta(contact: ContactLine) -> str:
    """ "E-mail · Answered · methodological · 10 min"."""
    parts = [channel_words(contact.channel), outcome_words(contact.outcome), kind_words(contact.kind)]
    if contact.duration_minutes:
        parts.append(_("%(num)d min", num=contact.duration_minutes))
    return " · ".join(parts)


def quote_for_learner(flags: Sequence[FlagLine], now: datetime) -> str | None:
    """The first reason as the learner reads it; None where nothing is flagged."""
    for flag in flags:
        for reason in flag.reasons:
            return sentence(reason, now, "learner")
    return None


def step_words(state: str) -> str:
    """State of one step."""
    by_code = {
        "done": pgettext("step", "done"),
        "failed": pgettext("step", "not passed"),
        "handed_in": pgettext("step", "handed in"),
        "late": pgettext("step", "overdue"),
        "open": pgettext("step", "open"),
        "unknown": pgettext("step", "not known"),
    }
    return by_code.get(state, state)


def requirement_words(asks_for: str) -> str:
    """What completes a step, where that is not plain (StepLine.asks_for)."""
    by_code = {
        "tick": pgettext("requirement", "ticked off by hand"),
        "grade": pgettext("requirement", "done once graded"),
        "pass": pgettext("requirement", "done once passed"),
        "posts": pgettext("requirement", "asks for posts"),
    }
    return by_code.get(asks_for, "")


def event_words(event: str, subject: str, count: int = 1) -> str:
    """One line of the shared history; `count` events of a kind and day, `subject` is the last of them."""
    if event == "completed" and count > 1:
        return ngettext(
            "Completed %(num)d step, the last “%(name)s”",
            "Completed %(num)d steps, the last “%(name)s”",
            count,
            name=subject,
        )
    by_code = {
        "last_visit": _("Last visit to the course"),
        "handed_in": _("Handed in “%(name)s”", name=subject),
        "completed": _("Completed “%(name)s”", name=subject),
        "graded": _("“%(name)s” was graded", name=subject),
        "enrolled": _("Enrolled in the course"),
        "left": _("Left the course"),
    }
    return by_code.get(event, event)


def status_words(status: str) -> str:
    """Why somebody is not an active learner."""
    by_code = {"suspended": _("Enrolment suspended"), "left": _("No longer in the course")}
    return by_code.get(status, status)


def source_words(source: str) -> str:
    """Where a fact comes from, for the person it is about."""
    by_code = {
        "lti": _("the course's list of members"),
        "moodle": _("Moodle, the learning platform"),
        "console": _("this page"),
    }
    return by_code.get(source, source)


def percent(share: float) -> str:
    """A share (0-1) as the reader writes it: "31%", « 31 % »."""
    return format_percent(round(share, 2), locale=moments.reader_locale())


def number(value: float) -> str:
    """At most one decimal place, as the reader writes it."""
    return format_decimal(round(value, 1), locale=moments.reader_locale())


def weeks_label(weeks: Sequence[WeekActivity]) -> str:
    """The chart of active days in words, for those who do not see it."""
    if not weeks:
        return _("No weeks yet")
    return _(
        "Active days per week: %(own)s. Middle of the class: %(cohort)s.",
        own=", ".join(at_least(week) + str(week.own_days) for week in weeks),
        cohort=", ".join(at_least(week) + number(week.cohort_median_days) for week in weeks),
    )


def at_least(week: WeekActivity) -> str:
    """A mark before the numbers of a week in which visits were not looked at each day."""
    return "" if week.is_whole else "≥ "


def scale_words(weeks: Sequence[WeekActivity]) -> str:
    """What the top of the chart stands for."""
    most = max((max(week.own_days, week.cohort_median_days) for week in weeks), default=0)
    return _("Highest value shown, in days a week: %(most)s.", most=number(most))


def progress_label(progress: ProgressSummary) -> str:
    """The progress bar in words."""
    required = progress.required or 1
    return _(
        "%(done)s done; %(due)s due by now; the middle of the class is at %(median)s",
        done=percent(progress.done / required),
        due=percent(progress.due_by_now / required),
        median=percent(progress.cohort_median_done / required),
    )


def done_words(progress: ProgressSummary) -> str:
    """Required steps done, of how many."""
    return ngettext(
        "%(done)d of %(num)d required step done (%(share)s).",
        "%(done)d of %(num)d required steps done (%(share)s).",
        progress.required,
        done=progress.done,
        share=percent(progress.done / (progress.required or 1)),
    )


def due_by_now_words(progress: ProgressSummary) -> str:
    """Required steps that were due until now."""
    if not progress.due_by_now:
        return _("None was due yet.")
    return ngettext("%(num)d was due by now.", "%(num)d were due by now.", progress.due_by_now)


def visit_words(last_access_at: datetime | None, access_known: bool, now: datetime) -> str:
    """When somebody was last in the course; never opened and not known are two different things."""
    if not access_known:
        return _("last visit not known")
    if last_access_at is None:
        return _("never opened the course")
    return _("last visit %(when)s", when=moments.past_words(last_access_at, now))


def unread_words(unread_since: datetime | None, now: datetime) -> str:
    """Up to when anything is known of somebody; None = nothing ever was read."""
    if unread_since is None:
        return _("never read yet")
    date = moments.day_words(moments.course_day(unread_since), today=moments.course_day(now), weekday=False)
    return _("not read since %(date)s", date=date)


def evidence_anchor(reason: Reason) -> str:
    """Where on a learner's page the numbers of a reason can be checked."""
    activity_id = reason.values.get("activity_id")
    if activity_id is not None:
        return f"step-{activity_id}"
    return "progress-title" if reason.code in _SEEN_IN_PROGRESS else "activity"


def trace_words(days: Sequence[date], now: datetime) -> str:
    """Every day with a trace and, in brackets, how long after the one before: "3 October, 10 October (7)"."""
    today = moments.local_day(now)
    words = [moments.day_words(day, today=today, weekday=False) for day in days]
    gaps = ["", *(f" ({(day - before).days})" for before, day in pairwise(days))]
    return ", ".join(word + gap for word, gap in zip(words, gaps, strict=False))


def visit_words_short(last_access_at: datetime | None, access_known: bool, now: datetime) -> str:
    """For a column headed "Visit"."""
    if not access_known:
        return pgettext("visit", "not known")
    return moments.past_words(last_access_at, now) if last_access_at else pgettext("visit", "never")


def standing_words(standing: str) -> str:
    """Heading above candidates of one standing."""
    by_code = {
        "staff": _("Staff"),
        "learner": _("Learners"),
        "unknown": _("Role not known"),
        "left": _("No longer in the course"),
    }
    return by_code.get(standing, standing)
