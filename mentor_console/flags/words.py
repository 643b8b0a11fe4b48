"""What sentences need from the outside, and the short words: levels, kinds of support, suggested actions.

Message ids stand here as literals in calls of `gettext` and `ngettext`, where the extraction tool finds
them; they are translated when a page is made, in the reader's language.
"""

from datetime import date, datetime
from typing import Any, Literal, Protocol

from mentor_console.flags.findings import Finding, Level, SupportKind

Audience = Literal["mentor", "learner"]


class Words(Protocol):
    """Translation and dates of one reader. The module flask_babel is one.

    `format_date` receives a day, or an aware moment to be shown as a day in the organisation's time zone.
    """

    def gettext(self, message: str, /, **values: Any) -> str: ...

    def ngettext(self, singular: str, plural: str, number: int, /, **values: Any) -> str: ...

    def format_date(self, moment: date, /) -> str: ...

    def format_datetime(self, moment: datetime, /) -> str: ...


def name_level(level: Level, words: Words) -> str:
    """For mentors and trainers only; a learner is never shown a level."""
    names = {
        "act": words.gettext("Act today"),
        "week": words.gettext("This week"),
        "watch": words.gettext("Keep an eye"),
        "praise": words.gettext("Good news"),
    }
    return names[level]


def name_kind(kind: SupportKind, words: Words) -> str:
    """The kind of support, as it stands beside an action."""
    names = {
        "social": words.gettext("social"),
        "methodological": words.gettext("methodological"),
        "educational": words.gettext("educational"),
        "technical": words.gettext("technical"),
    }
    return names[kind]


def name_rule(rule_id: str, words: Words) -> str:
    """The id itself for a rule that is no longer in use."""
    names = {
        "silent": words.gettext("silent"),
        "missed_deadline": words.gettext("missed deadline"),
        "never_started": words.gettext("never started"),
        "falling_behind": words.gettext("falling behind"),
        "slowing_down": words.gettext("slowing down"),
        "grades_falling": words.gettext("low or falling grades"),
        "back_again": words.gettext("back again"),
        "caught_up": words.gettext("caught up"),
        "finished": words.gettext("finished"),
    }
    return names.get(rule_id, rule_id)


def name_action(finding: Finding, name: str, words: Words) -> str:
    """The one action a card suggests, e.g. for its main button. `name` is what the learner is called."""
    if finding.level == "praise":
        return words.gettext("Congratulate %(name)s", name=name)
    actions = {
        "social": words.gettext("Write to %(name)s", name=name),
        "methodological": words.gettext("Offer %(name)s a study plan", name=name),
        "educational": words.gettext("Offer %(name)s help with the content", name=name),
        "technical": words.gettext("Check access with %(name)s", name=name),
    }
    return actions[finding.kind]
