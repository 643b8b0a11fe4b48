"""Words about syncs that have ended: what started one, how it went, what it took, what it could not read."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from mentor_console.missing_words import cause_sentence, group_missing, headline
from mentor_console.sync_history import RunLine


def trigger_words(trigger: str) -> str:
    """What started it."""
    by_code = {
        "schedule": _("by the schedule"),
        "person": _("asked for on this page"),
        "launch": _("when the tool was opened"),
        "cli": _("from the command line"),
        "clock": _("the day of the demo was moved"),
        "rest": _("again, after the platform had been left alone for a while"),
    }
    return by_code.get(trigger, trigger)


def story(run: RunLine) -> str:
    """What started it and how it went, behind the moment at which it began."""
    return _("%(cause)s: %(outcome)s", cause=trigger_words(run.trigger), outcome=outcome_words(run))


def outcome_words(run: RunLine) -> str:
    """How it went."""
    if any(fact.kind == "run" for fact in run.problems):
        return _("it broke off")
    by_code = {
        "done": _("everything was read"),
        "partial": _("read in part"),
        "failed": _("nothing could be read"),
        "cancelled": _("stopped on request"),
    }
    return by_code.get(run.state, run.state)


def figures_words(run: RunLine) -> str:
    """What it took and gave, in one line."""
    parts = [duration_words(run.seconds)] if run.seconds is not None else []
    parts.append(ngettext("%(num)d request", "%(num)d requests", run.requests))
    parts.append(ngettext("%(num)d learner read", "%(num)d learners read", run.learners_read))
    parts.append(ngettext("%(num)d fact changed", "%(num)d facts changed", run.rows_changed))
    return " · ".join(parts)


def duration_words(seconds: int) -> str:
    """A length of time of at most some hours."""
    minutes, rest = divmod(seconds, 60)
    if minutes:
        return _("%(minutes)d min %(seconds)d s", minutes=minutes, seconds=rest)
    return _("%(seconds)d s", seconds=rest)


def problem_lines(run: RunLine) -> list[str]:
    """What it could not read, and why; the same reason once."""
    whole = [_run_problem(fact.code) for fact in run.problems if fact.kind == "run"]
    groups = group_missing(fact for fact in run.problems if fact.kind != "run")
    return whole + [f"{headline(group)} {cause_sentence(group)}" for group in groups]


def _run_problem(code: str) -> str:
    by_code = {
        "cut_off": _("It was cut off before it was done; the next one goes on from there."),
    }
    return by_code.get(
        code, _("It broke off through a fault of this tool, which its log tells the admin of the tool.")
    )
