"""The gate of one run: places, requests of the minute, hosts that rest, and one call that tries them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from course_sync.errors import PlatformAnswerInvalid, PlatformError, PlatformRefused, PlatformUnreachable
from course_sync.run_gate import FAILURES_TO_REST, RunGate

HOST, OTHER = "https://moodle.example:443", "https://sso.example:443"


def call(gate: RunGate, error: PlatformError | None = None, host: str = HOST) -> None:
    """One call that ends so."""
    gate.enter(host)
    gate.sent(host)
    gate.leave(host, error)


def refused(gate: RunGate, host: str = HOST) -> str:
    """Code with which the gate lets nothing through."""
    with pytest.raises(PlatformError) as caught:
        gate.enter(host)
    return caught.value.code


def in_thread(enter: Callable[[], None]) -> tuple[Future[None], threading.Event]:
    """A call of another thread; the event is set once it is inside."""
    inside = threading.Event()

    def run() -> None:
        enter()
        inside.set()

    pool = ThreadPoolExecutor(1)
    future = pool.submit(run)
    pool.shutdown(wait=False)
    return future, inside


def test_a_host_that_gives_no_answer_several_times_in_a_row_is_left_alone() -> None:
    gate = RunGate(4)
    for _number in range(FAILURES_TO_REST - 1):
        call(gate, PlatformUnreachable())
    call(gate)
    for _number in range(FAILURES_TO_REST):
        call(gate, PlatformUnreachable())
    assert refused(gate) == "circuit_open"
    call(gate, host=OTHER)
    assert gate.requests == 2 * FAILURES_TO_REST + 1


@pytest.mark.parametrize(
    "answer",
    [
        PlatformRefused(code="invalidtoken"),
        PlatformAnswerInvalid(code="html_answer"),
        PlatformUnreachable(code="http_429"),
    ],
)
def test_a_host_that_answers_is_alive_whatever_it_says(answer: PlatformError) -> None:
    gate = RunGate(4)
    for _number in range(3 * FAILURES_TO_REST):
        call(gate, answer)


def test_failures_of_others_count() -> None:
    gate = RunGate(4)
    gate.hear(HOST, failures=FAILURES_TO_REST - 1, resting=False)
    call(gate, PlatformUnreachable())
    assert refused(gate) == "circuit_open"


def test_who_asks_for_patience_gets_it() -> None:
    gate = RunGate(4)
    error = PlatformUnreachable(code="http_429")
    error.retry_after_seconds = 300
    call(gate, error)
    assert refused(gate) == "circuit_open"
    assert gate.take_news(HOST).asked_rest_seconds == 300


def test_one_call_tries_a_host_and_the_others_wait_for_what_becomes_of_it() -> None:
    gate = RunGate(4)
    gate.hear(HOST, failures=FAILURES_TO_REST, resting=True)
    assert refused(gate) == "circuit_open"
    gate.probe(HOST)
    gate.hear(HOST, failures=FAILURES_TO_REST, resting=False)
    gate.enter(HOST)
    second, inside = in_thread(lambda: gate.enter(HOST))
    assert not inside.wait(0.05)
    gate.leave(HOST, None)
    second.result(10)
    assert not gate.take_news(HOST).probe_failed


def test_a_trial_that_fails_is_the_last_call() -> None:
    gate = RunGate(4)
    gate.hear(HOST, failures=0, resting=False)
    gate.probe(HOST)
    call(gate, PlatformUnreachable())
    assert refused(gate) == "circuit_open"
    news = gate.take_news(HOST)
    assert (news.probe_failed, news.failures) == (True, 1)


def test_places_are_kept_and_given_on() -> None:
    gate = RunGate(1)
    gate.enter(HOST)
    second, inside = in_thread(lambda: gate.enter(OTHER))
    assert not inside.wait(0.05)
    gate.renew(2, None)
    second.result(10)


def test_requests_of_the_minute_are_waited_for() -> None:
    gate = RunGate(4)
    gate.renew(4, 1)
    call(gate)
    second, inside = in_thread(lambda: gate.enter(HOST))
    assert not inside.wait(0.05)
    gate.renew(4, 5)
    second.result(10)


def test_a_run_that_is_over_lets_nobody_wait() -> None:
    gate = RunGate(0)
    waiting, _inside = in_thread(lambda: gate.enter(HOST))
    gate.close()
    with pytest.raises(PlatformError):
        waiting.result(10)


def test_a_run_that_is_stopped_says_why() -> None:
    gate = RunGate(4, lambda: PlatformError("stopped", code="run_too_long"))
    assert refused(gate) == "run_too_long"


def test_news_are_told_once() -> None:
    gate = RunGate(4)
    call(gate)
    call(gate, PlatformUnreachable())
    news = gate.take_news(HOST)
    assert (news.answered, news.failures, news.requests) == (True, 1, 2)
    news = gate.take_news(HOST)
    assert (news.answered, news.failures, news.requests) == (False, 0, 0)
    gate.hear(HOST, failures=1, resting=False)
    for _number in range(FAILURES_TO_REST - 1):
        call(gate, PlatformUnreachable())
    assert refused(gate) == "circuit_open"
