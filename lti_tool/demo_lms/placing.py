"""Links a trainer adds to the course by deep linking (LTI Deep Linking 2.0): request, answer, list.

The answer is believed only with the tool's signature, once, for the request it belongs to.
"""

import json
import secrets
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jwt
from lti1p3platform.exceptions import LtiException

from lti_tool.demo_lms import constants
from lti_tool.demo_lms.platform import PlatformKeys
from lti_tool.demo_lms.tickets import Tickets

FILE = "placed_links.json"
DL_CLAIM = "https://purl.imsglobal.org/spec/lti-dl/claim/"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
RETURN_PATH = "/mod/lti/contentitem_return.php"
FIRST_CMID = 9001
"""Course module ids of added links; the outline's own are far below."""
REQUEST_SECONDS = 3600.0


class AnswerRefused(Exception):
    """What came back adds nothing to the course; the message says why."""


@dataclass(frozen=True)
class PlacedLink:
    """One added link. `link_id` = resource link id of its launches."""

    cmid: int
    title: str
    text: str
    custom: dict[str, str]

    @property
    def link_id(self) -> int:
        return self.cmid - FIRST_CMID + constants.LINK_ID + 1


class PlacedLinks:
    """The links added so far, kept in the state folder."""

    def __init__(self, state_dir: Path) -> None:
        self._file = state_dir / FILE
        self._lock = threading.Lock()
        self._links = [PlacedLink(**row) for row in _read(self._file)]
        self.requests = Tickets(REQUEST_SECONDS)
        """Requests under way: session key -> id of the person who may add."""
        self._seen = Tickets(REQUEST_SECONDS)

    def all(self) -> list[PlacedLink]:
        return list(self._links)

    def find(self, cmid: str) -> PlacedLink | None:
        return next((link for link in self._links if str(link.cmid) == cmid), None)

    def begin(self, user_id: int) -> str:
        """A session key for one request; Moodle puts its own into the return address."""
        key = secrets.token_hex(5)
        self.requests.put(key, user_id)
        return key

    def add(self, answer: str, sesskey: str, keys: PlatformKeys) -> tuple[int, list[PlacedLink]]:
        """Who asked, and the links of the signed answer, now in the course. Raises AnswerRefused."""
        claims = self._check(answer, sesskey, keys)
        items = claims.get(DL_CLAIM + "content_items")
        if not isinstance(items, list):
            raise AnswerRefused("content_items is no list")
        user_id: int | None = self.requests.take(sesskey)
        if user_id is None:
            raise AnswerRefused("this request was answered before, or has expired")
        with self._lock:
            first = FIRST_CMID + len(self._links)
            added = [_link(first + number, item) for number, item in enumerate(items)]
            self._links.extend(added)
            self._file.write_text(json.dumps([asdict(link) for link in self._links]), encoding="utf-8")
        return user_id, added

    def _check(self, answer: str, sesskey: str, keys: PlatformKeys) -> dict[str, Any]:
        try:
            claims = keys.platform().decode_message(answer)
        except (LtiException, jwt.PyJWTError, AttributeError, TypeError, ValueError) as error:
            raise AnswerRefused(f"the answer is not signed by the tool: {error}") from error
        registration = keys.registration
        audience = claims.get("aud")
        wanted = {
            "iss": registration.get_client_id(),
            "nonce": claims.get("nonce") or "a nonce",
            f"{CLAIM}message_type": "LtiDeepLinkingResponse",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}deployment_id": registration.get_deployment_id(),
            f"{DL_CLAIM}data": request_data(sesskey),
        }
        wrong = next((name for name, value in wanted.items() if claims.get(name) != value), None)
        if registration.get_iss() not in (audience if isinstance(audience, list) else [audience]):
            wrong = "aud"
        if not isinstance(claims.get("exp"), int | float):
            wrong = "exp"
        if wrong:
            raise AnswerRefused(f"{wrong} is missing or wrong")
        if not self._seen.put(str(claims["nonce"]), True):
            raise AnswerRefused("this answer was used before")
        return claims


def request_data(sesskey: str) -> str:
    """What the tool must send back unchanged."""
    return f"add to course {constants.COURSE_ID}, {sesskey}"


def return_url(base_url: str, sesskey: str, page_language: str) -> str:
    """Where the answer goes; the language travels along, since no cookie comes with a post from elsewhere."""
    query = f"course={constants.COURSE_ID}&id={constants.DEPLOYMENT_ID}&sesskey={sesskey}"
    query += f"&lang={page_language}" if page_language else ""
    return f"{base_url}{RETURN_PATH}?{query}"


def request_claims(sesskey: str, deep_link_return_url: str) -> dict[str, Any]:
    """The claim of a request, in the shape of a recorded one, with `data`, which is optional."""
    return {
        f"{DL_CLAIM}deep_linking_settings": {
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["frame", "iframe", "window"],
            "accept_copy_advice": False,
            "accept_multiple": True,
            "accept_unsigned": False,
            "auto_create": False,
            "can_confirm": False,
            "deep_link_return_url": deep_link_return_url,
            "title": "",
            "text": "",
            "data": request_data(sesskey),
        }
    }


def _link(cmid: int, item: Any) -> PlacedLink:
    """Raises AnswerRefused for anything but a link with texts."""
    custom = item.get("custom", {}) if isinstance(item, dict) else None
    if not isinstance(custom, dict) or item.get("type") != "ltiResourceLink":
        raise AnswerRefused("only links to the tool can be added")
    texts = [item.get("title", ""), item.get("text", ""), *custom, *custom.values()]
    if not all(isinstance(text, str) for text in texts):
        raise AnswerRefused("a title, text or custom parameter is no text")
    return PlacedLink(cmid, item.get("title") or "E-mentor", item.get("text", ""), custom)


def _read(file: Path) -> list[dict[str, Any]]:
    """Rows of the saved list; an unreadable one is as good as none: links can be added again."""
    try:
        rows = json.loads(file.read_text("utf-8"))
        return [row for row in rows if set(row) == set(PlacedLink.__dataclass_fields__)]
    except (OSError, ValueError, TypeError):
        return []
