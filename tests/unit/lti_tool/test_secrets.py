"""Sealing: what is stored can be opened while its key is listed, and says nothing otherwise."""

from __future__ import annotations

import pytest

from lti_tool.secrets import SealBroken, Sealer, hash_of

OLD, NEW = "o" * 32, "n" * 32


def test_what_is_sealed_opens_again() -> None:
    sealed = Sealer([NEW]).seal("token-é")
    assert "token" not in sealed
    assert Sealer([NEW]).open(sealed) == "token-é"


def test_an_older_key_still_opens_and_the_newest_seals() -> None:
    sealed_before = Sealer([OLD]).seal("a")
    both = Sealer([NEW, OLD])
    assert both.open(sealed_before) == "a"
    assert Sealer([NEW]).open(both.seal("b")) == "b"


@pytest.mark.parametrize("change", [lambda s: s[:-2] + "xx", lambda s: "", lambda s: "junk"])
def test_what_was_changed_does_not_open(change: object) -> None:
    sealed = Sealer([NEW]).seal("a")
    with pytest.raises(SealBroken, match="EMENTOR_SECRET_KEY"):
        Sealer([NEW]).open(change(sealed))  # type: ignore[operator]


def test_a_key_no_longer_listed_does_not_open() -> None:
    with pytest.raises(SealBroken):
        Sealer([NEW]).open(Sealer([OLD]).seal("a"))


def test_purposes_have_keys_of_their_own() -> None:
    sealer = Sealer([NEW])
    assert len(sealer.derive("a")) == 32
    assert sealer.derive("a") == Sealer([NEW, OLD]).derive("a")
    assert len({sealer.derive("a"), sealer.derive("b"), Sealer([OLD]).derive("a")}) == 3


def test_any_text_has_a_hash() -> None:
    assert hash_of("a") != hash_of("b")
    assert len(hash_of("\ud800\x00é")) == 64
