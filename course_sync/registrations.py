"""What the tool knows of one platform, as frozen values that pass between rooms.

Standard library only. A registration is named by issuer *and* client_id (hosted Canvas shares one issuer
among all its customers), never by the issuer alone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Registration:
    """One client of one platform (LTI 1.3 core 3.1.3)."""

    platform_id: int
    organisation_id: int
    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    jwks_url: str
    deployment_ids: frozenset[str]
    """Those that may launch; others of the platform may wait for approval."""
    status: str = "active"
    """active | pending | refused; only an active one may launch."""
    product: str = ""
    """moodle | canvas | "" where nobody said."""
    auth_audience: str | None = None
    """Audience of our client assertions; None = the token address."""

    @property
    def assertion_audience(self) -> str:
        """Whom a client assertion is for (security framework 1.0, 4.1.1)."""
        return self.auth_audience or self.auth_token_url

    def knows_deployment(self, deployment_id: str) -> bool:
        """Whether this deployment of the tool was registered."""
        return deployment_id in self.deployment_ids
