"""What the client does when a platform asks for patience, and how long it waits when that says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from course_sync.errors import PlatformUnreachable
from course_sync.platform_client import PlatformClient
from tests.harness.platform_server import QUICK, REST

LIMITS = replace(QUICK, read_seconds=20, total_seconds=100, attempts=3, backoff_seconds=2)


class Patient:
    """A client that notes how long it would wait, and does not."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.waits: list[float] = []
        self.client = PlatformClient(
            sign_assertion=lambda _row: "signed",
            allow_loopback=True,
            limits=LIMITS,
            sleep=self.waits.append,
        )

    def answers(self, *responses: Response) -> None:
        """What the site says, one after the other."""
        for response in responses:
            self.server.expect_ordered_request(REST).respond_with_response(response)

    def ask(self) -> object:
        """One reading call."""
        return self.client.call_moodle(self.server.url_for("").rstrip("/"), "token", "f")


@pytest.fixture
def patient(httpserver: HTTPServer) -> Iterator[Patient]:
    made = Patient(httpserver)
    yield made
    made.client.close()


def fine() -> Response:
    return Response("[1]", content_type="application/json")


def test_without_a_wish_the_waits_double_by_chance(patient: Patient) -> None:
    patient.answers(Response("", status=502), Response("", status=500), fine())
    assert patient.ask() == [1]
    assert len(patient.waits) == 2
    assert 0 <= patient.waits[0] <= 2
    assert 0 <= patient.waits[1] <= 4


@pytest.mark.parametrize("as_date", [False, True])
def test_a_short_wish_is_waited_for(patient: Patient, as_date: bool) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=12), usegmt=True)
    patient.answers(
        Response("", status=429, headers={"Retry-After": moment if as_date else "12"}), fine(), fine()
    )
    assert patient.ask() == [1]
    assert 8 < max(patient.waits) <= 12
    patient.waits.clear()
    assert patient.ask() == [1]
    assert max(patient.waits) > 8, "others of this process wait as well"


def test_a_long_wish_is_not_waited_for_but_told(patient: Patient) -> None:
    patient.answers(Response("", status=503, headers={"Retry-After": "600"}))
    with pytest.raises(PlatformUnreachable) as caught:
        patient.ask()
    assert (caught.value.code, caught.value.retry_after_seconds) == ("http_503", 600)
    assert (len(patient.server.log), patient.waits) == (1, [])


def test_a_platform_with_little_left_for_us_is_asked_slower(patient: Patient) -> None:
    little = fine()
    little.headers["X-Rate-Limit-Remaining"] = "10.5"
    patient.answers(little, fine())
    patient.ask()
    assert patient.waits == []
    patient.ask()
    assert 3 < max(patient.waits) < 4


def test_an_older_canvas_says_with_403_that_it_was_too_much(patient: Patient) -> None:
    too_much = Response("403 Forbidden (Rate Limit Exceeded)\n", status=403)
    patient.answers(too_much, too_much, too_much)
    with pytest.raises(PlatformUnreachable) as caught:
        patient.ask()
    assert caught.value.code == "http_429"
    assert len(patient.server.log) == 3


def test_a_wish_beyond_the_time_that_is_left_ends_the_call(patient: Patient) -> None:
    patient.answers(Response("", status=429, headers={"Retry-After": "15"}))
    with pytest.raises(PlatformUnreachable):
        patient.client.fetch_json(patient.server.url_for(REST), timeout_seconds=5)
    assert (len(patient.server.log), patient.waits) == (1, [])
