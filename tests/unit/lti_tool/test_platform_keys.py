"""Keys of platforms: fetched when needed, once for many, never more often than a platform can bear."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from course_sync.registrations import Registration
from lti_tool.platform_keys import KEEP_SECONDS, REFETCH_SECONDS, STALE_SECONDS, PlatformKeys, parse_jwks
from lti_tool.refusals import LaunchRefused
from tests.harness.lti_platform import TestPlatform

REGISTRATION = Registration(1, 1, "https://a.example", "c", "", "", "https://a.example/certs", frozenset("1"))


class Bench:
    """A key ring, the platform behind it, and a clock that only moves when told."""

    def __init__(self) -> None:
        self.platform = TestPlatform()
        self.seconds = 1000.0
        self.keys = PlatformKeys(self.platform.jwks, lambda: self.seconds)

    def code_for(self, kid: str) -> str:
        """ "" when the key is found, else the code of the refusal."""
        try:
            self.keys.get_key(REGISTRATION, kid)
        except LaunchRefused as refused:
            return refused.code
        return ""

    def rotate_to(self, kid: str) -> None:
        self.platform.published = {kid: "platform"}


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_known_key_is_fetched_once_an_hour(bench: Bench) -> None:
    assert [bench.code_for("key-1") for _ in range(5)] == [""] * 5
    assert bench.platform.fetches == 1
    bench.seconds += KEEP_SECONDS
    assert bench.code_for("key-1") == ""
    assert bench.platform.fetches == 2


def test_a_parsed_key_is_kept(bench: Bench) -> None:
    assert bench.keys.get_key(REGISTRATION, "key-1") is bench.keys.get_key(REGISTRATION, "key-1")


def test_the_first_unknown_key_after_a_fetch_is_always_tried(bench: Bench) -> None:
    """Also when the platform rotates twice within seconds."""
    bench.code_for("key-1")
    for number in range(2, 6):
        bench.rotate_to(f"key-{number}")
        assert bench.code_for(f"key-{number}") == ""
        bench.seconds += 0.1
    assert bench.platform.fetches == 5


def test_further_unknown_keys_are_tried_once_in_ten_seconds(bench: Bench) -> None:
    bench.code_for("key-1")
    assert [bench.code_for(f"junk-{n}") for n in range(50)] == ["key_unknown"] * 50
    assert bench.platform.fetches == 2
    bench.seconds += REFETCH_SECONDS
    assert [bench.code_for(f"junk-{n}") for n in range(50)] == ["key_unknown"] * 50
    assert bench.platform.fetches == 3


def test_junk_delays_a_rotation_by_ten_seconds_at_most(bench: Bench) -> None:
    bench.code_for("key-1")
    bench.code_for("junk")
    bench.rotate_to("key-2")
    assert bench.code_for("key-2") == "key_unknown"
    bench.seconds += REFETCH_SECONDS
    assert bench.code_for("key-2") == ""


def test_a_platform_out_of_reach_refuses_and_is_not_hammered(bench: Bench) -> None:
    bench.platform.is_down = True
    assert [bench.code_for("key-1") for _ in range(10)] == ["platform_keys_unreachable"] * 10
    assert bench.platform.fetches == 1
    bench.platform.is_down = False
    bench.seconds += 4
    assert bench.code_for("key-1") == ""


def test_known_keys_outlive_an_outage_by_a_day(bench: Bench) -> None:
    bench.code_for("key-1")
    bench.platform.is_down = True
    bench.seconds += STALE_SECONDS - 1
    assert bench.code_for("key-1") == ""
    bench.seconds += 10
    assert bench.code_for("key-1") == "platform_keys_unreachable"


def test_platforms_do_not_share_keys(bench: Bench) -> None:
    bench.code_for("key-1")
    bench.platform.published = {"key-9": "platform"}
    other = replace(REGISTRATION, platform_id=2)
    with pytest.raises(LaunchRefused):
        bench.keys.get_key(other, "key-1")
    assert bench.keys.get_key(other, "key-9")


def test_a_corrected_key_address_is_read_anew(bench: Bench) -> None:
    bench.platform.published = {"wrong": "platform"}
    bench.code_for("wrong")
    bench.platform.published = {"key-1": "platform"}
    assert bench.keys.get_key(replace(REGISTRATION, jwks_url="https://a.example/new"), "key-1")


def test_many_launches_at_once_fetch_once() -> None:
    platform, release = TestPlatform(), threading.Event()

    def slow_fetch(registration: Registration) -> dict[str, Any]:
        release.wait(5)
        return platform.jwks(registration)

    keys, found = PlatformKeys(slow_fetch), []
    threads = [
        threading.Thread(target=lambda: found.append(keys.get_key(REGISTRATION, "key-1"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    release.set()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert platform.fetches == 1


def test_a_slow_refetch_does_not_hold_up_known_keys() -> None:
    """Somebody with a made-up key waits for the platform; everybody else walks past."""
    platform, release, entered = TestPlatform(), threading.Event(), threading.Event()

    def fetch(registration: Registration) -> dict[str, Any]:
        if platform.fetches:
            entered.set()
            release.wait(5)
        return platform.jwks(registration)

    keys = PlatformKeys(fetch)
    keys.get_key(REGISTRATION, "key-1")

    def ask_for_junk() -> None:
        with pytest.raises(LaunchRefused):
            keys.get_key(REGISTRATION, "junk")

    waiting = threading.Thread(target=ask_for_junk)
    waiting.start()
    assert entered.wait(5)
    assert keys.get_key(REGISTRATION, "key-1")
    assert waiting.is_alive()
    release.set()
    waiting.join()


GOOD = TestPlatform().jwks()["keys"][0]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "keys",
        {},
        {"keys": None},
        {"keys": {"kid": "a"}},
        {"keys": [None, 1, "x", []]},
        {"keys": [GOOD | {"kid": None}]},
        {"keys": [GOOD | {"kid": ""}]},
        {"keys": [GOOD | {"kid": 7}]},
        {"keys": [GOOD | {"kty": "oct", "k": "AAAA"}]},
        {"keys": [GOOD | {"use": "enc"}]},
        {"keys": [GOOD | {"alg": "HS256"}]},
        {"keys": [GOOD | {"n": 5}]},
        {"keys": [GOOD | {"n": "!!"}]},
        {"keys": [GOOD | {"n": "AQAB"}]},
        {"keys": [GOOD | {"e": ""}]},
        {"keys": [{"kid": "a", "kty": "RSA"}]},
    ],
)
def test_keys_that_cannot_be_used_are_left_out(document: Any) -> None:
    assert parse_jwks(document) == {}


def test_one_broken_key_does_not_spoil_the_others() -> None:
    assert set(parse_jwks({"keys": [GOOD | {"kid": "b", "n": "!"}, GOOD, {"kty": "EC"}]})) == {"key-1"}


def test_use_and_alg_are_optional() -> None:
    bare = {name: GOOD[name] for name in ("kty", "n", "e", "kid")}
    assert set(parse_jwks({"keys": [bare]})) == {"key-1"}


def test_a_key_set_without_usable_keys_is_its_own_refusal() -> None:
    keys: Callable[[Registration], Any] = lambda _registration: {"keys": []}  # noqa: E731
    with pytest.raises(LaunchRefused, match="platform_keys_invalid"):
        PlatformKeys(keys).get_key(REGISTRATION, "key-1")
