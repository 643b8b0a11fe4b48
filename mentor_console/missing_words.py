"""Sentences about facts that could not be read: what is not up to date, why, and who can do what about it.

Facts that failed for the same reason become one entry. The platform's own words stand beside our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from course_sync.models import SOURCE_MOODLE
from course_sync.moodle_needs import find_named, list_capabilities, list_functions
from mentor_console.freshness_lines import MissingFact

UNCONNECTED_KINDS = ("access", "structure", "submissions", "grades", "completion", "extensions")
"""What LTI never tells a tool."""

_NO_PERMISSION = frozenset({"nopermission", "nopermissions"})
_FAMILIES = {
    "timeout": "unreachable",
    "unknown_host": "unreachable",
    "html_answer": "invalid_answer",
    "broken_json": "invalid_answer",
    "unknown_form": "invalid_answer",
    "invalid_roster": "invalid_answer",
    "invalid_jwks": "invalid_answer",
    "invalid_token_answer": "invalid_answer",
    "invalid_course": "invalid_answer",
    "empty_structure": "invalid_answer",
    "endless_pages": "invalid_answer",
    "foreign_next_page": "invalid_answer",
    "too_large": "invalid_answer",
    "redirected": "invalid_answer",
    "empty_roster": "doubtful",
    "roster_incomplete": "doubtful",
    "submissions_incomplete": "doubtful",
    "no_roster_service": "no_source",
    "token_unreadable": "token",
    "invalidtoken": "token",
    "invalidrecord": "course_gone",
    "cannotfindcourse": "course_gone",
    "invalidcourseid": "course_gone",
    "http_404": "course_gone",
    "accessexception": "functions",
}
"""Codes that one sentence serves; any other code is a refusal in the platform's own word."""
_OF_OURS = frozenset({"grades_of_some", "questions_left", "unread_by_accounts"})
"""Codes that no platform knows."""


@dataclass(frozen=True)
class MissingGroup:
    """Kinds of facts that could not be read for one reason through one source."""

    kinds: tuple[str, ...]
    source: str
    family: str
    code: str
    detail: str
    as_of: datetime | None
    """The oldest last reading among them; None = one of them was never read."""

    @property
    def platform_words(self) -> str:
        """What the platform itself said; "" where the detail is ours."""
        return "" if self.family in _OF_OURS else self.detail


def family_of(code: str) -> str:
    """Which sentence serves a code."""
    if re.fullmatch(r"http_(5\d\d|429)", code):
        return "ill"
    return _FAMILIES.get(code, code)


def group_missing(missing: Iterable[MissingFact]) -> tuple[MissingGroup, ...]:
    """One entry for each source, cause and word of the platform, in the order of the facts."""
    groups: dict[tuple[str, str, str], list[MissingFact]] = {}
    for fact in missing:
        groups.setdefault((fact.source, family_of(fact.code), fact.detail), []).append(fact)
    return tuple(
        MissingGroup(
            kinds=tuple(dict.fromkeys(fact.kind for fact in facts)),
            source=source,
            family=family,
            code=facts[0].code,
            detail=detail,
            as_of=_oldest(facts),
        )
        for (source, family, detail), facts in groups.items()
    )


def _oldest(facts: Iterable[MissingFact]) -> datetime | None:
    moments = [fact.as_of for fact in facts]
    known = [moment for moment in moments if moment is not None]
    return min(known) if len(known) == len(moments) else None


def headline(group: MissingGroup) -> str:
    """What is not up to date."""
    what = ", ".join(fact_kind_words(kind) for kind in group.kinds)
    if group.source == "lti" and "roster" in group.kinds:
        return _("Not up to date: %(what)s (over LTI).", what=what)
    return _("Not up to date: %(what)s.", what=what)


def fact_kind_words(kind: str) -> str:
    """Name of a kind of fact that a platform gives."""
    by_code = {
        "roster": _("the list of members"),
        "access": _("last visits"),
        "structure": _("activities and due dates"),
        "submissions": _("hand-ins"),
        "grades": _("grades"),
        "posts": _("posts in forums"),
        "report": _("the report of the platform"),
        "completion": _("completed activities"),
        "extensions": _("extended deadlines"),
    }
    return by_code.get(kind, kind)


def step_words(step: str) -> str:
    """What a running update reads just now, by its step (sync_runs.STEPS)."""
    by_code = {
        "roster": _("the list of members and last visits"),
        "completion": _("completed activities, learner by learner"),
        "extensions": _("extended deadlines and attempts without a grade"),
    }
    return by_code.get(step) or fact_kind_words(step)


def cause_sentence(group: MissingGroup) -> str:
    """What happened at the last try."""
    by_family = {
        "unreachable": _("The learning platform did not answer."),
        "ill": _("The learning platform is out of order or too busy."),
        "certificate": _(
            "The learning platform could not prove that it is itself: its certificate is not valid."
        ),
        "invalid_answer": _("The learning platform answered something that cannot be read."),
        "address_refused": _("The address of the learning platform is not one this tool may call."),
        "doubtful": _("The list came back empty or with many entries missing, so it was not believed."),
        "no_source": _("The platform offers this tool no list of members of this course."),
        "run_too_long": _("The update took longer than half an hour and was stopped."),
        "token": _("The key with which this tool reads the platform is no longer valid."),
        "circuit_open": _(
            "The learning platform did not answer several times in a row, or asked for patience: it is being "
            "left alone for a while."
        ),
        "cancelled": _("The update was stopped on request before it came to this."),
        "course_gone": _("The learning platform does not find this course, or something of it, any more."),
        "own_token_refused": _(
            "Moodle refused the token of somebody’s own account: it is not used any more."
        ),
        "owner_not_in_course": _(
            "The list of this course does not name the person whose own account it is read with."
        ),
        "grades_of_some": _(
            "With the own account it is read with, these grades are asked for one learner at a time: some at "
            "each update, in turn."
        ),
        "questions_left": _(
            "One update asks only so many questions about single learners, and there were more."
        ),
    }
    if group.family == "unread_by_accounts":
        return _unread_sentence(int(group.detail))
    return by_family.get(group.family, _("The learning platform refused to give it."))


def _unread_sentence(number: int) -> str:
    return ngettext(
        "%(num)d learner of this course is seen by none of the accounts that it is read with. What is known "
        "of them keeps its own date.",
        "%(num)d learners of this course are seen by none of the accounts that it is read with. What is "
        "known of them keeps its own date.",
        number,
    )


def remedy_sentence(group: MissingGroup) -> str:
    """Who can do what about it; names the capability, as far as what Moodle said tells which it is."""
    named = find_named(group.code, group.detail)
    if named:
        return _("On Moodle, ask the admin for the capability “%(name)s”.", name=named)
    if group.source == SOURCE_MOODLE and group.code in _NO_PERMISSION:
        return _(
            "On Moodle, ask the admin which of these capabilities is missing: %(names)s.",
            names=", ".join(list_capabilities(group.kinds)),
        )
    again = _("It is tried again at the next update; if it lasts, tell the admin of the platform.")
    by_family = {
        "unreachable": again,
        "ill": again,
        "certificate": _("Tell the admin of the platform."),
        "invalid_answer": again,
        "address_refused": _(
            "An admin corrects the address: Organisation, Platforms and invites, "
            "or “ementor platform connect-moodle”."
        ),
        "doubtful": _(
            "Often the connection may not see all groups: on Moodle, ask the admin for the capability "
            "“moodle/site:accessallgroups”."
        ),
        "no_source": _(
            "Ask the admin of the platform to let this tool use names and roles, "
            "or to connect its web services."
        ),
        "run_too_long": _("Nothing is lost: the next update goes on with what is missing."),
        "circuit_open": _("It is tried again by itself; “Update now” does not wait for that."),
        "cancelled": _("Nothing is lost: the next update goes on with what is missing."),
        "course_gone": _(
            "If the course was deleted there, what is known here stays as it was. If it was only moved or "
            "restored, open this tool from the new course."
        ),
        "token": _(
            "An admin gives the tool a new one: Organisation, Platforms and invites, "
            "or “ementor platform connect-moodle”."
        ),
        "questions_left": _("Nothing is lost: the next updates ask the others."),
        **_remedies_of_accounts(),
        "functions": _(
            "On Moodle, ask the admin to add to the functions of the service: %(names)s.",
            names=", ".join(list_functions(group.kinds)),
        ),
    }
    ask = _("Ask the admin of the platform to check the permissions of the connection, and name this code.")
    return by_family.get(group.family, ask)


def _remedies_of_accounts() -> dict[str, str]:
    """What helps where the accounts of single people are read with."""
    return {
        "own_token_refused": _("Whoever gave it gives a new one, on the page “Your own Moodle account”."),
        "owner_not_in_course": _("Whoever gave the token asks to be enrolled in the course on Moodle."),
        "grades_of_some": _("The next updates go on; ask to join the group of your learners on Moodle."),
        "unread_by_accounts": _(
            "Somebody who sees them on Moodle, as e-mentor or trainer, gives a token on the page “Your own "
            "Moodle account”; or an admin connects Moodle as a whole."
        ),
    }


def unconnected_headline() -> str:
    """What LTI alone leaves open."""
    return _("Not known here: %(what)s.", what=", ".join(fact_kind_words(kind) for kind in UNCONNECTED_KINDS))


def unconnected_remedy(product: str) -> str:
    """Who can turn on the rest, and how; by the product of the platform."""
    if product == "canvas":
        return _("From Canvas this tool reads no more than that yet. Nobody can turn it on.")
    return _(
        "An admin of your organisation turns the rest on under Organisation, Platforms and invites, “Web "
        "services of Moodle”, with a token from whoever administers Moodle. The documentation says how: "
        "“Connect a Moodle”, “Let the tool read progress”."
    )
