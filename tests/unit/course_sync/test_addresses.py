"""Which addresses may be called."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from course_sync.addresses import Reach, check_url, is_allowed_address, origin_of, resolve_allowed
from course_sync.errors import AddressRefused, PlatformUnreachable


@pytest.mark.parametrize(
    "url",
    [
        "https://moodle.example/x",
        "https://moodle.example:8443/",
        "https://93.184.216.34/",
        "https://[2606:4700::1]/",
    ],
)
def test_public_https(url: str) -> None:
    assert check_url(url, Reach()).scheme == "https"


@pytest.mark.parametrize(
    "url",
    [
        "http://moodle.example/",
        "file:///etc/passwd",
        "https:///nohost",
        "https://me@moodle.example/",
        "https://:secret@moodle.example/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://x.localhost/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://172.16.0.1/",
        "https://169.254.169.254/",
        "https://0.0.0.0/",
        "https://[fe80::1]/",
        "https://[fc00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://224.0.0.1/",
        "https://[broken/",
        "https://moodle.example:port/",
        "",
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, Reach())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001/", "http://localhost:8000/x", "http://[::1]/", "https://a.example/"]
)
def test_loopback_where_it_is_allowed(url: str) -> None:
    check_url(url, Reach(allow_loopback=True))


@pytest.mark.parametrize("url", ["http://moodle.example/", "http://10.0.0.1/", "https://10.0.0.1/"])
def test_allowing_loopback_allows_nothing_else(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, Reach(allow_loopback=True))


def test_origin_fills_in_the_usual_port() -> None:
    plain, spelled = (check_url(url, Reach()) for url in ("https://a.example/", "https://A.example:443/x"))
    assert origin_of(plain) == origin_of(spelled) == ("https", "a.example", 443)


def test_one_private_address_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, 1, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)
    with pytest.raises(AddressRefused):
        resolve_allowed("a.example", 443, Reach())
    found.pop()
    assert resolve_allowed("a.example", 443, Reach()) == ["93.184.216.34"]


def test_unknown_name_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(PlatformUnreachable) as caught:
        resolve_allowed("a.example", 443, Reach())
    assert caught.value.code == "unknown_host"


def test_documentation_range_is_not_public() -> None:
    assert not is_allowed_address(ipaddress.ip_address("192.0.2.1"), allow_loopback=True)
