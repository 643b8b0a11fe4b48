"""Launches as many browsers make them: login, the platform's signature, launch; whole requests over HTTP.

Everybody logs in, then the platform signs, then everybody launches: its signing takes longer than all a tool
does, and is no part of what is measured. Requests are written ready to sockets, so that the load is light.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.harness.lti_platform import INSTRUCTOR, LEARNER, TestPlatform

BROWSERS = 8
"""At once; twice the threads of the server."""
PEOPLE = 600
"""Of one course; one in twenty teaches."""


@dataclass(frozen=True)
class Side:
    """One tool under load."""

    name: str
    host: str
    port: int
    path_to_login: str = "/lti/login"
    path_to_launch: str = "/lti/launch"

    @property
    def origin(self) -> str:
        """As browsers and the platform write it."""
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """What a browser keeps of an answer."""

    status: int
    location: str
    cookies: str


def run_round(side: Side, platform: TestPlatform, launches: int) -> float:
    """Launches per second of all browsers together, each of a browser that had no cookies before.

    The time is that of the logins and that of the launches. Raises RuntimeError where one is refused.
    """
    logins, login_seconds = _send_all(side, [_login(side, platform, n) for n in range(launches)])
    signed = [_launch(side, platform, number, login) for number, login in enumerate(logins)]
    answers, launch_seconds = _send_all(side, signed)
    refused = [answer.status for answer in answers if answer.status not in (302, 303)]
    if refused:
        raise RuntimeError(f"{side.name} refused {len(refused)} launches, the first with {refused[0]}")
    return launches / (login_seconds + launch_seconds)


def launch_twice(side: Side, platform: TestPlatform) -> tuple[Answer, Answer]:
    """What a browser gets that launches, and then sends the same launch again."""
    ((login,), _) = _send_all(side, [_login(side, platform, 1)])
    launch = _launch(side, platform, 1, login)
    ((first,), _), ((second,), _) = _send_all(side, [launch]), _send_all(side, [launch])
    return first, second


def _send_all(side: Side, requests: Sequence[bytes]) -> tuple[list[Answer], float]:
    """The answers, in the order of the requests, and the seconds until the last one."""
    shares = [requests[start::BROWSERS] for start in range(BROWSERS)]
    started_at = time.monotonic()
    with ThreadPoolExecutor(BROWSERS) as pool:
        shared = list(pool.map(lambda share: _send_share(side, share), shares))
    seconds = time.monotonic() - started_at
    answers = [shared[number % BROWSERS][number // BROWSERS] for number in range(len(requests))]
    return [_read_answer(head) for head in answers], seconds


def _send_share(side: Side, requests: Sequence[bytes]) -> list[bytes]:
    """One browser: one request after the other on one connection. The heads of the answers."""
    with socket.create_connection((side.host, side.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return [_exchange(connection.sendall, connection.recv, request) for request in requests]


def _exchange(send: Callable[[bytes], object], receive: Callable[[int], bytes], request: bytes) -> bytes:
    """Send a request and read its answer to the end; both tools say how long a body is."""
    send(request)
    rest = _more(receive)
    while b"\r\n\r\n" not in rest:
        rest += _more(receive)
    head, _, body = rest.partition(b"\r\n\r\n")
    lowered = head.lower()
    if b"\r\ncontent-length:" not in lowered:
        raise RuntimeError("an answer without a length")
    length = int(lowered.split(b"\r\ncontent-length:", 1)[1].split(b"\r\n", 1)[0])
    received = len(body)
    while received < length:
        received += len(_more(receive))
    return head


def _more(receive: Callable[[int], bytes]) -> bytes:
    given = receive(65_536)
    if not given:
        raise RuntimeError("the server hung up")
    return given


def _read_answer(head: bytes) -> Answer:
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = [(name.strip().lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)]
    cookies = "; ".join(value.partition(";")[0] for name, value in fields if name == "set-cookie")
    location = next((value for name, value in fields if name == "location"), "")
    return Answer(int(first.split()[1]), location, cookies)


def _login(side: Side, platform: TestPlatform, number: int) -> bytes:
    begin = {
        "iss": platform.issuer,
        "client_id": platform.client_id,
        "login_hint": f"user-{number % PEOPLE}",
        "target_link_uri": side.origin + side.path_to_launch,
        "lti_message_hint": '{"launchid":"7"}',
    }
    return _post(side, side.path_to_login, begin)


def _launch(side: Side, platform: TestPlatform, number: int, login: Answer) -> bytes:
    query = parse_qs(urlsplit(login.location).query)
    claims = platform.claims(
        query["nonce"][0],
        sub=f"user-{number % PEOPLE}",
        roles=[INSTRUCTOR if number % 20 == 0 else LEARNER],
        target_link_uri=side.origin + side.path_to_launch,
    )
    form = {"id_token": platform.sign(claims), "state": query["state"][0]}
    return _post(side, side.path_to_launch, form, login.cookies)


def _post(side: Side, path: str, form: dict[str, str], cookies: str = "") -> bytes:
    body = urlencode(form)
    fields = {
        "Host": f"{side.host}:{side.port}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": str(len(body)),
    } | ({"Cookie": cookies} if cookies else {})
    lines = chain([f"POST {path} HTTP/1.1"], (f"{name}: {value}" for name, value in fields.items()))
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("ascii")
