"""Asks platforms: JSON documents, keys, service tokens, pages of a service, Moodle's web services.

Every failure leaves as a PlatformError that carries no address, token or name. Service tokens follow the
LTI security framework 1.0 (4.1, client_credentials with a signed assertion), paging follows NRPS 2.0 (2.4).
"""

from __future__ import annotations

import copy
import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from course_sync.addresses import Reach, check_service_url, check_url, origin_of
from course_sync.answers import Answer, parse_json, raise_if_refused, raise_token_refused, status_error
from course_sync.errors import PlatformAnswerInvalid
from course_sync.moodle_wire import REST_PATH, find_error, form_fields
from course_sync.outbound import USER_AGENT, GatedOutbound, Limits, Outbound, next_link
from course_sync.registrations import Registration
from course_sync.run_gate import RunGate

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN_MARGIN_SECONDS = 60
_TOKEN_SECONDS = 3600.0
"""Life of a token whose answer does not say."""
_MAX_TOKEN_SECONDS = 24 * 3600.0
_MAX_PAGES = 1000
DOCUMENT_SECONDS = 10.0
DOCUMENT_MAX_BYTES = 512 * 1024
"""Enough for any configuration or registration; a person waits for it."""

_TokenKey = tuple[int, str, str, str]
"""Platform, client id, token address, scopes: a registration that changed gets a token of its own."""


class PlatformClient:
    """Calls platforms. One instance per process, used by many threads."""

    def __init__(
        self,
        *,
        sign_assertion: Callable[[Registration], str],
        allow_loopback: bool = False,
        private_hosts: Collection[str] = (),
        limits: Limits | None = None,
        user_agent: str = USER_AGENT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sign_assertion = sign_assertion
        self._limits = limits or Limits()
        self._reach = Reach(allow_loopback, frozenset(private_hosts))
        self._way_out = Outbound(self._reach, self._limits, user_agent, sleep)
        self._out: Outbound | GatedOutbound = self._way_out
        self._lock = threading.Lock()
        self._tokens: dict[_TokenKey, tuple[str, float]] = {}
        self._token_locks: dict[_TokenKey, threading.Lock] = {}

    @property
    def request_count(self) -> int:
        """Requests sent by this process so far, retries included."""
        return self._out.request_count

    def for_run(self, gate: RunGate) -> PlatformClient:
        """The same client for one running sync, whose gate sees each call; tokens and connections are one."""
        gated = copy.copy(self)
        gated._out = GatedOutbound(self._way_out, gate)
        return gated

    def close(self) -> None:
        """Close idle connections. The client may be used again afterwards."""
        self._out.close()

    def fetch_json(
        self, url: str, *, headers: Mapping[str, str] | None = None, timeout_seconds: float | None = None
    ) -> Any:
        """GET one JSON document. Raises PlatformError."""
        limits = self._limits.within(timeout_seconds)
        return parse_json(self._out.request("GET", url, headers=headers, limits=limits))

    def fetch_document(
        self,
        url: str,
        *,
        bearer: str | None = None,
        max_bytes: int = DOCUMENT_MAX_BYTES,
        timeout_seconds: float = DOCUMENT_SECONDS,
    ) -> dict[str, Any]:
        """GET a JSON object from an address somebody outside named. Raises PlatformError."""
        limits = _once(self._limits, max_bytes, timeout_seconds)
        answer = self._out.request("GET", url, headers=_authorise(bearer), limits=limits)
        return _object_of(parse_json(answer))

    def post_document(
        self,
        url: str,
        document: Mapping[str, Any],
        *,
        bearer: str | None = None,
        max_bytes: int = DOCUMENT_MAX_BYTES,
        timeout_seconds: float = DOCUMENT_SECONDS,
    ) -> dict[str, Any]:
        """POST a JSON object, once, and read the object that answers it. Raises PlatformError.

        A refusal is a PlatformRefused with the platform's reason as its detail.
        """
        limits = _once(self._limits, max_bytes, timeout_seconds)
        answer = self._out.request(
            "POST", url, headers=_authorise(bearer), document=dict(document), limits=limits
        )
        raise_if_refused(answer)
        return _object_of(parse_json(answer))

    def fetch_jwks(self, registration: Registration) -> dict[str, Any]:
        """The platform's public keys. Raises PlatformError."""
        document = self.fetch_json(registration.jwks_url)
        if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
            raise PlatformAnswerInvalid("the key set has no list of keys", code="invalid_jwks")
        return document

    def fetch_service_token(
        self, registration: Registration, scopes: Sequence[str], *, timeout_seconds: float | None = None
    ) -> str:
        """An access token for these scopes, from the cache while it lasts. Raises PlatformError."""
        key = _token_key(registration, scopes)
        with self._lock:
            lock = self._token_locks.setdefault(key, threading.Lock())
        with lock:
            token, good_until = self._tokens.get(key, ("", 0.0))
            if time.monotonic() < good_until:
                return token
            token, lasts_seconds = self._fetch_new_token(
                registration, key[-1], self._limits.within(timeout_seconds)
            )
            self._tokens[key] = (token, time.monotonic() + lasts_seconds - _TOKEN_MARGIN_SECONDS)
            return token

    def fetch_pages(
        self,
        registration: Registration,
        url: str,
        scope: str,
        media_type: str,
        *,
        timeout_seconds: float | None = None,
        on_repeat: Callable[[], None] = lambda: None,
    ) -> Iterator[dict[str, Any]]:
        """Each page of a service, following `Link: rel=next` on the same host. Raises PlatformError midway.

        A later page that names itself as the next one ends the list, and `on_repeat` hears of it: nobody
        knows whether that was the end. `timeout_seconds` covers all pages together.
        """
        origin = origin_of(check_service_url(url, registration, self._reach))
        good_until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        seen: set[str] = set()
        next_url: str | None = url
        while next_url is not None and next_url not in seen:
            if origin_of(check_url(next_url, self._reach)) != origin:
                raise PlatformAnswerInvalid("the next page is on another host", code="foreign_next_page")
            if len(seen) >= _MAX_PAGES:
                raise PlatformAnswerInvalid("the list of pages does not end", code="endless_pages")
            seen.add(next_url)
            left = None if good_until is None else good_until - time.monotonic()
            answer = self._get_with_token(registration, next_url, scope, media_type, left)
            page = parse_json(answer)
            if not isinstance(page, dict):
                raise PlatformAnswerInvalid("a page is not an object")
            yield page
            this_url, next_url = next_url, next_link(next_url, answer.headers.get("Link", ""))
            if next_url in seen and len(seen) > 1:
                if next_url != this_url:
                    raise PlatformAnswerInvalid("the pages lead in a circle", code="endless_pages")
                on_repeat()

    def call_moodle(
        self,
        base_url: str,
        token: str,
        function: str,
        params: Mapping[str, Any] | None = None,
        *,
        read_seconds: float | None = None,
        retry: bool = True,
        timeout_seconds: float | None = None,
    ) -> Any:
        """Call one Moodle web-service function; its warnings stay in the answer. Raises PlatformError.

        `code` is Moodle's errorcode, `detail` its message. Say `retry=False` for anything but a read, and
        `timeout_seconds` where a person waits.
        """
        limits = replace(
            self._limits.within(timeout_seconds),
            read_seconds=read_seconds or self._limits.read_seconds,
            attempts=self._limits.attempts if retry else 1,
        )
        fields = form_fields(token, function, params or {})
        answer = self._out.request("POST", base_url.rstrip("/") + REST_PATH, form=fields, limits=limits)
        document = parse_json(answer, accept_error_status=True)
        error = find_error(document, token) or status_error(answer)
        if error:
            raise error
        return document

    def _fetch_new_token(self, registration: Registration, scope: str, limits: Limits) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._sign_assertion(registration),
            "scope": scope,
        }
        # Platforms refuse an assertion seen before, so a failed try is not repeated with the same one.
        answer = self._out.request(
            "POST", registration.auth_token_url, form=form, limits=replace(limits, attempts=1)
        )
        document = parse_json(answer, accept_error_status=answer.status in (400, 401))
        if answer.status >= 400:
            raise_token_refused(answer, document)
        token = document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(token, str) or not token:
            raise PlatformAnswerInvalid("the token answer has no access_token", code="invalid_token_answer")
        return token, _seconds_of(document.get("expires_in"))

    def _get_with_token(
        self, registration: Registration, url: str, scope: str, media_type: str, timeout_seconds: float | None
    ) -> Answer:
        for last_try in (False, True):
            token = self.fetch_service_token(registration, [scope], timeout_seconds=timeout_seconds)
            headers = {"Authorization": f"Bearer {token}", "Accept": media_type}
            answer = self._out.request(
                "GET", url, headers=headers, limits=self._limits.within(timeout_seconds)
            )
            if answer.status != 401 or last_try:
                break
            self._forget_token(registration, scope, token)
        return answer

    def _forget_token(self, registration: Registration, scope: str, token: str) -> None:
        """The platform no longer takes it; a newer one that another thread has fetched meanwhile stays."""
        key = _token_key(registration, [scope])
        with self._lock:
            if self._tokens.get(key, ("", 0.0))[0] == token:
                del self._tokens[key]


def _token_key(registration: Registration, scopes: Sequence[str]) -> _TokenKey:
    scope = " ".join(sorted(scopes))
    return registration.platform_id, registration.client_id, registration.auth_token_url, scope


def _seconds_of(expires_in: Any) -> float:
    """Life of a token as its answer states it; not a number, or none at all, is an hour."""
    if (
        isinstance(expires_in, bool)
        or not isinstance(expires_in, int | float)
        or not math.isfinite(expires_in)
    ):
        return _TOKEN_SECONDS
    return min(float(expires_in), _MAX_TOKEN_SECONDS)


def _once(limits: Limits, max_bytes: int, timeout_seconds: float) -> Limits:
    return replace(limits.within(timeout_seconds), max_bytes=min(max_bytes, limits.max_bytes), attempts=1)


def _authorise(bearer: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"} if bearer else {}


def _object_of(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise PlatformAnswerInvalid("the answer is not an object", code="not_an_object")
    return document
