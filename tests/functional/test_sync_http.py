"""The platform client against a server that misbehaves: every fault becomes one clear PlatformError."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from course_sync.errors import AddressRefused, PlatformError
from course_sync.platform_client import PlatformClient
from course_sync.registrations import Registration
from tests.harness.platform_server import QUICK, REST

PATIENT = replace(QUICK, read_seconds=20, total_seconds=40)
"""For tests that are not about time: a busy machine must not turn their answer into another one."""

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


def error_of(client: PlatformClient, site: str) -> PlatformError:
    """The error of one web-service call; nothing in it may show the token or the address."""
    with pytest.raises(PlatformError) as caught:
        client.call_moodle(site, TOKEN, "core_webservice_get_site_info")
    chain: BaseException | None = caught.value
    while chain is not None:
        assert TOKEN not in f"{chain!r}{chain}{chain.__dict__}"
        assert "127.0.0.1" not in f"{chain!r}{chain}"
        assert "localhost" not in f"{chain!r}{chain}"
        chain = chain.__cause__ or chain.__context__
    return caught.value


def test_call_is_a_form_post_with_the_token_in_the_body(
    client: PlatformClient, httpserver: HTTPServer, site: str
) -> None:
    httpserver.expect_oneshot_request(REST, method="POST").respond_with_json([1])
    params = {"courseid": 7, "options": [{"name": "onlyactive", "value": True}]}
    assert client.call_moodle(site + "/", TOKEN, "f", params) == [1]
    request, _response = httpserver.log[0]
    assert dict(request.form) == {
        "wstoken": TOKEN,
        "wsfunction": "f",
        "moodlewsrestformat": "json",
        "courseid": "7",
        "options[0][name]": "onlyactive",
        "options[0][value]": "1",
    }
    assert request.query_string == b""
    assert request.headers["User-Agent"].startswith("ementor/")


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (Response("<html><body>Maintenance</body></html>", content_type="text/html"), "html_answer"),
        (Response('[{"id": 1}, {"id"', content_type="application/json"), "broken_json"),
        (Response("", content_type="application/json"), "broken_json"),
        (Response("gone", status=404), "http_404"),
        (Response("no", status=403), "http_403"),
        (Response("", status=302, headers={"Location": "http://127.0.0.1:9/elsewhere"}), "redirected"),
        (Response("busy", status=503), "http_503"),
        (Response("slow down", status=429, headers={"Retry-After": "0"}), "http_429"),
        (
            Response('{"exception":"x","errorcode":"invalidtoken","message":"Invalid token"}'),
            "invalidtoken",
        ),
        (
            Response(
                '{"exception":"dml_missing_record_exception","errorcode":"invalidrecord","message":"m"}'
            ),
            "invalidrecord",
        ),
    ],
)
def test_bad_answers(
    client: PlatformClient, httpserver: HTTPServer, site: str, response: Response, code: str
) -> None:
    httpserver.expect_request(REST).respond_with_response(response)
    assert error_of(client, site).code == code


def test_nobody_listens(client: PlatformClient) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    error = error_of(client, f"http://127.0.0.1:{port}")
    assert error.code == "unreachable"
    assert client.request_count == 2


def test_busy_server_is_asked_again(client: PlatformClient, httpserver: HTTPServer, site: str) -> None:
    httpserver.expect_ordered_request(REST).respond_with_data("busy", status=503)
    httpserver.expect_ordered_request(REST).respond_with_json({"ok": 1})
    assert client.call_moodle(site, TOKEN, "f") == {"ok": 1}


def test_writing_calls_are_not_repeated(client: PlatformClient, httpserver: HTTPServer, site: str) -> None:
    httpserver.expect_request(REST).respond_with_data("busy", status=503)
    with pytest.raises(PlatformError):
        client.call_moodle(site, TOKEN, "f", retry=False)
    assert len(httpserver.log) == 1


def test_silent_server(client: PlatformClient, httpserver: HTTPServer, site: str) -> None:
    stop = threading.Event()

    def wait(_request: Request) -> Response:
        stop.wait(20)
        return Response("[]")

    httpserver.expect_request(REST).respond_with_handler(wait)
    started = time.monotonic()
    error = error_of(client, site)
    waited = time.monotonic() - started
    stop.set()
    assert error.code == "timeout"
    assert waited < 10


def test_answer_that_drips(client: PlatformClient, httpserver: HTTPServer, site: str) -> None:
    stop = threading.Event()

    def drip() -> Iterator[bytes]:
        while not stop.wait(0.1):
            yield b" "

    httpserver.expect_request(REST).respond_with_handler(lambda _request: Response(drip()))
    started = time.monotonic()
    error = error_of(client, site)
    stop.set()
    assert error.code == "timeout"
    assert time.monotonic() - started < 10


def test_answer_that_is_too_large(httpserver: HTTPServer, site: str) -> None:
    client = PlatformClient(
        sign_assertion=lambda _row: "", allow_loopback=True, limits=replace(PATIENT, max_bytes=1000)
    )
    httpserver.expect_request(REST).respond_with_data("[" + "1," * 5000 + "1]")
    assert error_of(client, site).code == "too_large"
    client.close()


def test_compressed_answer_is_measured_unpacked(httpserver: HTTPServer, site: str) -> None:
    client = PlatformClient(
        sign_assertion=lambda _row: "", allow_loopback=True, limits=replace(PATIENT, max_bytes=100_000)
    )
    body = gzip.compress(b" " * 10_000_000)
    assert len(body) < 100_000
    httpserver.expect_request(REST).respond_with_data(body, headers={"Content-Encoding": "gzip"})
    assert error_of(client, site).code == "too_large"
    client.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://moodle.example/x",
        "ftp://moodle.example/x",
        "https://user:pw@moodle.example/",
        "https://10.1.2.3/",
    ],
)
def test_addresses_that_may_not_be_called(client: PlatformClient, url: str) -> None:
    with pytest.raises(AddressRefused):
        client.fetch_json(url)
    assert client.request_count == 0


def test_loopback_is_refused_unless_allowed(httpserver: HTTPServer, site: str) -> None:
    client = PlatformClient(sign_assertion=lambda _row: "")
    for url in (site, site.replace("localhost", "127.0.0.1"), site.replace("http:", "https:")):
        with pytest.raises(AddressRefused):
            client.fetch_json(url)
    assert httpserver.log == []


def test_name_that_leads_to_a_private_network_is_refused_at_connect_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_options: answers)
    client = PlatformClient(sign_assertion=lambda _row: "", limits=QUICK)
    with pytest.raises(AddressRefused):
        client.fetch_json("https://metadata.example/")


def test_cookies_are_not_kept(client: PlatformClient, httpserver: HTTPServer, site: str) -> None:
    httpserver.expect_request("/a").respond_with_json({}, headers={"Set-Cookie": "MoodleSession=x; Path=/"})
    client.fetch_json(f"{site}/a")
    client.fetch_json(f"{site}/a")
    assert "Cookie" not in httpserver.log[1][0].headers


def test_jwks(client: PlatformClient, httpserver: HTTPServer, registration: Registration) -> None:
    httpserver.expect_ordered_request("/certs").respond_with_json({"keys": []})
    httpserver.expect_ordered_request("/certs").respond_with_json({"other": []})
    assert client.fetch_jwks(registration) == {"keys": []}
    with pytest.raises(PlatformError) as caught:
        client.fetch_jwks(registration)
    assert caught.value.code == "invalid_jwks"
