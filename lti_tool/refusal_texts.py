"""What happened, in a sentence for the person whose login or launch was refused.

Marks only; the sentences are translated when a page is made. One entry for every code of refusals.py.
"""

from __future__ import annotations


def N_(message: str) -> str:
    """Marks a sentence for translation."""
    return message


PERSON = {
    "login_incomplete": N_("Your platform began to open this tool, but left out something the tool needs."),
    "login_malformed": N_("The address that was to open this tool is damaged."),
    "launch_by_get": N_("This address only works when your course opens it; a bookmark or a reload cannot."),
    "token_missing": N_("Your platform sent nothing that says who you are."),
    "token_too_large": N_("What your platform sent about you is far larger than expected."),
    "token_malformed": N_("What your platform sent about you cannot be read."),
    "claim_malformed": N_("One of the details your platform sent has a form nobody can read."),
    "algorithm_refused": N_("Your platform signed in a way this tool does not accept."),
    "key_id_missing": N_("Your platform did not say with which key it signed."),
    "key_unknown": N_("Your platform signed with a key it does not publish yet."),
    "platform_keys_unreachable": N_("The keys of your platform could not be fetched."),
    "platform_keys_invalid": N_("The keys of your platform came, but none of them can be used."),
    "platform_error": N_(
        "Your platform broke the opening off by itself, perhaps because you were signed out there."
    ),
    "signature_invalid": N_("What arrived was not signed by your platform, or was changed on the way."),
    "platform_unknown": N_("This tool does not know the platform that opened it."),
    "platform_ambiguous": N_(
        "This tool knows several connections of your platform, and was not told which one is meant."
    ),
    "issuer_missing": N_("What arrived does not say which platform it comes from."),
    "audience_invalid": N_("What your platform sent is not addressed to this tool."),
    "authorised_party_missing": N_(
        "What your platform sent is addressed to several tools and does not say who may use it."
    ),
    "authorised_party_wrong": N_("What your platform sent is meant for another tool."),
    "expiry_missing": N_("Your platform did not say how long its confirmation is good."),
    "issue_time_missing": N_("Your platform did not say when it confirmed who you are."),
    "time_malformed": N_("Your platform sent a time that is none."),
    "token_expired": N_("The confirmation of your platform ran out before it arrived here."),
    "token_too_old": N_("The confirmation of your platform was made too long ago."),
    "token_from_future": N_("The clock of your platform is ahead of ours."),
    "token_not_yet_valid": N_("The confirmation of your platform is good from a later time only."),
    "nonce_missing": N_("Your platform did not give back the mark by which we know our own question."),
    "nonce_foreign": N_("What arrived answers another opening than this one."),
    "state_missing": N_("What arrived does not say which opening it answers."),
    "state_unknown": N_("This tool did not ask for this opening, or has forgotten it since."),
    "state_expired": N_(
        "Between the click in your course and your arrival here, more than ten minutes went by."
    ),
    "state_foreign": N_("This opening was begun by another platform."),
    "launch_replayed": N_("This very opening was used already."),
    "browser_unknown": N_("The cookie that was set when you clicked did not come back."),
    "browser_foreign": N_("This opening was begun in another browser."),
    "ticket_unknown": N_(
        "The code that leads from one page of this opening to the next is used up or too old."
    ),
    "ticket_foreign": N_(
        "The code that leads on from here was opened in another place than it was made for."
    ),
    "version_missing": N_("Your platform did not say which version of LTI it speaks."),
    "version_wrong": N_("Your platform speaks another version of LTI than this tool."),
    "message_type_missing": N_("Your platform did not say what it wants from this tool."),
    "message_type_wrong": N_("Your platform asked for something this tool does not do."),
    "deployment_missing": N_("Your platform did not say in which of its places this tool was opened."),
    "deployment_unknown": N_("This tool was not set up for this place of your platform."),
    "target_missing": N_("Your platform did not say which page of this tool it wants to open."),
    "target_foreign": N_("The link in your course leads to an address that is not this tool’s."),
    "resource_link_missing": N_("Your platform did not say which activity was opened."),
    "placing_malformed": N_("What your platform said about placing this tool in the course cannot be read."),
    "placing_not_accepted": N_("Your platform does not take links of this tool in this place."),
    "placing_return_foreign": N_(
        "The way back to your course leads to an address that is not your platform’s."
    ),
    "roles_missing": N_("Your platform did not say in which role you come."),
    "roles_malformed": N_("Your platform sent roles in a form nobody can read."),
    "user_missing": N_("The activity was opened by somebody without a name or number of their own."),
}
"""Code -> what happened, for whoever opened the activity. What waits for approval has its own words."""
