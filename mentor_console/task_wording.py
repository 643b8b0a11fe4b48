"""Words for a task that two people changed at once: what happened, and each field with its value.

Codes in, sentences of the reader's language out; an unknown code is shown as it is, never hidden.
"""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import gettext as _

from mentor_console import moments, support_wording, wording
from mentor_console.support_lines import TaskClash


def clash_words(clash: TaskClash, now: datetime) -> str:
    """Who did what with the task meanwhile, and when."""
    told = {"name": clash.by_name, "when": moments.moment_words(clash.at, now)}
    if clash.taken_back:
        return _("%(name)s took this task back (%(when)s).", **told)
    if clash.task.state == "done":
        return _("%(name)s ended this task as done (%(when)s).", **told)
    if clash.task.state == "dropped":
        return _("%(name)s dropped this task (%(when)s).", **told)
    return _("%(name)s changed this task (%(when)s).", **told)


def next_words(clash: TaskClash) -> str:
    """What can be done with what was written."""
    if clash.taken_back:
        return _("Below is what you wrote: set the task again with it, or let it go.")
    if clash.task.state != "open":
        return _("Below is what you wrote: add it to the ended task, open the task again, or let it go.")
    return _(
        "It now reads: “%(title)s”, %(state)s. Below is what you wrote; saving puts yours in its place.",
        title=clash.task.title,
        state=support_wording.task_state_words(clash.task.state),
    )


def field_words(field: str) -> str:
    """Name of a field of a task."""
    by_code = {
        "title": _("What is to be done"),
        "kind": _("Kind of support"),
        "due_on": _("Due on"),
        "state": _("State"),
        "outcome": _("What came of it"),
        "shared": _("Seen by the learner"),
    }
    return by_code.get(field, field)


def value_words(field: str, value: object, now: datetime) -> str:
    """A field's value as one reads it; what was typed and is no day stays as it was typed."""
    if field == "shared":
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return moments.day_words(value, today=moments.local_day(now))
    text = str(value or "")
    by_field = {"kind": wording.kind_words, "state": support_wording.task_state_words}
    return by_field.get(field, str)(text) if text else "–"
