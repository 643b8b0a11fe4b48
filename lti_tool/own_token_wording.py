"""What the page about one's own Moodle token says: why none can be given, what was done, what went wrong.

Words only, by code.
"""

from __future__ import annotations

from flask_babel import gettext as _


def obstacle_words(code: str) -> str:
    """Why no token can be given here."""
    return {
        "no_moodle": _(
            "Your platform is not a Moodle, as far as this tool knows: there is nothing to connect."
        ),
        "site_connected": _(
            "The whole site is connected already, by its own service user. Your own token is not needed."
        ),
        "no_part": _("Only people who are named e-mentor or trainer of a course connect their own account."),
    }[code]


def done_words(code: str) -> str | None:
    """What was just done; None for a code that is not ours."""
    return {
        "connected": _("Your account is connected. The course is being read with it."),
        "removed": _("Your token is erased. What was read with it stays known; nothing new is read with it."),
    }.get(code)


def problem_words(code: str) -> str | None:
    """Why a token was not kept; None for a code that is not ours."""
    return {
        "token_malformed": _("A web-service token of Moodle has 32 letters and digits. Nothing was kept."),
        "token_unknown": _("Moodle does not know this token. Copy it again, whole. Nothing was kept."),
        "token_without_rights": _(
            "Moodle knows this token and lets it ask nothing. Its service needs the functions of the "
            "documentation, and your role the right to use REST. Nothing was kept."
        ),
        "token_of_another": _(
            "This token belongs to another Moodle account than the one you came here with. Nothing was kept."
        ),
        "site_unanswered": _("Moodle did not answer as it should. Try again later. Nothing was kept."),
        "site_changed": _(
            "The address of your platform was changed just now. Look at the page anew. Nothing was kept."
        ),
        "no_moodle": obstacle_words("no_moodle"),
        "site_connected": obstacle_words("site_connected"),
        "no_part": obstacle_words("no_part"),
    }.get(code)
