"""The only module that speaks HTTP to platforms: guarded addresses, limits, retries, tokens, paging.

Every failure leaves as a PlatformError that carries no address, token or name. Service tokens follow the
LTI security framework 1.0 (4.1, client_credentials with a signed assertion), paging follows NRPS 2.0 (2.4).
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from course_sync.addresses import check_url, origin_of, resolve_allowed
from course_sync.answers import Answer, parse_json, raise_token_refused, status_error
from course_sync.errors import PlatformAnswerInvalid, PlatformError, PlatformUnreachable
from course_sync.moodle_wire import REST_PATH, find_error, form_fields
from course_sync.registrations import Registration

USER_AGENT = "ementor/0.1 (LTI tool; course progress)"
"""Some sites answer 403 to a client that does not say who it is."""

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN_MARGIN_SECONDS = 60
_MAX_PAGES = 1000
_READ_BYTES = 65536


@dataclass(frozen=True)
class Limits:
    """What one call may cost before it counts as failed."""

    connect_seconds: float = 5
    read_seconds: float = 30
    """Longest silence of the platform inside one answer."""
    total_seconds: float = 180
    """Longest time for one answer with its retries, however slowly it drips."""
    max_bytes: int = 50 * 1024 * 1024
    parallel: int = 4
    """Calls at a time to one host."""
    attempts: int = 3
    backoff_seconds: float = 0.5
    max_wait_seconds: float = 20
    """Longest wait between two attempts, whatever `Retry-After` asks."""


class _TryAgain(Exception):
    """An attempt failed in a way that another one may mend; carries the error to raise otherwise."""

    def __init__(self, error: PlatformError) -> None:
        super().__init__(error.code)
        self.error = error


class PlatformClient:
    """Calls platforms. One instance per process, used by many threads."""

    def __init__(
        self,
        *,
        sign_assertion: Callable[[Registration], str],
        allow_loopback: bool = False,
        limits: Limits | None = None,
        user_agent: str = USER_AGENT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sign_assertion = sign_assertion
        self._allow_loopback = allow_loopback
        self._limits = limits or Limits()
        self._user_agent = user_agent
        self._sleep = sleep
        self._lock = threading.Lock()
        self._idle: list[requests.Session] = []
        self._gates: dict[str, threading.BoundedSemaphore] = {}
        self._tokens: dict[tuple[int, str], tuple[str, float]] = {}
        self._token_locks: dict[tuple[int, str], threading.Lock] = {}
        self._request_count = 0

    @property
    def request_count(self) -> int:
        """Requests sent by this process so far, retries included."""
        return self._request_count

    def close(self) -> None:
        """Close idle connections. The client may be used again afterwards."""
        with self._lock:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.close()

    def fetch_json(
        self, url: str, *, headers: Mapping[str, str] | None = None, timeout_seconds: float | None = None
    ) -> Any:
        """GET one JSON document. Raises PlatformError."""
        return parse_json(self._request("GET", url, headers=headers, limits=self._within(timeout_seconds)))

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
        key = (registration.platform_id, " ".join(sorted(scopes)))
        with self._lock:
            lock = self._token_locks.setdefault(key, threading.Lock())
        with lock:
            token, good_until = self._tokens.get(key, ("", 0.0))
            if time.monotonic() < good_until:
                return token
            token, lasts_seconds = self._fetch_new_token(registration, key[1], self._within(timeout_seconds))
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
    ) -> Iterator[dict[str, Any]]:
        """Each page of a service, following `Link: rel=next` on the same host. Raises PlatformError midway.

        A `next` that was read already ends the list; `timeout_seconds` covers all pages together.
        """
        origin = origin_of(check_url(url, allow_loopback=self._allow_loopback))
        good_until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        seen: set[str] = set()
        next_url: str | None = url
        while next_url is not None and next_url not in seen:
            if origin_of(check_url(next_url, allow_loopback=self._allow_loopback)) != origin:
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
            next_url = _next_link(next_url, answer.headers.get("Link", ""))

    def call_moodle(
        self,
        base_url: str,
        token: str,
        function: str,
        params: Mapping[str, Any] | None = None,
        *,
        read_seconds: float | None = None,
        retry: bool = True,
    ) -> Any:
        """Call one Moodle web-service function; its warnings stay in the answer. Raises PlatformError.

        `code` is Moodle's errorcode, `detail` its message. Say `retry=False` for anything but a read.
        """
        limits = replace(
            self._limits,
            read_seconds=read_seconds or self._limits.read_seconds,
            attempts=self._limits.attempts if retry else 1,
        )
        fields = form_fields(token, function, params or {})
        answer = self._request("POST", base_url.rstrip("/") + REST_PATH, form=fields, limits=limits)
        document = parse_json(answer, accept_error_status=True)
        error = find_error(document, token) or status_error(answer)
        if error:
            raise error
        return document

    def _within(self, timeout_seconds: float | None) -> Limits:
        if timeout_seconds is None:
            return self._limits
        if timeout_seconds <= 0:
            raise PlatformUnreachable("no time left for an answer", code="timeout")
        return replace(self._limits, total_seconds=min(timeout_seconds, self._limits.total_seconds))

    def _fetch_new_token(self, registration: Registration, scope: str, limits: Limits) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._sign_assertion(registration),
            "scope": scope,
        }
        # Platforms refuse an assertion seen before, so a failed try is not repeated with the same one.
        answer = self._request(
            "POST", registration.auth_token_url, form=form, limits=replace(limits, attempts=1)
        )
        document = parse_json(answer, accept_error_status=answer.status in (400, 401))
        if answer.status >= 400:
            raise_token_refused(answer, document)
        token = document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(token, str) or not token:
            raise PlatformAnswerInvalid("the token answer has no access_token", code="invalid_token_answer")
        lasts = document.get("expires_in", 3600)
        return token, float(lasts) if isinstance(lasts, int | float) else 3600.0

    def _get_with_token(
        self, registration: Registration, url: str, scope: str, media_type: str, timeout_seconds: float | None
    ) -> Answer:
        for last_try in (False, True):
            token = self.fetch_service_token(registration, [scope], timeout_seconds=timeout_seconds)
            headers = {"Authorization": f"Bearer {token}", "Accept": media_type}
            answer = self._request("GET", url, headers=headers, limits=self._within(timeout_seconds))
            if answer.status != 401 or last_try:
                break
            self._tokens.pop((registration.platform_id, scope), None)
        return answer

    def _request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        limits: Limits,
    ) -> Answer:
        """One answer of any status but a redirect, after retries where another try may help."""
        parts = check_url(url, allow_loopback=self._allow_loopback)
        request = requests.Request(method, url, headers=dict(headers or {}), data=form)
        good_until = time.monotonic() + limits.total_seconds
        error: PlatformError | None = None
        for attempt in range(1, limits.attempts + 1):
            try:
                with self._gate(parts.hostname or ""):
                    answer = self._send(request, limits, good_until)
            except _TryAgain as again:
                error, wait = again.error, _backoff(limits, attempt)
            else:
                if not answer.worth_retrying:
                    return answer
                error, wait = status_error(answer), _backoff(limits, attempt, answer)
            if attempt == limits.attempts or time.monotonic() + wait >= good_until:
                break
            self._sleep(wait)
        raise error or PlatformUnreachable()

    def _send(self, request: requests.Request, limits: Limits, good_until: float) -> Answer:
        session = self._borrow()
        failure: Exception
        try:
            prepared = session.prepare_request(request)
            read_seconds = max(0.01, min(limits.read_seconds, good_until - time.monotonic()))
            with session.send(
                prepared,
                stream=True,
                allow_redirects=False,
                timeout=(min(limits.connect_seconds, read_seconds), read_seconds),
            ) as response:
                body = _read_body(response, limits, good_until)
                return _answer_of(response, body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as problem:
            failure = problem
        finally:
            self._give_back(session)
        # Outside the except clause: the library's exception carries the address and must not be chained.
        raise _explain(failure)

    def _borrow(self) -> requests.Session:
        with self._lock:
            self._request_count += 1
            if self._idle:
                return self._idle.pop()
        return _new_session(self._user_agent, self._allow_loopback)

    def _give_back(self, session: requests.Session) -> None:
        with self._lock:
            self._idle.append(session)

    def _gate(self, host: str) -> threading.BoundedSemaphore:
        with self._lock:
            return self._gates.setdefault(host, threading.BoundedSemaphore(self._limits.parallel))


def _new_session(user_agent: str, allow_loopback: bool) -> requests.Session:
    session = requests.Session()
    # Neither proxies nor ~/.netrc of the machine: credentials go only where a registration says.
    session.trust_env = False
    session.headers["User-Agent"] = user_agent
    session.headers["Accept"] = "application/json"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.mount("https://", _GuardedAdapter(allow_loopback))
    session.mount("http://", _GuardedAdapter(allow_loopback))
    return session


class _GuardedAdapter(HTTPAdapter):
    """Connects only to the addresses that were checked, so a name cannot change its mind in between."""

    def __init__(self, allow_loopback: bool) -> None:
        self._allow_loopback = allow_loopback
        super().__init__(pool_connections=4, pool_maxsize=4, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _guarded_pool(urllib3.HTTPConnectionPool, HTTPConnection, self._allow_loopback),
            "https": _guarded_pool(urllib3.HTTPSConnectionPool, HTTPSConnection, self._allow_loopback),
        }


def _guarded_pool(pool_class: type, connection_class: type, allow_loopback: bool) -> Any:
    def new_connection(self: Any) -> Any:
        name, failure = self._dns_host, None
        for address in resolve_allowed(name, self.port, allow_loopback=allow_loopback):
            self._dns_host = address
            try:
                return connection_class._new_conn(self)  # type: ignore[attr-defined]
            except (ConnectTimeoutError, NewConnectionError) as problem:
                failure = problem
            finally:
                self._dns_host = name
        raise failure or PlatformUnreachable("the host name has no address")

    guarded = type("GuardedConnection", (connection_class,), {"_new_conn": new_connection})
    return type("GuardedPool", (pool_class,), {"ConnectionCls": guarded})


def _read_body(response: requests.Response, limits: Limits, good_until: float) -> bytes:
    body = bytearray()
    # read1 gives what has arrived; read(n) would wait for all n bytes, and a slow drip outlive the deadline.
    while chunk := response.raw.read1(_READ_BYTES, decode_content=True):
        body += chunk
        if len(body) > limits.max_bytes:
            response.close()
            raise PlatformAnswerInvalid("the answer is larger than allowed", code="too_large")
        if time.monotonic() > good_until:
            response.close()
            raise PlatformUnreachable("the answer took too long", code="timeout")
    return bytes(body)


def _answer_of(response: requests.Response, body: bytes) -> Answer:
    if 300 <= response.status_code < 400:
        raise PlatformAnswerInvalid("the platform redirects to another address", code="redirected")
    return Answer(response.status_code, response.headers, body)


def _explain(failure: Exception) -> Exception:
    """Our own error for one of the library's, without its text: that text holds the address."""
    if isinstance(failure, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return PlatformUnreachable("the certificate of the platform was not accepted", code="certificate")
    if isinstance(failure, requests.ConnectTimeout):
        return _TryAgain(PlatformUnreachable("no connection in time", code="timeout"))
    if isinstance(failure, requests.Timeout | urllib3.exceptions.ReadTimeoutError | TimeoutError):
        return PlatformUnreachable("no answer in time", code="timeout")
    return _TryAgain(PlatformUnreachable("the connection failed or was cut"))


def _backoff(limits: Limits, attempt: int, answer: Answer | None = None) -> float:
    """Seconds to wait before the next attempt: doubling, with jitter, or what the platform asks."""
    asked = answer.headers.get("Retry-After", "") if answer else ""
    wait = limits.backoff_seconds * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)
    if asked.isdigit():
        wait = max(wait, float(asked))
    return min(wait, limits.max_wait_seconds)


def _next_link(url: str, header: str) -> str | None:
    for link in requests.utils.parse_header_links(header) if header else []:
        if "next" in str(link.get("rel", "")).split():
            return urljoin(url, link["url"])
    return None
