"""Which addresses may be called."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from course_sync.addresses import (
    MAX_ADDRESSES,
    Reach,
    check_service_url,
    check_url,
    is_allowed_address,
    origin_of,
    resolve_allowed,
)
from course_sync.errors import AddressRefused, PlatformUnreachable
from course_sync.registrations import Registration


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
        "https://*/",
        "https://moodle.example;x/",
        "https://\u0448\u043a\u043e\u043b\u0430.example/",
        "https://[2606:4700::1%x]/",
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
        "https://100.64.0.1/",
        "https://198.18.0.1/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::10.0.0.1]/",
        "https://[fec0::1]/",
        "https://[64:ff9b:1::1]/",
        "https://[2001::1]/",
        "https://[ff02::1]/",
        "https://[fe80::1%25eth0]/",
        "https://moodle.example\\@10.0.0.1/",
        "https://moodle.example\t/",
        " https://moodle.example/",
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


INTRANET = Reach(private_hosts=frozenset({"moodle.intranet.example", "10.0.0.5"}))


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let every name have these addresses."""
    found = [(socket.AF_INET, 1, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: found)


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.1.1", "100.64.0.1", "fd00::5", "127.0.1.1"])
def test_a_named_host_may_be_on_a_private_network(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    resolve_to(monkeypatch, address)
    check_url("https://moodle.intranet.example/", INTRANET)
    assert resolve_allowed("Moodle.intranet.example.", 443, INTRANET) == [address]
    for other in ("evil.moodle.intranet.example", "intranet.example", "moodle.example"):
        with pytest.raises(AddressRefused):
            resolve_allowed(other, 443, INTRANET)


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "::", "192.0.2.1"])
def test_a_named_host_never_leads_to_these(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Cloud metadata above all: whoever answers for the name must not reach it."""
    resolve_to(monkeypatch, address)
    with pytest.raises(AddressRefused):
        resolve_allowed("moodle.intranet.example", 443, INTRANET)


def test_a_named_host_needs_https_and_its_own_address() -> None:
    check_url("https://10.0.0.5/", INTRANET)
    for url in ("http://moodle.intranet.example/", "https://10.0.0.6/"):
        with pytest.raises(AddressRefused):
            check_url(url, INTRANET)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_other_spellings_of_this_machine_are_seen_through(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Resolvers read them as 127.0.0.1; what counts is where the connection would go."""
    resolve_to(monkeypatch, socket.inet_ntoa(socket.inet_aton(host)))
    with pytest.raises(AddressRefused):
        resolve_allowed(host, 443, Reach())


def test_few_addresses_of_a_name_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [f"93.184.216.{number}" for number in range(1, 60)]
    resolve_to(monkeypatch, *many)
    assert resolve_allowed("a.example", 443, Reach()) == many[:MAX_ADDRESSES]
    resolve_to(monkeypatch, *many, "10.0.0.1")
    with pytest.raises(AddressRefused):
        resolve_allowed("a.example", 443, Reach())


def registered_at(issuer: str) -> Registration:
    return Registration(
        platform_id=1,
        organisation_id=1,
        issuer=issuer,
        client_id="c",
        auth_login_url="https://sso.lms.example/auth",
        auth_token_url="https://sso.lms.example:8443/token",
        jwks_url="https://keys.lms.example/jwks",
        deployment_ids=frozenset({"1"}),
    )


@pytest.mark.parametrize("host", ["lms.example", "LMS.example", "sso.lms.example", "keys.lms.example:444"])
def test_a_service_is_at_a_host_of_its_platform(host: str) -> None:
    check_service_url(f"https://{host}/members", registered_at("https://lms.example/moodle"), Reach())


@pytest.mark.parametrize("host", ["evil.example", "lms.example.evil.example", "x.lms.example", "example"])
def test_a_service_elsewhere_gets_no_token(host: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        check_service_url(f"https://{host}/members", registered_at("https://lms.example/moodle"), Reach())
    assert caught.value.code == "foreign_host"


def test_hosted_canvas_serves_each_customer_under_another_host() -> None:
    canvas = registered_at("https://canvas.instructure.com")
    check_service_url("https://canvas.school.example/api/lti/courses/1/names_and_roles", canvas, Reach())
    with pytest.raises(AddressRefused):
        check_service_url("https://10.0.0.1/api", canvas, Reach())
    with pytest.raises(AddressRefused):
        check_service_url(
            "https://canvas.school.example/", registered_at("https://canvas.school2.example"), Reach()
        )
