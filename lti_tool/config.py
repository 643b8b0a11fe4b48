"""Settings: read from the environment once, checked, frozen. A wrong one stops the start and names its key.

The table SETTINGS is the one list of keys; the documentation and its test are checked against it. No value of
a secret ever reaches a message.
"""

from __future__ import annotations

import difflib
import importlib.util
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from lti_tool.addresses import AddressInvalid, own_origin
from lti_tool.paths import offered_languages

PREFIX = "EMENTOR_"
TEST_PREFIX = "EMENTOR_TEST_"
"""Keys of the test harness, which the tool itself ignores."""
SECRET_MIN_CHARS = 32
APSCHEDULER, PROCRASTINATE = "apscheduler", "procrastinate"
"""What runs jobs."""
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)*")


class ConfigError(Exception):
    """A setting is missing or wrong; the message names the key and the form it must have."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key


@dataclass(frozen=True)
class Settings:
    """Every setting of one running tool."""

    secret_keys: tuple[str, ...]
    """Newest first; encryption keys are derived from each."""
    database_url: str = "sqlite:///ementor.sqlite3"
    public_url: str = "http://localhost:8000"
    """Origin under which browsers and platforms reach the tool; no path, no trailing slash."""
    tool_config: Path | None = None
    allow_loopback_platforms: bool = False
    private_hosts: frozenset[str] = frozenset()
    """Exact host names, lower case, which the tool may call although they are on a private network."""
    demo_clock: Path | None = None
    organisation: str = "Organisation"
    default_locale: str = "en"
    default_time_zone: str = "Europe/Paris"
    sync_minutes: int = 30
    platform_parallel: int = 8
    platform_per_minute: int = 3000
    jobs: str = APSCHEDULER
    trusted_proxies: int = 0
    log_level: str = "INFO"

    def __repr__(self) -> str:
        """Without the secrets and without a password in the database address."""
        return f"Settings(public_url={self.public_url!r})"


@dataclass(frozen=True)
class Setting:
    """One key of the environment: what it means and how its text becomes a value."""

    name: str
    field: str
    default: str | None
    """As one would write it; None = it must be given; "" = unset."""
    meaning: str
    parse: Callable[[str], Any]


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from an environment. Raises ConfigError for a missing, wrong or unknown key."""
    _refuse_unknown(environ)
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = environ.get(setting.name, "").strip() or setting.default
        if text is None:
            raise ConfigError(setting.name, f"must be set: {setting.meaning}")
        if text:
            values[setting.field] = _parse(setting, text)
    settings = Settings(**values)
    _check_jobs(settings)
    if settings.demo_clock and not settings.allow_loopback_platforms:
        raise ConfigError(
            "EMENTOR_DEMO_CLOCK",
            "moves the tool's day, so it needs EMENTOR_ALLOW_LOOPBACK_PLATFORMS=1 (demo only)",
        )
    return settings


def _check_jobs(settings: Settings) -> None:
    if settings.jobs != PROCRASTINATE:
        return
    if settings.database_url.startswith("sqlite"):
        raise ConfigError("EMENTOR_JOBS", "procrastinate needs PostgreSQL; see EMENTOR_DATABASE_URL")
    if importlib.util.find_spec("procrastinate") is None:
        raise ConfigError("EMENTOR_JOBS", "procrastinate is not installed; install ementor[postgres]")


def _parse(setting: Setting, text: str) -> Any:
    try:
        return setting.parse(text)
    except ValueError as problem:
        raise ConfigError(setting.name, str(problem)) from None


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = [setting.name for setting in SETTINGS]
    for key in sorted(environ):
        if key.startswith(PREFIX) and not key.startswith(TEST_PREFIX) and key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"
            raise ConfigError(key, f"is not a setting of this tool{hint}")


def _secret_keys(text: str) -> tuple[str, ...]:
    keys = tuple(text.replace(",", " ").split())
    if not keys or any(len(key) < SECRET_MIN_CHARS for key in keys):
        raise ValueError(
            f"each key needs at least {SECRET_MIN_CHARS} characters; "
            "several are separated by commas, newest first"
        )
    return keys


def parse_database_url(text: str) -> str:
    """The address in full: SQLite's file with its folder. Raises ValueError without repeating the text."""
    if text.startswith("postgres://"):
        text = "postgresql://" + text.removeprefix("postgres://")
    expected = "must be sqlite:///FILE or postgresql://USER@HOST/NAME"
    try:
        address = make_url(text)
    except (ArgumentError, ValueError):  # their text would repeat the address, password and all
        raise ValueError(expected) from None
    if address.drivername not in ("sqlite", "postgresql", "postgresql+psycopg"):
        raise ValueError(expected)
    if address.drivername != "sqlite":
        return text
    file = address.database or ""
    if address.host:
        raise ValueError("a file needs three slashes: sqlite:///FILE, or four before an absolute path")
    if file in ("", ":memory:") or file.startswith("file:"):
        return text
    resolved = address.set(database=str(Path(file).resolve()))
    return resolved.render_as_string(hide_password=False)


def _public_url(text: str) -> str:
    try:
        return own_origin(text)
    except AddressInvalid as problem:
        raise ValueError(f"{problem}; expected https://HOST[:PORT] (http only for localhost)") from None


def _host_names(text: str) -> frozenset[str]:
    """Names or IP addresses, one by one: no wildcard, no port, no path."""
    names = [name.rstrip(".").lower() for name in text.replace(",", " ").split()]
    for name in names:
        if not _HOST.fullmatch(name) and not _is_ip_address(name):
            raise ValueError("must be exact host names separated by commas, such as moodle.intranet.example")
    return frozenset(names)


def _is_ip_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _existing_file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        raise ValueError("no such file; unset it to read none")
    return path


def _yes_or_no(text: str) -> bool:
    answers = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in answers:
        raise ValueError("must be 1 or 0")
    return answers[text.lower()]


def _locale(text: str) -> str:
    """One of the languages the pages are written in; fr_CA is served by fr."""
    offered = offered_languages()
    try:
        wanted = Locale.parse(text.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        wanted = None
    if wanted is None or not {str(wanted), wanted.language} & set(offered):
        raise ValueError(f"must be one of the languages of the pages: {', '.join(offered)}")
    return str(wanted)


def _file_in_a_folder(text: str) -> Path:
    """The demo platform writes the file when it starts; the folder must be there."""
    path = Path(text)
    if not path.parent.is_dir():
        raise ValueError("its folder does not exist")
    return path


def _time_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone such as Europe/Paris") from None


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse


def _jobs(text: str) -> str:
    if text not in (APSCHEDULER, PROCRASTINATE):
        raise ValueError(f"must be {APSCHEDULER} or {PROCRASTINATE}")
    return text


def _log_level(text: str) -> str:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR")
    if text.upper() not in levels:
        raise ValueError(f"must be one of {', '.join(levels)}")
    return text.upper()


def _name(text: str) -> str:
    if len(text) > 200:
        raise ValueError("must have at most 200 characters")
    return text


SETTINGS = (
    Setting(
        "EMENTOR_SECRET_KEY",
        "secret_keys",
        None,
        "secret from which the keys that encrypt stored tokens are derived; at least 32 characters, several "
        "separated by commas, newest first",
        _secret_keys,
    ),
    Setting(
        "EMENTOR_DATABASE_URL",
        "database_url",
        "sqlite:///ementor.sqlite3",
        "database: sqlite:///FILE or postgresql://USER@HOST/NAME",
        parse_database_url,
    ),
    Setting(
        "EMENTOR_PUBLIC_URL",
        "public_url",
        "http://localhost:8000",
        "address under which browsers and platforms reach the tool; https, or http on localhost",
        _public_url,
    ),
    Setting(
        "EMENTOR_TOOL_CONFIG",
        "tool_config",
        "",
        "path of a JSON file of platforms (tool_config.json), applied at each start; unset reads no file",
        _existing_file,
    ),
    Setting(
        "EMENTOR_ALLOW_LOOPBACK_PLATFORMS",
        "allow_loopback_platforms",
        "0",
        "1 lets platforms have http and loopback addresses; for the demo and tests only",
        _yes_or_no,
    ),
    Setting(
        "EMENTOR_PRIVATE_HOSTS",
        "private_hosts",
        "",
        "exact host names of platforms on a private network, separated by commas; https is needed there too",
        _host_names,
    ),
    Setting(
        "EMENTOR_DEMO_CLOCK",
        "demo_clock",
        "",
        "path of the demo's clock.json, which moves the day of sync, flags and console (never of logins); "
        "needs EMENTOR_ALLOW_LOOPBACK_PLATFORMS=1",
        _file_in_a_folder,
    ),
    Setting(
        "EMENTOR_ORGANISATION",
        "organisation",
        "Organisation",
        "name of the organisation that platforms belong to unless told otherwise",
        _name,
    ),
    Setting(
        "EMENTOR_DEFAULT_LOCALE",
        "default_locale",
        "en",
        "language of pages when neither the platform nor the browser says one",
        _locale,
    ),
    Setting(
        "EMENTOR_DEFAULT_TIME_ZONE",
        "default_time_zone",
        "Europe/Paris",
        "time zone of a new organisation, used where a person's own is unknown",
        _time_zone,
    ),
    Setting(
        "EMENTOR_SYNC_MINUTES",
        "sync_minutes",
        "30",
        "minutes between two scheduled syncs of a course, 1 to 1440",
        _between(1, 1440),
    ),
    Setting(
        "EMENTOR_PLATFORM_PARALLEL",
        "platform_parallel",
        "8",
        "requests at a time that all syncs together make at one platform, 1 to 64",
        _between(1, 64),
    ),
    Setting(
        "EMENTOR_PLATFORM_PER_MINUTE",
        "platform_per_minute",
        "3000",
        "requests in a minute that all syncs together make at one platform, 10 to 100000",
        _between(10, 100_000),
    ),
    Setting(
        "EMENTOR_JOBS",
        "jobs",
        APSCHEDULER,
        "what runs jobs: apscheduler, or procrastinate (PostgreSQL only, extra postgres)",
        _jobs,
    ),
    Setting(
        "EMENTOR_TRUSTED_PROXIES",
        "trusted_proxies",
        "0",
        "number of reverse proxies in front whose X-Forwarded-* headers are believed, 0 to 5",
        _between(0, 5),
    ),
    Setting(
        "EMENTOR_LOG_LEVEL",
        "log_level",
        "INFO",
        "DEBUG, INFO, WARNING or ERROR; logs are JSON lines on standard error, without names or tokens",
        _log_level,
    ),
)
"""Every key the tool reads, in the order of the documentation."""
