"""Which hosts an update of a course asks: the names under which all runs share what they know of a host."""

from __future__ import annotations

from urllib.parse import urlsplit

from course_sync.addresses import origin_name
from course_sync.models import Context
from course_sync.moodle_access import find_site_url


def list_hosts(context: Context) -> frozenset[str]:
    """Every host that a pull of this context may ask."""
    platform = context.platform
    addresses = [find_site_url(platform), context.memberships_url]
    addresses += [platform.auth_token_url] if context.memberships_url else []
    return frozenset(host for address in addresses if (host := host_of(address)))


def main_host(context: Context) -> str:
    """The host that most of a pull is asked of."""
    return host_of(find_site_url(context.platform)) or host_of(context.memberships_url)


def host_of(address: str | None) -> str:
    """Scheme, host and port; "" for none, and for what is no address."""
    try:
        return origin_name(urlsplit(address)) if address else ""
    except ValueError:
        return ""
