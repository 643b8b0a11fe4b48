"""Words for what people do about a learner and what learners answer: decisions, tasks, answers, changes.

Codes in, sentences of the reader's language out; an unknown code is shown as it is, never hidden.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext, pgettext

from mentor_console import decisions, moments, wording
from mentor_console.screens import Card, SetAside
from mentor_console.support_lines import (
    AnswerLine,
    BreakLine,
    CaseloadChangeLine,
    DecisionLine,
    ExtensionLine,
    TaskLine,
)

DISMISS_REASONS = decisions.REASONS


def action_words(card: Card) -> str:
    """The primary action of a card: a reply where one is waited for, else what the reason suggests."""
    if card.awaits_reply or not card.level:
        return _("Answer %(name)s", name=card.short_name)
    return wording.action_words(card.level, card.kind, card.short_name)


def dismiss_reason_words(reason: str) -> str:
    """Why a flag is no problem."""
    by_code = {
        "working_offline": pgettext("no problem", "Works offline"),
        "known_absence": pgettext("no problem", "Is away, as agreed"),
        "agreed_with_trainer": pgettext("no problem", "Agreed with the trainer"),
        "already_handled": pgettext("no problem", "Already handled"),
        "wrong_data": pgettext("no problem", "The data is wrong"),
        "other": pgettext("no problem", "Another reason (say which)"),
    }
    return by_code.get(reason, reason)


def decision_sentence(line: DecisionLine, now: datetime) -> str:
    """What was decided about a learner's flags."""
    if line.action == "dismiss":
        short = _("another reason") if line.reason == "other" else dismiss_reason_words(line.reason)
        return _("Not a problem: %(reason)s.", reason=short)
    if line.until is None:
        return _("Later: when something new happens.")
    day = moments.day_words(line.until, today=moments.local_day(now))
    return _("Later: on %(day)s, or when something new happens.", day=day)


def aside_words(line: SetAside, now: datetime) -> str:
    """Why somebody is set aside."""
    if line.decision is not None:
        return decision_sentence(line.decision, now)
    if line.paused_until is None and line.follow_up_at is not None:
        day = moments.day_words(moments.local_day(line.follow_up_at), today=moments.local_day(now))
        return _("In contact: on %(day)s again, or when something new happens.", day=day)
    return paused_words(line.paused_until, now)


def paused_words(until: datetime | None, now: datetime) -> str:
    """Alarms rest, because the learner said why; the day told is the last of it, as they said it."""
    if until is None:
        return ""
    last = until - timedelta(microseconds=1)  # the day before one that begins just then
    return _("Alarms rest until %(day)s, as the learner asked.", day=wording.Words(now).format_date(last))


def answer_words(line: AnswerLine, now: datetime) -> str:
    """What the learner said, in the third person; the learner's own text stands beside it."""
    day = moments.day_words(line.until, today=moments.local_day(now)) if line.until else ""
    if line.kind == "ill_until":
        return _("is ill until %(day)s", day=day)
    if line.kind == "working_offline":
        return _("works offline until %(day)s", day=day) if day else _("works offline for a while")
    by_code = {"need_help": _("asks for help"), "this_is_wrong": _("says that something is wrong")}
    return by_code.get(line.kind, line.kind)


def own_answer_words(line: AnswerLine, now: datetime) -> str:
    """The same as the learner reads it."""
    day = moments.day_words(line.until, today=moments.local_day(now)) if line.until else ""
    if line.kind == "ill_until":
        return _("I am ill until %(day)s", day=day)
    if line.kind == "working_offline":
        return _("I work offline until %(day)s", day=day) if day else _("I work offline for a while")
    return answer_kind_words(line.kind)


def answer_kind_words(kind: str) -> str:
    """What a learner can say, in the first person."""
    by_code = {
        "ill_until": _("I am ill"),
        "working_offline": _("I work offline"),
        "need_help": _("I need help"),
        "this_is_wrong": _("Something here is wrong"),
    }
    return by_code.get(kind, kind)


def fact_words(fact: str) -> str:
    """Name of a fact that can be called wrong."""
    by_code = {
        "last_access": _("my last visit"),
        "active_days": _("the days on which I worked"),
        "steps_done": _("the steps I have done"),
        "submissions": _("what I have handed in"),
        "grades": _("my grades"),
        "groups": _("my groups"),
        "enrolment": _("my enrolment"),
        "identity": _("my name or address"),
    }
    return by_code.get(fact, fact)


def due_day_words(due_on: date | None, now: datetime) -> str:
    """When a task is due; "" without a day."""
    if due_on is None:
        return ""
    today = moments.local_day(now)
    days = (due_on - today).days
    near = {0: _("due today"), 1: _("due tomorrow"), -1: _("was due yesterday")}
    if days in near:
        return near[days]
    day = moments.day_words(due_on, today=today)
    return _("due on %(day)s", day=day) if days > 0 else _("was due on %(day)s", day=day)


def task_state_words(state: str) -> str:
    """What became of a task."""
    by_code = {
        "open": pgettext("task", "open"),
        "done": pgettext("task", "done"),
        "dropped": pgettext("task", "dropped"),
    }
    return by_code.get(state, state)


def task_event_words(event: str, task: TaskLine) -> str:
    """A task in the shared history."""
    by_code = {
        "task_added": _("Task: %(title)s", title=task.title),
        "task_done": _("Task done: %(title)s", title=task.title),
        "task_dropped": _("Task dropped: %(title)s", title=task.title),
        "task_reopened": _("Task open again: %(title)s", title=task.title),
    }
    return by_code.get(event, task.title)


def chip_words(kind: str) -> str:
    """What a filter of the history shows."""
    by_code = {
        "contact": pgettext("history", "Contacts"),
        "flag": pgettext("history", "Flags"),
        "task": pgettext("history", "Tasks"),
        "answer": pgettext("history", "Answers"),
        "decision": pgettext("history", "Decisions"),
        "course": pgettext("history", "Course"),
    }
    return by_code.get(kind, kind)


def change_words(line: CaseloadChangeLine) -> str:
    """What a trainer changed in who looks after whom."""
    named = {"name": line.mentor_name}
    if line.action == "name":
        return _("%(name)s was named e-mentor", **named)
    if line.action == "end_mentor":
        return _("%(name)s is no longer e-mentor", **named)
    if line.action == "assign":
        return ngettext(
            "%(num)d learner given to %(name)s", "%(num)d learners given to %(name)s", line.learners, **named
        )
    if line.action == "unassign":
        return ngettext(
            "%(num)d learner taken back from %(name)s",
            "%(num)d learners taken back from %(name)s",
            line.learners,
            **named,
        )
    if line.action == "cap":
        return _limit_words(line)
    return ngettext("%(num)d learner shared out", "%(num)d learners shared out", line.learners)


def _limit_words(line: CaseloadChangeLine) -> str:
    if not line.mentor_name:
        return (
            _("No limit for e-mentors") if line.cap is None else _("At most %(num)d for each", num=line.cap)
        )
    if line.cap is None:
        return _("No limit of their own for %(name)s", name=line.mentor_name)
    return _("At most %(num)d for %(name)s", num=line.cap, name=line.mentor_name)


def later_change_words(line: CaseloadChangeLine, now: datetime) -> str:
    """Why a change cannot be taken back yet, and what has to be taken back first."""
    return _(
        "Nothing was changed: this came later and rests on it: “%(change)s” (%(by)s, %(when)s). "
        "Take that back first.",
        change=change_words(line),
        by=line.by_name,
        when=moments.past_words(line.made_at, now),
    )


def break_words(line: BreakLine, now: datetime) -> str:
    """From when to when a course rests."""
    today = moments.local_day(now)
    first = moments.day_words(line.starts_on, today=today, weekday=False)
    if line.starts_on == line.ends_on:
        return first
    return _(
        "%(first)s to %(last)s",
        first=first,
        last=moments.day_words(line.ends_on, today=today, weekday=False),
    )


def extension_event_words(event: str | None, line: ExtensionLine, now: datetime) -> str:
    """More time in the shared history: given, or taken back."""
    told = {"name": line.activity_name, "when": moments.due_words(line.due_at, now)}
    if event == "extension_withdrawn":
        return _("More time for “%(name)s” taken back by %(by)s", by=line.withdrawn_by_name, **told)
    return _("More time for “%(name)s”: until %(when)s, given by %(by)s", by=line.by_name, **told)


def extension_words(line: ExtensionLine, now: datetime) -> str:
    """A learner's own deadline, given by hand."""
    return _(
        "“%(name)s” until %(when)s, given by %(by)s",
        name=line.activity_name,
        when=moments.due_words(line.due_at, now),
        by=line.by_name,
    )
