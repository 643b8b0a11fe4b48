"""What people read about connecting platforms: refusals, states, what the tool says of itself to platforms.

Words only; which page and status they come with is decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import force_locale, pgettext
from flask_babel import gettext as _

from course_sync.models import ACTIVE, PENDING
from lti_tool.registration_refusals import PERHAPS_NOTED, USED_BEFORE, RegistrationRefused


@dataclass(frozen=True)
class RefusalWords:
    """Title, what happened, what to do next."""

    title: str
    sentences: tuple[str, ...]
    next_steps: tuple[str, ...]


def tool_names() -> dict[str, str]:
    """What people of a platform read about this tool, in the language of whoever connects it."""
    with force_locale("fr"):
        name_fr = _("E-mentor")
    return {
        "name": _("E-mentor"),
        "name_fr": name_fr,
        "description": _(
            "Shows e-mentors which learners need a word from them and why, and learners their own progress."
        ),
        "console": _("E-mentor console"),
        "learner_page": _("My e-mentor"),
    }


def state_words(status: str) -> str:
    """State of a platform or deployment."""
    if status == ACTIVE:
        return _("connected")
    return _("waits for approval") if status == PENDING else _("not let in")


def product_words(product: str) -> str:
    """Name of a product; names need no translation."""
    return {"moodle": "Moodle", "canvas": "Canvas"}.get(product, _("learning platform"))


def done_words(code: str) -> str | None:
    """What was just done on an admin's page; None for a code that is not ours."""
    return {
        "invite_withdrawn": _("The invite is taken back. Its link connects nothing any more."),
        "platform_added": _("The platform is connected. Below stands what to fill in on its side."),
        "platform_changed": _("The platform is changed."),
        "platform_unchanged": _("Nothing was different: the platform is as it was."),
        "platform_approved": _("The platform is let in."),
        "platform_refused": _("The platform is not let in any more. Its courses and people stay here."),
        "deployment_approved": _("The place is let in."),
        "deployment_refused": _("The place is not let in any more."),
        "moodle_connected": _("The web services are connected. Progress comes with the next update."),
        "moodle_removed": _("The token is erased. What was read before stays known; nothing new is read."),
        "connection_tested": _("The connection was tested. What it found stands below."),
        "report_named": _("The report is read from the next update on."),
        "report_dropped": _("No report is read any more. What it told so far stays."),
    }.get(code)


def conflict_words(code: str) -> str | None:
    """Why an admin's action was not done; None for a code that is not ours."""
    return {
        "invite_used": _("This invite was used or taken back in the meantime."),
        "not_connected": _("No web services are connected: there is nothing to test."),
        "report_unconnected": _("No web services are connected: there is nothing to read a report with."),
        "token_unreadable": _("The stored token cannot be opened any more. Give the tool a new one."),
        "own_platform": _(
            "You came here from this platform: stopping it would lock you out. "
            "On the server: ementor platform refuse"
        ),
        "own_place": _(
            "You came here through this place, or it is the only one let in of your platform: refusing it "
            "would lock you out. On the server: ementor platform refuse --deployment"
        ),
    }.get(code)


def invite_state_words(obstacle: str | None) -> str:
    """State of an invite in the list."""
    return {
        None: _("open"),
        "invite_used": _("used"),
        "invite_withdrawn": _("taken back"),
        "invite_expired": _("expired"),
    }[obstacle]


def field_words(field: str) -> str:
    """What is wrong with a field of an admin's form."""
    return {
        "name": _("Needs a text of 1 to 200 characters."),
        "client_id": _("Needs the id the platform gave the tool. None may be registered with it yet."),
        "deployment_ids": _("Needs an id of 1 to 255 characters."),
        "token": _("A web-service token of Moodle has 32 letters and digits."),
        "auth_audience": _("Needs a text of 1 to 1024 characters, or nothing."),
        "product": _("Choose one of the list."),
        "report": _("Needs the number of a report: a whole number from 1 on."),
    }.get(field, _("Needs a whole public address that begins with https://"))


def changed_field_names() -> dict[str, str]:
    """What the addresses of a platform are for, by field."""
    return {
        "auth_login_url": _("Address of logins"),
        "auth_token_url": _("Address of access tokens"),
        "jwks_url": _("Address of the public keys"),
        "auth_audience": _("Audience of access tokens"),
    }


def platform_field_names() -> dict[str, str]:
    """What an admin's form calls the fields of a platform."""
    return {
        "name": pgettext("platform", "Name"),
        "product": _("Product"),
        "issuer": _("Platform ID (issuer)"),
        "client_id": _("Client ID"),
        "auth_login_url": _("Authentication request URL"),
        "auth_token_url": _("Access token URL"),
        "jwks_url": _("Public keyset URL"),
        "auth_audience": _("Audience of access tokens"),
        "deployment_ids": _("Places (deployments)"),
    }


def approval_words(code: str, organisation_name: str) -> RefusalWords:
    """A launch of a platform or deployment that nobody has approved."""
    wait = _("Try again when the admin says that it is done. You do not need to change anything.")
    if code in ("platform_stopped", "deployment_refused"):
        return _stopped_words(code, organisation_name)
    what = (
        _(
            "Your learning platform has asked to be connected. An admin of %(name)s has to approve it first.",
            name=organisation_name,
        )
        if code == "platform_pending"
        else _(
            "The tool was added in a new place of your platform. An admin of %(name)s must approve it.",
            name=organisation_name,
        )
    )
    approve = _(
        "For the admin: it stands under Organisation, Platforms. On the server: ementor platform approve"
    )
    return RefusalWords(_("This connection waits for approval"), (what,), (wait, approve))


def _stopped_words(code: str, organisation_name: str) -> RefusalWords:
    ask = (_("If you think this is a mistake, ask that admin. They need the code below."),)
    if code == "platform_stopped":
        what = _(
            "The connection with your learning platform was stopped by an admin of %(name)s.",
            name=organisation_name,
        )
        return RefusalWords(_("This platform is not let in any more"), (what,), ask)
    what = _(
        "This place of your learning platform was refused by an admin of %(name)s.", name=organisation_name
    )
    return RefusalWords(_("This place is not let in any more"), (what,), ask)


def refusal_words(refusal: RegistrationRefused) -> RefusalWords:
    """A registration by invite that does not go on."""
    title, sentence = _sentences(refusal)
    said = (_("The platform says: “%(reason)s”", reason=refusal.said),) if refusal.said else ()
    return RefusalWords(title, (sentence, *said), _next_steps(refusal.code))


def safe_words(code: str) -> tuple[str, ...]:
    """What a refused registration has left as it was: said only where it is certain."""
    if code in USED_BEFORE:
        return ()
    if code in PERHAPS_NOTED:
        return (
            _(
                "In this tool nothing was changed. The platform may have noted the tool all the same: look "
                "at its list of tools, and delete there what is left over."
            ),
        )
    return (_("Nothing was changed."),)


def _sentences(refusal: RegistrationRefused) -> tuple[str, str]:
    code = refusal.code
    if (code, refusal.detail) == ("registration_unclear", "deployment_id"):
        return _("The platform did not take the registration"), _(
            "The platform answered with a deployment ID that cannot be used: it must be a text of 1 to 255 "
            "characters."
        )
    if code == "invite_in_use":
        return _("The platform is being connected"), _(
            "Connecting was confirmed already, and the platform is being asked right now."
        )
    if code.startswith("invite_"):
        return _("This invite cannot be used"), _invite_sentences()[code]
    if code.startswith("configuration_"):
        return _("This platform could not be connected"), _configuration_sentences()[code]
    if code == "offer_stale":
        return _("This page is too old"), _(
            "Between opening this page and confirming it, too much time went by."
        )
    return _("The platform did not take the registration"), _registration_sentences()[code]


def _invite_sentences() -> dict[str, str]:
    return {
        "invite_missing": _("The link is incomplete: the invite itself is missing. Nothing was connected."),
        "invite_unknown": _("There is no such invite. Perhaps the link was cut when it was copied."),
        "invite_expired": _("The time of this invite is over."),
        "invite_used": _("This invite was used already. Each connects one platform, once."),
        "invite_withdrawn": _("This invite was taken back in the meantime."),
        "invite_overtaken": _("While the platform was being asked, an admin of this tool stopped it."),
        "invite_foreign": _(
            "This platform belongs to another organisation, or is not the one this invite is for."
        ),
        "invite_not_update": _(
            "This platform is connected already, and this invite may not change it. It stays as it was."
        ),
    }


def _configuration_sentences() -> dict[str, str]:
    return {
        "configuration_missing": _(
            "The link was not opened by a learning platform: it does not say which one it comes from."
        ),
        "configuration_address_refused": _(
            "The platform gives an address that this tool may not call: it must be https and public."
        ),
        "configuration_unreachable": _(
            "The platform’s description of itself could not be read: no answer, an error, or too slow."
        ),
        "configuration_not_json": _(
            "The platform’s description of itself is not what the standard asks for: it is not JSON."
        ),
        "configuration_too_large": _("The platform’s description of itself is far too large."),
        "configuration_redirected": _(
            "The platform’s description of itself leads to another address. That is not allowed."
        ),
        "configuration_incomplete": _("The platform’s description of itself is incomplete."),
        "configuration_foreign": _(
            "The platform’s description of itself names addresses of another host. It could be a forgery."
        ),
    }


def _registration_sentences() -> dict[str, str]:
    return {
        "registration_unreachable": _("The platform did not answer when the tool registered itself."),
        "registration_refused": _("The platform refused the registration."),
        "registration_unclear": _(
            "The platform answered without saying under which id the tool is registered."
        ),
        "registration_unfinished": _("It came to nothing: the platform did not answer, or refused."),
    }


def _next_steps(code: str) -> tuple[str, ...]:
    new_invite = _("Ask whoever sent you the link for a new one.")
    by_hand = _("If it happens again, connect the platform by hand; the documentation says how.")
    if code in ("invite_missing", "invite_unknown"):
        return (_("Copy the whole link again, and paste it into your learning platform."), new_invite)
    if code in USED_BEFORE:
        return _steps_after_use(code, new_invite)
    if code == "invite_not_update":
        return (
            _("Ask an admin for an invite that brings this platform up to date: Organisation, Platforms."),
            _("On the server: ementor platform invite --update NUMBER"),
        )
    if code.startswith("invite_"):
        return (new_invite,)
    if code in ("configuration_missing", "offer_stale"):
        return (
            _("Paste the link once more into your platform’s page for new tools. The invite is still good."),
        )
    return (
        _("Start again from your learning platform. The invite is still good."),
        by_hand,
    )


def _steps_after_use(code: str, new_invite: str) -> tuple[str, ...]:
    look = _("Look at your platform’s list of tools: once it is connected, this tool stands there.")
    if code == "invite_in_use":
        return (_("Wait a few seconds, then choose “Look again”: it says what came of it."), look)
    return (_("If you confirmed it yourself just now, it may have worked."), look, new_invite)
