"""Why an invite or a registration by invite was refused: one error, and every code it may carry.

Standard library only. What a person reads for each code is in registration_wording.py.
"""

from __future__ import annotations


class RegistrationRefused(Exception):
    """A registration that does not go on. `code` is one of CODES; `detail` holds no token and no name."""

    def __init__(self, code: str, detail: str = "", said: str = "") -> None:
        if code not in CODES:
            raise ValueError(f"unknown refusal code {code!r}")
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.said = said
        """What the platform gave as its reason, cut; shown to the admin of that platform, never logged."""

    @property
    def status(self) -> int:
        """HTTP status of the page."""
        return CODES[self.code]


CODES = {
    "invite_missing": 404,
    "invite_unknown": 404,
    "invite_expired": 410,
    "invite_used": 410,
    "invite_in_use": 409,
    "invite_withdrawn": 410,
    "invite_overtaken": 409,
    "invite_foreign": 403,
    "invite_not_update": 409,
    "offer_stale": 400,
    "configuration_missing": 400,
    "configuration_address_refused": 400,
    "configuration_unreachable": 502,
    "configuration_not_json": 502,
    "configuration_too_large": 502,
    "configuration_redirected": 502,
    "configuration_incomplete": 502,
    "configuration_foreign": 502,
    "registration_unreachable": 502,
    "registration_refused": 502,
    "registration_unclear": 502,
    "registration_unfinished": 409,
}
"""Code -> HTTP status."""

USED_BEFORE = frozenset({"invite_used", "invite_in_use"})
"""Nothing came of this request, but perhaps of the one before it."""
PERHAPS_NOTED = frozenset(
    {
        "invite_foreign",
        "invite_not_update",
        "invite_overtaken",
        "registration_unreachable",
        "registration_unclear",
        "registration_unfinished",
    }
)
"""The registration was sent by then: the platform may list the tool, though nothing is stored here."""
