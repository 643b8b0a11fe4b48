"""The file of platforms (tool_config.json): read, checked, and applied at each start.

What is wrong with it stops the start, with the number of the entry and the name of the field.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from course_sync.models import Platform
from lti_tool.config import ConfigError, Settings
from lti_tool.registration import PlatformDetails, RegistrationInvalid, add_platform, check_details

CONFIG_KEY = "EMENTOR_TOOL_CONFIG"
_OPTIONAL = {"product", "auth_audience"}
"""Fields an entry of the file may leave out."""


def read_tool_config(path: Path, *, allow_loopback: bool) -> list[PlatformDetails]:
    """The platforms of a tool_config.json, all checked. Raises ConfigError naming entry and field."""
    document = _parse(path)
    listed = document.get("platforms") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ConfigError(CONFIG_KEY, 'the file must be {"platforms": [...]}')
    entries = [_read_entry(number, entry, allow_loopback) for number, entry in enumerate(listed, start=1)]
    seen: dict[tuple[str, str], int] = {}
    for number, details in enumerate(entries, start=1):
        first = seen.setdefault((details.issuer, details.client_id), number)
        if first != number:
            raise ConfigError(
                CONFIG_KEY, f"platform {number}: has the issuer and client_id of platform {first}"
            )
    return entries


def apply_tool_config(settings: Settings, now: datetime) -> list[Platform]:
    """Add or update every platform of the settings' tool_config; needs a migrated database.

    What is new or changed by it is audited.
    """
    if settings.tool_config is None:
        return []
    entries = read_tool_config(settings.tool_config, allow_loopback=settings.allow_loopback_platforms)
    return [add_platform(details, settings, now, source="tool_config") for details in entries]


def _parse(path: Path) -> Any:
    """Some editors put a byte order mark in front of UTF-8."""
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except OSError:
        raise ConfigError(CONFIG_KEY, "the file cannot be read") from None
    except json.JSONDecodeError as problem:
        where = f"line {problem.lineno}, column {problem.colno}"
        raise ConfigError(CONFIG_KEY, f"the file is not JSON: {where}: {problem.msg}") from None
    except UnicodeDecodeError:
        raise ConfigError(CONFIG_KEY, "the file is not JSON: it is not written in UTF-8") from None
    except RecursionError:
        raise ConfigError(CONFIG_KEY, "the file is not JSON of platforms: it is nested too deeply") from None
    except ValueError:
        raise ConfigError(CONFIG_KEY, "the file is not JSON of platforms: a number is too long") from None


def _check_fields(number: int, entry: Any) -> None:
    if not isinstance(entry, dict):
        raise ConfigError(
            CONFIG_KEY, f"platform {number}: must be an object, with the fields of one platform"
        )
    known = set(PlatformDetails.__dataclass_fields__)
    missing, unknown = sorted(known - _OPTIONAL - set(entry)), sorted(set(entry) - known)
    told = [f"lacks {', '.join(missing)}"] if missing else []
    told += [f"has no field {', '.join(map(repr, unknown))}"] if unknown else []
    if told:
        raise ConfigError(CONFIG_KEY, f"platform {number}: {'; '.join(told)}")


def _read_entry(number: int, entry: Any, allow_loopback: bool) -> PlatformDetails:
    _check_fields(number, entry)
    if not isinstance(entry["deployment_ids"], list):
        raise ConfigError(CONFIG_KEY, f"platform {number}: deployment_ids: must be a list")
    nothing = {"product": ""} if entry.get("product") is None else {}
    details = PlatformDetails(**entry | nothing | {"deployment_ids": tuple(entry["deployment_ids"])})
    try:
        check_details(details, allow_loopback=allow_loopback)
    except RegistrationInvalid as problem:
        raise ConfigError(CONFIG_KEY, f"platform {number}: {problem}") from None
    return details
