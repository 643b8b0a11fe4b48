"""Sentences of the page of a platform's roles: what a role means, and why it can mean nothing."""

from __future__ import annotations

from flask_babel import gettext as _


def meaning_words(means: str) -> str:
    """As a choice in a row of the table."""
    return {
        "": _("nothing"),
        "offered": _("may be offered as e-mentors"),
        "mentor": _("are e-mentors"),
    }[means]


def refusal_words(code: str) -> str:
    """Why there can be no rule for a role."""
    return {
        "learner_role": _(
            "Learners have this role. A learner becomes e-mentor only when a trainer names them."
        ),
        "observer_role": _("Observers see exactly the learners whom the platform names for them."),
        "everybodys_role": _("Everybody who is signed in has this role."),
        "outside_courses": _(
            "This is no role in a course. Roles of the site or the institution never count."
        ),
        "unusable_role": _("Write the role as the platform does: at most 64 characters, without a comma."),
        "too_many": _("These are more than 50 rules. Take some away."),
        "unknown": _("Choose what the role means."),
    }.get(code, _("Please check this."))


def change_words(role_name: str, means: str, *, began: bool) -> str:
    """One rule that a saving began or ended."""
    words = {
        (True, "mentor"): _("People with the role “%(role)s” became e-mentors.", role=role_name),
        (True, "offered"): _("People with the role “%(role)s” may now be offered.", role=role_name),
        (False, "mentor"): _("The role “%(role)s” no longer makes e-mentors.", role=role_name),
        (False, "offered"): _("People with the role “%(role)s” are no longer offered.", role=role_name),
    }
    return words[began, means]
