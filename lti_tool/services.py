"""What `create_app` composes once and the rest of the door uses: settings, clocks, keys, the platform client.

A plain value in `app.extensions["ementor"]`; no decisions here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time
from typing import Any

from flask import Flask, current_app

from course_sync.host_watch import Budget
from course_sync.platform_client import PlatformClient
from course_sync.registrations import Registration
from course_sync.sync import PlatformServices
from lti_tool.clock import Clock
from lti_tool.config import Settings
from lti_tool.keys import ToolKeys
from lti_tool.platform_keys import PlatformKeys
from lti_tool.secrets import Sealer
from mentor_console.own_accounts import list_usable

EXTENSION = "ementor"
_DEMO_DAY_OVER = time(14)
KEYS_TIMEOUT_SECONDS = 8.0
"""A person waits for the launch meanwhile; a sync may be more patient."""


@dataclass(frozen=True)
class Services:
    """One running tool."""

    settings: Settings
    sealer: Sealer
    clock: Clock
    client: PlatformClient
    keys: ToolKeys
    platform_keys: PlatformKeys

    @property
    def platform(self) -> PlatformServices:
        """What a sync needs from up here."""
        budget = Budget(self.settings.platform_parallel, self.settings.platform_per_minute)
        services = PlatformServices(
            client=self.client, open_secret=self.sealer.open, budget=budget, list_own_tokens=list_usable
        )
        # What happens in the demo is dated noon UTC; there a day holds nothing more from then on.
        return replace(services, day_over=_DEMO_DAY_OVER) if self.settings.demo_clock else services


def compose(app: Flask, settings: Settings) -> Services:
    """Build the services of an application; opens no connection and reads no table."""
    sealer = Sealer(settings.secret_keys)
    clock = Clock(settings.demo_clock)
    keys = ToolKeys(app, sealer, clock)
    client = PlatformClient(
        sign_assertion=keys.sign_assertion,
        allow_loopback=settings.allow_loopback_platforms,
        private_hosts=settings.private_hosts,
    )

    def fetch_keys(registration: Registration) -> Any:
        return client.fetch_json(registration.jwks_url, timeout_seconds=KEYS_TIMEOUT_SECONDS)

    return Services(settings, sealer, clock, client, keys, PlatformKeys(fetch_keys))


def current_services() -> Services:
    """The services of the current application."""
    services: Services = current_app.extensions[EXTENSION]
    return services
