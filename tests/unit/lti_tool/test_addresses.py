"""Addresses: what is an origin, and which addresses a platform may have."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.addresses import AddressInvalid, check_platform_address, origin_of, own_origin


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://lms.example/a/b?c=d#e", "https://lms.example"),
        ("HTTPS://LMS.example:443/", "https://lms.example"),
        ("http://lms.example:80", "http://lms.example"),
        ("https://lms.example:80", "https://lms.example:80"),
        ("http://[::1]:8001/x", "http://[::1]:8001"),
        ("https://\u0448\u043a\u043e\u043b\u0430.example:8443/x", "https://xn--80atdl2c.example:8443"),
        ("https://moodle_test.school.example/x", "https://moodle_test.school.example"),
        ("https://Schule-\u00d6st.example", "https://xn--schule-st-67a.example"),
    ],
)
def test_origins_are_written_as_browsers_compare_them(address: str, origin: str) -> None:
    assert origin_of(address) == origin


@pytest.mark.parametrize(
    "address",
    [
        "",
        "lms.example",
        "//lms.example",
        "ftp://lms.example",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@lms.example",
        "https://u:p@lms.example",
        "https://lms.example:99999",
        "https://lms.example:x",
        "https://lms .example",
        "https://lms.example\\@evil.example",
        "https://lms.example\n.evil.example",
        "https://[::1",
        "\thttps://lms.example",
        "https://lms.example/\ud800",
        "https://lms.example/\u202egro.evil",
        "https://lms.example/\u00a0",
        "https://lms.example/\u200b",
        "https://lms.example/\u2028",
        "https://*;sandbox",
        "https://*",
        "https://lms.example;x",
        "https://lms.example,evil.example",
        "https://lms.'none'.example",
        'https://lms".example',
        "https://lms..example",
        "https://-lms.example",
        "https://" + "a" * 64 + ".example",
        "https://\u0448*.example",
        "https://\U0001f600.example",
        "https://[fe80::1%*;sandbox]",
        "https://[v1.lms.example]",
    ],
)
def test_what_is_no_address_has_no_origin(address: str) -> None:
    with pytest.raises(AddressInvalid):
        origin_of(address)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with suppress(AddressInvalid):
        assert origin_of(text).startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("address", "in_demo", "in_production"),
    [
        ("https://lms.example/auth", True, True),
        ("http://lms.example/auth", False, False),
        ("http://127.0.0.1:8001/auth", True, False),
        ("https://127.0.0.1/auth", True, False),
        ("http://localhost/auth", True, False),
        ("http://[::1]/auth", True, False),
        ("http://10.0.0.5/auth", False, False),
        ("https://lms.example/auth#x", False, False),
        ("https://lms.example/" + "a" * 1024, False, False),
    ],
)
def test_platforms_need_https_except_on_loopback_in_the_demo(
    address: str, in_demo: bool, in_production: bool
) -> None:
    for allow_loopback, accepted in ((True, in_demo), (False, in_production)):
        if accepted:
            assert check_platform_address(address, allow_loopback=allow_loopback) == address
        else:
            with pytest.raises(AddressInvalid):
                check_platform_address(address, allow_loopback=allow_loopback)


def test_a_host_of_another_alphabet_is_kept_as_registers_write_it() -> None:
    typed = "https://\u0448\u043a\u043e\u043b\u0430.example/login?a=\u044f"
    kept = check_platform_address(typed, allow_loopback=False)
    assert kept == "https://xn--80atdl2c.example/login?a=\u044f"
    assert check_platform_address(kept, allow_loopback=False) == kept


def test_the_own_origin_has_no_path() -> None:
    assert own_origin("https://tool.example/") == "https://tool.example"
    for address in ("https://tool.example/x", "https://tool.example/?a", "http://tool.example"):
        with pytest.raises(AddressInvalid):
            own_origin(address)
