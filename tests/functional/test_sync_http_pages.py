"""Tokens and pages of services over HTTP: one token for many, lists followed to the end or not at all."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from course_sync.errors import AddressRefused, PlatformError
from course_sync.platform_client import PlatformClient
from course_sync.registrations import Registration
from course_sync.vocabulary import MEDIA_TYPE_NRPS, SCOPE_NRPS
from tests.harness.platform_server import QUICK, PagedRoster

TOKEN = "terces-token"


@pytest.fixture
def client() -> Iterator[PlatformClient]:
    made = PlatformClient(sign_assertion=lambda _registration: "signed", allow_loopback=True, limits=QUICK)
    yield made
    made.close()


@pytest.fixture
def site(httpserver: HTTPServer) -> str:
    address = httpserver.url_for("").rstrip("/")
    assert address.startswith("http://localhost:")
    return address


@pytest.fixture
def registration(site: str) -> Registration:
    return Registration(
        1, 1, site, "client", f"{site}/auth", f"{site}/token", f"{site}/certs", frozenset({"1"})
    )


def read_pages(client: PlatformClient, registration: Registration, **options: Any) -> list[dict[str, Any]]:
    url = registration.issuer + "/roster"
    return list(client.fetch_pages(registration, url, SCOPE_NRPS, MEDIA_TYPE_NRPS, **options))


def test_pages_are_followed_with_one_token(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = PagedRoster(httpserver, ['{"a": 0}', '{"a": 1}', '{"a": 2}'])
    assert read_pages(client, registration) == [{"a": 0}, {"a": 1}, {"a": 2}]
    read_pages(client, registration)
    assert platform.tokens == 1


def test_a_repeated_next_ends_the_list(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = PagedRoster(httpserver, ['{"a": 0}', '{"a": 1}'])
    platform.next_of[1] = "/roster?from=1"
    assert read_pages(client, registration) == [{"a": 0}, {"a": 1}]


def test_a_next_page_elsewhere_never_gets_the_token(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = PagedRoster(httpserver, ['{"a": 0}'])
    platform.next_of[0] = registration.issuer.replace("localhost", "127.0.0.1") + "/roster?from=1"
    with pytest.raises(PlatformError) as caught:
        read_pages(client, registration)
    assert caught.value.code == "foreign_next_page"
    assert [request.path for request, _response in httpserver.log] == ["/token", "/roster"]


@pytest.mark.parametrize(
    ("page", "code"),
    [(Response("", status=500), "http_500"), ('{"members": [', "broken_json"), ("[]", "invalid_answer")],
)
def test_a_broken_second_page_fails_the_list(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration, page: Any, code: str
) -> None:
    PagedRoster(httpserver, ['{"a": 0}', page])
    with pytest.raises(PlatformError) as caught:
        read_pages(client, registration)
    assert caught.value.code == code


def test_a_dead_token_is_replaced_once(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = PagedRoster(httpserver, ['{"a": 0}'])
    platform.dead_tokens = {"t1"}
    assert read_pages(client, registration) == [{"a": 0}]
    platform.dead_tokens = {"t1", "t2", "t3", "t4"}
    with pytest.raises(PlatformError) as caught:
        read_pages(client, registration)
    assert caught.value.code == "http_401"
    assert platform.tokens == 3


def test_a_registration_that_changed_gets_a_token_of_its_own(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    """What was granted to the former client id is not used for the new one."""
    platform = PagedRoster(httpserver, ['{"a": 0}'])
    for known in (registration, replace(registration, client_id="other"), registration):
        read_pages(client, known)
    assert platform.tokens == 2


def test_a_service_at_a_foreign_host_is_never_asked(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    """Neither the service nor the platform for a token: the address in a launch is not believed."""
    elsewhere = registration.issuer.replace("localhost", "127.0.0.1") + "/roster"
    with pytest.raises(AddressRefused) as caught:
        list(client.fetch_pages(registration, elsewhere, SCOPE_NRPS, MEDIA_TYPE_NRPS))
    assert caught.value.code == "foreign_host"
    assert httpserver.log == []


@pytest.mark.parametrize(
    ("lasts", "tokens"), [("-5", 2), ("1e400", 1), ("NaN", 1), ('"soon"', 1), ("null", 1), ("true", 1)]
)
def test_a_life_that_is_none_is_taken_for_an_hour(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration, lasts: Any, tokens: int
) -> None:
    platform = PagedRoster(httpserver, ['{"a": 0}'])
    platform.lasts_seconds = lasts
    read_pages(client, registration)
    read_pages(client, registration)
    assert platform.tokens == tokens


def test_a_token_is_renewed_before_it_ends(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = PagedRoster(httpserver, ['{"a": 0}'])
    platform.lasts_seconds = 30
    read_pages(client, registration)
    read_pages(client, registration)
    assert platform.tokens == 2


def test_refused_token_gives_the_platforms_reason(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    body = {"error": "invalid_client", "error_description": "unknown key"}
    httpserver.expect_request("/token").respond_with_json(body, status=400)
    with pytest.raises(PlatformError) as caught:
        read_pages(client, registration)
    assert (caught.value.code, caught.value.detail) == ("invalid_client", "unknown key")


def test_time_for_all_pages_together(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    def slow(_request: Request) -> Response:
        time.sleep(0.2)
        return Response("{}", headers={"Link": f'</roster?from={time.monotonic()}>; rel="next"'})

    httpserver.expect_request("/token").respond_with_json({"access_token": "t", "expires_in": 3600})
    httpserver.expect_request("/roster").respond_with_handler(slow)
    started = time.monotonic()
    with pytest.raises(PlatformError) as caught:
        read_pages(client, registration, timeout_seconds=1)
    assert caught.value.code == "timeout"
    assert time.monotonic() - started < 2


def test_many_threads_share_one_token_and_four_places(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = PagedRoster(httpserver, ['{"a": 0}'])
    running, most, lock = [0], [0], threading.Lock()
    page = platform.answer_page

    def counted(request: Request) -> Response:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return page(request)

    httpserver.clear()
    httpserver.expect_request("/token").respond_with_handler(platform.answer_token)
    httpserver.expect_request("/roster").respond_with_handler(counted)
    threads = [threading.Thread(target=read_pages, args=(client, registration)) for _number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert platform.tokens == 1
    assert most[0] <= 4
    assert client.request_count == 13
