"""What each refusal of the door means to an admin, and what they can do about it.

Marks only; the sentences are translated when a page is made. One entry for every code of refusals.py; those
of registrations are in registration_advice.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from lti_tool.refusal_texts import N_


@dataclass(frozen=True)
class Advice:
    """Two sentences of English; translate them where they are shown."""

    meaning: str
    remedy: str


_NOTHING = N_("Nothing to do: opening the activity again from the course helps.")
_TYPED = N_("Single ones are mistyped or probed addresses. If there are many, check the login address there.")
_MAKER = N_(
    "The platform does not keep to LTI 1.3. Update it; if that does not help, give this code to its makers."
)
_CUSTOM = N_(
    "Look at the custom parameters of the tool on the platform; take out those this tool does not ask for."
)
_KEYSET = N_("Compare the public keyset address of the platform with the one registered here.")
_REACH = N_(
    "Open the keyset address from this server. For an intranet site, see the setting EMENTOR_PRIVATE_HOSTS."
)
_SIGNEDOUT = N_(
    "Rare: the person was signed out. If everybody meets it, check the redirection address on the platform."
)
_FORGED = N_(
    "Single ones may be attempts to break in, and failed. If everybody meets it, check the keyset address."
)
_REGISTER = N_(
    "Compare issuer, client id and addresses with those on the platform, or connect it anew with an invite."
)
_CLIENTID = N_("Compare the client id on the platform with the one registered here.")
_APPROVE = N_("Approve or refuse it under Platforms.")
_REFUSED = N_(
    "To let it in again: Approve beside it under Platforms, or ementor platform approve --platform ID "
    "--deployment ID"
)
_CLOCKS = N_("If it happens often, set the clocks of both servers by network time.")
_REPLAY = N_("Nothing to do if it is rare. Many may mean that somebody copies launches; nobody got in.")
_SLOW = N_("Nothing to do: somebody took long to sign in at the platform.")
_COOKIES = N_(
    "Tell people to open the tool in a new tab, or set the link on the platform to open in a new window."
)
_LTI13 = N_("Register the tool as LTI 1.3 on the platform, not as LTI 1.1.")
_PLACEMENT = N_(
    "Take the tool out of this place of the platform; it belongs into courses as an activity or link."
)
_DEPLOYMENT = N_("If this place is yours, add its deployment id under Platforms.")
_TOOLURL = N_(
    "Compare the tool address on the platform with EMENTOR_PUBLIC_URL: name, port and https must be the same."
)
_PRIVACY = N_("Close guest access to the activity, and let the platform send the user’s id.")

ADVICE = {
    "login_incomplete": Advice(
        N_("A login initiation came without iss, login_hint or target_link_uri; the log names which."), _TYPED
    ),
    "login_malformed": Advice(N_("A login initiation held a value that is too long or no text."), _TYPED),
    "launch_by_get": Advice(
        N_("Somebody opened the launch address by hand, by a bookmark or by reloading."), _NOTHING
    ),
    "token_missing": Advice(N_("A launch came without an id_token."), _MAKER),
    "token_too_large": Advice(N_("An id_token was larger than any real launch."), _CUSTOM),
    "token_malformed": Advice(N_("An id_token was no signed JSON Web Token."), _MAKER),
    "claim_malformed": Advice(N_("A claim of the launch has the wrong type; the log names it."), _CUSTOM),
    "algorithm_refused": Advice(
        N_("An id_token was signed with another algorithm than RS256, or not at all."), _MAKER
    ),
    "key_id_missing": Advice(N_("The header of an id_token has no kid."), _MAKER),
    "key_unknown": Advice(
        N_("The key named in an id_token is not in the platform’s key set, also after reading it again."),
        _KEYSET,
    ),
    "platform_keys_unreachable": Advice(
        N_("The address of the platform’s key set does not answer, or its certificate is not accepted."),
        _REACH,
    ),
    "platform_keys_invalid": Advice(
        N_("The platform’s key set holds no RSA key of at least 2048 bits with a kid."), _KEYSET
    ),
    "platform_error": Advice(
        N_("The platform answered the login with an error such as login_required; the log names it."),
        _SIGNEDOUT,
    ),
    "signature_invalid": Advice(N_("The signature of an id_token does not fit the platform’s key."), _FORGED),
    "platform_unknown": Advice(N_("No registration has this issuer and client id."), _REGISTER),
    "platform_ambiguous": Advice(
        N_("A login named no client_id, and several registrations share its issuer."), _CLIENTID
    ),
    "platform_pending": Advice(N_("Somebody launched from a platform that waits for approval."), _APPROVE),
    "platform_stopped": Advice(
        N_("Somebody launched from a platform that is not let in any more."), _APPROVE
    ),
    "deployment_pending": Advice(
        N_("Somebody launched from a new place (deployment) of the platform that waits for approval."),
        _APPROVE,
    ),
    "deployment_refused": Advice(
        N_("Somebody launched from a place (deployment) of the platform that is not let in any more."),
        _REFUSED,
    ),
    "issuer_missing": Advice(N_("An id_token has no iss."), _MAKER),
    "audience_invalid": Advice(
        N_("The aud of an id_token is missing, or is not the client id of the registration."), _CLIENTID
    ),
    "authorised_party_missing": Advice(N_("An id_token with several audiences has no azp."), _MAKER),
    "authorised_party_wrong": Advice(N_("The azp of an id_token is another client id."), _CLIENTID),
    "expiry_missing": Advice(N_("An id_token has no exp."), _MAKER),
    "issue_time_missing": Advice(N_("An id_token has no iat."), _MAKER),
    "time_malformed": Advice(N_("exp, iat or nbf of an id_token is no number; the log names which."), _MAKER),
    "token_expired": Advice(N_("An id_token arrived after its exp."), _CLOCKS),
    "token_too_old": Advice(N_("An id_token was issued longer ago than a launch takes."), _CLOCKS),
    "token_from_future": Advice(
        N_("The iat of an id_token lies in the future; the log says by how much."), _CLOCKS
    ),
    "token_not_yet_valid": Advice(N_("The nbf of an id_token lies in the future."), _CLOCKS),
    "nonce_missing": Advice(N_("An id_token has no nonce."), _MAKER),
    "nonce_foreign": Advice(N_("The nonce of an id_token belongs to another login than its state."), _REPLAY),
    "state_missing": Advice(N_("A launch came without state."), _MAKER),
    "state_unknown": Advice(
        N_("The state of a launch belongs to no login we know; logins are kept for a day."), _REPLAY
    ),
    "state_expired": Advice(N_("A launch arrived more than ten minutes after its login began."), _SLOW),
    "state_foreign": Advice(N_("The state of a launch belongs to a login of another registration."), _REPLAY),
    "launch_replayed": Advice(
        N_("A launch was sent twice: by reloading, by the back button, or by somebody who had copied it."),
        _REPLAY,
    ),
    "browser_unknown": Advice(
        N_("A launch came without the cookie of its login: none is kept here, or another browser sent it."),
        _COOKIES,
    ),
    "browser_foreign": Advice(N_("A launch came with the cookie of another login."), _REPLAY),
    "ticket_unknown": Advice(
        N_("The one-time code of a launch without cookies is unknown, used or over."), _NOTHING
    ),
    "ticket_foreign": Advice(
        N_("The one-time code of a launch without cookies came from another page or browser."), _REPLAY
    ),
    "version_missing": Advice(N_("A launch has no LTI version."), _MAKER),
    "version_wrong": Advice(N_("The LTI version of a launch is not 1.3.0."), _LTI13),
    "message_type_missing": Advice(N_("A launch has no message type."), _MAKER),
    "message_type_wrong": Advice(
        N_("The message type of a launch is neither a resource link nor deep linking."), _PLACEMENT
    ),
    "deployment_missing": Advice(N_("A launch has no deployment_id."), _MAKER),
    "deployment_unknown": Advice(
        N_("The deployment_id of a launch is not among those of the registration."), _DEPLOYMENT
    ),
    "target_missing": Advice(N_("A launch has no target_link_uri."), _MAKER),
    "target_foreign": Advice(N_("The target_link_uri is at another site than this tool."), _TOOLURL),
    "resource_link_missing": Advice(N_("A launch has no resource link id."), _PLACEMENT),
    "placing_malformed": Advice(
        N_("The settings of a deep-linking request are missing or wrong; the log names what."), _MAKER
    ),
    "placing_not_accepted": Advice(
        N_("A deep-linking request does not accept links of the type ltiResourceLink."), _PLACEMENT
    ),
    "placing_return_foreign": Advice(
        N_("The return address of a deep-linking request is at a host the platform was not registered with."),
        _REGISTER,
    ),
    "roles_missing": Advice(N_("A launch has no list of roles."), _MAKER),
    "roles_malformed": Advice(N_("The roles of a launch are no list of texts."), _MAKER),
    "user_missing": Advice(
        N_("A launch names nobody (no sub): a guest, or a platform set to send no ids."), _PRIVACY
    ),
}
"""Code -> meaning and remedy."""
