"""What a connection test found, in sentences: what is read, what came, what it costs, where to click.

Words only. Names of capabilities and functions, and Moodle's own words, are printed as they are.
"""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import ngettext

from course_sync.connection_answers import ABSENT, FAILED, NO_TIME, REFUSED, SILENT, SLOW, WORKS, ProbeResult
from course_sync.moodle_needs import find_need


def title(result: ProbeResult) -> str:
    """What was tried."""
    return {
        "token": _("Token and version"),
        "roster": _("Members of the course"),
        "visits": _("Last visits"),
        "suspended": _("Who is suspended"),
        "groups": _("Groups"),
        "course": _("Beginning and end of the course"),
        "activities": _("Activities of the course"),
        "hidden": _("Hidden activities"),
        "deadlines": _("Dates in the calendar"),
        "assignments": _("Due dates of assignments"),
        "quizzes": _("Closing dates of quizzes"),
        "hand_ins": _("Hand-ins"),
        "grades": _("Grades"),
        "completion": _("Completed activities"),
        "course_completion": _("Completed course"),
        "attempts": _("Attempts at quizzes"),
        "extensions": _("Extended deadlines"),
        "discussions": _("Discussions in forums"),
        "posts": _("Posts in forums"),
        "changes": _("What has changed in the course"),
    }[result.code]


def state(result: ProbeResult) -> str:
    """How it came out, in a word or two."""
    if result.why == SLOW:
        return _("no answer yet")
    return {
        WORKS: _("works"),
        REFUSED: _("refused"),
        SILENT: _("left out without a word"),
        ABSENT: _("not in the service"),
        FAILED: _("no usable answer"),
    }.get(result.state, _("not tried"))


def cost(result: ProbeResult) -> str:
    """What people of the tool do without where this is missing."""
    return {
        "token": _("Without it nothing is known but the members that LTI tells."),
        "roster": _("Without it nobody’s visits are known, and no learner’s progress can be read."),
        "visits": _("Without it “Never started”, “Silence” and “Slowing down” say nothing."),
        "suspended": _("Without it somebody suspended is known only where the LTI list leaves them out."),
        "groups": _("Without it learners have no groups here, and what a team hands in counts for nobody."),
        "course": _("Without it the dates of the course come from launches only, or from nowhere."),
        "activities": _(
            "Without it there are no steps: nothing is known of deadlines, hand-ins or progress."
        ),
        "hidden": _("Without it activities that are hidden now are taken for removed."),
        "deadlines": _("Without it only assignments and quizzes have dates."),
        "assignments": _("Without it assignments have no due date, and “Missed deadlines” says less."),
        "quizzes": _("Without it quizzes have no closing date, and “Missed deadlines” says less."),
        "hand_ins": _("Without it “Missed deadlines” says nothing about assignments."),
        "grades": _("Without it there are no scores, and “Grades” says nothing."),
        "completion": _("Without it no completed step is known, so “Falling behind” says nothing."),
        "course_completion": _("Without it nobody is known to have finished the course."),
        "attempts": _("Without it “Missed deadlines” says nothing about quizzes."),
        "extensions": _("Without it extended deadlines are known only where somebody enters them by hand."),
        "discussions": _("Without it nobody is known to have written in a forum."),
        "posts": _("Without it nobody is known to have written in a forum."),
        "changes": _("Without it nothing is missing here, but each update asks Moodle more."),
    }[result.code]


def explanation(result: ProbeResult) -> str:
    """Why silence is not believed, why something was not tried, what to beware of; "" for nothing to say."""
    seen, expected = result.seen or 0, result.expected or 0
    counted = {
        "empty_roster": lambda: ngettext(
            "The list came back empty, without any error. %(num)d person should be on it.",
            "The list came back empty, without any error. %(num)d people should be on it.",
            expected,
        ),
        "short_roster": lambda: _(
            "Only %(seen)d of %(expected)d people are on the list, without any error.",
            seen=seen,
            expected=expected,
        ),
        "no_groups": lambda: ngettext(
            "The course has %(num)d group, and the list of members names none.",
            "The course has %(num)d groups, and the list of members names none.",
            expected,
        ),
        "left_out": lambda: _(
            "%(seen)d of %(expected)d are listed, without any error.", seen=seen, expected=expected
        ),
    }
    return counted[result.why]() if result.why in counted else _plain_explanation(result.why)


def _plain_explanation(why: str) -> str:
    return {
        "no_visits": _("Nobody on the list has a last visit, not even “never”: the site hides it."),
        "course_left_out": _("The course is not among those Moodle shows."),
        "warned": _("The answer holds a warning in place of the hand-ins."),
        "site_admin": _(
            "The token belongs to a site administrator: it may do far more than read. "
            "Use a service user with the role of the documentation."
        ),
        "no_answer": _("Not tried, because the site did not take the token or did not answer."),
        "no_course": _("Not tried: no course of this platform has opened the tool yet."),
        "no_learner": _("Not tried: no learner of the course is known."),
        "nobody_known": _("The list is empty, and nobody is known who should be on it."),
        "no_assignment": _("Not tried: the course shows no assignment."),
        "no_quiz": _("Not tried: the course shows no quiz."),
        "no_forum": _("Not tried: the course shows no forum."),
        "no_discussion": _("Not tried: nobody has begun a discussion in the first forum."),
        "no_group": _("Not tried: no group of the course is known."),
        "nothing_hidden": _(
            "The course shows no hidden activity. If it has one, “moodle/course:viewhiddenactivities” is "
            "missing."
        ),
        NO_TIME: _("Not tried: the time of this test was over. Test again, or on a smaller course."),
        SLOW: _(
            "No answer came before this test ended. An update waits longer, so it may work all the same."
        ),
        "not_set_up": _("The course is not set up to be completed as a whole."),
    }.get(why, "")


def remedy(result: ProbeResult) -> str:
    """Where in Moodle to click."""
    if result.state == ABSENT:
        return _(
            "In Moodle: Site administration, Server, Web services, External services, Functions: "
            "add “%(name)s”.",
            name=find_need(result.code).function,
        )
    if result.state == FAILED:
        return _("See that the address is right and the site answers this server, then test again.")
    if result.code == "token":
        return _token_remedy(result.error)
    if not result.capabilities:
        return ""
    names = ", ".join(result.capabilities)
    if len(result.capabilities) == 1:
        return _(
            "In Moodle: Site administration, Users, Permissions, Define roles: allow “%(name)s” "
            "in the role of the token’s owner.",
            name=names,
        )
    return _(
        "In Moodle: Site administration, Users, Permissions, Define roles: look which of these the role of "
        "the token’s owner lacks, and allow it: %(names)s.",
        names=names,
    )


def time_note(results: Iterable[ProbeResult]) -> str:
    """That the end of the test cut something off; "" = everything had its time."""
    was_cut = any(result.why in (NO_TIME, SLOW) for result in results)
    return _("This test ended before everything was answered.") if was_cut else ""


def summary(problems: Iterable[ProbeResult]) -> list[str]:
    """What to do in Moodle, each thing once, where it is certain what is missing."""
    known = list(problems)
    capabilities = dict.fromkeys(
        name for result in known if len(result.capabilities) == 1 for name in result.capabilities
    )
    functions = dict.fromkeys(find_need(result.code).function for result in known if result.state == ABSENT)
    lines = [_("Capabilities to allow: %(names)s", names=", ".join(capabilities))] if capabilities else []
    added = [_("Functions to add to the service: %(names)s", names=", ".join(functions))] if functions else []
    return lines + added


def _token_remedy(error: str) -> str:
    if error == "accessexception":
        return _(
            "In Moodle: allow “webservice/rest:use” in the role of the token’s owner, and add "
            "“core_webservice_get_site_info” to the functions of the service."
        )
    if error.startswith("http_"):
        return _(
            "In Moodle: Site administration, General, Advanced features: enable web services; "
            "then Server, Web services, Manage protocols: enable REST."
        )
    return _(
        "In Moodle: Site administration, Server, Web services, Manage tokens: make a new token, and give it "
        "to the tool."
    )
