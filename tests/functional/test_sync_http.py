"""The platform client against a server that misbehaves: every fault becomes one clear PlatformError."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from werkzeug import Request, Response

from course_sync.database import db
from course_sync.errors import AddressRefused, PlatformError
from course_sync.models import Context, SyncRun
from course_sync.platform_client import Limits, PlatformClient
from course_sync.registrations import Registration
from course_sync.vocabulary import MEDIA_TYPE_NRPS, SCOPE_NRPS
from tests.harness.fake_moodle import FakeMoodle
from tests.harness.sync_world import SyncWorld, add_context, small_course

REST = "/webservice/rest/server.php"
TOKEN = "terces-token"
QUICK = Limits(connect_seconds=1, read_seconds=0.4, total_seconds=2, attempts=2, backoff_seconds=0.01)


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
    def wait(_request: Request) -> Response:
        time.sleep(1)
        return Response("[]")

    httpserver.expect_request(REST).respond_with_handler(wait)
    started = time.monotonic()
    assert error_of(client, site).code == "timeout"
    assert time.monotonic() - started < 1


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
    assert time.monotonic() - started < 3.5


def test_answer_that_is_too_large(httpserver: HTTPServer, site: str) -> None:
    client = PlatformClient(
        sign_assertion=lambda _row: "", allow_loopback=True, limits=replace(QUICK, max_bytes=1000)
    )
    httpserver.expect_request(REST).respond_with_data("[" + "1," * 5000 + "1]")
    assert error_of(client, site).code == "too_large"
    client.close()


def test_compressed_answer_is_measured_unpacked(httpserver: HTTPServer, site: str) -> None:
    import gzip

    client = PlatformClient(
        sign_assertion=lambda _row: "", allow_loopback=True, limits=replace(QUICK, max_bytes=100_000)
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


class Platform:
    """Token endpoint and a roster in pages, with switches."""

    def __init__(self, server: HTTPServer, pages: list[Any]) -> None:
        self.pages = pages
        self.tokens = 0
        self.dead_tokens: set[str] = set()
        self.lasts_seconds = 3600
        self.next_of = {index: f"/roster?from={index + 1}" for index in range(len(pages) - 1)}
        server.expect_request("/token").respond_with_handler(self._token)
        server.expect_request("/roster").respond_with_handler(self._page)

    def _token(self, request: Request) -> Response:
        assert request.form["grant_type"] == "client_credentials"
        assert request.form["client_assertion"] == "signed"
        assert request.form["scope"] == SCOPE_NRPS
        self.tokens += 1
        body = f'{{"access_token": "t{self.tokens}", "expires_in": {self.lasts_seconds}}}'
        return Response(body, content_type="application/json")

    def _page(self, request: Request) -> Response:
        assert request.headers["Accept"] == MEDIA_TYPE_NRPS
        if request.headers["Authorization"].removeprefix("Bearer ") in self.dead_tokens:
            return Response("", status=401)
        index = int(request.args.get("from", 0))
        page = self.pages[index]
        response = page if isinstance(page, Response) else Response(page, content_type=MEDIA_TYPE_NRPS)
        if index in self.next_of:
            response.headers["Link"] = f'<{self.next_of[index]}>; rel="next"'
        return response


def read_pages(client: PlatformClient, registration: Registration, **options: Any) -> list[dict[str, Any]]:
    url = registration.issuer + "/roster"
    return list(client.fetch_pages(registration, url, SCOPE_NRPS, MEDIA_TYPE_NRPS, **options))


def test_pages_are_followed_with_one_token(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = Platform(httpserver, ['{"a": 0}', '{"a": 1}', '{"a": 2}'])
    assert read_pages(client, registration) == [{"a": 0}, {"a": 1}, {"a": 2}]
    read_pages(client, registration)
    assert platform.tokens == 1


def test_a_repeated_next_ends_the_list(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = Platform(httpserver, ['{"a": 0}', '{"a": 1}'])
    platform.next_of[1] = "/roster?from=1"
    assert read_pages(client, registration) == [{"a": 0}, {"a": 1}]


def test_a_next_page_elsewhere_never_gets_the_token(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = Platform(httpserver, ['{"a": 0}'])
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
    Platform(httpserver, ['{"a": 0}', page])
    with pytest.raises(PlatformError) as caught:
        read_pages(client, registration)
    assert caught.value.code == code


def test_a_dead_token_is_replaced_once(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = Platform(httpserver, ['{"a": 0}'])
    platform.dead_tokens = {"t1"}
    assert read_pages(client, registration) == [{"a": 0}]
    platform.dead_tokens = {"t1", "t2", "t3", "t4"}
    with pytest.raises(PlatformError) as caught:
        read_pages(client, registration)
    assert caught.value.code == "http_401"
    assert platform.tokens == 3


def test_a_token_is_renewed_before_it_ends(
    client: PlatformClient, httpserver: HTTPServer, registration: Registration
) -> None:
    platform = Platform(httpserver, ['{"a": 0}'])
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
    platform = Platform(httpserver, ['{"a": 0}'])
    running, most, lock = [0], [0], threading.Lock()
    page = platform._page

    def counted(request: Request) -> Response:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return page(request)

    httpserver.clear()
    httpserver.expect_request("/token").respond_with_handler(platform._token)
    httpserver.expect_request("/roster").respond_with_handler(counted)
    threads = [threading.Thread(target=read_pages, args=(client, registration)) for _number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert platform.tokens == 1
    assert most[0] <= 4
    assert client.request_count == 13


def serve_moodle(server: HTTPServer, moodle: FakeMoodle) -> None:
    """The fake site over HTTP: web services, token endpoint and roster in pages."""

    def rest(request: Request) -> Response:
        import json

        function, params = request.form["wsfunction"], unflatten(request.form.to_dict())
        answer = moodle.answer(function, params)
        if isinstance(answer, Response):
            return answer
        return Response(json.dumps(answer), content_type="application/json")

    def roster(request: Request) -> Response:
        import json

        start, size = int(request.args.get("from", 0)), moodle.page_size
        members = moodle.nrps_members()
        if start and moodle.failing.get("nrps") == "second page":
            return Response("", status=500)
        page = Response(json.dumps({"members": members[start : start + size]}), content_type=MEDIA_TYPE_NRPS)
        if start + size < len(members):
            page.headers["Link"] = f'</memberships?from={start + size}>; rel="next"'
        return page

    server.expect_request("/token.php").respond_with_json({"access_token": "t", "expires_in": 3600})
    server.expect_request("/memberships").respond_with_handler(roster)
    server.expect_request(REST).respond_with_handler(rest)


def unflatten(fields: dict[str, str]) -> dict[str, Any]:
    """Form fields of a call back into lists and numbers, as far as the fake needs them."""
    found: dict[str, Any] = {"options": [], "assignmentids": []}
    for name, value in fields.items():
        if name.startswith("options[") and name.endswith("[name]"):
            found["options"].append({"name": value, "value": fields[name.replace("[name]", "[value]")]})
        elif name.startswith("assignmentids["):
            found["assignmentids"].append(int(value))
        elif value.isdigit():
            found[name] = int(value)
    return found


@pytest.fixture
def world(app_context: Flask, httpserver: HTTPServer, site: str) -> Iterator[SyncWorld]:
    patient = replace(QUICK, read_seconds=20, total_seconds=40)
    client = PlatformClient(sign_assertion=lambda _row: "signed", allow_loopback=True, limits=patient)
    made = small_course(SyncWorld(client=client, context_id=add_context(site)), learners=8)
    made.moodle.page_size = 5
    serve_moodle(httpserver, made.moodle)
    yield made
    client.close()


def test_whole_pull_over_http(world: SyncWorld) -> None:
    report = world.sync()
    assert (report.state, report.errors) == ("done", ())
    assert world.member(150).status == "active"
    assert report.requests == world.client.request_count
    assert world.later(hours=1).sync().rows_changed == 0


@pytest.mark.parametrize(
    ("function", "answer", "code"),
    [
        ("core_enrol_get_enrolled_users", [], "empty_roster"),
        ("core_enrol_get_enrolled_users", Response("<html>", content_type="text/html"), "html_answer"),
        ("core_enrol_get_enrolled_users", Response('[{"id": 147, "full'), "broken_json"),
        ("core_enrol_get_enrolled_users", Response("", status=500), "http_500"),
        ("nrps", "second page", "http_500"),
        (
            "gradereport_user_get_grade_items",
            {"exception": "moodle_exception", "errorcode": "notingroup", "message": "error/notingroup"},
            "notingroup",
        ),
    ],
)
def test_faults_over_http_lose_nobody(world: SyncWorld, function: str, answer: Any, code: str) -> None:
    world.sync()
    before = world.statuses()
    world.moodle.failing[function] = answer
    report = world.later(hours=1).sync()
    assert report.state == "partial"
    assert code in {row.code for row in report.errors}
    assert world.statuses() == before
    run = db.session.scalars(select(SyncRun).order_by(SyncRun.id.desc())).first()
    assert run is not None
    assert "terces-token" not in str(run.errors)


def test_site_that_went_away(world: SyncWorld) -> None:
    world.sync()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    context = db.session.get_one(Context, world.context_id)
    context.platform.moodle_url = f"http://127.0.0.1:{port}"
    context.memberships_url = f"http://127.0.0.1:{port}/memberships"
    db.session.commit()
    before = world.statuses()
    report = world.later(hours=1).sync()
    assert report.state == "failed"
    assert {row.code for row in report.errors} == {"unreachable"}
    assert world.statuses() == before
