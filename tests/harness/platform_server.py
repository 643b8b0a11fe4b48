"""Faulty and faultless platforms over HTTP: a roster in pages behind a token, and the fake Moodle."""

from __future__ import annotations

import json
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from course_sync.outbound import Limits
from course_sync.vocabulary import MEDIA_TYPE_NRPS, SCOPE_NRPS
from tests.harness.fake_moodle import FakeMoodle

REST = "/webservice/rest/server.php"
QUICK = Limits(connect_seconds=1, read_seconds=0.4, total_seconds=2, attempts=2, backoff_seconds=0.01)


class PagedRoster:
    """Token endpoint and a roster in pages, with switches."""

    def __init__(self, server: HTTPServer, pages: list[Any]) -> None:
        self.pages = pages
        self.tokens = 0
        self.dead_tokens: set[str] = set()
        self.lasts_seconds = 3600
        self.next_of = {index: f"/roster?from={index + 1}" for index in range(len(pages) - 1)}
        server.expect_request("/token").respond_with_handler(self.answer_token)
        server.expect_request("/roster").respond_with_handler(self.answer_page)

    def answer_token(self, request: Request) -> Response:
        assert request.form["grant_type"] == "client_credentials"
        assert request.form["client_assertion"] == "signed"
        assert request.form["scope"] == SCOPE_NRPS
        self.tokens += 1
        body = f'{{"access_token": "t{self.tokens}", "expires_in": {self.lasts_seconds}}}'
        return Response(body, content_type="application/json")

    def answer_page(self, request: Request) -> Response:
        assert request.headers["Accept"] == MEDIA_TYPE_NRPS
        if request.headers["Authorization"].removeprefix("Bearer ") in self.dead_tokens:
            return Response("", status=401)
        index = int(request.args.get("from", 0))
        page = self.pages[index]
        response = page if isinstance(page, Response) else Response(page, content_type=MEDIA_TYPE_NRPS)
        if index in self.next_of:
            response.headers["Link"] = f'<{self.next_of[index]}>; rel="next"'
        return response


def serve_moodle(server: HTTPServer, moodle: FakeMoodle) -> None:
    """The fake site over HTTP: web services, token endpoint and roster in pages."""

    def rest(request: Request) -> Response:
        function, params = request.form["wsfunction"], unflatten(request.form.to_dict())
        answer = moodle.answer(function, params)
        answer = answer() if callable(answer) and not isinstance(answer, Response) else answer
        if isinstance(answer, Response):
            return answer
        return Response(json.dumps(answer), content_type="application/json")

    def roster(request: Request) -> Response:
        start, size = int(request.args.get("from", 0)), moodle.page_size
        members, fault = moodle.nrps_members(), moodle.failing.get("nrps")
        if fault == "gone" or (start and fault == "second page"):
            return Response("", status=404 if fault == "gone" else 500)
        page = Response(json.dumps({"members": members[start : start + size]}), content_type=MEDIA_TYPE_NRPS)
        if start + size < len(members):
            after = {"next is itself": start, "next is the first": 0}.get(fault, start + size)
            page.headers["Link"] = f'</memberships?from={after if start else size}>; rel="next"'
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
