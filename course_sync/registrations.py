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

    def knows_deployment(self, deployment_id: str) -> bool:
        """Whether this deployment of the tool was registered."""
        return deployment_id in self.deployment_ids
