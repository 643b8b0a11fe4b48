"""Why a login or launch was not accepted: one error, and every code it may carry.

Standard library only, so that the pure checks can raise it. What a person reads for each code is in
error_pages.py; a code is for the admin and never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class LaunchRefused(Exception):
    """A login or launch that does not hold. `code` is one of CODES; `detail` holds no name and no token."""

    def __init__(self, code: str, detail: str = "") -> None:
        if code not in CODES:
            raise ValueError(f"unknown refusal code {code!r}")
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.is_signed = False
        """Whether the platform's valid signature came along; else nobody knows who sent what is refused."""

    @property
    def kind(self) -> str:
        """What a person can do about it: see KINDS."""
        return CODES[self.code]


@contextmanager
def refusing_signed() -> Iterator[None]:
    """For the checks after the signature's: what they refuse came from the platform itself."""
    try:
        yield
    except LaunchRefused as refusal:
        refusal.is_signed = True
        raise


KINDS = ("again", "browser", "platform", "setup", "approval", "message", "user")
"""again: open it again. browser: cookies were not kept. platform: the platform failed or is unreachable.
setup: the connection is not (rightly) registered. approval: an admin has to approve the connection first.
message: the launch is malformed. user: nobody named."""

CODES = {
    "login_incomplete": "message",
    "login_malformed": "message",
    "launch_by_get": "again",
    "token_missing": "message",
    "token_too_large": "message",
    "token_malformed": "message",
    "claim_malformed": "message",
    "algorithm_refused": "message",
    "key_id_missing": "message",
    "key_unknown": "platform",
    "platform_keys_unreachable": "platform",
    "platform_keys_invalid": "platform",
    "platform_error": "platform",
    "signature_invalid": "message",
    "platform_unknown": "setup",
    "platform_ambiguous": "setup",
    "platform_pending": "approval",
    "platform_stopped": "approval",
    "deployment_pending": "approval",
    "deployment_refused": "approval",
    "issuer_missing": "message",
    "audience_invalid": "message",
    "authorised_party_missing": "message",
    "authorised_party_wrong": "message",
    "expiry_missing": "message",
    "issue_time_missing": "message",
    "time_malformed": "message",
    "token_expired": "again",
    "token_too_old": "again",
    "token_from_future": "platform",
    "token_not_yet_valid": "platform",
    "nonce_missing": "message",
    "nonce_foreign": "again",
    "state_missing": "message",
    "state_unknown": "again",
    "state_expired": "again",
    "state_foreign": "again",
    "launch_replayed": "again",
    "browser_unknown": "browser",
    "browser_foreign": "again",
    "ticket_unknown": "again",
    "ticket_foreign": "again",
    "version_missing": "message",
    "version_wrong": "message",
    "message_type_missing": "message",
    "message_type_wrong": "message",
    "deployment_missing": "message",
    "deployment_unknown": "setup",
    "target_missing": "message",
    "target_foreign": "setup",
    "resource_link_missing": "message",
    "placing_malformed": "message",
    "placing_not_accepted": "message",
    "placing_return_foreign": "setup",
    "roles_missing": "message",
    "roles_malformed": "message",
    "user_missing": "user",
}
"""Code -> kind."""
