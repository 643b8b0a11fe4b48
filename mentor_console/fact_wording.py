"""Sentences for what the tool knows about a learner, as the learner reads them, with source and time.

One sentence per code of own_facts.FACT_CODES; a test keeps the two lists the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from mentor_console import moments, wording
from mentor_console.flags.findings import Reason
from mentor_console.screens import KnownFact


def fact_sentence(fact: KnownFact, now: datetime) -> str:
    """One fact in the second person. An unknown code is said to be unreadable, never hidden."""
    sentences = {
        "fact_last_access": _last_access,
        "fact_never_opened": _never_opened,
        "fact_active_days": _active_days,
        "fact_steps_done": _steps_done,
        "fact_submissions": _submissions,
        "fact_grades": _grades,
        "fact_posts": _posts,
        "fact_no_posts": _no_posts,
        "fact_reported": _reported,
        "fact_groups": _groups,
        "fact_enrolled": _enrolled,
        "fact_identity": _identity,
        "fact_unknown": _unknown,
    }
    sentence = sentences.get(fact.reason.code)
    return sentence(fact.reason.values, now) if sentence else wording.sentence(fact.reason, now, "learner")


def fact_line(reason: Reason, now: datetime) -> str:
    """A fact of forums or of the platform's report in nobody's person, for who looks after the learner."""
    if reason.code == "fact_posts":
        return ngettext(
            "%(num)d post in the forums, the last on %(date)s.",
            "%(num)d posts in the forums, the last on %(date)s.",
            reason.values["posts"],
            date=_date(reason.values, now),
        )
    if reason.code == "fact_reported":
        share = wording.percent(float(reason.values["share"] or 0))
        return _("%(share)s of the course done, as the platform sums it up.", share=share)
    if reason.code == "fact_no_posts":
        return _("Nothing written in the forums yet.")
    return _("Posts in forums are not known.")


def fact_origin(fact: KnownFact, now: datetime) -> str:
    """Where a fact comes from, and of when it is; "" where the sentence says that it is not known."""
    if not fact.source:
        return ""
    source = wording.source_words(fact.source)
    if fact.as_of is None:
        return _("From %(source)s.", source=source)
    return _("From %(source)s, as of %(when)s.", source=source, when=moments.moment_words(fact.as_of, now))


def _date(values: Mapping[str, Any], now: datetime) -> str:
    return wording.Words(now).format_date(datetime.fromisoformat(values["at"]))


def _last_access(values: Mapping[str, Any], now: datetime) -> str:
    return _("Your last visit was on %(date)s.", date=_date(values, now))


def _never_opened(values: Mapping[str, Any], now: datetime) -> str:
    return _("You have not visited the course yet.")


def _active_days(values: Mapping[str, Any], now: datetime) -> str:
    days, window = values["days"], values["window_days"]
    return ngettext(
        "On %(num)d of the last %(window)s days there is a trace of you in the course.",
        "On %(num)d of the last %(window)s days there is a trace of you in the course.",
        days,
        window=window,
    )


def _steps_done(values: Mapping[str, Any], now: datetime) -> str:
    return ngettext(
        "You have done %(done)s of %(num)d required step.",
        "You have done %(done)s of %(num)d required steps.",
        values["required"],
        done=values["done"],
    )


def _submissions(values: Mapping[str, Any], now: datetime) -> str:
    return ngettext(
        "You have handed in %(handed_in)s of the %(num)d piece of work asked for so far.",
        "You have handed in %(handed_in)s of the %(num)d pieces of work asked for so far.",
        values["expected"],
        handed_in=values["handed_in"],
    )


def _grades(values: Mapping[str, Any], now: datetime) -> str:
    return ngettext(
        "%(num)d piece of your work has been graded.",
        "%(num)d pieces of your work have been graded.",
        values["graded"],
    )


def _posts(values: Mapping[str, Any], now: datetime) -> str:
    return ngettext(
        "You have written %(num)d post in the forums, the last on %(date)s.",
        "You have written %(num)d posts in the forums, the last on %(date)s.",
        values["posts"],
        date=_date(values, now),
    )


def _no_posts(values: Mapping[str, Any], now: datetime) -> str:
    return _("You have written nothing in the forums yet.")


def _reported(values: Mapping[str, Any], now: datetime) -> str:
    share = wording.percent(values["share"])
    return _("The platform sums it up as %(share)s of the course done.", share=share)


def _groups(values: Mapping[str, Any], now: datetime) -> str:
    return ngettext(
        "Your group: %(names)s.",
        "Your groups: %(names)s.",
        values["count"],
        names=values["names"],
    )


def _enrolled(values: Mapping[str, Any], now: datetime) -> str:
    return _("Your enrolment began on %(date)s.", date=_date(values, now))


def _identity(values: Mapping[str, Any], now: datetime) -> str:
    if not values["email"]:
        return _("Your name here is %(name)s; no e-mail address is known.", name=values["name"])
    return _(
        "Your name here is %(name)s, your e-mail address %(email)s.",
        name=values["name"],
        email=values["email"],
    )


def _unknown(values: Mapping[str, Any], now: datetime) -> str:
    by_code = {
        "last_access": _("It is not known when you last visited the course."),
        "active_days": _("It is not known on which days you worked in the course."),
        "steps_done": _("It is not known which steps you have done."),
        "submissions": _("It is not known what you have handed in."),
        "posts": _("It is not known what you have written in the forums."),
        "enrolment": _("It is not known when your enrolment began."),
    }
    return by_code.get(values["what"], _("Something that the platform did not tell."))
