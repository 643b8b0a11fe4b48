"""Launches as many browsers make them: login, the platform's signature, launch; whole requests over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.harness.lti_platform import INSTRUCTOR, LEARNER, TestPlatform

BROWSERS = 8
"""At once; twice the threads of the server."""
PEOPLE = 600
"""Of one course; one in twenty teaches."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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


def run_round(side: Side, platform: TestPlatform, seconds: float) -> float:
    """Launches per second of all browsers together; each launch is of a browser without cookies.

    Raises RuntimeError where one is refused.
    """
    numbers, ends_at = _shared_count(), time.monotonic() + seconds
    started_at = time.monotonic()
    with ThreadPoolExecutor(BROWSERS) as pool:
        done = list(pool.map(lambda _: _launch_until(side, platform, numbers, ends_at), range(BROWSERS)))
    return sum(done) / (time.monotonic() - started_at)


def launch_once(side: Side, platform: TestPlatform, number: int) -> tuple[Answer, dict[str, str], Answer]:
    """One launch on a connection of its own: the answer to the login, the form of the launch, its answer."""
    connection = HTTPConnection(side.host, side.port, timeout=30)
    try:
        return _launch(connection, side, platform, number)
    finally:
        connection.close()


def send_launch(side: Side, form: dict[str, str], cookies: str) -> Answer:
    """Post the form of a launch once more."""
    connection = HTTPConnection(side.host, side.port, timeout=30)
    try:
        return _post(connection, side.path_to_launch, form, cookies)
    finally:
        connection.close()


def _shared_count() -> Iterator[int]:
    """1, 2, 3 ... for several threads."""
    lock, numbers = threading.Lock(), count(1)
    while True:
        with lock:
            yield next(numbers)


def _launch_until(side: Side, platform: TestPlatform, numbers: Iterator[int], ends_at: float) -> int:
    connection = HTTPConnection(side.host, side.port, timeout=30)
    done = 0
    while time.monotonic() < ends_at:
        _, _, answer = _launch(connection, side, platform, next(numbers))
        if answer.status not in (302, 303):
            raise RuntimeError(f"{side.name} refused a launch with {answer.status}")
        done += 1
    connection.close()
    return done


def _launch(
    connection: HTTPConnection, side: Side, platform: TestPlatform, number: int
) -> tuple[Answer, dict[str, str], Answer]:
    person = f"user-{number % PEOPLE}"
    begin = {
        "iss": platform.issuer,
        "client_id": platform.client_id,
        "login_hint": person,
        "target_link_uri": side.origin + side.path_to_launch,
        "lti_message_hint": '{"launchid":"7"}',
    }
    login = _post(connection, side.path_to_login, begin)
    query = parse_qs(urlsplit(login.location).query)
    claims = platform.claims(
        query["nonce"][0],
        sub=person,
        roles=[INSTRUCTOR if number % 20 == 0 else LEARNER],
        target_link_uri=side.origin + side.path_to_launch,
    )
    form = {"id_token": platform.sign(claims), "state": query["state"][0]}
    return login, form, _post(connection, side.path_to_launch, form, login.cookies)


def _post(connection: HTTPConnection, path: str, form: dict[str, str], cookies: str = "") -> Answer:
    headers = FORM | ({"Cookie": cookies} if cookies else {})
    connection.request("POST", path, urlencode(form), headers)
    response = connection.getresponse()
    response.read()
    return Answer(response.status, response.getheader("Location", ""), _cookies_of(response))


def _cookies_of(response: HTTPResponse) -> str:
    given = response.headers.get_all("Set-Cookie") or []
    return "; ".join(cookie.partition(";")[0] for cookie in given)
