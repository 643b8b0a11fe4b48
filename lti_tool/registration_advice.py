"""What each refusal of a registration by invite means to the admin who made it, and what they can do.

Marks only; the sentences are translated when a page is made. One entry for every code of
registration_refusals.py.
"""

from __future__ import annotations

from lti_tool.refusal_advice import ADVICE, Advice
from lti_tool.refusal_texts import N_

_NEW_INVITE = N_("Make a new invite under Platforms and invites, and send it again.")
_WHOLE_LINK = N_("Send the whole link again; some programs cut long addresses.")
_UPDATE = N_("If it is yours, make an invite that brings exactly this platform up to date.")
_AGAIN = N_("Nothing to do: opening the link again from the platform helps, and the invite is still good.")
_FROM_INSIDE = N_(
    "Tell the platform’s admin to paste the link into its page for new tools, not into a browser."
)
_REACHABLE = N_(
    "Check that this server reaches the platform by https. For an intranet site, see the setting "
    "EMENTOR_PRIVATE_HOSTS; else connect it by hand."
)
_BY_HAND = N_("Update the platform, or connect it by hand under Platforms and invites.")
_FORGERY = N_("Ask whoever has the link from where they opened it. If in doubt, take the invite back.")
_ITS_LOG = N_("Its own log says more. Try again from there, or connect it by hand; the invite is still good.")

REGISTRATION_ADVICE = {
    "invite_missing": Advice(N_("The registration address was opened without an invite."), _WHOLE_LINK),
    "invite_unknown": Advice(
        N_("The link held an invite that this tool never made, or only half of one."), _WHOLE_LINK
    ),
    "invite_expired": Advice(N_("Somebody opened an invite whose time is over."), _NEW_INVITE),
    "invite_used": Advice(
        N_("Somebody opened an invite that had connected a platform already."), _NEW_INVITE
    ),
    "invite_in_use": Advice(
        N_("Connecting a platform was confirmed a second time while the first was under way."),
        N_("Nothing to do: look whether the platform stands in the list now."),
    ),
    "invite_withdrawn": Advice(N_("Somebody opened an invite that was taken back."), _NEW_INVITE),
    "invite_overtaken": Advice(
        N_("A platform was stopped while an invite was being answered by it. It stays stopped."),
        _NEW_INVITE,
    ),
    "invite_foreign": Advice(
        N_("An invite was opened on a platform of another organisation, or on another one than it is for."),
        _UPDATE,
    ),
    "invite_not_update": Advice(
        N_("An invite for a new platform was opened on one that is connected already; it stayed as it was."),
        _UPDATE,
    ),
    "offer_stale": Advice(
        N_("The page that asks to connect was confirmed too late, or was not ours."), _AGAIN
    ),
    "configuration_missing": Advice(
        N_("An invite was opened by something that does not say which platform it is."),
        _FROM_INSIDE,
    ),
    "configuration_address_refused": Advice(
        N_("The platform names an address this tool may not call: not https, or not a public one."),
        _REACHABLE,
    ),
    "configuration_unreachable": Advice(
        N_("The platform’s description of itself could not be fetched; the log says why."),
        _REACHABLE,
    ),
    "configuration_not_json": Advice(
        N_("What came in the place of the platform’s description of itself is no JSON object."),
        _BY_HAND,
    ),
    "configuration_too_large": Advice(
        N_("The platform’s description of itself is larger than any real one."),
        _FORGERY,
    ),
    "configuration_redirected": Advice(
        N_("The address of the platform’s description of itself leads on to another one."),
        _REACHABLE,
    ),
    "configuration_incomplete": Advice(
        N_("The platform’s description of itself lacks something; the log names it."),
        _BY_HAND,
    ),
    "configuration_foreign": Advice(
        N_("The platform’s description of itself speaks of addresses of another host; the log names which."),
        _FORGERY,
    ),
    "registration_unreachable": Advice(
        N_("The platform did not answer when the tool registered itself."), _ITS_LOG
    ),
    "registration_refused": Advice(
        N_("The platform refused the registration and told its reason to whoever was there."),
        _ITS_LOG,
    ),
    "registration_unclear": Advice(
        N_(
            "The platform’s answer to the registration lacks the client id, names a deployment that is none, "
            "or is no JSON; the log says which."
        ),
        _ITS_LOG,
    ),
    "registration_unfinished": Advice(
        N_("Somebody looked what came of connecting a platform, and it had come to nothing."), _AGAIN
    ),
}
"""Code -> meaning and remedy."""


def find_advice(code: str) -> Advice | None:
    """For a code of the door or of a registration; None for one that this version does not know."""
    return ADVICE.get(code) or REGISTRATION_ADVICE.get(code)
