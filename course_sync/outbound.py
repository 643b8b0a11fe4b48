"""The one way out: every HTTP request of the tool, to checked addresses only, within limits, with retries.

The only module that imports an HTTP library. A connection goes to the very address that was checked, follows
no redirect, and ends at its deadline. Failures are PlatformErrors without address, token or name.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from course_sync.addresses import Reach, check_url, origin_name, resolve_allowed
from course_sync.answers import Answer, status_error
from course_sync.errors import PlatformAnswerInvalid, PlatformError, PlatformUnreachable
from course_sync.pacing import asked_wait_seconds, backoff_seconds, rest_seconds
from course_sync.run_gate import RunGate

USER_AGENT = "ementor/0.1 (LTI tool; course progress)"
"""Some sites answer 403 to a client that does not say who it is."""

_READ_BYTES = 65536
_deadline: ContextVar[float] = ContextVar("deadline")
"""Monotonic time at which the request of this thread has to be over."""


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
    """Bound of the wait after the first attempt; it doubles with each, and chance decides how much of it."""
    max_wait_seconds: float = 20
    """Longest wait between two attempts. Who asks for more with `Retry-After` is not asked again."""

    def within(self, timeout_seconds: float | None) -> Limits:
        """These limits, and no more time than that in all. Raises PlatformUnreachable where none is left."""
        if timeout_seconds is None:
            return self
        if timeout_seconds <= 0:
            raise PlatformUnreachable("no time left for an answer", code="timeout")
        return replace(self, total_seconds=min(timeout_seconds, self.total_seconds))


class _TryAgain(Exception):
    """An attempt failed in a way that another one may mend; carries the error to raise otherwise."""

    def __init__(self, error: PlatformError) -> None:
        super().__init__(error.code)
        self.error = error


class Outbound:
    """Sends requests. One instance per process, used by many threads."""

    def __init__(self, reach: Reach, limits: Limits, user_agent: str, sleep: Callable[[float], None]) -> None:
        self.reach = reach
        self.limits = limits
        self._user_agent = user_agent
        self._sleep = sleep
        self._lock = threading.Lock()
        self._idle: list[requests.Session] = []
        self._gates: dict[str, threading.BoundedSemaphore] = {}
        self._rests_until: dict[str, float] = {}
        self.request_count = 0
        """Requests sent so far, retries included."""

    def close(self) -> None:
        """Close idle connections. The instance may be used again afterwards."""
        with self._lock:
            sessions, self._idle = self._idle, []
        for session in sessions:
            session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        document: Any = None,
        limits: Limits,
        on_send: Callable[[], None] = lambda: None,
    ) -> Answer:
        """One answer of any status but a redirect, after retries where another try may help.

        The body is a form, or a document sent as JSON; `on_send` hears of each attempt. Raises PlatformError.
        """
        host = check_url(url, self.reach).hostname or ""
        request = requests.Request(method, url, headers=dict(headers or {}), data=form, json=document)
        good_until = time.monotonic() + limits.total_seconds
        error: PlatformError | None = None
        for attempt in range(1, limits.attempts + 1):
            if not self._wait(self._rest_of(host), good_until):
                error = error or PlatformUnreachable("no time left for an answer", code="timeout")
                break
            on_send()
            try:
                with self._gate(host):
                    answer = self._send(request, limits, good_until)
            except _TryAgain as again:
                error, wait = again.error, backoff_seconds(limits.backoff_seconds, attempt)
            else:
                asked = self._hear_wishes(host, answer, limits)
                if not answer.worth_retrying:
                    return answer
                error = status_error(answer) or PlatformUnreachable()
                if asked is not None and asked > limits.max_wait_seconds:
                    error.retry_after_seconds = asked
                    break
                wait = max(backoff_seconds(limits.backoff_seconds, attempt), self._rest_of(host))
            if attempt == limits.attempts or not self._wait(wait, good_until):
                break
        raise error or PlatformUnreachable()

    def _hear_wishes(self, host: str, answer: Answer, limits: Limits) -> float | None:
        """Seconds the host asks to be left alone for, if any; this process then asks it nothing meanwhile."""
        asked = None
        if answer.worth_retrying:
            asked = asked_wait_seconds(answer.headers, datetime.now(UTC))
        rest = min(max(asked or 0.0, rest_seconds(answer.headers)), limits.max_wait_seconds)
        if rest:
            with self._lock:
                self._rests_until[host] = max(self._rests_until.get(host, 0.0), time.monotonic() + rest)
        return asked

    def _rest_of(self, host: str) -> float:
        with self._lock:
            return self._rests_until.get(host, 0.0) - time.monotonic()

    def _wait(self, seconds: float, good_until: float) -> bool:
        """Sleep so long; False, at once, where there is not so much time left."""
        if time.monotonic() + max(0.0, seconds) >= good_until:
            return False
        if seconds > 0:
            self._sleep(seconds)
        return True

    def _send(self, request: requests.Request, limits: Limits, good_until: float) -> Answer:
        session = self._borrow()
        failure: Exception
        _deadline.set(good_until)
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
            self.request_count += 1
            if self._idle:
                return self._idle.pop()
        return _new_session(self._user_agent, self.reach)

    def _give_back(self, session: requests.Session) -> None:
        with self._lock:
            self._idle.append(session)

    def _gate(self, host: str) -> threading.BoundedSemaphore:
        with self._lock:
            return self._gates.setdefault(host, threading.BoundedSemaphore(self.limits.parallel))


class GatedOutbound:
    """The same way out as one running sync uses it: its gate is asked before each call, told afterwards."""

    def __init__(self, out: Outbound, gate: RunGate) -> None:
        self._out = out
        self._gate = gate

    @property
    def request_count(self) -> int:
        """Requests sent by the whole process so far."""
        return self._out.request_count

    def close(self) -> None:
        """Close idle connections of the whole process."""
        self._out.close()

    def request(self, method: str, url: str, **call: Any) -> Answer:
        """One answer, as Outbound.request. Raises PlatformError, also where the gate lets nothing through."""
        origin = origin_name(check_url(url, self._out.reach))
        self._gate.enter(origin)
        error: PlatformError | None = PlatformError("the call broke off")
        try:
            answer = self._out.request(method, url, on_send=lambda: self._gate.sent(origin), **call)
            error = None
        except PlatformError as problem:
            error = problem
            raise
        finally:
            self._gate.leave(origin, error)
        return answer


def _new_session(user_agent: str, reach: Reach) -> requests.Session:
    session = requests.Session()
    # Neither proxies nor ~/.netrc of the machine: credentials go only where a registration says.
    session.trust_env = False
    session.headers["User-Agent"] = user_agent
    session.headers["Accept"] = "application/json"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, _GuardedAdapter(reach))
    return session


class _GuardedAdapter(HTTPAdapter):
    """Connects only to the addresses that were checked, so a name cannot change its mind in between."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        super().__init__(pool_connections=4, pool_maxsize=4, max_retries=0)

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        if host["scheme"] == "https":
            pool["ssl_context"] = self._trusted
        return host, pool

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """The machine's own authorities beside the shipped ones: intranet sites have no public certificate.

        Read at first need, since it takes 25 ms; for one session alone, since connecting changes it.
        """
        return ssl.create_default_context()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _guarded_pool(urllib3.HTTPConnectionPool, HTTPConnection, self._reach),
            "https": _guarded_pool(urllib3.HTTPSConnectionPool, HTTPSConnection, self._reach),
        }


def _guarded_pool(pool_class: type, connection_class: type, reach: Reach) -> Any:
    def new_connection(self: Any) -> Any:
        name, failure = self._dns_host, None
        for address in resolve_allowed(name, self.port, reach):
            self._dns_host = address
            try:
                return connection_class._new_conn(self)  # type: ignore[attr-defined]
            except (ConnectTimeoutError, NewConnectionError) as problem:
                failure = problem
            finally:
                self._dns_host = name
        raise failure or PlatformUnreachable("the host name has no address")

    members = {"_new_conn": new_connection, "response_class": _TimedResponse}
    guarded = type("GuardedConnection", (connection_class,), members)
    return type("GuardedPool", (pool_class,), {"ConnectionCls": guarded})


class _TimedResponse(http.client.HTTPResponse):
    """Reads against the deadline from the first byte: dripping headers would outlive any allowed silence."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_TimedReader(raw, sock, _deadline.get()))


class _TimedReader(io.RawIOBase):
    """What a socket gives, until the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._raw = raw
        self._sock = sock
        self._silence_seconds = sock.gettimeout() or 0.0
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(min(left, self._silence_seconds or left))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


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


def next_link(url: str, header: str) -> str | None:
    """The address of the next page in a `Link` header (RFC 8288), if there is one."""
    for link in requests.utils.parse_header_links(header) if header else []:
        if "next" in str(link.get("rel", "")).split():
            return urljoin(url, link["url"])
    return None
