"""Sentences after an action, beside a form field, and about facts that could not be read.

Only fixed codes become text, so that no address can put words into our pages.
"""

from __future__ import annotations

from flask_babel import gettext as _

from mentor_console.screens import MissingFact


def done_sentence(code: str) -> str | None:
    """What was just done; None for a code that is not ours."""
    return {
        "contact": _("The contact is logged. It now stands in your shared history."),
        "mentor_named": _("Named as e-mentor. Now give them learners below."),
        "mentor_ended": _("No longer e-mentor here. Their learners are now without this e-mentor."),
        "shared": _("The learners are shared out."),
        "taken_back": _("The learner is taken back from this e-mentor."),
        "asked": _("Your request is recorded. A trainer of the course or an admin decides."),
        "granted": _("Access is given. It holds from the next page they open."),
        "declined": _("The request is declined."),
        "language": _("Language changed."),
    }.get(code)


def problem_sentence(code: str) -> str | None:
    """What could not be done, and what to do next; None for a code that is not ours."""
    return {
        "nobody_chosen": _("Nothing was changed: choose somebody first."),
        "no_learners": _("Nothing was changed: tick at least one learner first."),
        "not_active": _("Nothing was changed: this person is not active in the course."),
        "not_named": _("Nothing was changed: this person is not e-mentor of the course. Name them first."),
        "not_a_learner": _("Nothing was changed: one of those ticked is no longer a learner here."),
        "own_mentor": _("Nothing was changed: nobody can be their own e-mentor."),
        "already_decided": _("Somebody else has already decided this request."),
        "form_used": _("This form was already used for another contact. Please fill it in again."),
        "unusable": _("Nothing was changed: the form arrived incomplete. Please try again."),
    }.get(code)


def field_sentence(field: str, code: str) -> str:
    """What is wrong with one field of the contact form, and what would be right."""
    sentences = {
        ("kind", "required"): _("Choose the kind of support."),
        ("channel", "required"): _("Choose how you were in contact."),
        ("outcome", "required"): _("Choose how it went."),
        ("occurred_at", "required"): _("Say when it was, as day and time."),
        ("occurred_at", "invalid"): _("Write day and time like 2026-11-18 14:30."),
        ("occurred_at", "in_future"): _("This lies in the future; log a contact once it has been."),
        ("occurred_at", "too_old"): _("This lies more than two years back; check the year."),
        ("duration_minutes", "not_a_number"): _("Write whole minutes, or leave it empty."),
        ("duration_minutes", "out_of_range"): _("Write a number of minutes from 0 to 600."),
        ("summary", "too_long"): _("Please shorten this to at most 4,000 characters."),
    }
    fallback = {
        "kind": sentences["kind", "required"],
        "channel": sentences["channel", "required"],
        "outcome": sentences["outcome", "required"],
        "occurred_at": sentences["occurred_at", "invalid"],
        "duration_minutes": sentences["duration_minutes", "out_of_range"],
        "summary": sentences["summary", "too_long"],
    }
    return sentences.get((field, code)) or fallback.get(field) or _("Please check this.")


def fact_kind_words(kind: str) -> str:
    """Name of a kind of fact that a platform gives."""
    by_code = {
        "roster": _("the list of members"),
        "access": _("last visits"),
        "structure": _("activities and due dates"),
        "submissions": _("hand-ins"),
        "grades": _("grades"),
        "completion": _("completed activities"),
    }
    return by_code.get(kind, kind)


def cause_sentence(missing: MissingFact) -> str:
    """What happened at the last try."""
    family = _FAMILIES.get(missing.code, missing.code)
    by_family = {
        "unreachable": _("The learning platform did not answer."),
        "certificate": _(
            "The learning platform could not prove that it is itself: its certificate is not valid."
        ),
        "invalid_answer": _("The learning platform answered something that cannot be read."),
        "address_refused": _("The address of the learning platform is not one this tool may call."),
        "roster_doubtful": _(
            "The list came back empty or with many members missing, so it was not believed."
        ),
        "no_source": _("The platform offers this tool no list of members of this course."),
        "token": _("The key with which this tool reads the platform is no longer valid."),
    }
    return by_family.get(family, _("The learning platform refused to give it."))


def remedy_sentence(missing: MissingFact) -> str:
    """Who can do what about it."""
    family = _FAMILIES.get(missing.code, missing.code)
    again = _("It is tried again at the next update; if it lasts, tell the admin of the platform.")
    by_family = {
        "unreachable": again,
        "certificate": _("Tell the admin of the platform."),
        "invalid_answer": again,
        "address_refused": _("An admin corrects the address with “ementor platform connect-moodle”."),
        "roster_doubtful": _(
            "Often the connection may not see all groups: on Moodle, ask the admin for the capability "
            "“moodle/site:accessallgroups”."
        ),
        "no_source": _(
            "Ask the admin of the platform to let this tool use names and roles, "
            "or to connect its web services."
        ),
        "token": _("An admin sets a new one with “ementor platform connect-moodle”."),
    }
    ask = _("Ask the admin of the platform to check the permissions of the connection, and name this code.")
    return by_family.get(family, ask)


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
    "empty_roster": "roster_doubtful",
    "roster_incomplete": "roster_doubtful",
    "no_roster_service": "no_source",
    "token_unreadable": "token",
    "invalidtoken": "token",
}
"""Codes that one sentence serves; any other code is a refusal in the platform's own word."""
